//! Signing in and out, for people with browsers.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use registry_core::api::SignInForm;
use registry_core::html::{self, SignInPage, sign_in_page, signed_in_page};
use registry_core::id::TeamName;
use registry_core::policy::{Caller, MAX_ELEVATION_SECONDS};
use registry_core::token::{
    DEVELOPMENT_ISSUER, IdentityToken, LOGIN_LIFETIME, LoginClaims, SessionClaims, SignIn, TokenError,
};
use serde_json::{Map, Value};

use crate::config::{EdgeConfig, OidcConfig};
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, LogNote, Refusal, Reply};
use crate::sessions::{Begun, Cookie, begin, id_token, require_same_origin, target};

/// Not registered, and known to every browser: where to go after so many seconds.
const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// Whom the usage log knows where the form names nobody.
const NOBODY: &str = "developer";
const OTHER_BROWSER: &str =
    "This sign-in was not begun in this browser, or took more than ten minutes. Sign in again.";

/// What a sign-in came to that went wrong.
struct Failure {
    status: StatusCode,
    /// For the person, with what to do.
    text: String,
    /// For the operator.
    log: Option<String>,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), log: None }
    }

    /// A failure of the provider or of what it says.
    fn of_provider(status: StatusCode, text: &str, log: String) -> Self {
        Self { log: Some(log), ..Self::new(status, text) }
    }
}

impl<H: Host> Request<'_, H> {
    /// The page where people sign in, and see who they are.
    pub(super) async fn sign_in_page(mut self) -> Result<Reply, Refusal> {
        let to = self.parameter("to").map(|to| target(&to).to_owned()).unwrap_or_else(|| "/".to_owned());
        let config = &self.edge.config;
        let cookie = Cookie::session(config);
        let session = if config.session_key.is_some() { cookie.of(self.headers)? } else { None };
        let caller = session.map(|token| self.session(token)).transpose();
        let is_over = caller.is_err();
        self.caller = caller.unwrap_or_default();
        let mut reply = self.ways_in(StatusCode::OK, None, &to).await?;
        if is_over {
            give(&mut reply, &cookie.taken());
        }
        Ok(reply)
    }

    /// The form of development mode, filled in.
    pub(super) async fn sign_in(&self) -> Result<Reply, Refusal> {
        let config = &self.edge.config;
        require_same_origin(self.headers, &config.origin)?;
        if !config.has_form() {
            return self.not_found().await;
        }
        let form = form(self.body)?;
        let to = target(&form.to);
        let session = caller_of(&form, self.now)
            .and_then(|caller| self.begin_session(caller).map_err(|error| error.to_string()));
        match session {
            Ok(cookie) => {
                let mut reply = see_other(to);
                give(&mut reply, &cookie);
                Ok(reply)
            }
            Err(problem) => self.ways_in(StatusCode::BAD_REQUEST, Some(&problem), to).await,
        }
    }

    /// Sends the browser to the provider.
    pub(super) async fn sign_in_at_provider(&self) -> Result<Reply, Refusal> {
        let config = &self.edge.config;
        let (Some(oidc), Some(key)) = (&config.oidc, &config.session_key) else {
            return self.not_found().await;
        };
        let Begun { address, state, nonce, verifier } =
            begin(self.host, oidc, config).map_err(crate::handle::no_randomness)?;
        let login = LoginClaims {
            iss: config.origin.clone(),
            aud: config.origin.clone(),
            iat: self.now,
            exp: self.now.saturating_add(LOGIN_LIFETIME),
            state,
            nonce,
            verifier,
            to: target(&self.parameter("to").unwrap_or_default()).to_owned(),
        };
        let token = login.sign(key).map_err(crate::handle::no_randomness)?;
        let mut reply = see_other(address.as_str());
        give(&mut reply, &Cookie::login(config).given(&token, LOGIN_LIFETIME));
        Ok(reply)
    }

    /// What the provider sent the browser back with.
    pub(super) async fn sign_in_callback(&self) -> Result<Reply, Refusal> {
        let config = &self.edge.config;
        let Some(oidc) = &config.oidc else { return self.not_found().await };
        let done = match self.login() {
            Ok(login) => {
                self.complete(oidc, &login).await.map(|cookie| (cookie, target(&login.to).to_owned()))
            }
            Err(failure) => Err(failure),
        };
        let mut reply = match done {
            Ok((cookie, to)) => self.signed_in(&cookie, &to).await?,
            Err(failure) => self.failed(failure).await?,
        };
        give(&mut reply, &Cookie::login(config).taken());
        Ok(reply)
    }

    /// The sign-in that this browser began, and whose answer this is.
    fn login(&self) -> Result<LoginClaims, Failure> {
        let config = &self.edge.config;
        let other = || Failure::new(StatusCode::BAD_REQUEST, OTHER_BROWSER);
        let key = config.session_key.as_ref().ok_or_else(other)?;
        let token = Cookie::login(config).of(self.headers).ok().flatten().ok_or_else(other)?;
        let login =
            LoginClaims::verify(token, key.public(), &config.origin, self.now).map_err(|_| other())?;
        if self.parameter("state").is_some_and(|state| *state == login.state) {
            Ok(login)
        } else {
            Err(other())
        }
    }

    /// Makes the session of a sign-in, as its cookie.
    async fn complete(&self, oidc: &OidcConfig, login: &LoginClaims) -> Result<String, Failure> {
        // Where a provider names itself (RFC 9207), it must be the one that was asked.
        if self.parameter("iss").is_some_and(|issuer| *issuer != oidc.issuer) {
            return Err(Failure::new(StatusCode::BAD_REQUEST, OTHER_BROWSER));
        }
        if let Some(error) = self.parameter("error") {
            let text =
                format!("Your identity provider answered `{error}`. Sign in again, or ask its operators.");
            return Err(Failure::new(StatusCode::FORBIDDEN, text));
        }
        let code = self.parameter("code").unwrap_or_default().into_owned();
        let verifier = login.verifier.clone();
        let token = id_token(self.host, oidc, &self.edge.config, code, verifier).await.map_err(|why| {
            let text = "Your identity provider did not confirm who you are. Sign in again in a moment.";
            let log = format!("the token endpoint of `{}`: {why}", oidc.issuer);
            Failure::of_provider(StatusCode::BAD_GATEWAY, text, log)
        })?;
        let caller = self.believed(oidc, &token, &login.nonce).await?;
        self.begin_session(caller).map_err(|error| unbelieved(oidc, &error))
    }

    /// The caller whom an ID token proves.
    async fn believed(&self, oidc: &OidcConfig, token: &str, nonce: &str) -> Result<Caller, Failure> {
        let config = &self.edge.config;
        let refused = |error: TokenError| unbelieved(oidc, &error);
        let token = IdentityToken::parse(token).map_err(refused)?;
        let issuer = config.identity.iter().find(|issuer| issuer.issuer == oidc.issuer);
        let issuer = issuer.ok_or_else(|| refused(TokenError::Issuer))?;
        let kid = token.kid().map_err(refused)?;
        let found = self.edge.keys.find(self.host, config, issuer, kid).await.map_err(|refusal| Failure {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "The keys of your identity provider cannot be read. Sign in again in a moment.".to_owned(),
            log: refusal.into_note().map(|LogNote(note)| note),
        })?;
        let sign_in = SignIn { client_id: &oidc.client_id, nonce };
        token.signed_in(issuer, &found.keys, sign_in, self.now).map_err(refused)
    }

    /// The cookie of a session that begins now.
    fn begin_session(&self, caller: Caller) -> Result<String, TokenError> {
        let config = &self.edge.config;
        let key = config.session_key.as_ref().ok_or(TokenError::UnknownKey)?;
        let session = SessionClaims::new(caller, &config.identity, &config.origin, self.now)?;
        let token = session.sign(key)?;
        if token.len() > MAX_COOKIE_BYTES {
            return Err(TokenError::TooLarge);
        }
        Ok(Cookie::session(config).given(&token, session.exp.saturating_sub(session.iat)))
    }

    /// Browsers hold a cookie that was set for this site alone back where another site redirects to it: so the page is
    /// one of the edge's own that goes on by itself.
    async fn signed_in(&self, cookie: &str, to: &str) -> Result<Reply, Refusal> {
        let shell = self.public_text(SHELL).await?;
        let mut reply = page(StatusCode::OK, signed_in_page(&shell, to));
        reply::set(&mut reply, REFRESH, &format!("0; url={to}"));
        give(&mut reply, cookie);
        Ok(reply)
    }

    async fn failed(&self, failure: Failure) -> Result<Reply, Refusal> {
        let mut reply = self.ways_in(failure.status, Some(&failure.text), "/").await?;
        if let Some(log) = failure.log {
            reply.extensions_mut().insert(LogNote(log));
        }
        Ok(reply)
    }

    /// The page with every way to sign in that there is.
    async fn ways_in(&self, status: StatusCode, problem: Option<&str>, to: &str) -> Result<Reply, Refusal> {
        let config = &self.edge.config;
        let organisation = &self.catalog.organisation;
        let provider = config.oidc.as_ref().map(|oidc| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
            (oidc.issuer.as_str(), format!("/sign-in/provider?{query}"))
        });
        let form = config.has_form().then(|| html::SignInForm {
            roles: organisation.policy.roles.keys().collect(),
            teams: organisation.teams.keys().collect(),
        });
        let shell = self.public_text(SHELL).await?;
        let shown = SignInPage { problem, caller: self.caller.as_ref(), provider, form, to };
        Ok(page(status, sign_in_page(&shell, &shown)))
    }
}

/// The page of the catalog that [`SignInPage`] fills.
const SHELL: &str = "/sign-in/";
/// Longest session: browsers keep 4,096 bytes of a cookie, its name and attributes among them.
const MAX_COOKIE_BYTES: usize = 3800;

impl EdgeConfig {
    /// Whether anybody may be anyone: in development mode, with an issuer that may say so.
    fn has_form(&self) -> bool {
        let speaks = self.identity.iter().any(|issuer| issuer.issuer == DEVELOPMENT_ISSUER);
        self.development && self.session_key.is_some() && speaks
    }
}

/// Ends a session. It needs no catalog.
pub(super) fn sign_out(config: &EdgeConfig, headers: &HeaderMap) -> Result<Reply, Refusal> {
    require_same_origin(headers, &config.origin)?;
    let mut reply = see_other("/");
    give(&mut reply, &Cookie::session(config).taken());
    Ok(reply)
}

fn page(status: StatusCode, html: String) -> Reply {
    let mut reply = reply::reply(status, html::MEDIA_TYPE, Body::Bytes(html.into()));
    // Browsers without `Sec-Fetch-Site` tell by `Origin` whose form it is, which `no-referrer` makes `null`.
    reply::set(&mut reply, REFERRER_POLICY, "same-origin");
    reply
}

fn see_other(location: &str) -> Reply {
    let mut reply = reply::reply(StatusCode::SEE_OTHER, html::MEDIA_TYPE, Body::Bytes(Bytes::new()));
    reply::set(&mut reply, LOCATION, location);
    reply
}

/// Adds a cookie to those of an answer.
fn give(reply: &mut Reply, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        reply.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn form(body: &[u8]) -> Result<SignInForm, Refusal> {
    let pairs = form_urlencoded::parse(body);
    let fields: Map<String, Value> =
        pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    serde_json::from_value(fields.into())
        .map_err(|error| Refusal::bad_request(format!("the form does not fit: {error}")))
}

/// Whom a form asks to be, or what to mend in it.
fn caller_of(form: &SignInForm, now: u64) -> Result<Caller, String> {
    let words = form.teams.split([',', ' ']).filter(|word| !word.is_empty());
    let teams: Result<_, _> = words.map(str::parse::<TeamName>).collect();
    let subject = form.subject.trim();
    Ok(Caller {
        issuer: DEVELOPMENT_ISSUER.to_owned(),
        subject: if subject.is_empty() { NOBODY } else { subject }.to_owned(),
        role: form.role.trim().parse().map_err(|error| format!("{error}"))?,
        teams: teams.map_err(|error| error.to_string())?,
        elevated_until: (form.elevated == "yes").then(|| now.saturating_add(MAX_ELEVATION_SECONDS)),
        client: None,
    })
}

fn unbelieved(oidc: &OidcConfig, error: &TokenError) -> Failure {
    let text = format!(
        "What your identity provider says of you is not accepted here: {error}. Ask the operators of this catalog."
    );
    Failure::of_provider(StatusCode::FORBIDDEN, &text, format!("the ID token of `{}`: {error}", oidc.issuer))
}
