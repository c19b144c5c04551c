//! Compression, of what is the same for everybody alone. An answer that may mix what its caller may know with what a
//! third party put into the request would tell the one by its length (the BREACH attack); whatever varies by caller is
//! therefore sent as it is.

use axum::body::{Body, HttpBody};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Text that anybody may keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenText;

impl Predicate for OpenText {
    /// Whether an answer is compressed. One that says that nothing has changed is taken for what it stands for: its
    /// `Vary` and its tag must be those of the whole answer (RFC 9110, 15.4.5).
    fn should_compress<B: HttpBody>(&self, response: &http::Response<B>) -> bool {
        let is_whole = match response.status() {
            StatusCode::OK => SizeAbove::default().should_compress(response),
            status => status == StatusCode::NOT_MODIFIED,
        };
        is_whole && is_open_text(response.headers())
    }
}

/// Compresses by gzip, for those who accept it.
pub(super) fn layer() -> CompressionLayer<OpenText> {
    CompressionLayer::new().gzip(true).compress_when(OpenText)
}

fn is_open_text(headers: &HeaderMap) -> bool {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_open = value(CACHE_CONTROL).is_some_and(|cache| !cache.contains("no-store"));
    let media_type = value(CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    is_open && (essence.starts_with("text/") || essence.ends_with("json") || essence.ends_with("xml"))
}

/// The tag of a compressed answer is weak: it stands for the same file, and not for the same bytes (RFC 9110, 8.8.1).
pub(super) async fn weaken(mut response: Response) -> Response {
    if response.headers().contains_key(CONTENT_ENCODING) {
        let weak = response.headers().get(ETAG).map(|tag| [b"W/", tag.as_bytes()].concat());
        if let Some(weak) = weak.and_then(|weak| HeaderValue::from_bytes(&weak).ok()) {
            response.headers_mut().insert(ETAG, weak);
        }
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::empty();
    }
    response
}
