//! Fetching a bundle from the edge.

use std::time::Duration;

use registry_core::api::ExecutionRequest;
use registry_core::token::InvokeClaims;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

/// Largest archive that is taken, in bytes. More would let an edge gone wrong fill the memory.
const MAX_BUNDLE: usize = 24 << 20;
/// How long the edge has for the whole answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a bundle could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the edge does not answer")]
    Transport(#[from] reqwest::Error),
    #[error("the edge answered with status {0}")]
    Status(StatusCode),
    #[error("the edge sent more than {MAX_BUNDLE} bytes")]
    TooLarge,
}

/// A client that goes to the configured edge and nowhere else: no redirects, no proxy from the environment.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder().redirect(Policy::none()).no_proxy().timeout(TIMEOUT).build()
}

/// The bundle's bytes, not yet checked against any digest.
pub(crate) async fn fetch(
    client: &Client,
    edge_url: &str,
    claims: &InvokeClaims,
    request: &ExecutionRequest,
) -> Result<Vec<u8>, FetchError> {
    let edge = edge_url.trim_end_matches('/');
    let url = format!("{edge}/skills/{}/{}/bundle", claims.skill, claims.version);
    let mut answer = client.get(url).bearer_auth(&request.bundle_token).send().await?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status()));
    }
    let mut bundle = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bundle.len() + chunk.len() > MAX_BUNDLE {
            return Err(FetchError::TooLarge);
        }
        bundle.extend_from_slice(&chunk);
    }
    Ok(bundle)
}
