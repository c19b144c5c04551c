//! The page where people sign in and out.

use super::escape;
use crate::id::{RoleName, TeamName};
use crate::policy::Caller;

/// Where signing in stands in the shell of its page.
pub const SIGN_IN_SLOT: &str = "<!--guildhall:sign-in-->";

/// What the page shows. Without anything to sign in by, it says so.
#[derive(Debug, Default)]
pub struct SignInPage<'a> {
    /// What went wrong, and what to do.
    pub problem: Option<&'a str>,
    /// Who is signed in.
    pub caller: Option<&'a Caller>,
    /// The issuer at which people sign in, and the link that begins it. It is no form: pages may send forms to the edge alone,
    /// and browsers hold what a form is redirected to against that.
    pub provider: Option<(&'a str, String)>,
    /// The form of development mode, where there is one.
    pub form: Option<SignInForm<'a>>,
    /// The path to show in the end.
    pub to: &'a str,
}

/// The form by which anybody becomes anyone, in development mode.
#[derive(Debug, Default)]
pub struct SignInForm<'a> {
    /// Roles to choose from.
    pub roles: Vec<&'a RoleName>,
    /// Teams to choose from.
    pub teams: Vec<&'a TeamName>,
}

/// The page of a shell. All of it works without scripts.
#[must_use]
pub fn sign_in_page(shell: &str, page: &SignInPage<'_>) -> String {
    let problem = page.problem.map(|problem| {
        let problem = escape(problem);
        format!("<p class=\"banner\" role=\"alert\"><strong>You are not signed in.</strong> {problem}</p>")
    });
    // Whoever wants to be someone else signs out first.
    let parts = match page.caller {
        Some(caller) => [problem, Some(signed_in(caller, page.to)), None],
        None => [
            problem,
            page.provider.as_ref().map(|(provider, link)| elsewhere(provider, link)),
            page.form.as_ref().map(|form| fields(form, page.to)),
        ],
    };
    let is_closed = page.caller.is_none() && page.provider.is_none() && page.form.is_none();
    let closed = "<p class=\"empty\">Nobody can sign in with a browser here: no session key is configured. Programs send \
                  a token with each request.</p>";
    let body: String = parts.into_iter().flatten().collect();
    shell.replacen(SIGN_IN_SLOT, &(body + if is_closed { closed } else { "" }), 1)
}

/// What a browser shows for a moment before it goes on, once somebody has signed in.
#[must_use]
pub fn signed_in_page(shell: &str, to: &str) -> String {
    let body = format!(
        "<p class=\"empty\" role=\"status\"><strong>You are signed in.</strong> <a href=\"{}\">Continue</a></p>",
        escape(to)
    );
    shell.replacen(SIGN_IN_SLOT, &body, 1)
}

fn signed_in(caller: &Caller, to: &str) -> String {
    let teams: Vec<&str> = caller.teams.iter().map(TeamName::as_str).collect();
    let teams = if teams.is_empty() { String::new() } else { format!(" and the teams {}", teams.join(", ")) };
    format!(
        "<div class=\"empty\"><p>You are signed in as <strong>{subject}</strong> with the role \
         <strong>{role}</strong>{teams}. <a href=\"{to}\">Continue</a></p>{SIGN_OUT}</div>",
        subject = escape(&caller.subject),
        role = caller.role,
        to = escape(to),
    )
}

const SIGN_OUT: &str = "<form class=\"find ask\" action=\"/sign-out\" method=\"post\"><button type=\"submit\">Sign out</button></form>";

fn elsewhere(provider: &str, link: &str) -> String {
    let (host, link) = (escape(provider.split("://").last().unwrap_or_default()), escape(link));
    format!(
        "<p class=\"empty\"><strong>{host}</strong> knows who you are. <a href=\"{link}\">Sign in at {host}</a></p>"
    )
}

fn fields(form: &SignInForm<'_>, to: &str) -> String {
    let roles: String = form.roles.iter().map(|role| format!("<option value=\"{role}\"></option>")).collect();
    let teams: Vec<&str> = form.teams.iter().map(|team| team.as_str()).collect();
    format!(
        "<form class=\"find ask\" action=\"/sign-in\" method=\"post\"><input type=\"hidden\" name=\"to\" value=\"{to}\">\
         <label for=\"role\">Role</label><input id=\"role\" name=\"role\" list=\"roles\" required autocomplete=\"off\">\
         <datalist id=\"roles\">{roles}</datalist>\
         <label for=\"teams\">Teams beside those of the role</label>\
         <input id=\"teams\" name=\"teams\" autocomplete=\"off\" placeholder=\"{teams}\">\
         <label for=\"subject\">Name</label>\
         <input id=\"subject\" name=\"subject\" autocomplete=\"off\" placeholder=\"developer\">\
         <p class=\"note\">This is development mode: be whomever you need to be.</p>\
         <button type=\"submit\">Sign in</button>\
         <button type=\"submit\" name=\"elevated\" value=\"yes\">Sign in, elevated for 15 minutes</button></form>",
        to = escape(to),
        teams = teams.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_escaped() {
        let caller = Caller {
            client: None,
            issuer: "i".to_owned(),
            subject: "<b>".to_owned(),
            role: "auditor".parse().unwrap(),
            teams: Default::default(),
            elevated_until: None,
        };
        let page = SignInPage {
            problem: Some("<i>"),
            caller: Some(&caller),
            to: "/\"><script>",
            ..SignInPage::default()
        };
        let anonymous = SignInPage {
            caller: None,
            provider: Some(("https://idp.example/\"<u>", "/\"<u>".to_owned())),
            form: Some(SignInForm::default()),
            ..page
        };
        let pages = [sign_in_page(SIGN_IN_SLOT, &page), sign_in_page(SIGN_IN_SLOT, &anonymous)].concat();
        let page = pages + &signed_in_page(SIGN_IN_SLOT, "/\"><script>");
        for text in ["<b>", "<i>", "<u>", "<script>"] {
            assert!(!page.contains(text) && page.contains(&escape(text)), "{text}");
        }
    }

    #[test]
    fn a_page_without_a_way_to_sign_in_says_so() {
        assert!(sign_in_page(SIGN_IN_SLOT, &SignInPage::default()).contains("Nobody can sign in"));
        let provider =
            SignInPage { provider: Some(("https://idp.example", "/x".to_owned())), ..SignInPage::default() };
        let page = sign_in_page(SIGN_IN_SLOT, &provider);
        assert!(page.contains("Sign in at idp.example") && !page.contains("Nobody"), "{page}");
    }
}
