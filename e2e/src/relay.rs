//! The network between an edge and its sandbox, going wrong as it is told.

use std::collections::VecDeque;
use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

/// What happens to a connection.
#[derive(Debug, Clone)]
pub enum Fate {
    /// The request is answered with these bytes and never reaches the sandbox.
    Says(Vec<u8>),
    /// The request is taken and never answered.
    Silence,
    /// The request reaches the sandbox, and its answer is lost.
    LosesAnswer,
}

/// A server that passes requests on, but for those that have a fate.
#[derive(Debug, Clone)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    target: Option<SocketAddr>,
    fates: VecDeque<Fate>,
    always: Option<Fate>,
    seen: Vec<Vec<u8>>,
}

impl Relay {
    /// A relay that leads nowhere yet.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Self { address: listener.local_addr()?, shared: Arc::default() };
        let answering = relay.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let relay = answering.clone();
                // A connection that breaks off is the other side's affair.
                thread::spawn(move || relay.deal(&stream));
            }
        });
        Ok(relay)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where requests go that have no fate.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.with(|shared| shared.target = Some(target));
    }

    /// Lets the next requests, one after the other, have these fates.
    pub fn next(&self, fates: impl IntoIterator<Item = Fate>) {
        self.with(|shared| shared.fates.extend(fates));
    }

    /// Lets every request have this fate from now on, or none.
    pub fn always(&self, fate: Option<Fate>) {
        self.with(|shared| shared.always = fate);
    }

    /// The requests that came, and forgets them.
    #[must_use]
    pub fn take_seen(&self) -> Vec<Vec<u8>> {
        self.with(|shared| std::mem::take(&mut shared.seen))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Shared) -> T) -> T {
        work(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn deal(&self, mut client: &TcpStream) -> Result<()> {
        let request = message(client)?;
        let (fate, target) = self.with(|shared| {
            shared.seen.push(request.clone());
            (shared.fates.pop_front().or_else(|| shared.always.clone()), shared.target)
        });
        match fate {
            Some(Fate::Says(answer)) => client.write_all(&answer)?,
            // Until the edge gives up.
            Some(Fate::Silence) => drop(client.read(&mut [0])?),
            Some(Fate::LosesAnswer) => drop(passed_on(&request, target)?),
            None => client.write_all(&passed_on(&request, target)?)?,
        }
        Ok(())
    }
}

/// What the sandbox answers, as an answer on a connection that ends with it.
fn passed_on(request: &[u8], target: Option<SocketAddr>) -> Result<Vec<u8>> {
    let mut server = TcpStream::connect(target.context("the relay leads nowhere")?)?;
    server.write_all(request)?;
    let answer = message(&server)?;
    let end = head_of(&answer).context("an answer has a head")?;
    let (head, body) = answer.split_at(end);
    Ok([head, b"\r\nconnection: close", body].concat())
}

/// Reads one HTTP message whose length is given.
fn message(mut stream: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut block = [0; 16 << 10];
    loop {
        let whole = head_of(&bytes).is_some_and(|end| bytes.len() >= end + 4 + length(&bytes, end));
        if whole {
            return Ok(bytes);
        }
        match stream.read(&mut block)? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            read => bytes.extend_from_slice(block.get(..read).unwrap_or_default()),
        }
    }
}

/// Where the head of a message ends.
fn head_of(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

fn length(bytes: &[u8], end: usize) -> usize {
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

/// An HTTP answer.
#[must_use]
pub fn answer(status: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
