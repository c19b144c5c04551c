//! The edge as a client of an OpenID provider: the authorization code flow (OpenID Connect Core 1.0 section 3.1) with PKCE
//! (RFC 7636).

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::url::{ParseError, Url};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use registry_core::diagnostic::causes;
use serde::{Deserialize, Serialize};

use crate::config::{EdgeConfig, OidcConfig};
use crate::handle::hexadecimal;
use crate::host::{Host, HostError};

/// The path to which the provider sends browsers back.
const CALLBACK: &str = "/sign-in/callback";
/// How long the provider may take to exchange a code, body and all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer to the exchange, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// What the answer to the exchange has beside an access token, which is not used.
#[derive(Debug, Deserialize, Serialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type Provider = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn provider(oidc: &OidcConfig, config: &EdgeConfig) -> Result<Provider, ParseError> {
    let client = Client::new(ClientId::new(oidc.client_id.clone()))
        .set_auth_uri(AuthUrl::new(oidc.authorization_endpoint.as_str().to_owned())?)
        .set_token_uri(TokenUrl::new(oidc.token_endpoint.as_str().to_owned())?)
        .set_redirect_uri(RedirectUrl::new(format!("{}{CALLBACK}", config.origin))?);
    Ok(match &oidc.client_secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.0.clone())),
        None => client,
    })
}

/// A sign-in that begins: where the browser goes, and what it keeps meanwhile.
pub(crate) struct Begun {
    pub(crate) address: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// Begins a sign-in.
///
/// # Errors
/// When the machine has no randomness or an address is none.
pub(crate) fn begin<H: Host>(host: &H, oidc: &OidcConfig, config: &EdgeConfig) -> Result<Begun, HostError> {
    let random = || host.random().map(|bytes| hexadecimal(&bytes));
    let (state, nonce) = (random()?, random()?);
    // 64 characters, of which RFC 7636 wants 43 to 128.
    let verifier = random()? + &random()?;
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
    let provider = provider(oidc, config).map_err(|error| HostError(error.to_string()))?;
    let (address, _) = provider
        .authorize_url(|| CsrfToken::new(state.clone()))
        .add_scope(Scope::new("openid".to_owned()))
        .add_scopes(oidc.scopes.iter().cloned().map(Scope::new))
        .add_extra_param("nonce", &nonce)
        .set_pkce_challenge(challenge)
        .url();
    Ok(Begun { address, state, nonce, verifier })
}

/// Exchanges a code for an ID token, which is not verified yet. What fails is for the operator: the provider's answer may
/// tell more than a reader should know.
///
/// # Errors
/// When the provider gives none.
pub(crate) async fn id_token<H: Host>(
    host: &H,
    oidc: &OidcConfig,
    config: &EdgeConfig,
    code: String,
    verifier: String,
) -> Result<String, String> {
    let provider = provider(oidc, config).map_err(|error| error.to_string())?;
    let exchange = Exchange(host);
    let request = provider.exchange_code(AuthorizationCode::new(code));
    let answer = request.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&exchange).await;
    let answer = answer.map_err(|error| format!("{error}{}", causes(&error)))?;
    let token = &answer.extra_fields().id_token;
    token.clone().ok_or_else(|| "its answer has no `id_token`; let it have the scope `openid`".to_owned())
}

/// How requests of the client travel.
struct Exchange<'a, H>(&'a H);

impl<'c, H: Host> AsyncHttpClient<'c> for Exchange<'_, H> {
    type Error = HostError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HostError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = self.0.fetch(request.map(Bytes::from), TIMEOUT, MAX_ANSWER_BYTES);
        Box::pin(async { Ok(answer.await?.map(Vec::from)) })
    }
}
