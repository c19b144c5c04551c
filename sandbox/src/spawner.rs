//! The one thread that starts processes.
//!
//! `bwrap --die-with-parent` ends the skill when the *thread* that started it ends. A tokio worker may end at any
//! time; this thread ends with the service.

use std::process::Command;
use std::{io, thread};

use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

struct Request {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

pub(crate) struct Spawner {
    requests: mpsc::UnboundedSender<Request>,
}

impl Spawner {
    /// Starts the thread; it ends when the spawner is dropped.
    pub(crate) fn start() -> io::Result<Self> {
        let (requests, mut waiting) = mpsc::unbounded_channel::<Request>();
        let runtime = Handle::current();
        thread::Builder::new().name("spawner".to_owned()).spawn(move || {
            let _entered = runtime.enter();
            while let Some(Request { command, reply }) = waiting.blocking_recv() {
                let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
                // Nobody waits any more: the child is dropped here, and killed by it.
                let _ = reply.send(child);
            }
        })?;
        Ok(Self { requests })
    }

    /// Starts `command`. The child is killed when it is dropped.
    pub(crate) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the spawner thread is gone");
        let (reply, child) = oneshot::channel();
        self.requests.send(Request { command, reply }).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}
