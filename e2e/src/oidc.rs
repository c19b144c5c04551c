//! A real OpenID provider, and a person with a browser who signs in at it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use edge_worker::{EdgeConfig, OidcConfig, Secret};
use registry_core::token::{ClaimNames, Issuer};
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::answer::Answer;
use crate::process::Process;

const FORM: &str = "application/x-www-form-urlencoded";
/// Most redirects that are followed in a row.
const MAX_REDIRECTS: usize = 8;

/// The provider, which goes away with the value.
#[derive(Debug)]
pub struct OidcProvider(Process);

impl OidcProvider {
    /// Starts a provider for an edge of this configuration, and makes the edge its client.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(config: &mut EdgeConfig) -> Result<Self> {
        let redirect = format!("{}/sign-in/callback", config.origin);
        let provider =
            Self(Process::start("node".as_ref(), &["e2e/src/oidc.mjs".as_ref(), redirect.as_ref()])?);
        let issuer: Issuer = serde_json::from_value(json!({
            "issuer": provider.url(),
            "audience": "not for tokens of programs",
            "typ": ["at+jwt"],
            "keys": {"url": format!("{}/jwks", provider.url())},
            "algorithms": ["RS256"],
            "claims": ClaimNames { teams: "groups".to_owned(), ..ClaimNames::default() },
            "bounds": {"teams": ["finance", "support"], "roles": ["*"], "may_elevate": true},
            "max_lifetime": 3600,
        }))?;
        config.identity.push(issuer);
        config.oidc = Some(OidcConfig {
            issuer: provider.url().to_owned(),
            client_id: "guildhall".to_owned(),
            client_secret: Some(Secret("a secret: with % and /".to_owned())),
            authorization_endpoint: format!("{}/auth", provider.url()).parse()?,
            token_endpoint: format!("{}/token", provider.url()).parse()?,
            scopes: vec!["catalog".to_owned()],
        });
        Ok(provider)
    }

    /// Its name and address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn kill(&self) -> Result<()> {
        self.0.kill()
    }
}

/// A browser without a screen: it keeps cookies and follows redirects.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Visitor {
    /// A browser that has been nowhere.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> Result<Self> {
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build()?;
        Ok(Self { client, cookies: RefCell::default() })
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn open(&self, url: &str) -> Result<Answer> {
        self.send(self.client.get(url))
    }

    /// Opens an address and follows redirects, as long as `goes_on` to the next one.
    ///
    /// # Errors
    /// When no answer comes, or no end.
    pub fn follow(&self, url: &str, goes_on: impl Fn(&Url) -> bool) -> Result<(Url, Answer)> {
        let mut url: Url = url.parse()?;
        for _ in 0..MAX_REDIRECTS {
            let answer = self.open(url.as_str())?;
            let Some(location) = answer.header("location") else { return Ok((url, answer)) };
            url = url.join(location)?;
            if !goes_on(&url) {
                return Ok((url, answer));
            }
        }
        anyhow::bail!("no end of redirects at {url}")
    }

    /// Signs in at the provider of an edge, from the page where that begins, and returns the address that the provider
    /// sends the browser back to.
    ///
    /// # Errors
    /// When the provider does not send it back.
    pub fn sign_in(&self, begin: &str, who: &str) -> Result<Url> {
        let is_back = |url: &Url| url.path() == "/sign-in/callback";
        let (mut page, mut answer) = self.follow(begin, |url| !is_back(url))?;
        for fields in
            [vec![("prompt", "login"), ("login", who), ("password", "x")], vec![("prompt", "consent")]]
        {
            ensure!(answer.status == 200 && answer.text().contains("<form"), "{page}: {}", answer.text());
            let form = Url::parse_with_params(page.as_str(), fields)?.query().unwrap_or_default().to_owned();
            let request = self.client.post(page.clone()).header(CONTENT_TYPE, FORM);
            let answered = self.send(request.body(form))?;
            let next = page.join(answered.header("location").context("the provider goes on")?)?;
            (page, answer) = self.follow(next.as_str(), |url| !is_back(url))?;
            if is_back(&page) {
                return Ok(page);
            }
        }
        anyhow::bail!("the provider stays at {page}: {}", answer.text())
    }

    /// A cookie that it keeps.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    fn send(&self, request: reqwest::blocking::RequestBuilder) -> Result<Answer> {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = Answer::read(request.header("cookie", cookies.join("; ")).send()?)?;
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) =
                cookie.split(';').next().unwrap_or_default().split_once('=').context("a cookie")?;
            let mut cookies = self.cookies.borrow_mut();
            match value {
                "" => drop(cookies.remove(name)),
                value => drop(cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        Ok(answer)
    }
}
