//! Public files of the catalog, by URL.

use bytes::Bytes;
use http::StatusCode;
use http::header::{LOCATION, VARY};
use registry_core::api::Code;
use registry_core::catalog::{Key, PublicFile};
use registry_core::html::{MEDIA_TYPE, request_access_page};
use registry_core::policy::{Audience, PublicAccess};

use super::stored::Stored;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, Refusal, Reply};

impl<H: Host> Request<'_, H> {
    pub(super) async fn public_file(self) -> Result<Reply, Refusal> {
        let path = self.uri.path().to_owned();
        // Style sheets are the program's, not the organisation's: sign-in pages need them too.
        let is_asset = path.starts_with("/assets/");
        let this = self.identify().await?;
        if !is_asset {
            this.may_read()?;
        }
        if let Some(file) = this.catalog.public_file(this.host, &path).await? {
            return this.serve(&file, is_asset).await;
        }
        let with_slash = format!("{path}/");
        if this.catalog.public_file(this.host, &with_slash).await?.is_some() {
            let mut reply =
                reply::reply(StatusCode::PERMANENT_REDIRECT, MEDIA_TYPE, Body::Bytes(Bytes::new()));
            let query = this.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            reply::set(&mut reply, LOCATION, &format!("{with_slash}{query}"));
            return Ok(reply);
        }
        this.not_found().await
    }

    /// Refuses anonymous callers where even what is public is for those who are signed in.
    pub(super) fn may_read(&self) -> Result<(), Refusal> {
        if self.caller.is_none() && self.public_access() == PublicAccess::SignedIn {
            return Err(Refusal::unauthenticated("sign in to read the catalog"));
        }
        Ok(())
    }

    fn public_access(&self) -> PublicAccess {
        self.catalog.organisation.policy.public
    }

    async fn serve(&self, file: &PublicFile, is_asset: bool) -> Result<Reply, Refusal> {
        // Where anonymous callers are refused, a page varies by caller and keeps the headers that say so.
        let open = match (is_asset, self.public_access()) {
            (true, _) => Some("public, max-age=31536000, immutable"),
            (false, PublicAccess::Anonymous) => Some("no-cache"),
            (false, PublicAccess::SignedIn) => None,
        };
        let key = Key::Object(Audience::Public, file.digest);
        let stored = Stored { key, media_type: &file.media_type, open, streamed: false };
        let mut reply = self.stored(stored).await?;
        if open.is_some() {
            reply.headers_mut().remove(VARY);
        }
        Ok(reply)
    }

    /// Whom to ask for access to the skill that `?skill=` names.
    pub(super) async fn request_access(&self) -> Result<Reply, Refusal> {
        self.may_read()?;
        let skill = self.parameter("skill").and_then(|skill| skill.parse().ok());
        let shell = self.public_text("/request-access/").await?;
        let page = request_access_page(&shell, skill.as_ref(), &self.catalog.organisation);
        Ok(reply::reply(StatusCode::OK, MEDIA_TYPE, Body::Bytes(page.into())))
    }

    /// The page for what does not exist or is not for the reader.
    pub(super) async fn not_found(&self) -> Result<Reply, Refusal> {
        let page = self.public_text("/404.html").await?;
        Ok(reply::reply(StatusCode::NOT_FOUND, MEDIA_TYPE, Body::Bytes(page.into())))
    }

    /// The text of a page that every catalog has.
    pub(super) async fn public_text(&self, url: &str) -> Result<String, Refusal> {
        let broken = || Refusal::unavailable(Code::CatalogUnavailable, "the catalog lacks a page", url);
        let file = self.catalog.public_file(self.host, url).await?.ok_or_else(broken)?;
        let bytes = self.read(&Key::Object(Audience::Public, file.digest)).await?;
        String::from_utf8(bytes.into()).map_err(|_| broken())
    }
}
