//! One sandbox, one bundle server, and the tokens and bundles for them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use flate2::Compression;
use flate2::write::GzEncoder;
use registry_core::api::{ExecutionRequest, ExecutionResult, Problem};
use registry_core::catalog::Member;
use registry_core::digest::{Digest, FileMode, closure_digest, release_digest};
use registry_core::manifest::{Permissions, SkillType};
use registry_core::organisation::Limits;
use registry_core::token::{INVOKE_TYPE, InvokeClaims, SigningKey, sign};
use reqwest::Response;
use sandbox::{Config, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const AUDIENCE: &str = "https://sandbox.test";
pub const ISSUER: &str = "https://edge.test";
pub const SKILL: &str = "support/try-out";
const BUNDLE_TOKEN: &str = "the-bundle-token";

pub fn edge_key() -> SigningKey {
    SigningKey::from_seed("edge-1", [7; 32]).unwrap()
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the bundle server knows and has seen.
#[derive(Default)]
pub struct Bundles {
    bytes: Mutex<Vec<u8>>,
    pub fetched: AtomicU32,
}

async fn serve_bundle(
    State(bundles): State<Arc<Bundles>>,
    uri: Uri,
    headers: HeaderMap,
) -> (StatusCode, Vec<u8>) {
    bundles.fetched.fetch_add(1, Ordering::SeqCst);
    let authorised = headers.get("authorization").is_some_and(|v| v == &format!("Bearer {BUNDLE_TOKEN}"));
    if uri.path() == format!("/skills/{SKILL}/1.2.0/bundle") && authorised {
        (StatusCode::OK, bundles.bytes.lock().unwrap().clone())
    } else {
        (StatusCode::NOT_FOUND, Vec::new())
    }
}

pub struct Stage {
    pub state: tempfile::TempDir,
    pub bundles: Arc<Bundles>,
    pub edge_url: String,
    overrides: Value,
    pub url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// With these keys in the service's configuration.
    pub async fn with(overrides: Value) -> Self {
        let bundles = Arc::new(Bundles::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let edge_url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(serve_bundle).with_state(bundles.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let state = tempfile::tempdir().unwrap();
        let (url, stop, serving) = start(config(&state, &edge_url, &overrides)).await;
        Self { state, bundles, edge_url, overrides, url, stop, serving }
    }

    /// Stops the service and starts another on the same state.
    pub async fn restart(self) -> Self {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        let config = config(&self.state, &self.edge_url, &self.overrides);
        let (url, stop, serving) = start(config).await;
        Self { url, stop, serving, ..self }
    }

    pub async fn post(&self, token: &str, body: Vec<u8>) -> Response {
        let request = reqwest::Client::new().post(format!("{}/execute", self.url));
        request.bearer_auth(token).body(body).send().await.unwrap()
    }

    /// Publishes the invocation's bundle and sends it.
    pub async fn send(&self, invocation: &Invocation) -> Response {
        self.publish(invocation);
        self.post(&invocation.token(&edge_key()), invocation.body()).await
    }

    pub fn publish(&self, invocation: &Invocation) {
        self.bundles.bytes.lock().unwrap().clone_from(&invocation.bundle);
    }

    /// The result of an invocation that is expected to run.
    pub async fn run(&self, invocation: &Invocation) -> ExecutionResult {
        let answer = self.send(invocation).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// What a Python script prints.
    pub async fn python(&self, script: &str) -> ExecutionResult {
        self.run(&Invocation::python(script)).await
    }

    /// The status and code with which an invocation is refused.
    pub async fn refusal(&self, invocation: &Invocation) -> (u16, String) {
        problem(self.send(invocation).await).await
    }
}

pub fn config(state: &tempfile::TempDir, edge_url: &str, overrides: &Value) -> Value {
    let mut config = json!({
        "listen": "127.0.0.1:0", "audience": AUDIENCE, "edge_issuer": ISSUER, "edge_url": edge_url,
        "edge_keys": [edge_key().public()], "state_dir": state.path(), "max_concurrent": 8,
    });
    config.as_object_mut().unwrap().extend(overrides.as_object().unwrap().clone());
    config
}

async fn start(config: Value) -> (String, oneshot::Sender<()>, JoinHandle<()>) {
    let config: Config = serde_json::from_value(config).unwrap();
    let server = Server::start(config).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        server.serve(listener, async { drop(stopped.await) }).await.unwrap();
    });
    (url, stop, serving)
}

pub async fn problem(answer: Response) -> (u16, String) {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let status = answer.status().as_u16();
    let problem: Problem = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(problem.status, status);
    (status, problem.code)
}

/// One execution as the edge would order it; tests change what they are about.
pub struct Invocation {
    pub claims: InvokeClaims,
    pub request: ExecutionRequest,
    pub bundle: Vec<u8>,
}

static NEXT_ID: AtomicU32 = AtomicU32::new(0);

impl Invocation {
    pub fn python(script: &str) -> Self {
        Self::of("command: python3\nargs: [scripts/run.py]\n", &[("scripts/run.py", script)])
    }

    /// With `process_spawn`.
    pub fn spawning(command: &str, script: &str) -> Self {
        let permission = "security: {permissions: {process_spawn: true}}\n";
        let front = format!("command: {command}\nargs: [scripts/run]\n{permission}");
        let mut invocation = Self::of(&front, &[("scripts/run", script)]);
        invocation.claims.permissions.process_spawn = true;
        invocation
    }

    /// A skill with these lines in its frontmatter beside the required ones.
    pub fn of(frontmatter: &str, scripts: &[(&str, &str)]) -> Self {
        let manifest = format!(
            "---\nname: {SKILL}\nversion: 1.2.0\ndescription: Try it\ntags: [x]\naccess_level: public\n\
             type: code_inline\n{frontmatter}---\nText\n"
        );
        let mut files = BTreeMap::from([("SKILL.md", manifest.as_bytes())]);
        files.extend(scripts.iter().map(|(path, text)| (*path, text.as_bytes())));
        Self::with_files(files.iter().map(|(path, bytes)| Entry::file(path, bytes)).collect())
    }

    pub fn with_files(entries: Vec<Entry>) -> Self {
        let files =
            entries.iter().map(|entry| (FileMode::Plain, entry.path.as_str(), entry.content.as_slice()));
        let member = Member {
            skill: SKILL.parse().unwrap(),
            version: "1.2.0".parse().unwrap(),
            digest: release_digest(files),
        };
        let bundle = archive(&entries);
        let request = ExecutionRequest {
            closure: vec![member.clone()],
            bundle: Digest::of(&bundle),
            bundle_token: BUNDLE_TOKEN.to_owned(),
            payload: json!({"n": 20}),
        };
        Self { claims: claims(member), request, bundle }
    }

    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(&self.request).unwrap()
    }

    /// Signs the claims for the body as it is now.
    pub fn token(&self, key: &SigningKey) -> String {
        let mut claims = self.claims.clone();
        claims.payload_sha256 = Digest::of(&self.body());
        sign(&claims, INVOKE_TYPE, key).unwrap()
    }
}

fn claims(member: Member) -> InvokeClaims {
    let id = NEXT_ID.fetch_add(1, Ordering::SeqCst);
    InvokeClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "pseudonym".to_owned(),
        act: "support-agent".to_owned(),
        jti: format!("jti-{id}"),
        txn: format!("txn-{id}"),
        idem: format!("txn-{id}"),
        iat: now(),
        nbf: now(),
        exp: now() + 60,
        closure_digest: closure_digest([(&member.skill, &member.version, &member.digest)]),
        skill: member.skill,
        version: member.version,
        digest: member.digest,
        payload_sha256: Digest::of(b""),
        skill_type: SkillType::CodeInline,
        limits: Limits { max_execution_time: 20, ..Limits::default() },
        permissions: Permissions::default(),
    }
}

/// One entry of an archive, said as it is told.
pub struct Entry {
    pub path: String,
    pub kind: tar::EntryType,
    pub content: Vec<u8>,
}

impl Entry {
    pub fn file(path: &str, content: &[u8]) -> Self {
        Self { path: path.to_owned(), kind: tar::EntryType::Regular, content: content.to_owned() }
    }
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..entry.path.len()].copy_from_slice(entry.path.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_mode(0o644);
        header.set_size(entry.content.len() as u64);
        header.set_cksum();
        tar.append(&header, entry.content.as_slice()).unwrap();
    }
    let mut gzip = tar.into_inner().unwrap();
    gzip.flush().unwrap();
    gzip.finish().unwrap()
}
