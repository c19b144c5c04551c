//! Public files of the catalog, by URL.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION, VARY};
use http::{Response, StatusCode};
use registry_core::catalog::{Key, PublicFile};
use registry_core::policy::{Audience, PublicAccess};

use crate::catalog::read;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, Refusal, Reply};

const HTML: &str = "text/html; charset=utf-8";

impl<H: Host> Request<'_, H> {
    pub(super) async fn public_file(self) -> Result<Reply, Refusal> {
        let path = self.uri.path().to_owned();
        // Style sheets are the program's, not the organisation's: sign-in pages need them too.
        let asset = path.starts_with("/assets/");
        let this = self.identify()?;
        let policy = &this.catalog.organisation.policy;
        if this.caller.is_none() && policy.public == PublicAccess::SignedIn && !asset {
            return Err(Refusal::unauthenticated("sign in to read the catalog"));
        }
        if let Some(file) = this.catalog.public_file(this.host, &path).await? {
            return this.serve(&file, asset).await;
        }
        let with_slash = format!("{path}/");
        if this.catalog.public_file(this.host, &with_slash).await?.is_some() {
            let mut reply = Response::new(Body::Bytes(Bytes::new()));
            *reply.status_mut() = StatusCode::PERMANENT_REDIRECT;
            reply::set(&mut reply, LOCATION, &with_slash);
            return Ok(reply);
        }
        this.not_found().await
    }

    async fn serve(&self, file: &PublicFile, immutable: bool) -> Result<Reply, Refusal> {
        let tag = format!("\"{}\"", file.digest);
        let unchanged =
            self.headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let mut reply = if unchanged {
            reply::reply(StatusCode::NOT_MODIFIED, &file.media_type, Body::Bytes(Bytes::new()))
        } else {
            let bytes = read(self.host, &Key::Object(Audience::Public, file.digest)).await?;
            reply::reply(StatusCode::OK, &file.media_type, Body::Bytes(bytes))
        };
        let cache = if immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        reply::set(&mut reply, CACHE_CONTROL, cache);
        reply::set(&mut reply, ETAG, &tag);
        reply.headers_mut().remove(VARY);
        Ok(reply)
    }

    /// The page for what does not exist or is not for the reader.
    pub(super) async fn not_found(&self) -> Result<Reply, Refusal> {
        let page = self.public_text("/404.html").await?;
        Ok(reply::reply(StatusCode::NOT_FOUND, HTML, Body::Bytes(page.into())))
    }

    /// The text of a page that every catalog has.
    pub(super) async fn public_text(&self, url: &str) -> Result<String, Refusal> {
        let broken = || Refusal::unavailable("CATALOG_UNAVAILABLE", "the catalog lacks a page", url);
        let file = self.catalog.public_file(self.host, url).await?.ok_or_else(broken)?;
        let bytes = read(self.host, &Key::Object(Audience::Public, file.digest)).await?;
        String::from_utf8(bytes.into()).map_err(|_| broken())
    }
}
