//! Signing in at a real OpenID provider, on both hosts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use e2e::{HostKind, OidcProvider, Repository, Stand, Visitor, workspace};
use reqwest::Url;
use serde_json::{Value, json};

const TEAM_SKILL: &str = "/skills/finance/expense-check/";

fn stand(kind: HostKind) -> (Stand, OidcProvider) {
    let mut provider = None;
    let stand = Stand::configured(kind, Repository::of_examples().unwrap(), |config| {
        provider = Some(OidcProvider::start(config)?);
        Ok(())
    });
    (stand.unwrap(), provider.unwrap())
}

/// The link that the page for signing in has.
fn begin(stand: &Stand, visitor: &Visitor, to: &str) -> String {
    let page = visitor.open(&format!("{}/sign-in?to={to}", stand.url())).unwrap().text();
    let link = page.split("href=\"").find(|part| part.starts_with("/sign-in/provider")).unwrap();
    format!("{}{}", stand.url(), link.split('"').next().unwrap().replace("&amp;", "&"))
}

fn signs_in(kind: HostKind) {
    let (stand, _provider) = stand(kind);
    let ada = Visitor::new().unwrap();
    let back = ada.sign_in(&begin(&stand, &ada, TEAM_SKILL), "finance-agent finance").unwrap();
    let done = ada.open(back.as_str()).unwrap();
    // Not a redirect: a cookie for this site alone would be held back where another site began the chain.
    assert_eq!((done.status, done.header("location")), (200, None), "{}", done.text());
    assert_eq!(done.header("refresh"), Some(format!("0; url={TEAM_SKILL}").as_str()));
    assert!(done.text().contains(&format!("href=\"{TEAM_SKILL}\"")));
    let cookies: Vec<_> = done.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.len(), 2, "the session is given and the sign-in taken back: {cookies:?}");
    assert!(ada.cookie("guildhall-login").is_none());
    assert_eq!(ada.open(&format!("{}{TEAM_SKILL}", stand.url())).unwrap().status, 200);
    let page = ada.open(&format!("{}/sign-in", stand.url())).unwrap().text();
    assert!(page.contains("<strong>finance-agent finance</strong>"), "{page}");
    let session = cookies.iter().find(|(_, cookie)| cookie.starts_with("guildhall=")).unwrap();
    assert!(session.1.contains("Max-Age=3600"), "as long as the issuer's tokens may live: {}", session.1);

    let again = ada.open(back.as_str()).unwrap();
    assert_eq!(again.status, 400, "a code that comes twice is nobody's");

    let lead = Visitor::new().unwrap();
    let back = lead.sign_in(&begin(&stand, &lead, "//evil.example"), "finance-lead elevated").unwrap();
    let done = lead.open(back.as_str()).unwrap();
    assert_eq!(done.header("refresh"), Some("0; url=/"));
    assert_eq!(lead.open(&format!("{}/skills/finance/budget-approval/", stand.url())).unwrap().status, 200);
}

fn refuses(kind: HostKind) {
    let (stand, provider) = stand(kind);
    let ada = Visitor::new().unwrap();
    let begun = ada.open(&begin(&stand, &ada, "/")).unwrap();
    let asked: Url = begun.header("location").unwrap().parse().unwrap();
    let of = |name: &str| asked.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(of("code_challenge_method"), "S256");
    assert_eq!((of("scope").as_str(), of("response_type").as_str()), ("openid catalog", "code"));
    assert!(!begun.text().contains(&of("state")));
    let cookie = begun.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{cookie}");

    // A code that someone else brought: forced on a browser that asked for none, or for another.
    let mallory = Visitor::new().unwrap();
    let of_mallory = mallory.sign_in(&begin(&stand, &mallory, "/"), "finance-agent finance").unwrap();
    for victim in [ada, Visitor::new().unwrap()] {
        let answer = victim.open(of_mallory.as_str()).unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("not begun in this browser"), "{}", answer.text());
        assert_eq!(victim.cookie("guildhall"), None);
    }

    let failed = |who: &str, status: u16, said: &str, change: &dyn Fn(&mut Url)| {
        let visitor = Visitor::new().unwrap();
        let mut back = visitor.sign_in(&begin(&stand, &visitor, "/"), who).unwrap();
        change(&mut back);
        let answer = visitor.open(back.as_str()).unwrap();
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(
            answer.text().contains(said) && answer.text().contains("/sign-in/provider"),
            "{}",
            answer.text()
        );
        assert_eq!(visitor.cookie("guildhall"), None);
    };
    failed("finance-agent data", 403, "a team that its issuer may not give", &|_| {});
    let with = |name: &'static str, value: &'static str| {
        move |url: &mut Url| {
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            let kept = pairs.into_iter().filter(|(key, _)| key != name);
            let pairs: Vec<_> = kept.chain([(name.to_owned(), value.to_owned())]).collect();
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
    };
    let who = "finance-agent finance";
    failed(who, 502, "did not confirm who you are", &with("code", "guessed"));
    failed(who, 400, "not begun in this browser", &with("state", "guessed"));
    failed(who, 400, "not begun in this browser", &with("iss", "https://mix-up.example"));
    failed(who, 403, "access_denied&lt;b&gt;", &with("error", "access_denied<b>"));

    let late = Visitor::new().unwrap();
    let back = late.sign_in(&begin(&stand, &late, "/"), who).unwrap();
    provider.kill().unwrap();
    assert_eq!(late.open(back.as_str()).unwrap().status, 502, "an error never leads to access");
    assert_eq!(late.cookie("guildhall"), None);
}

#[test]
fn a_person_signs_in_at_a_provider_on_one_machine() {
    signs_in(HostKind::Native);
}

#[test]
fn a_person_signs_in_at_a_provider_on_workers() {
    signs_in(HostKind::Workers);
}

#[test]
fn nothing_but_the_persons_own_sign_in_makes_a_session_on_one_machine() {
    refuses(HostKind::Native);
}

#[test]
fn nothing_but_the_persons_own_sign_in_makes_a_session_on_workers() {
    refuses(HostKind::Workers);
}

#[test]
fn a_browser_keeps_the_session_though_another_site_sent_it_back() {
    let (stand, _provider) = stand(HostKind::Native);
    let script = ["e2e/browser/sign_in.mjs", stand.url(), TEAM_SKILL, "finance-agent finance"];
    let done = Command::new("node").args(script).current_dir(workspace()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&told["before"], &told["after"], &told["out"]), (&json!(404), &json!(200), &json!(404)));
    assert!(told["heading"].as_str().unwrap().starts_with("expense-check"), "{told}");
    assert_eq!(told["cookies"], json!(["guildhall Strict true"]));
}
