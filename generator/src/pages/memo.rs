//! What was highlighted before: within one build, and from build to build in a file of the repository's caches.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use registry_core::digest::Digest;

use super::highlight::{Highlighter, MAX_TEXT_BYTES, is_text};
use crate::cache::Folder;

const FILE: &str = "highlight";
/// The largest file that is read and written, in bytes: texts of several hundred thousand skills.
const MAX_BYTES: u64 = 256 << 20;
const DIGEST_BYTES: usize = 32;
/// An entry of the table: the key, and where its HTML ends.
const ENTRY_BYTES: usize = DIGEST_BYTES + 4;

/// Highlighted texts by language and text.
#[derive(Debug, Default)]
pub struct Memo {
    folder: Option<Folder>,
    former: Former,
    /// What this build asked for; nothing in place of what the former file holds.
    used: Mutex<BTreeMap<Digest, Option<String>>>,
}

impl Memo {
    /// What was kept in `repository`: nothing where the file is missing, damaged, or that of another program.
    ///
    /// # Errors
    /// When caches cannot be kept there, because a link leads to their folder. [`Memo::default`] remembers within one
    /// build all the same.
    pub fn of(repository: &Path) -> io::Result<Self> {
        let folder = Folder::of(repository)?;
        let former = folder.read(FILE, MAX_BYTES).and_then(|bytes| Former::read(bytes, folder.program()));
        Ok(Self { folder: Some(folder), former: former.unwrap_or_default(), used: Mutex::default() })
    }

    /// As [`Highlighter::html`] does, unless it was done before.
    #[must_use]
    pub fn html(&self, language: &str, text: &str) -> Option<String> {
        let highlighter = Highlighter::shared();
        let language = highlighter.language(language).filter(|_| text.len() <= MAX_TEXT_BYTES)?;
        let key = Digest::of(format!("{}\0{text}", language.name()).as_bytes());
        if let Some(known) = self.known(&key, text) {
            return Some(known);
        }
        let html = highlighter.highlight(language, text)?;
        self.used().insert(key, Some(html.clone()));
        Some(html)
    }

    fn known(&self, key: &Digest, text: &str) -> Option<String> {
        let kept = self.former.get(key).filter(|html| is_text(html, text));
        let mut used = self.used();
        match kept {
            Some(html) => {
                used.insert(*key, None);
                Some(html.to_owned())
            }
            None => used.get(key)?.clone(),
        }
    }

    fn used(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Option<String>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves what was highlighted for the next build. Nothing is written where nothing is new. What this build did not
    /// ask for stays while there is room: pages that did not change are not rendered again, and will be one day.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let used = self.used();
        if used.values().all(Option::is_none) {
            return Ok(());
        }
        let asked = used
            .iter()
            .filter_map(|(key, html)| Some((*key, html.as_deref().or_else(|| self.former.get(key))?)));
        let mut entries: BTreeMap<Digest, &str> = asked.collect();
        let size: usize = entries.values().map(|html| html.len() + ENTRY_BYTES).sum();
        if (size + self.former.bytes.len()) as u64 <= MAX_BYTES {
            for (key, html) in self.former.entries() {
                entries.entry(key).or_insert(html);
            }
        }
        let body = body(folder.program(), MAX_BYTES, entries.iter().map(|(key, html)| (key, *html)));
        folder.write(FILE, &[Digest::of(&body).as_bytes(), &body])
    }
}

/// The file behind its digest, of at most `most` bytes with it: the program in a line, the number of entries, the entries by key, their HTML. Numbers
/// are of four bytes, the lowest first.
fn body<'a>(program: &str, most: u64, entries: impl Iterator<Item = (&'a Digest, &'a str)>) -> Vec<u8> {
    let (mut table, mut html, mut count) = (Vec::new(), String::new(), 0_u32);
    let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(DIGEST_BYTES + program.len() + 5);
    for (key, text) in entries {
        if table.len() + ENTRY_BYTES + html.len() + text.len() > room {
            break;
        }
        html.push_str(text);
        table.extend_from_slice(key.as_bytes());
        // Within MAX_BYTES every place fits.
        table.extend_from_slice(&u32::try_from(html.len()).unwrap_or(u32::MAX).to_le_bytes());
        count += 1;
    }
    [program.as_bytes(), b"\n", &count.to_le_bytes(), &table, html.as_bytes()].concat()
}

/// A file as it was read: looking an entry up touches nothing else.
#[derive(Debug, Default)]
struct Former {
    bytes: Vec<u8>,
    table: usize,
    html: usize,
}

impl Former {
    /// Nothing for a file that is damaged or that another program wrote.
    fn read(bytes: Vec<u8>, program: &str) -> Option<Self> {
        let (digest, body) = bytes.split_first_chunk::<DIGEST_BYTES>()?;
        let rest = body.strip_prefix(program.as_bytes())?.strip_prefix(b"\n")?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let table = bytes.len() - rest.len();
        let html = table + usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(ENTRY_BYTES)?;
        let sound = html <= bytes.len() && Digest::of(body).as_bytes() == digest;
        sound.then_some(Self { bytes, table, html })
    }

    fn table(&self) -> &[[u8; ENTRY_BYTES]] {
        self.bytes.get(self.table..self.html).unwrap_or_default().as_chunks::<ENTRY_BYTES>().0
    }

    fn entries(&self) -> impl Iterator<Item = (Digest, &str)> {
        let keys = self.table().iter().filter_map(|entry| entry.first_chunk::<DIGEST_BYTES>());
        keys.enumerate().filter_map(|(at, key)| Some((Digest::from(*key), self.at(at)?)))
    }

    fn get(&self, key: &Digest) -> Option<&str> {
        let known = |entry: &[u8; ENTRY_BYTES]| entry.split_at(DIGEST_BYTES).0.cmp(key.as_bytes());
        self.at(self.table().binary_search_by(known).ok()?)
    }

    fn at(&self, at: usize) -> Option<&str> {
        let table = self.table();
        let end = |entry: &[u8; ENTRY_BYTES]| entry.last_chunk().map(|end| u32::from_le_bytes(*end) as usize);
        let from = at.checked_sub(1).and_then(|before| table.get(before)).map_or(Some(0), end)?;
        let html = self.bytes.get(self.html..)?.get(from..end(table.get(at)?)?)?;
        std::str::from_utf8(html).ok()
    }
}

#[cfg(test)]
mod tests;
