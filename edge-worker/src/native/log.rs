//! The usage log as JSON lines, one file per UTC day. A record is on the disk before the call returns; those that come
//! while the disk is busy share its next answer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use futures_channel::oneshot;
use prometheus_client::metrics::counter::Counter;
use registry_core::status::Date;
use registry_core::usage::UsageRecord;

/// Why the log cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The folder or a file cannot be written or read.
    #[error("cannot use the usage log `{0}`: {1}")]
    Io(PathBuf, Arc<io::Error>),
    /// A record cannot be encoded.
    #[error("a record of the usage log cannot be encoded")]
    Record,
    /// A line that somebody else wrote.
    #[error("`{0}` has a line that is no record: mend it or take it out")]
    Line(PathBuf),
    /// The thread that writes was ended with the process.
    #[error("the usage log is shutting down")]
    ShuttingDown,
}

impl LogError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io(path, Arc::new(error))
    }
}

/// What the log counts, for [`super::Metrics`].
#[derive(Debug, Clone, Default)]
pub(super) struct LogCounters {
    pub(super) records: Counter,
    /// How often the disk was waited for.
    pub(super) commits: Counter,
}

/// The log.
#[derive(Debug)]
pub struct UsageLog {
    folder: PathBuf,
    queue: Sender<Entry>,
    pub(super) counters: LogCounters,
}

/// What is to be on the disk; without a line, merely whether one could be.
#[derive(Debug)]
struct Entry {
    day: Date,
    line: Vec<u8>,
    done: oneshot::Sender<Result<(), LogError>>,
}

/// The file of a day's records.
pub(super) fn path_of(folder: &Path, day: Date) -> PathBuf {
    folder.join(format!("usage-{day}.jsonl"))
}

impl UsageLog {
    /// A log in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made or no thread can be started.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        fs::create_dir_all(folder).map_err(LogError::io(folder))?;
        let (queue, entries) = channel();
        let counters = LogCounters::default();
        let writer = Writer { folder: folder.to_owned(), today: None, counters: counters.clone() };
        let thread = thread::Builder::new().name("usage-log".to_owned());
        thread.spawn(move || writer.run(&entries)).map_err(LogError::io(folder))?;
        Ok(Self { folder: folder.to_owned(), queue, counters })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends a record and waits for the disk.
    ///
    /// # Errors
    /// Any [`LogError`]; the record may then be there or not.
    pub async fn append(&self, record: &UsageRecord) -> Result<(), LogError> {
        let mut line = serde_json::to_vec(record).map_err(|_| LogError::Record)?;
        line.push(b'\n');
        self.write(Date::of(record.ts / 1000), line).await
    }

    /// Whether a record of this day could be appended.
    ///
    /// # Errors
    /// Why it could not.
    pub(super) async fn check(&self, day: Date) -> Result<(), LogError> {
        self.write(day, Vec::new()).await
    }

    async fn write(&self, day: Date, line: Vec<u8>) -> Result<(), LogError> {
        let (done, written) = oneshot::channel();
        self.queue.send(Entry { day, line, done }).map_err(|_| LogError::ShuttingDown)?;
        written.await.map_err(|_| LogError::ShuttingDown)?
    }
}

/// The one who writes, in a thread of its own.
struct Writer {
    folder: PathBuf,
    today: Option<(Date, File)>,
    counters: LogCounters,
}

impl Writer {
    /// Writes until nobody can append any more. What came while the disk was busy is written together.
    fn run(mut self, entries: &Receiver<Entry>) {
        while let Ok(first) = entries.recv() {
            let batch: Vec<Entry> = std::iter::once(first).chain(entries.try_iter()).collect();
            let mut rest = batch.into_iter().peekable();
            while let Some(day) = rest.peek().map(|entry| entry.day) {
                let of_day = std::iter::from_fn(|| rest.next_if(|entry| entry.day == day)).collect();
                self.write(day, of_day);
            }
        }
    }

    fn write(&mut self, day: Date, entries: Vec<Entry>) {
        let (records, checks): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| !entry.line.is_empty());
        if !records.is_empty() {
            let lines: Vec<u8> = records.iter().flat_map(|entry| &entry.line).copied().collect();
            self.counters.records.inc_by(records.len() as u64);
            answer(records, &self.commit(day, &lines));
        }
        if !checks.is_empty() {
            answer(checks, &self.check(day));
        }
    }

    /// Writes lines and waits until the disk has them.
    fn commit(&mut self, day: Date, lines: &[u8]) -> Result<(), LogError> {
        let failed = LogError::io(&path_of(&self.folder, day));
        self.append(day, lines).map_err(failed)
    }

    fn append(&mut self, day: Date, lines: &[u8]) -> io::Result<()> {
        let mut file = self.file_of(day)?;
        let length = file.metadata()?.len();
        self.counters.commits.inc();
        let written = file.write_all(lines).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would spoil the next one. Whether this succeeds or not, the records count as not written,
            // and the file is opened anew.
            let _ = file.set_len(length);
        } else {
            self.today = Some((day, file));
        }
        written
    }

    /// The open file of a day. One that was deleted from its folder would take records that nobody finds.
    fn file_of(&mut self, day: Date) -> io::Result<File> {
        match self.today.take() {
            Some((open, file)) if open == day && file.metadata()?.nlink() > 0 => Ok(file),
            _ => open_day(&self.folder, &path_of(&self.folder, day)),
        }
    }

    /// Whether the day's file can be opened, and whether the disk has room for more.
    fn check(&mut self, day: Date) -> Result<(), LogError> {
        let path = path_of(&self.folder, day);
        let file = self.file_of(day).map_err(LogError::io(&path))?;
        self.today = Some((day, file));
        let trial = self.folder.join(TRIAL);
        let written = File::create(&trial).and_then(|mut file| {
            file.write_all(&[b' '; TRIAL_BYTES])?;
            file.sync_data()
        });
        let removed = fs::remove_file(&trial);
        written.and(removed).map_err(LogError::io(&trial))
    }
}

/// What is written and deleted again to see whether the disk takes anything.
const TRIAL: &str = ".trial";
/// As much as several records, so that they would have room too.
const TRIAL_BYTES: usize = 8 << 10;

fn answer(entries: Vec<Entry>, done: &Result<(), LogError>) {
    for entry in entries {
        // Nobody waits any more where the request was given up.
        let _ = entry.done.send(done.clone());
    }
}

/// The file of a day, whole lines alone in it: half a line is of a process that ended while it wrote, before anything was
/// answered.
fn open_day(folder: &Path, path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let whole = end_of_last_line(&mut file)?;
    if whole < file.metadata()?.len() {
        file.set_len(whole)?;
    }
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// How many bytes of a file are looked at at once.
const BLOCK: u64 = 64 << 10;

/// How long a file is up to the end of its last line, in bytes.
fn end_of_last_line(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&*file).take(end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use registry_core::usage::Outcome;

    use super::*;

    fn record(txn: usize) -> UsageRecord {
        UsageRecord {
            ts: 1_795_132_800_000,
            txn: txn.to_string(),
            route: "POST /invoke".to_owned(),
            name: "team/skill".to_owned(),
            version: None,
            digest: None,
            sub: None,
            client: None,
            agent_role: None,
            teams: std::collections::BTreeSet::new(),
            outcome: Outcome::Decided,
            duration_ms: None,
            code: None,
        }
    }

    #[test]
    fn records_that_wait_together_share_one_wait_for_the_disk_and_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let (queue, entries) = channel();
        let waiting: Vec<_> = (0..100)
            .map(|txn| {
                let (done, written) = oneshot::channel();
                let line = serde_json::to_vec(&record(txn)).unwrap();
                let line = [line, b"\n".to_vec()].concat();
                queue.send(Entry { day: Date::of(1_795_132_800), line, done }).unwrap();
                written
            })
            .collect();
        drop(queue);
        let counters = LogCounters::default();
        Writer { folder: folder.path().to_owned(), today: None, counters: counters.clone() }.run(&entries);
        assert_eq!((counters.records.get(), counters.commits.get()), (100, 1));
        for mut written in waiting {
            assert!(matches!(written.try_recv(), Ok(Some(Ok(())))));
        }
        let text = fs::read_to_string(folder.path().join("usage-2026-11-20.jsonl")).unwrap();
        let read: Vec<UsageRecord> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, (0..100).map(record).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_log_whose_folder_is_gone_or_taken_says_so_and_recovers() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("log");
        let log = UsageLog::open(&folder).unwrap();
        let day = Date::of(1_795_132_800);
        assert!(log.append(&record(1)).await.is_ok() && log.check(day).await.is_ok());
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "no folder").unwrap();
        assert!(log.check(day).await.is_err());
        assert!(log.append(&record(2)).await.is_err(), "not into the file that nobody finds");
        fs::remove_file(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        assert!(log.check(day).await.is_ok());
        assert!(log.append(&record(3)).await.is_ok());
        let text = fs::read_to_string(path_of(&folder, day)).unwrap();
        assert_eq!(serde_json::from_str::<UsageRecord>(&text).unwrap(), record(3));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the trial is gone");
    }

    #[test]
    fn half_a_line_is_cut_off_and_whole_lines_stay() {
        let long = "x".repeat(3 * BLOCK as usize);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.jsonl");
        for (before, after) in [
            (String::new(), String::new()),
            ("one\ntwo\n".to_owned(), "one\ntwo\n".to_owned()),
            ("one\ntw".to_owned(), "one\n".to_owned()),
            ("on".to_owned(), String::new()),
            (format!("one\n{long}"), "one\n".to_owned()),
            (format!("{long}\n{long}"), format!("{long}\n")),
        ] {
            fs::write(&path, before).unwrap();
            let mut file = open_day(folder.path(), &path).unwrap();
            assert!(fs::read_to_string(&path).unwrap() == after);
            file.write_all(b"next\n").unwrap();
            assert!(fs::read_to_string(&path).unwrap() == format!("{after}next\n"));
        }
    }
}
