//! Sessions of browsers over HTTP: what they are made of in development mode, what they read, and what they do not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use e2e::{Answer, HostKind, Repository, Stand};
use registry_core::token::{Bound, Bounds};

/// A skill of the level `team`.
const TEAM_SKILL: &str = "/skills/finance/expense-check/";
/// A skill of the level `sensitive` of the same team.
const SENSITIVE_SKILL: &str = "/skills/finance/budget-approval/";
const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

fn stand(kind: HostKind) -> Stand {
    Stand::start(kind, Repository::of_examples().unwrap()).unwrap()
}

fn sign_in(stand: &Stand, form: &str) -> Answer {
    let headers = [OWN_PAGE, ("content-type", "application/x-www-form-urlencoded")];
    stand.request("POST", "/sign-in", &headers, form.as_bytes().to_vec()).unwrap()
}

/// The pair of name and value that a browser keeps of an answer's cookie.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn get(stand: &Stand, path: &str, cookie: &str) -> Answer {
    stand.request("GET", path, &[("cookie", cookie), ("accept", "text/html")], vec![]).unwrap()
}

fn reads(kind: HostKind) {
    let stand = stand(kind);
    let page = stand.get("/sign-in", "", "text/html").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("name=\"role\"") && !page.text().contains("<script"), "{}", page.text());

    let answer =
        sign_in(&stand, "role=finance-agent&teams=&subject=ada&to=%2Fskills%2Ffinance%2Fexpense-check%2F");
    assert_eq!((answer.status, answer.header("location")), (303, Some(TEAM_SKILL)), "{}", answer.text());
    let attributes = answer.header("set-cookie").unwrap();
    assert!(attributes.ends_with("; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict"), "{attributes}");
    let cookie = cookie(&answer);

    assert_eq!(get(&stand, TEAM_SKILL, "").status, 404);
    let read = get(&stand, TEAM_SKILL, &cookie);
    assert_eq!((read.status, read.header("cache-control")), (200, Some("private, no-store")));
    let head = stand.request("HEAD", TEAM_SKILL, &[("cookie", &cookie)], vec![]).unwrap();
    assert_eq!(head.status, 200);
    assert_eq!(get(&stand, SENSITIVE_SKILL, &cookie).status, 404, "nobody is elevated without asking");
    let found = get(&stand, "/search?q=check+an+expense+claim", &cookie).text();
    assert!(found.contains(TEAM_SKILL), "{found}");
    let own = get(&stand, "/sign-in", &cookie).text();
    assert!(own.contains("<strong>ada</strong>") && own.contains("Sign out"), "{own}");

    let lead = self::cookie(&sign_in(&stand, "role=finance-lead&elevated=yes"));
    assert_eq!(get(&stand, SENSITIVE_SKILL, &lead).status, 200);
}

fn does_nothing_else(kind: HostKind) {
    let stand = stand(kind);
    let cookie = cookie(&sign_in(&stand, "role=finance-agent"));
    let search = br#"{"query": "expense"}"#;
    let post = |headers: &[(&str, &str)]| stand.request("POST", "/search", headers, search.to_vec()).unwrap();
    let alone = post(&[("cookie", &cookie)]);
    assert_eq!((alone.status, alone.json()["code"].as_str()), (401, Some("UNAUTHENTICATED")));

    // Of the two, the token alone tells whose answer it is.
    let stranger = format!("Bearer {}", stand.token("support-agent", &[]).unwrap());
    let both = post(&[("cookie", &cookie), ("authorization", &stranger)]);
    let token_alone = post(&[("authorization", &stranger)]);
    assert_eq!((both.status, both.body), (200, token_alone.body));

    let two =
        stand.request("GET", "/", &[("cookie", &cookie), ("authorization", &stranger)], vec![]).unwrap();
    assert_eq!((two.status, two.json()["code"].as_str()), (401, Some("UNAUTHENTICATED")));
    let twice = stand.request("GET", "/", &[("cookie", &cookie), ("cookie", &cookie)], vec![]).unwrap();
    assert_eq!(twice.status, 401);

    let forged = get(&stand, "/", &cookie.replacen("guildhall=e", "guildhall=f", 1));
    assert_eq!(forged.status, 401, "never taken for anonymous");
    assert!(forged.header("set-cookie").unwrap().contains("Max-Age=0"), "and taken back");
    let as_token = format!("Bearer {}", cookie.split_once('=').unwrap().1);
    let posted = post(&[("authorization", &as_token)]);
    assert_eq!(posted.status, 401, "a session is no token");
    let token_as_session = format!("guildhall={}", stranger.split_once(' ').unwrap().1);
    assert_eq!(get(&stand, "/", &token_as_session).status, 401, "and a token no session");
}

fn is_the_edges_own_affair(kind: HostKind) {
    let stand = stand(kind);
    let post = |path: &str, headers: &[(&str, &str)]| {
        stand.request("POST", path, headers, b"role=finance-agent".to_vec()).unwrap()
    };
    for path in ["/sign-in", "/sign-out"] {
        for headers in [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "https://evil.example")]] {
            let answer = post(path, headers);
            assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("CROSS_SITE")), "{path}");
            assert_eq!(answer.header("set-cookie"), None);
        }
        assert_eq!(post(path, &[("origin", stand.url())]).status, 303, "{path}");
    }
    let out = post("/sign-out", &[OWN_PAGE]);
    assert_eq!((out.status, out.header("location")), (303, Some("/")));
    assert_eq!(out.header("set-cookie").unwrap(), "guildhall=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");

    for to in ["//evil.example", "/%5Cevil.example", "https%3A%2F%2Fevil.example", "%2F%09%2Fevil.example"] {
        let answer = sign_in(&stand, &format!("role=finance-agent&to={to}"));
        assert_eq!(answer.header("location"), Some("/"), "{to}");
    }
    let wrong = sign_in(&stand, "role=No+such+role%21");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (400, None));
    assert!(
        wrong.text().contains("role=\"alert\"") && wrong.text().contains("name=\"role\""),
        "{}",
        wrong.text()
    );
    for path in ["/sign-in/provider", "/sign-in/callback?code=a&state=b"] {
        assert_eq!(stand.get(path, "", "text/html").unwrap().status, 404, "no provider is configured");
    }
}

#[test]
fn a_session_reads_what_is_open_to_its_person_on_one_machine() {
    reads(HostKind::Native);
}

#[test]
fn a_session_reads_what_is_open_to_its_person_on_workers() {
    reads(HostKind::Workers);
}

#[test]
fn a_session_does_nothing_but_read_on_one_machine() {
    does_nothing_else(HostKind::Native);
}

#[test]
fn a_session_does_nothing_but_read_on_workers() {
    does_nothing_else(HostKind::Workers);
}

#[test]
fn no_other_site_signs_anybody_in_or_out_on_one_machine() {
    is_the_edges_own_affair(HostKind::Native);
}

#[test]
fn no_other_site_signs_anybody_in_or_out_on_workers() {
    is_the_edges_own_affair(HostKind::Workers);
}

#[test]
fn a_session_says_no_more_than_the_configuration_allows_by_now() {
    let mut stand = stand(HostKind::Native);
    let cookie = cookie(&sign_in(&stand, "role=finance-lead&teams=support&elevated=yes"));
    let narrowed = |stand: &mut Stand, bounds: Bounds| {
        stand.reconfigure(|config| config.identity[0].bounds = Some(bounds)).unwrap();
        get(stand, SENSITIVE_SKILL, &cookie)
    };
    let bounds = Bounds { teams: Bound::Any, roles: Bound::Any, may_elevate: true };
    assert_eq!(narrowed(&mut stand, bounds.clone()).status, 200);
    for narrow in [
        Bounds { may_elevate: false, ..bounds.clone() },
        Bounds { teams: Bound::Only(BTreeSet::new()), ..bounds.clone() },
        Bounds { roles: Bound::Only(BTreeSet::new()), ..bounds },
    ] {
        let answer = narrowed(&mut stand, narrow);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("ISSUER_OUT_OF_BOUNDS")));
        let refused = sign_in(&stand, "role=finance-lead&teams=support&elevated=yes");
        assert_eq!((refused.status, refused.header("set-cookie")), (400, None), "nor is a new one made");
    }
    stand.reconfigure(|config| config.session_key = None).unwrap();
    assert_eq!(get(&stand, TEAM_SKILL, &cookie).status, 404, "without a key no cookie means anything");
    assert!(stand.get("/sign-in", "", "text/html").unwrap().text().contains("Nobody can sign in"));
}
