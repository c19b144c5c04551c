//! Files of the catalog as answers: whole, in part, or not at all where the caller has them.

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG};
use registry_core::api::Code;
use registry_core::catalog::Key;

use crate::conditional::{ByteRange, Wanted, entity_tag, wanted};
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, Refusal, Reply};

/// A file that the caller may have.
pub(super) struct Stored<'a> {
    pub(super) key: Key,
    pub(super) media_type: &'a str,
    /// How long anybody may keep it, as `Cache-Control` says it; `None` where it is not for everybody.
    pub(super) open: Option<&'static str>,
    /// Whether the host may send it without the edge having read it.
    pub(super) streamed: bool,
}

impl<H: Host> Request<'_, H> {
    /// The answer to a request for a file, with its digest as its tag.
    pub(super) async fn stored(&self, file: Stored<'_>) -> Result<Reply, Refusal> {
        let tag = entity_tag(&file.key.digest());
        let mut reply = match wanted(self.method, self.headers, &tag)? {
            Wanted::Nothing => unchanged(file.media_type),
            Wanted::Part(range) => part(&self.read(&file.key).await?, range, file.media_type)?,
            Wanted::Whole if file.streamed => {
                reply::reply(StatusCode::OK, file.media_type, Body::Object(file.key))
            }
            Wanted::Whole => {
                let bytes = self.read(&file.key).await?;
                reply::reply(StatusCode::OK, file.media_type, Body::Bytes(bytes))
            }
        };
        reply::set(&mut reply, ETAG, &tag);
        reply::set(&mut reply, ACCEPT_RANGES, "bytes");
        if let Some(cache) = file.open {
            reply::open(&mut reply, cache);
        }
        Ok(reply)
    }
}

/// The answer to a caller who has the file. Its media type lets a host know what it would have compressed.
pub(super) fn unchanged(media_type: &str) -> Reply {
    reply::reply(StatusCode::NOT_MODIFIED, media_type, Body::Bytes(Bytes::new()))
}

fn part(bytes: &Bytes, range: ByteRange, media_type: &str) -> Result<Reply, Refusal> {
    let length = bytes.len();
    let place = range.within(length as u64).and_then(|place| {
        let (start, end) = (usize::try_from(place.start).ok()?, usize::try_from(place.end).ok()?);
        (end <= length).then_some(start..end)
    });
    let Some(place) = place else {
        let detail = format!("the file has {length} bytes, and the range none of them");
        return Err(Refusal::new(Code::RangeNotSatisfiable, detail)
            .with_header(CONTENT_RANGE, format!("bytes */{length}")));
    };
    let content_range = format!("bytes {}-{}/{length}", place.start, place.end - 1);
    let mut reply = reply::reply(StatusCode::PARTIAL_CONTENT, media_type, Body::Bytes(bytes.slice(place)));
    reply::set(&mut reply, CONTENT_RANGE, &content_range);
    Ok(reply)
}
