//! `guildhall dev`: the working tree as its readers would see it, rebuilt at every change. Loopback only.

mod excerpt;
mod pages;
mod server;
mod view;
mod watch;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_core::digest::Digest;
use tokio::sync::watch::{Receiver, Sender, channel};

use crate::library::{self, Checked, Setting};
use crate::pages::Memo;
use crate::releases::{self, GatherError};
use crate::source::{self, Origin, Snapshot, SourceError};
use view::View;
use watch::Watch;

/// Why the live view cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The port is taken, or not for this user.
    #[error("cannot listen on port {0}; choose another with --port, or any free one with --port 0")]
    Listen(u16, #[source] io::Error),
    /// The folder is not a repository that can be shown.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The repository's path cannot be followed.
    #[error("cannot open `{0}`")]
    Repository(PathBuf, #[source] io::Error),
    /// The system does not tell of changes.
    #[error("cannot watch the working tree")]
    Watch(#[from] notify::Error),
    /// A template does not fit its page.
    #[error("cannot render a page")]
    Template(#[from] tera::Error),
    /// The releases before the tree cannot be read.
    #[error(transparent)]
    Releases(#[from] GatherError),
    /// The server failed.
    #[error("cannot serve the working tree")]
    Serve(#[source] io::Error),
}

/// What one rebuild did, for the terminal.
#[derive(Debug)]
pub struct Rebuilt {
    /// The files that changed, relative to the repository; empty at the start.
    pub changed: Vec<String>,
    /// How long reading, checking and building took.
    pub took: Duration,
    /// The sound skills.
    pub skills: usize,
    /// Findings that forbid building.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// Why the tree cannot be shown at all.
    pub failure: Option<String>,
}

/// The live view of one repository.
#[derive(Debug)]
pub struct Dev {
    listener: TcpListener,
    /// Where it is served.
    pub address: SocketAddr,
    tree: Tree,
    watch: Watch,
    sender: Sender<Arc<View>>,
    receiver: Receiver<Arc<View>>,
    /// What the first build did.
    pub first: Rebuilt,
}

impl Dev {
    /// Listens on `port` of the loopback interface, watches the repository and builds it once.
    ///
    /// # Errors
    /// Any [`DevError`]; findings of the check are none.
    pub fn start(repository: &Path, port: u16) -> Result<Self, DevError> {
        let repository =
            repository.canonicalize().map_err(|error| DevError::Repository(repository.to_owned(), error))?;
        let listen = |error| DevError::Listen(port, error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        // Watching comes first: what changes while the tree is read is read again.
        let watch = Watch::start(&repository)?;
        let started = Instant::now();
        let snapshot = source::read(&repository, Origin::Worktree)?;
        let seen = files(&snapshot);
        let checked = check(&repository, snapshot)?;
        // What builds left helps; without it the first view takes longer.
        let memo = Memo::of(&repository).unwrap_or_default();
        let tree = Tree { repository, files: seen, memo };
        let (view, mut first) = View::new(Ok(checked), &tree.memo, &tree.stamp(), None)?;
        first.took = started.elapsed();
        let (sender, receiver) = channel(Arc::new(view));
        Ok(Self { listener, address, tree, watch, sender, receiver, first })
    }

    /// Serves and rebuilds until the user interrupts; `report` is told of every rebuild.
    ///
    /// # Errors
    /// When the server fails.
    pub fn run(self, report: impl Fn(&Result<Rebuilt, DevError>) + Send + 'static) -> Result<(), DevError> {
        let Self { listener, address, mut tree, mut watch, sender, receiver, .. } = self;
        std::thread::spawn(move || {
            while watch.changed() {
                // A copy: whoever holds what is borrowed while it is replaced waits for itself.
                let former = sender.borrow().clone();
                match tree.rebuild(&former) {
                    Some(Ok((view, rebuilt))) => {
                        sender.send_replace(Arc::new(view));
                        report(&Ok(rebuilt));
                    }
                    Some(Err(error)) => report(&Err(error.into())),
                    None => {}
                }
            }
        });
        server::run(listener, address.port(), receiver).map_err(DevError::Serve)
    }
}

/// The working tree as it was read last.
#[derive(Debug)]
struct Tree {
    repository: PathBuf,
    /// Every file that counts, by path.
    files: BTreeMap<String, Digest>,
    memo: Memo,
}

impl Tree {
    /// The view of the tree as it is now, if anything that counts has changed.
    fn rebuild(&mut self, former: &View) -> Option<Result<(View, Rebuilt), tera::Error>> {
        let started = Instant::now();
        let read = source::read(&self.repository, Origin::Worktree);
        let files = match &read {
            Ok(snapshot) => files(snapshot),
            Err(failure) => BTreeMap::from([(String::new(), Digest::of(failure.to_string().as_bytes()))]),
        };
        if files == self.files {
            return None;
        }
        let changed = differences(&self.files, &files);
        self.files = files;
        let checked = read.map_err(GatherError::from).and_then(|snapshot| check(&self.repository, snapshot));
        let seen = View::new(checked, &self.memo, &self.stamp(), Some(former));
        Some(seen.map(|(view, rebuilt)| (view, Rebuilt { changed, took: started.elapsed(), ..rebuilt })))
    }

    /// Names the state of the tree and this program: equal for equal pages, whichever process serves them.
    fn stamp(&self) -> String {
        let mut text = crate::pages::program_digest().to_string();
        for (path, digest) in &self.files {
            text.push_str(&format!("\n{digest} {path}"));
        }
        Digest::of(text.as_bytes()).to_string().chars().take(16).collect()
    }
}

/// Checks the tree with the releases before it. An author sees a status before it is in force.
fn check(folder: &Path, snapshot: Snapshot) -> Result<Checked, GatherError> {
    let releases = releases::Source { folder, former: None, committed: false };
    let setting = Setting { releases, as_of: u64::MAX };
    library::check_released(snapshot, setting, &|source, _, manifest| crate::lint::check(source, manifest))
}

/// What a snapshot is made of; a file that cannot be read counts by what is found about it.
fn files(snapshot: &Snapshot) -> BTreeMap<String, Digest> {
    let mut files: BTreeMap<String, Digest> = BTreeMap::new();
    for (path, file) in &snapshot.files {
        let content = [file.mode.git_octal().as_bytes(), &file.bytes].concat();
        files.insert(path.clone(), Digest::of(&content));
    }
    for found in &snapshot.diagnostics {
        files.insert(found.path.clone(), Digest::of(found.to_string().as_bytes()));
    }
    if let Some(config) = &snapshot.config {
        files.insert(registry_core::organisation::CONFIG_PATH.to_owned(), Digest::of(config.as_bytes()));
    }
    files
}

fn differences(old: &BTreeMap<String, Digest>, new: &BTreeMap<String, Digest>) -> Vec<String> {
    let mut paths: Vec<String> = new
        .iter()
        .filter(|(path, digest)| old.get(*path) != Some(digest))
        .map(|(path, _)| path.clone())
        .collect();
    paths.extend(old.keys().filter(|path| !new.contains_key(*path)).cloned());
    paths.retain(|path| !path.is_empty());
    paths.sort();
    paths
}
