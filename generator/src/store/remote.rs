//! Buckets and static hosts, over HTTP.

use std::env;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::Uri;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, RetryConfig, UpdateVersion,
};
use tokio::runtime::{Builder, Runtime};

use super::{Entry, Reason, StoreError};

/// Hosts that take a bucket only as part of the host's name: Alibaba OSS and Tencent COS.
const BUCKET_IN_HOST: [&str; 2] = [".aliyuncs.com", ".myqcloud.com"];
/// Before the second attempt; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How a CI job may get credentials without a secret of its own; the client knows these variables.
const CREDENTIALS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

#[derive(Debug)]
pub(super) struct Remote {
    runtime: Runtime,
    client: Box<dyn ObjectStore>,
    prefix: Path,
    bucket: bool,
}

impl Remote {
    /// The bucket and prefix of `s3://{rest}`.
    pub(super) fn bucket(location: &str, rest: &str) -> Result<Self, StoreError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(StoreError::Location(location.to_owned()));
        }
        if !CREDENTIALS.iter().any(|name| env::var_os(name).is_some()) {
            return Err(StoreError::Credentials(location.to_owned()));
        }
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retries());
        let mut options = options();
        if let Some(given) = endpoint_from_environment() {
            options = options.with_allow_http(is_plain_loopback(&given)?);
            let in_host = env::var("AWS_VIRTUAL_HOSTED_STYLE_REQUEST").is_ok_and(|value| value == "true");
            let (endpoint, in_host) = endpoint(&given, bucket, in_host);
            builder = builder
                .with_config(object_store::aws::AmazonS3ConfigKey::S3Endpoint, endpoint)
                .with_virtual_hosted_style_request(in_host);
        }
        let client = builder.with_client_options(options).build().map_err(settings(location))?;
        Ok(Self { runtime: runtime()?, client: Box::new(client), prefix: Path::from(prefix), bucket: true })
    }

    /// A static host.
    pub(super) fn host(location: &str) -> Result<Self, StoreError> {
        let options = options().with_allow_http(is_plain_loopback(location)?);
        let builder = HttpBuilder::new().with_url(location).with_client_options(options);
        let client = builder.with_retry(retries()).build().map_err(settings(location))?;
        Ok(Self { runtime: runtime()?, client: Box::new(client), prefix: Path::default(), bucket: false })
    }

    /// Whether it can be written, and listed.
    pub(super) fn is_bucket(&self) -> bool {
        self.bucket
    }

    fn path(&self, path: &str) -> Path {
        self.prefix.parts().chain(Path::from(path).parts()).collect()
    }

    pub(super) fn get(&self, path: &str) -> Result<Option<(Bytes, Option<String>)>, Error> {
        let path = self.path(path);
        self.runtime.block_on(async {
            let Some(got) = unless_absent(self.client.get(&path).await)? else { return Ok(None) };
            let tag = got.meta.e_tag.clone();
            Ok(Some((got.bytes().await?, tag)))
        })
    }

    pub(super) fn put(&self, path: &str, bytes: Bytes) -> Result<(), Error> {
        self.put_mode(path, bytes, PutMode::Overwrite)
    }

    pub(super) fn put_if(&self, path: &str, bytes: Bytes, former: Option<&str>) -> Result<bool, Error> {
        let mode = former.map_or(PutMode::Create, |tag| {
            PutMode::Update(UpdateVersion { e_tag: Some(tag.to_owned()), version: None })
        });
        let mut done = self.put_mode(path, bytes.clone(), mode.clone());
        if done.as_ref().is_err_and(is_interrupted) {
            // A store closes a connection once it has refused a file early, and the next write may already be on it. The
            // client sends no write again by itself; with its condition it can be, and the caller looks what arrived.
            std::thread::sleep(FIRST_PAUSE);
            done = self.put_mode(path, bytes, mode);
        }
        match done {
            Ok(()) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put_mode(&self, path: &str, bytes: Bytes, mode: PutMode) -> Result<(), Error> {
        let path = self.path(path);
        let put = self.client.put_opts(&path, PutPayload::from_bytes(bytes), PutOptions::from(mode));
        self.runtime.block_on(put).map(drop)
    }

    pub(super) fn find(&self, path: &str) -> Result<Option<Entry>, Error> {
        let found = unless_absent(self.runtime.block_on(self.client.head(&self.path(path))))?;
        Ok(found.map(|meta| entry(path.to_owned(), &meta)))
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let below = self.path(folder);
        let found: Vec<ObjectMeta> = self.runtime.block_on(self.client.list(Some(&below)).try_collect())?;
        Ok(found.iter().filter_map(|meta| Some(entry(self.relative(&meta.location)?, meta))).collect())
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path.prefix_match(&self.prefix)?.collect();
        Some(parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/"))
    }

    pub(super) fn delete(&self, paths: &[String]) -> Result<(), Error> {
        let paths: Vec<_> = paths.iter().map(|path| Ok(self.path(path))).collect();
        let mut deleted = self.client.delete_stream(stream::iter(paths).boxed());
        self.runtime.block_on(async {
            while let Some(done) = deleted.next().await {
                unless_absent(done)?;
            }
            Ok(())
        })
    }
}

fn entry(path: String, meta: &ObjectMeta) -> Entry {
    let modified = u64::try_from(meta.last_modified.timestamp()).unwrap_or(0);
    Entry { path, size: meta.size, modified }
}

fn unless_absent<T>(done: Result<T, Error>) -> Result<Option<T>, Error> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the connection ended before the answer.
fn is_interrupted(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(each) = cause {
        if let Some(http) = each.downcast_ref::<HttpError>() {
            return http.kind() == HttpErrorKind::Interrupted;
        }
        cause = each.source();
    }
    false
}

fn settings(location: &str) -> impl FnOnce(Error) -> StoreError {
    move |error| StoreError::Settings(location.to_owned(), Reason::from(error))
}

fn runtime() -> Result<Runtime, StoreError> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(StoreError::Runtime)
}

/// A bundle of 25 MiB over a slow line takes its time; a line that is cut is told within seconds.
fn options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(Duration::from_secs(10)).with_timeout(Duration::from_secs(180))
}

fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: Duration::from_secs(5), base: 2.0 };
    RetryConfig { backoff, max_retries: 5, retry_timeout: Duration::from_secs(180) }
}

fn endpoint_from_environment() -> Option<String> {
    let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    names.iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The endpoint as the client takes it, and whether the bucket is part of the host's name.
fn endpoint(given: &str, bucket: &str, in_host: bool) -> (String, bool) {
    let given = given.trim_end_matches('/');
    let Some((scheme, host)) = given.split_once("://") else { return (given.to_owned(), in_host) };
    let in_host = in_host || BUCKET_IN_HOST.iter().any(|known| host.ends_with(known));
    if in_host && !host.starts_with(&format!("{bucket}.")) {
        (format!("{scheme}://{bucket}.{host}"), true)
    } else {
        (given.to_owned(), in_host)
    }
}

/// Whether a URL is of plain HTTP, which is refused beyond loopback: what is closed to some would be open on the line.
fn is_plain_loopback(url: &str) -> Result<bool, StoreError> {
    let uri: Uri = url.parse().map_err(|_| StoreError::Location(url.to_owned()))?;
    if uri.scheme_str() == Some("https") {
        return Ok(false);
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        Ok(true)
    } else {
        Err(StoreError::PlainHttp(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_goes_into_the_host_where_the_store_wants_it_there() {
        for (given, wanted) in [
            ("https://a1.r2.cloudflarestorage.com", ("https://a1.r2.cloudflarestorage.com", false)),
            ("https://oss-cn-hangzhou.aliyuncs.com/", ("https://b.oss-cn-hangzhou.aliyuncs.com", true)),
            ("https://b.oss-cn-hangzhou.aliyuncs.com", ("https://b.oss-cn-hangzhou.aliyuncs.com", true)),
            ("https://cos.ap-beijing.myqcloud.com", ("https://b.cos.ap-beijing.myqcloud.com", true)),
        ] {
            let (endpoint, in_host) = endpoint(given, "b", false);
            assert_eq!((endpoint.as_str(), in_host), wanted, "{given}");
        }
        assert_eq!(endpoint("https://s3.example", "b", true), ("https://b.s3.example".to_owned(), true));
    }

    #[test]
    fn plain_http_does_not_leave_the_machine() {
        for url in ["http://127.0.0.1:9000", "http://localhost", "http://[::1]:1/x"] {
            assert!(is_plain_loopback(url).unwrap(), "{url}");
        }
        assert!(!is_plain_loopback("https://127.0.0.1").unwrap());
        for url in ["http://10.0.0.7", "http://127.0.0.1@example.com", "http://localhost.example.com"] {
            assert!(matches!(is_plain_loopback(url), Err(StoreError::PlainHttp(_))), "{url}");
        }
    }
}
