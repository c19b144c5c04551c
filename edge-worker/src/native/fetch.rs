//! Requests to other servers.

use std::time::Duration;

use bytes::Bytes;
use registry_core::diagnostic::causes;
use reqwest::redirect::Policy;
use reqwest::{Client, Error};

use crate::host::FetchError;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that goes where it is sent and nowhere else: no redirects, no proxy from the environment.
pub(super) fn client() -> Result<Client, Error> {
    Client::builder().redirect(Policy::none()).no_proxy().connect_timeout(CONNECT_TIMEOUT).build()
}

/// Sends a request and reads the whole answer, whose body has `limit` bytes at most.
pub(super) async fn exchange(
    client: &Client,
    request: http::Request<Bytes>,
    timeout: Duration,
    limit: usize,
) -> Result<http::Response<Bytes>, FetchError> {
    let failed = |error: Error| failure(&error, timeout);
    let mut request = reqwest::Request::try_from(request).map_err(failed)?;
    *request.timeout_mut() = Some(timeout);
    let mut answer = client.execute(request).await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = http::Response::new(Bytes::from(body));
    *whole.status_mut() = answer.status();
    std::mem::swap(whole.headers_mut(), answer.headers_mut());
    Ok(whole)
}

/// A connection that could not be made is told first: that it took too long is a timeout too.
fn failure(error: &Error, timeout: Duration) -> FetchError {
    let text = || format!("{error}{}", causes(error));
    if error.is_connect() || error.is_builder() {
        FetchError::Unsent(text())
    } else if error.is_timeout() {
        FetchError::TimedOut(timeout)
    } else {
        FetchError::Lost(text())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// Asks a server whose one connection is dealt with by `deal`.
    async fn asked(
        deal: impl FnOnce(TcpStream) + Send + 'static,
    ) -> Result<http::Response<Bytes>, FetchError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || deal(listener.accept().unwrap().0));
        fetched(&url).await
    }

    async fn fetched(url: &str) -> Result<http::Response<Bytes>, FetchError> {
        let request = http::Request::post(url).body(Bytes::from_static(b"x")).unwrap();
        exchange(&client().unwrap(), request, Duration::from_millis(500), 1 << 20).await
    }

    fn said(mut stream: &TcpStream, answer: &[u8]) {
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(answer).unwrap();
    }

    #[tokio::test]
    async fn only_what_found_no_connection_was_certainly_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        for nowhere in [closed.as_str(), "http://no-such-host.invalid/", "ftp://127.0.0.1/"] {
            assert!(matches!(fetched(nowhere).await, Err(FetchError::Unsent(_))), "{nowhere}");
        }
        let hung_up = asked(|stream| said(&stream, b"")).await;
        assert!(matches!(hung_up, Err(FetchError::Lost(_))), "{hung_up:?}");
        let cut = asked(|stream| said(&stream, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")).await;
        assert!(matches!(cut, Err(FetchError::Lost(_))), "{cut:?}");
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_or_only_half_in_time_is_told_apart() {
        for begun in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
            let silent = asked(move |stream| {
                said(&stream, begun);
                // Until the client gives up.
                let _ = (&stream).read(&mut [0; 1]);
            });
            let silent = silent.await;
            assert!(matches!(silent, Err(FetchError::TimedOut(_))), "{silent:?}");
        }
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let endless = asked(|stream| {
            said(&stream, b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
            while (&stream).write_all(&[b'x'; 65536]).is_ok() {}
        });
        assert!(matches!(endless.await, Err(FetchError::TooLarge(_))));
    }

    #[tokio::test]
    async fn an_answer_keeps_its_headers() {
        let answer = b"HTTP/1.1 418 Teapot\r\ncontent-type: text/tea\r\ncontent-length: 2\r\n\r\nhi";
        let answer = asked(|stream| said(&stream, answer)).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (418, &"text/tea".parse().unwrap())
        );
        assert_eq!(answer.body(), "hi");
    }
}
