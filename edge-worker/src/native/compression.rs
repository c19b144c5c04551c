//! Compression, of what is the same for everybody alone. An answer that may mix what its caller may know with what a
//! third party put into the request would tell the one by its length (the BREACH attack); whatever varies by caller is
//! therefore sent as it is.

use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Below this, in bytes, nothing is gained.
const MIN_BYTES: u16 = 512;

/// Compresses what may be kept by anybody and is text, by gzip, for those who accept it.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(MIN_BYTES).and(is_open_text))
}

fn is_open_text(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let value =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let is_open = !value(CACHE_CONTROL).is_empty() && !value(CACHE_CONTROL).contains("no-store");
    let essence = value(CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/") || essence.ends_with("json") || essence.ends_with("xml");
    status == StatusCode::OK && is_open && is_text
}

/// The tag of a compressed answer is weak: it stands for the same file, and not for the same bytes (RFC 9110, 8.8.1).
pub(super) async fn weaken(mut response: Response) -> Response {
    if response.headers().contains_key(CONTENT_ENCODING) {
        let weak = response.headers().get(ETAG).map(|tag| [b"W/", tag.as_bytes()].concat());
        if let Some(weak) = weak.and_then(|weak| HeaderValue::from_bytes(&weak).ok()) {
            response.headers_mut().insert(ETAG, weak);
        }
    }
    response
}
