//! Between the requests and answers of Workers and those of the `http` crate.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use worker::wasm_bindgen::JsValue;
use worker::{ByteStream, CacheMode, Headers, Request, RequestInit, RequestRedirect, Response, ResponseBody};

use crate::handle::MAX_BODY_BYTES;

/// Why a request cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConvertError {
    /// JavaScript refused something.
    #[error("{0}")]
    Js(#[from] worker::Error),
    /// Not an HTTP method, address or header.
    #[error(transparent)]
    Http(#[from] http::Error),
}

/// A request as it came in. Of a body that is too large, just enough is read for the edge to see that it is.
pub(super) async fn request(mut request: Request) -> Result<http::Request<Bytes>, ConvertError> {
    let raw = request.inner();
    // Not `Request::method`, which takes methods that it does not know for GET.
    let method = Method::from_bytes(raw.method().as_bytes()).map_err(http::Error::from)?;
    let address: Uri = raw.url().parse().map_err(http::Error::from)?;
    let mut converted = http::Request::new(Bytes::new());
    *converted.method_mut() = method;
    *converted.uri_mut() = address.path_and_query().map_or_else(Uri::default, |path| path.clone().into());
    *converted.headers_mut() = header_map(request.headers())?;
    if request.inner().body().is_some() {
        *converted.body_mut() = read(request.stream()?, MAX_BODY_BYTES).await?.into();
    }
    Ok(converted)
}

fn header_map(headers: &Headers) -> Result<HeaderMap, ConvertError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.entries() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(http::Error::from)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(http::Error::from)?;
        map.append(name, value);
    }
    Ok(map)
}

/// An answer that another server gave, with its body.
pub(super) fn incoming(response: &Response, body: Vec<u8>) -> Result<http::Response<Bytes>, ConvertError> {
    let mut converted = http::Response::new(body.into());
    *converted.status_mut() = StatusCode::from_u16(response.status_code()).map_err(http::Error::from)?;
    *converted.headers_mut() = header_map(response.headers())?;
    Ok(converted)
}

/// Reads a stream to its end, or until more than `limit` bytes have come.
pub(super) async fn read(mut stream: ByteStream, limit: usize) -> worker::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() <= limit {
        let Some(chunk) = stream.next().await else { break };
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// A request to be sent. It follows no redirect, and no cache answers it.
pub(super) fn outgoing(request: &http::Request<Bytes>) -> worker::Result<Request> {
    let mut init = RequestInit::new();
    init.with_method(request.method().as_str().to_owned().into())
        .with_headers(headers(request.headers())?)
        .with_redirect(RequestRedirect::Manual)
        .with_cache(CacheMode::NoStore);
    if !request.body().is_empty() {
        init.with_body(Some(JsValue::from(worker::js_sys::Uint8Array::from(request.body().as_ref()))));
    }
    Request::new_with_init(&request.uri().to_string(), &init)
}

/// An answer of the edge.
pub(super) fn response(parts: &http::response::Parts, body: ResponseBody) -> worker::Result<Response> {
    Ok(Response::from_body(body)?.with_status(parts.status.as_u16()).with_headers(headers(&parts.headers)?))
}

/// No body at all where it is empty: a 304 may not have one.
pub(super) fn body(bytes: Bytes) -> ResponseBody {
    if bytes.is_empty() { ResponseBody::Empty } else { ResponseBody::Body(bytes.into()) }
}

fn headers(map: &HeaderMap) -> worker::Result<Headers> {
    let headers = Headers::new();
    for (name, value) in map {
        let value = value.to_str().map_err(|error| worker::Error::RustError(error.to_string()))?;
        headers.append(name.as_str(), value)?;
    }
    Ok(headers)
}
