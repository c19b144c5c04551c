//! Which part of the log is read: from when to when, page by page.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::status::Date;

/// The most records of one page: so many are in memory together, sixteen times on Workers.
pub const MAX_PAGE: usize = 1000;

const MILLIS_PER_DAY: u64 = 86_400_000;

/// A place in the log: everything up to it has been read. To callers it is an opaque text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The time of the last record that was read, in milliseconds since the epoch.
    pub ts: u64,
    /// In which part of the log it lies, where a host has several.
    pub part: u8,
    /// Its place there: the number of its row, or the byte after it.
    pub place: u64,
}

/// A part of the log by time, and where reading goes on in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRange {
    /// The first millisecond since the epoch.
    pub from: u64,
    /// The first that is not wanted any more.
    pub to: u64,
    /// What has been read already.
    pub after: Option<Cursor>,
    /// How many records are wanted at most.
    pub limit: usize,
}

/// A text that is none of what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Neither day nor instant.
    #[error(
        "`{0}` is neither a day nor an instant of UTC (RFC 3339): write 2026-11-20 or 2026-11-20T09:30:00Z"
    )]
    Time(String),
    /// Not a number of records.
    #[error("`limit` is `{0}`, must be from 1 to {MAX_PAGE}")]
    Limit(String),
    /// Not what an answer gave.
    #[error("`cursor` is not one that an answer named")]
    Cursor,
}

impl LogRange {
    /// The range that query parameters ask for. A day in `from` means its begin, in `to` its end; an instant in `to` is
    /// the first that is not wanted. Without `from` the log is read from its begin, without `to` up to `now`
    /// (milliseconds since the epoch).
    ///
    /// # Errors
    /// Any [`RangeError`].
    pub fn parse(
        from: Option<&str>,
        to: Option<&str>,
        limit: Option<&str>,
        cursor: Option<&str>,
        now: u64,
    ) -> Result<Self, RangeError> {
        Ok(Self {
            from: from.map_or(Ok(0), |text| Ok(time(text)?.0))?,
            to: to.map_or(Ok(now), |text| Ok(time(text)?.1))?,
            after: cursor.map(str::parse).transpose()?,
            limit: limit.map_or(Ok(MAX_PAGE), page)?,
        })
    }

    /// Behind which time and place reading begins in one part of a log that is read in the order of time, part, place.
    #[must_use]
    pub fn start_of(&self, part: u8) -> (u64, u64) {
        match self.after {
            Some(after) if after.ts >= self.from => match part.cmp(&after.part) {
                Ordering::Less => (after.ts + 1, 0),
                Ordering::Equal => (after.ts, after.place),
                Ordering::Greater => (after.ts, 0),
            },
            _ => (self.from, 0),
        }
    }

    /// The first millisecond of which something may not have been read yet.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.after.map_or(self.from, |after| after.ts.max(self.from))
    }
}

fn page(text: &str) -> Result<usize, RangeError> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
    limit.ok_or_else(|| RangeError::Limit(text.to_owned()))
}

/// Begin and end of what a text names, in milliseconds since the epoch: of a day, or twice the same of an instant.
fn time(text: &str) -> Result<(u64, u64), RangeError> {
    let unread = || RangeError::Time(text.to_owned());
    if let Ok(day) = text.parse::<Date>() {
        let start = day.start() * 1000;
        return Ok((start, start + MILLIS_PER_DAY));
    }
    let instant = instant_of(text).ok_or_else(unread)?;
    Ok((instant, instant))
}

/// An instant of UTC (RFC 3339 section 5.6, `Z` alone), in milliseconds since the epoch. Leap seconds are none.
fn instant_of(text: &str) -> Option<u64> {
    let (day, rest) = text.split_once(['T', 't'])?;
    let rest = rest.strip_suffix(['Z', 'z'])?;
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let mut parts = clock.split(':').map(|part| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<u64>().ok()).flatten()
    });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_time || !is_fraction {
        return None;
    }
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = day.parse::<Date>().ok()?.start() + hour * 3600 + minute * 60 + second;
    Some(seconds * 1000 + millis)
}

/// An instant as RFC 3339 writes it in UTC, of milliseconds since the epoch.
#[must_use]
pub fn instant(millis: u64) -> String {
    let day = Date::of(millis / 1000);
    let (seconds, rest) = (millis / 1000 % 86_400, millis % 1000);
    format!("{day}T{:02}:{:02}:{:02}.{rest:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.ts, self.part, self.place)
    }
}

impl FromStr for Cursor {
    type Err = RangeError;
    fn from_str(text: &str) -> Result<Self, RangeError> {
        let read = || {
            let mut parts = text.split('.');
            let cursor = Self {
                ts: parts.next()?.parse().ok()?,
                part: parts.next()?.parse().ok()?,
                place: parts.next()?.parse().ok()?,
            };
            // SQLite's and JavaScript's numbers end earlier than ours.
            let fits = cursor.ts.max(cursor.place) <= 1 << 53;
            (parts.next().is_none() && fits).then_some(cursor)
        };
        read().ok_or(RangeError::Cursor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 1_795_132_800_000;

    fn range(from: &str, to: &str) -> Result<(u64, u64), RangeError> {
        LogRange::parse(Some(from), Some(to), None, None, 0).map(|range| (range.from, range.to))
    }

    #[test]
    fn a_day_begins_and_ends_and_an_instant_is_a_millisecond() {
        assert_eq!(range("2026-11-20", "2026-11-20"), Ok((DAY, DAY + MILLIS_PER_DAY)));
        let clock = (9 * 3600 + 30 * 60 + 1) * 1000;
        assert_eq!(
            range("2026-11-20T09:30:01Z", "2026-11-20t09:30:01.0999z"),
            Ok((DAY + clock, DAY + clock + 99))
        );
        assert_eq!(range("2026-11-20T09:30:01.5Z", "1970-01-01"), Ok((DAY + clock + 500, MILLIS_PER_DAY)));
        let open = LogRange::parse(None, None, None, None, 7).unwrap();
        assert_eq!(open, LogRange { from: 0, to: 7, after: None, limit: MAX_PAGE });
    }

    #[test]
    fn what_is_no_time_no_limit_or_no_cursor_is_refused() {
        for wrong in [
            "",
            "2026-11-31",
            "2026-11-20T24:00:00Z",
            "2026-11-20T09:30Z",
            "2026-11-20T09:30:00",
            "2026-11-20T09:30:00+01:00",
            "2026-11-20T09:30:00.Z",
            "2026-11-20T+9:30:00Z",
            "2026-11-20T09:30:00.1x2Z",
            "yesterday",
        ] {
            assert_eq!(range(wrong, "2026-11-20"), Err(RangeError::Time(wrong.to_owned())));
        }
        for wrong in ["0", "1001", "-1", "x", ""] {
            let limit = LogRange::parse(None, None, Some(wrong), None, 0);
            assert_eq!(limit, Err(RangeError::Limit(wrong.to_owned())));
        }
        for wrong in ["", "1", "1.2", "1.256.3", "1.2.3.4", "x.1.2", "9007199254740993.1.1"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(RangeError::Cursor), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn parts_read_page_by_page_give_every_record_once_and_in_order(
            parts in prop::collection::vec(prop::collection::vec(0u64..6, 0..6), 1..4),
            from in 0u64..6, to in 0u64..7, limit in 1usize..5,
        ) {
            let rows = |part: usize| (1u64..).zip(&parts[part]).map(move |(place, ts)| (*ts, part as u8, place));
            let mut wanted: Vec<_> = (0..parts.len()).flat_map(rows).collect();
            wanted.retain(|(ts, ..)| (from..to).contains(ts));
            wanted.sort_unstable();
            let (mut after, mut read) = (None, Vec::new());
            loop {
                let range = LogRange { from, to, after, limit };
                let of_part = |part: usize| {
                    let start = range.start_of(part as u8);
                    let mut rows: Vec<_> = rows(part).filter(|(ts, _, place)| (*ts, *place) > start && *ts < to).collect();
                    rows.sort_unstable();
                    rows.truncate(limit);
                    rows
                };
                let mut page: Vec<_> = (0..parts.len()).flat_map(of_part).collect();
                page.sort_unstable();
                page.truncate(limit);
                let Some((ts, part, place)) = page.last().copied() else { break };
                after = Some(Cursor { ts, part, place });
                read.extend(page);
            }
            prop_assert_eq!(read, wanted);
        }

        #[test]
        fn instants_and_cursors_round_trip(millis in 0u64..253_402_300_800_000, part: u8, place in 0u64..1 << 53) {
            prop_assert_eq!(time(&instant(millis)), Ok((millis, millis)));
            let cursor = Cursor { ts: millis, part, place };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}
