//! The server: GET and HEAD on the loopback interface, for this machine's own names only.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use registry_core::api::{Filters, MAX_QUERY};
use registry_core::html::{self, FILE_POLICY, MEDIA_TYPE};
use tokio::sync::watch::Receiver;

use super::pages;
use super::view::View;
use crate::pages::{STYLESHEET, stylesheet_url};

/// How often an idle stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const CSS: &str = "text/css; charset=utf-8";

#[derive(Clone)]
struct Server {
    port: u16,
    views: Receiver<Arc<View>>,
}

/// Serves until the user interrupts the program.
pub(super) fn run(listener: TcpListener, port: u16, views: Receiver<Arc<View>>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new().fallback(answer).with_state(Server { port, views });
        tokio::select! {
            served = axum::serve(listener, router).into_future() => served,
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    });
    // Open pages hold their event streams; nobody waits for them.
    runtime.shutdown_background();
    done
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    if !names_this_machine(request.headers(), server.port) {
        return refusal(StatusCode::MISDIRECTED_REQUEST, "ask for localhost or 127.0.0.1, and the port");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "this server answers GET and HEAD");
        set(&mut refused, header::ALLOW, "GET, HEAD");
        return refused;
    }
    let view = server.views.borrow().clone();
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    match path {
        "/_dev/events" => {
            events(server.views, parameter(query, "page").unwrap_or_else(|| view.stamp.clone()))
        }
        "/_dev/findings" => page(&view, StatusCode::OK, &view.findings, false),
        "/_dev/style.css" => file(CSS, pages::STYLESHEET),
        "/" if view.banner.is_some() => page(&view, StatusCode::OK, &view.findings, false),
        "/search" | "/search/" => search(&view, query),
        _ if path == stylesheet_url() => file(CSS, STYLESHEET),
        _ => of_site(&view, path),
    }
}

/// A web site elsewhere can give its own name this machine's address, and would then read the working tree through
/// its visitor's browser as its own: only the names of this machine are answered.
fn names_this_machine(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    let name = host.strip_suffix(&format!(":{port}")).unwrap_or(&host);
    matches!(name, "localhost" | "127.0.0.1")
}

/// A page or file of the catalog, under its name or the ones that an edge takes for it.
fn of_site(view: &View, path: &str) -> Response {
    let path = if path.ends_with("/bundle") { format!("{path}.tar.gz") } else { path.to_owned() };
    let file_at = |path: &str| view.site.as_ref().and_then(|site| site.file(path));
    if let Some((bytes, media_type)) = file_at(&path) {
        return match media_type.as_str() {
            MEDIA_TYPE => page(view, StatusCode::OK, bytes, true),
            _ => file(media_type, bytes.clone()),
        };
    }
    let with_slash = format!("{path}/");
    if file_at(&with_slash).is_some() {
        let mut reply = reply(StatusCode::TEMPORARY_REDIRECT, MEDIA_TYPE, Body::empty());
        set(&mut reply, header::LOCATION, &with_slash);
        return reply;
    }
    match file_at("/404.html") {
        Some((bytes, _)) if view.banner.is_none() => page(view, StatusCode::NOT_FOUND, bytes, true),
        _ => page(view, StatusCode::NOT_FOUND, &view.findings, false),
    }
}

/// The search page over the skills of every audience.
fn search(view: &View, query: &str) -> Response {
    let Some(site) = &view.site else { return of_site(view, "/search") };
    let Some((shell, _)) = site.file("/search/") else { return of_site(view, "/search") };
    let value =
        |name| parameter(query, name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filters = Filters {
        team: value("team").and_then(|team| team.parse().ok()),
        tag: value("tag"),
        ..Filters::default()
    };
    let words = value("q").filter(|words| words.len() <= MAX_QUERY);
    let hits = words.as_ref().map(|words| site.search(words, &filters));
    let shell = String::from_utf8_lossy(shell);
    let found = html::search_page(&shell, words.as_deref().unwrap_or_default(), hits.as_deref());
    page(view, StatusCode::OK, found.as_bytes(), true)
}

/// Tells a page that it is out of date, once, as soon as it is.
fn events(views: Receiver<Arc<View>>, page: String) -> Response {
    let stream = stream::unfold((views, page), |(mut views, page)| async move {
        loop {
            let stamp = views.borrow_and_update().stamp.clone();
            if stamp != page {
                let event = Event::default().data(&stamp);
                return Some((Ok::<_, Infallible>(event), (views, stamp)));
            }
            views.changed().await.ok()?;
        }
    });
    let events = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    guarded(events.into_response())
}

fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A page, with what only pages of the live view have.
fn page(view: &View, status: StatusCode, html: &[u8], with_banner: bool) -> Response {
    let banner = view.banner.as_deref().filter(|_| with_banner);
    let html = pages::live(&String::from_utf8_lossy(html), &view.stamp, banner);
    let mut reply = reply(status, MEDIA_TYPE, html.into());
    set(&mut reply, header::CONTENT_SECURITY_POLICY, &pages::policy());
    reply
}

fn file(media_type: &str, body: impl Into<Body>) -> Response {
    reply(StatusCode::OK, media_type, body.into())
}

fn refusal(status: StatusCode, text: &'static str) -> Response {
    reply(status, "text/plain; charset=utf-8", text.into())
}

fn reply(status: StatusCode, media_type: &str, body: Body) -> Response {
    let mut reply = guarded((status, body).into_response());
    set(&mut reply, header::CONTENT_TYPE, media_type);
    reply
}

/// An answer that no other site's page may read and no browser may keep or take for something else.
fn guarded(mut reply: Response) -> Response {
    set(&mut reply, header::CACHE_CONTROL, "no-store");
    set(&mut reply, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut reply, header::REFERRER_POLICY, "no-referrer");
    set(&mut reply, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(&mut reply, header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    reply
}

/// Sets a header; a value that is no header value is left out.
fn set(reply: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_s_names_are_answered() {
        let named = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            names_this_machine(&headers, 4747)
        };
        for host in ["localhost:4747", "127.0.0.1:4747", "LocalHost:4747", "localhost"] {
            assert!(named(&[host]), "{host}");
        }
        for host in [
            "evil.example:4747",
            "localhost.evil.example",
            "localhost:4748",
            "127.0.0.1.",
            "",
            "0.0.0.0:4747",
        ] {
            assert!(!named(&[host]), "{host}");
        }
        assert!(!named(&[]));
        assert!(!named(&["localhost:4747", "evil.example"]));
    }

    #[tokio::test]
    async fn events_are_guarded_as_other_answers_are() {
        let view = View { stamp: "s".to_owned(), site: None, findings: "".into(), banner: None };
        let (_, views) = tokio::sync::watch::channel(Arc::new(view));
        let reply = events(views, "x".to_owned());
        let value = |name: &str| reply.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(value("content-type"), Some("text/event-stream"));
        assert_eq!(value("x-content-type-options"), Some("nosniff"));
        assert_eq!(value("cross-origin-resource-policy"), Some("same-origin"));
    }
}
