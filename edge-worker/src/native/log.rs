//! The usage log as JSON lines, one file per UTC day. A record is on the disk before the call returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use registry_core::usage::UsageRecord;
use time::{Date, OffsetDateTime};

/// Why the log cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder or a file cannot be written.
    #[error("cannot write the usage log `{0}`: {1}")]
    Io(PathBuf, io::Error),
    /// A record cannot be encoded, or its time is no time.
    #[error("a record of the usage log cannot be encoded")]
    Record,
    /// The task that writes was ended with the process.
    #[error("the usage log is shutting down")]
    ShuttingDown,
}

/// The log.
#[derive(Debug, Clone)]
pub struct UsageLog {
    folder: PathBuf,
    today: Arc<Mutex<Option<(Date, File)>>>,
}

impl UsageLog {
    /// A log in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        fs::create_dir_all(folder).map_err(|error| LogError::Io(folder.to_owned(), error))?;
        Ok(Self { folder: folder.to_owned(), today: Arc::default() })
    }

    /// Appends a record and waits for the disk.
    ///
    /// # Errors
    /// Any [`LogError`]; the record may then be there or not.
    pub async fn append(&self, record: &UsageRecord) -> Result<(), LogError> {
        let seconds = i64::try_from(record.ts / 1000).map_err(|_| LogError::Record)?;
        let day = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| LogError::Record)?.date();
        let mut line = serde_json::to_vec(record).map_err(|_| LogError::Record)?;
        line.push(b'\n');
        let log = self.clone();
        let written = tokio::task::spawn_blocking(move || log.write(day, &line)).await;
        written.map_err(|_| LogError::ShuttingDown)?
    }

    fn write(&self, day: Date, line: &[u8]) -> Result<(), LogError> {
        let path = self.folder.join(format!("usage-{day}.jsonl"));
        let failed = |error| LogError::Io(path.clone(), error);
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match today.take() {
            Some((open, file)) if open == day => file,
            _ => open_day(&self.folder, &path).map_err(failed)?,
        };
        let length = file.metadata().map_err(failed)?.len();
        let (_, file) = today.insert((day, file));
        let written = file.write_all(line).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would spoil the next one. Whether this succeeds or not, the record counts as not written.
            let _ = file.set_len(length);
        }
        written.map_err(failed)
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
    use super::*;

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
