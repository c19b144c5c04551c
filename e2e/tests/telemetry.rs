//! What operators learn of requests: traces at a collector, figures, lines of the log. The collector is a server of the
//! test's own, in the place of somebody else's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use e2e::{HostKind, Repository, Stand};
use edge_worker::{EdgeConfig, TelemetryConfig};
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// What reached the collector.
struct Collector {
    url: String,
    documents: Receiver<Value>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let (sender, documents) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || take(stream.unwrap(), &sender));
            }
        });
        Self { url, documents }
    }

    /// The spans of the trace by their names, once there are so many.
    fn spans(&self, count: usize) -> BTreeMap<String, Value> {
        let mut spans = BTreeMap::new();
        while spans.len() < count {
            let document = self.documents.recv_timeout(Duration::from_secs(60)).unwrap();
            assert_eq!(document["resourceSpans"][0]["resource"]["attributes"][0]["key"], "service.name");
            for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap() {
                if span["traceId"] == TRACE {
                    spans.insert(span["name"].as_str().unwrap().to_owned(), span.clone());
                }
            }
        }
        spans
    }
}

/// Takes the requests of one connection.
fn take(stream: TcpStream, sender: &Sender<Value>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut length, mut has_key) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
            has_key |= line == "x-key: secret";
        }
        assert!(has_key, "the collector's own headers are sent");
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        sender.send(serde_json::from_slice(&body).unwrap()).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            .unwrap();
    }
}

fn stand(kind: HostKind, traces: &str) -> Stand {
    let telemetry = TelemetryConfig {
        traces: traces.to_owned(),
        headers: [("x-key".to_owned(), "secret".to_owned())].into(),
        sample: 1.0,
    };
    let configure = |config: &mut EdgeConfig| {
        config.telemetry = Some(telemetry);
        Ok(())
    };
    Stand::configured(kind, Repository::of_examples().unwrap(), configure).unwrap()
}

fn invoke(stand: &Stand) -> Value {
    let token = stand.token("data-engineer", &["--team", "data"]).unwrap();
    let headers =
        [("authorization", format!("Bearer {token}")), ("traceparent", format!("00-{TRACE}-{PARENT}-00"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = json!({"name": "data/pii-redactor", "payload": {"text": "write to jane@example.com"}});
    let answer = stand.request("POST", "/invoke", &headers, body.to_string().into_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    &attributes.iter().find(|attribute| attribute["key"] == key).unwrap()["value"]
}

fn an_invocation_is_a_trace_that_joins_caller_edge_and_sandbox(kind: HostKind) {
    let collector = Collector::start();
    let stand = stand(kind, &collector.url);
    let answer = invoke(&stand);
    let spans = collector.spans(2);
    let (server, client) = (&spans["POST /invoke"], &spans["POST /execute"]);
    assert_eq!((&server["parentSpanId"], &server["kind"]), (&json!(PARENT), &json!(2)));
    assert_eq!((&client["parentSpanId"], &client["kind"]), (&server["spanId"], &json!(3)));
    assert_eq!(attribute(server, "http.response.status_code"), &json!({"intValue": "200"}));
    for span in [server, client] {
        assert_eq!(attribute(span, "guildhall.txn")["stringValue"], answer["txn"]);
    }
    let all = format!("{spans:?}");
    for secret in ["pii", "jane", "data-engineer", "eyJ"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn an_invocation_is_a_trace_on_the_native_host() {
    an_invocation_is_a_trace_that_joins_caller_edge_and_sandbox(HostKind::Native);
}

#[test]
fn an_invocation_is_a_trace_on_workers() {
    an_invocation_is_a_trace_that_joins_caller_edge_and_sandbox(HostKind::Workers);
}

#[test]
fn a_collector_that_is_down_takes_nothing_down() {
    for kind in [HostKind::Native, HostKind::Workers] {
        let stand = stand(kind, "http://127.0.0.1:9/v1/traces");
        invoke(&stand);
        invoke(&stand);
    }
}

#[test]
fn figures_tell_routes_and_codes_and_no_skills() {
    let stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    invoke(&stand);
    let token = stand.token("data-engineer", &[]).unwrap();
    stand.post("/resolve", &token, &json!({"spec": "finance/budget-approval"})).unwrap();
    let metrics = stand.metrics().unwrap();
    for line in [
        "guildhall_requests_total{route=\"POST /invoke\",status=\"200\",code=\"\"} 1",
        "guildhall_requests_total{route=\"POST /resolve\",status=\"403\",code=\"ACL_DENIED\"} 1",
        "guildhall_request_duration_seconds_count{route=\"POST /invoke\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("pii") && !metrics.contains("budget"), "{metrics}");
}
