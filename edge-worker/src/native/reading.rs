//! The usage log read back: pages of it, and the deletion of days that are over.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom};
use std::path::Path;

use registry_core::status::Date;
use registry_core::usage::{Cursor, LogRange};
use serde::Deserialize;

use super::log::{LogError, path_of};
use crate::host::LogPage;

/// The days that have a file, in their order.
fn days(folder: &Path) -> Result<Vec<Date>, LogError> {
    let names = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>());
    let day = |name: &std::ffi::OsString| {
        name.to_str()?.strip_prefix("usage-")?.strip_suffix(".jsonl")?.parse::<Date>().ok()
    };
    let mut days: Vec<Date> = names.map_err(LogError::io(folder))?.iter().filter_map(day).collect();
    days.sort_unstable();
    Ok(days)
}

/// Deletes the files of all days before one.
pub(super) fn prune(folder: &Path, first_kept: Date) -> Result<(), LogError> {
    for day in days(folder)?.into_iter().take_while(|day| *day < first_kept) {
        let path = path_of(folder, day);
        fs::remove_file(&path).map_err(LogError::io(&path))?;
    }
    Ok(())
}

/// A page of the log: day by day, each in the order in which its records were appended.
pub(super) fn page(folder: &Path, range: &LogRange) -> Result<LogPage, LogError> {
    let mut page = Filling { range, page: LogPage::default(), count: 0, last: None };
    let (first, last) = (Date::of(range.begin() / 1000), Date::of(range.to / 1000));
    for day in days(folder)?.into_iter().filter(|day| (first..=last).contains(day)) {
        let path = path_of(folder, day);
        let after =
            range.after.filter(|after| Date::of(after.ts / 1000) == day).map_or(0, |after| after.place);
        match File::open(&path) {
            Ok(file) => page.fill(BufReader::new(file), after, &path)?,
            // Pruned meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(LogError::io(&path)(error)),
        }
        if page.page.next.is_some() {
            break;
        }
    }
    Ok(page.page)
}

/// A page in the making.
struct Filling<'a> {
    range: &'a LogRange,
    page: LogPage,
    count: usize,
    /// The last record on it.
    last: Option<Cursor>,
}

/// All that is looked at in a line.
#[derive(Deserialize)]
struct Stamp {
    ts: u64,
}

impl Filling<'_> {
    /// Takes what is wanted of a file from a byte on, until the page is full.
    fn fill(&mut self, mut file: BufReader<File>, from: u64, path: &Path) -> Result<(), LogError> {
        let mut line = Vec::new();
        // From the end of the line before: a cursor of somebody's making leads to the next line that begins.
        let mut place = from.saturating_sub(1);
        file.seek(SeekFrom::Start(place)).map_err(LogError::io(path))?;
        if from > 0 {
            place += file.read_until(b'\n', &mut line).map_err(LogError::io(path))? as u64;
        }
        while self.page.next.is_none() {
            line.clear();
            let read = file.read_until(b'\n', &mut line).map_err(LogError::io(path))?;
            // Half a line is still being written, or of a process that ended before it answered.
            if !line.ends_with(b"\n") {
                break;
            }
            place += read as u64;
            let Stamp { ts } = serde_json::from_slice(&line).map_err(|_| LogError::Line(path.to_owned()))?;
            if (self.range.from..self.range.to).contains(&ts) {
                self.take(&line, Cursor { ts, part: 0, place });
            }
        }
        Ok(())
    }

    fn take(&mut self, line: &[u8], cursor: Cursor) {
        if self.count == self.range.limit {
            self.page.next = self.last;
            return;
        }
        self.page.lines.extend_from_slice(line);
        self.count += 1;
        self.last = Some(cursor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 1_795_132_800_000;

    /// Three days of five records each, a minute apart.
    fn log() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for day in 0..3 {
            let start = DAY + day * 86_400_000;
            let lines = (0..5).map(|minute| format!("{{\"ts\":{}}}\n", start + minute * 60_000));
            fs::write(path_of(folder.path(), Date::of(start / 1000)), lines.collect::<String>()).unwrap();
        }
        fs::write(folder.path().join("notes.txt"), "not of the log").unwrap();
        folder
    }

    /// The times of all pages of a range, relative to the first day, in minutes.
    fn read(folder: &Path, from: u64, to: u64, limit: usize) -> Vec<u64> {
        let mut range = LogRange { from, to, after: None, limit };
        let mut times = Vec::new();
        loop {
            let page = page(folder, &range).unwrap();
            let lines = String::from_utf8(page.lines).unwrap();
            assert!(lines.lines().count() <= limit);
            times.extend(lines.lines().map(|line| {
                let Stamp { ts } = serde_json::from_str(line).unwrap();
                (ts - DAY) / 60_000
            }));
            match page.next {
                Some(next) => range.after = Some(next),
                None => return times,
            }
        }
    }

    #[test]
    fn pages_of_any_size_give_every_record_of_the_range_once_and_in_order() {
        let folder = log();
        let all = [0, 1, 2, 3, 4].iter();
        let all: Vec<u64> =
            [0, 1440, 2880].iter().flat_map(|day| all.clone().map(move |at| day + at)).collect();
        for limit in 1..=16 {
            assert_eq!(read(folder.path(), 0, u64::MAX, limit), all);
            let (from, to) = (DAY + 180_000, DAY + 86_400_000 + 60_000);
            assert_eq!(read(folder.path(), from, to, limit), [3, 4, 1440]);
        }
        assert!(read(folder.path(), DAY + 3 * 86_400_000, u64::MAX, 5).is_empty());
    }

    #[test]
    fn half_a_line_is_not_given_and_a_strange_one_is_no_record() {
        let folder = log();
        let path = path_of(folder.path(), Date::of(DAY / 1000));
        let range = LogRange { from: 0, to: DAY + 1, after: None, limit: 9 };
        fs::write(&path, format!("{{\"ts\":{DAY}}}\n{{\"ts\":17")).unwrap();
        assert_eq!(page(folder.path(), &range).unwrap().lines, format!("{{\"ts\":{DAY}}}\n").as_bytes());
        fs::write(&path, "nothing of ours\n").unwrap();
        assert!(matches!(page(folder.path(), &range), Err(LogError::Line(_))));
    }

    #[test]
    fn a_cursor_into_a_line_leads_to_the_next() {
        let folder = log();
        let after = Some(Cursor { ts: DAY, part: 0, place: 3 });
        let range = LogRange { from: 0, to: DAY + 86_400_000, after, limit: 1 };
        let second = format!("{{\"ts\":{}}}\n", DAY + 60_000);
        assert_eq!(page(folder.path(), &range).unwrap().lines, second.as_bytes());
    }

    #[test]
    fn days_that_are_over_are_deleted_whole_and_nothing_else() {
        let folder = log();
        prune(folder.path(), Date::of(DAY / 1000 + 86_400)).unwrap();
        assert_eq!(read(folder.path(), 0, u64::MAX, 9).first(), Some(&1440));
        assert!(folder.path().join("notes.txt").exists());
    }
}
