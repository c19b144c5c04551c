//! A real S3-compatible server on loopback, over a folder, whose line to the network can be cut or held.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const ACCESS_KEY: &str = "access";
const SECRET_KEY: &str = "secret";

pub struct Bucket {
    folder: TempDir,
    url: String,
    line: Arc<Mutex<Line>>,
    careless: bool,
    _runtime: Runtime,
}

/// The network between a publisher and the server.
#[derive(Default)]
struct Line {
    /// Files that were written.
    written: Vec<String>,
    /// So many files still arrive, of the last without an answer; then nothing gets through any more.
    left: Option<usize>,
    /// Writes are done whatever their condition.
    unconditional: bool,
    /// The next head is held: its arrival is told, and it goes on when it is let go.
    held: Option<(mpsc::Sender<()>, oneshot::Receiver<()>)>,
    /// Where the connection of the next head ends, once.
    ends: Option<End>,
}

/// When a connection ends without an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    BeforeTheWrite,
    AfterTheWrite,
}

/// Lets a held head go on.
pub struct Held {
    arrived: mpsc::Receiver<()>,
    go_on: oneshot::Sender<()>,
}

impl Held {
    pub fn wait(&self) {
        self.arrived.recv().unwrap();
    }

    pub fn go_on(self) {
        self.go_on.send(()).unwrap();
    }
}

impl Bucket {
    /// A server with the one bucket `skills`, with the given files in it.
    pub fn start(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let bucket = Self::serve(false);
        for (path, bytes) in files {
            let target = bucket.catalog().join(path);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::write(target, bytes).unwrap();
        }
        bucket
    }

    /// One that writes whatever the condition, as some stores do. It takes requests without a signature, which would
    /// cover the condition.
    pub fn careless() -> Self {
        Self::serve(true)
    }

    fn serve(careless: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("skills")).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        if !careless {
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        }
        let service = builder.build();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let line = Arc::new(Mutex::new(Line { unconditional: careless, ..Line::default() }));
        runtime.spawn(accept(listener, service, Arc::clone(&line)));
        Self { folder, url, line, careless, _runtime: runtime }
    }

    /// The catalog's place, for the program.
    pub fn location(&self) -> &'static str {
        "s3://skills/the/catalog"
    }

    /// The folder in which the server keeps it.
    pub fn catalog(&self) -> PathBuf {
        self.folder.path().join("skills/the/catalog")
    }

    /// Everything in it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        e2e::files(&self.catalog()).unwrap()
    }

    /// Tells a command where the server is and who it is.
    pub fn reach<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_SKIP_SIGNATURE", self.careless.to_string())
    }

    /// Cuts the line once so many more files were written; the answer to the last is lost.
    pub fn cut_after(&self, files: usize) {
        self.line.lock().unwrap().left = Some(files);
    }

    pub fn mend(&self) {
        self.line.lock().unwrap().left = None;
    }

    /// Holds the next head.
    pub fn hold_head(&self) -> Held {
        let ((told, arrived), (go_on, held)) = (mpsc::channel(), oneshot::channel());
        self.line.lock().unwrap().held = Some((told, held));
        Held { arrived, go_on }
    }

    /// Ends the connection of the next head; whatever follows gets through.
    pub fn end_next_head(&self, end: End) {
        self.line.lock().unwrap().ends = Some(end);
    }

    /// The files that were written since the start, in their order.
    pub fn written(&self) -> Vec<String> {
        self.line.lock().unwrap().written.clone()
    }
}

async fn accept(listener: TcpListener, service: S3Service, line: Arc<Mutex<Line>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (service, line) = (service.clone(), Arc::clone(&line));
        let answer = service_fn(move |request| answer(request, service.clone(), Arc::clone(&line)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

/// An error ends the connection without an answer.
async fn answer(
    mut request: Request<Incoming>,
    service: S3Service,
    line: Arc<Mutex<Line>>,
) -> io::Result<Response<s3s::Body>> {
    let cut = || io::Error::other("the line is cut");
    let path = request.uri().path().to_owned();
    let writes = request.method() == Method::PUT;
    let (held, ends) = if writes && path.ends_with("/head.json") {
        let mut line = line.lock().unwrap();
        (line.held.take(), line.ends.take())
    } else {
        (None, None)
    };
    if ends == Some(End::BeforeTheWrite) {
        return Err(cut());
    }
    if let Some((told, held)) = held {
        told.send(()).unwrap();
        held.await.unwrap();
    }
    let is_last = {
        let mut line = line.lock().unwrap();
        if line.left == Some(0) {
            return Err(cut());
        }
        if line.unconditional {
            request.headers_mut().remove("if-match");
            request.headers_mut().remove("if-none-match");
        }
        if writes {
            line.written.push(path);
            line.left = line.left.map(|left| left - 1);
        }
        writes && line.left == Some(0)
    };
    let answer = service
        .call(request.map(s3s::Body::from))
        .await
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    if is_last || ends == Some(End::AfterTheWrite) { Err(cut()) } else { Ok(answer) }
}
