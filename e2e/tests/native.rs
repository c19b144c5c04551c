//! What is tried on the native host alone: TLS, compression, the request that goes to the sandbox.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::{HostKind, Repository, Secured, Stand, edge_config};
use edge_worker::native::FilesHost;
use edge_worker::{Edge, handle};
use flate2::read::GzDecoder;
use reqwest::Version;
use reqwest::blocking::Client;
use reqwest::tls::Certificate;

/// Writes a new certificate for this machine with its key, and gives the certificate.
fn certify(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    made.cert.pem()
}

/// A client that believes this certificate and no other.
fn client(certificate: &str) -> Client {
    let certificate = Certificate::from_pem(certificate.as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate]).pool_max_idle_per_host(0).build().unwrap()
}

#[test]
fn tls_is_spoken_and_a_new_certificate_is_taken_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path());
    let repository = Repository::of_examples().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let edge = Secured::start(&repository, &certificate, &key).unwrap();
    assert!(edge.url().starts_with("https://"), "{}", edge.url());
    let ask = |certificate: &str| client(certificate).get(format!("{}/readyz", edge.url())).send();
    let answer = ask(&first).unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));

    fs::write(&certificate, "no certificate").unwrap();
    edge.hang_up().unwrap();
    assert_eq!(ask(&first).unwrap().status().as_u16(), 200, "the former goes on");

    let second = certify(folder.path());
    edge.hang_up().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while ask(&second).is_err() {
        assert!(Instant::now() < patience, "the new certificate is not taken");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(ask(&first).is_err(), "the former is shown no more");
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certify(one.path());
    certify(other.path());
    let (certificate, key) = (one.path().join("cert.pem"), one.path().join("key.pem"));
    let repository = Repository::of_examples().unwrap();
    for (certificate, key) in [
        (&certificate, &other.path().join("key.pem")),
        (&key, &key),
        (&certificate, &certificate),
        (&one.path().join("absent.pem"), &key),
    ] {
        assert!(Secured::start(&repository, certificate, key).is_err(), "{certificate:?} {key:?}");
    }
}

#[test]
fn what_is_the_same_for_everybody_is_compressed_and_nothing_else() {
    let stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    let token = stand.token("support-agent", &[]).unwrap();
    let bearer = format!("Bearer {token}");
    let zipped = ("accept-encoding", "gzip");
    for path in ["/", "/openapi.json", "/skills/data/pii-redactor"] {
        let get = |headers: &[(&str, &str)]| stand.request("GET", path, headers, Vec::new()).unwrap();
        let (plain, packed) = (get(&[]), get(&[zipped]));
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{path}");
        for answer in [&plain, &packed] {
            let vary: Vec<&str> =
                answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| &**value).collect();
            assert!(vary.join(", ").to_lowercase().contains("accept-encoding"), "{path} {vary:?}");
        }
        let (strong, weak) = (plain.header("etag").unwrap(), packed.header("etag").unwrap());
        assert_eq!(weak, format!("W/{strong}"), "the same file, not the same bytes");
        for (answer, headers) in [(&plain, &[][..]), (&packed, &[zipped])] {
            let again = get(&[headers, &[("if-none-match", weak)]].concat());
            assert_eq!((again.status, again.body.len()), (304, 0));
            for name in ["etag", "vary", "cache-control"] {
                assert_eq!(again.header(name), answer.header(name), "{path} {name}");
            }
        }
    }
    let search = br#"{"query":"refund","k":50}"#.to_vec();
    let auth = ("authorization", bearer.as_str());
    for answer in [
        stand.request("POST", "/search", &[auth, zipped], search.clone()).unwrap(),
        stand.request("POST", "/search", &[zipped], search).unwrap(),
        stand.request("GET", "/search?q=refund", &[zipped], Vec::new()).unwrap(),
        stand.request("GET", "/skills/support/case-facts", &[auth, zipped], Vec::new()).unwrap(),
        stand.request("GET", "/skills/data/pii-redactor/2.0.0/bundle", &[zipped], Vec::new()).unwrap(),
    ] {
        assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    }
}

#[tokio::test]
async fn an_execution_belongs_to_the_trace_of_its_caller() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";
    let repository = Repository::of_examples().unwrap();
    repository.build().unwrap();
    let wire = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = format!("http://{}", wire.local_addr().unwrap());
    let heads = thread::spawn(move || {
        let mut heads = Vec::new();
        for _ in 0..2 {
            let lines = BufReader::new(wire.accept().unwrap().0).lines();
            let head: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            heads.push(head.join("\n"));
        }
        heads
    });
    let log = tempfile::tempdir().unwrap();
    let host = FilesHost::new(&repository.catalog(), log.path()).unwrap();
    let edge = Edge::new(edge_config(&repository, "http://edge", &sandbox).unwrap()).unwrap();
    for parent in [format!("00-{TRACE}-{PARENT}-01"), "no trace".to_owned()] {
        let request =
            http::Request::post("/invoke").header("traceparent", parent).header("tracestate", "vendor=x");
        let body = Bytes::from_static(br#"{"name": "data/pii-redactor"}"#);
        assert_eq!(handle(&host, &edge, request.body(body).unwrap()).await.status().as_u16(), 502);
    }
    let heads = heads.join().unwrap();
    let [known, unknown] = &heads[..] else { panic!("{heads:?}") };
    assert!(known.contains(&format!("traceparent: 00-{TRACE}-")) && !known.contains(PARENT), "{known}");
    assert!(known.contains("-01") && known.contains("tracestate: vendor=x"), "{known}");
    assert!(unknown.contains("traceparent: 00-") && !unknown.contains(TRACE), "{unknown}");
    assert!(!unknown.contains("tracestate"), "{unknown}");
}
