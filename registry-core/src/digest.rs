//! SHA-256 digests: of bytes, of a release's source files, of a dependency closure.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::SkillId;

/// A SHA-256 digest; its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct Digest([u8; 32]);

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct DigestError;

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The value of a `Repr-Digest` field (RFC 9530).
    #[must_use]
    pub fn as_digest_field(&self) -> String {
        format!("sha-256=:{}:", STANDARD.encode(self.0))
    }

    /// The first byte: which of 256 buckets a key with this digest falls into.
    #[must_use]
    pub fn bucket(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [byte >> 4, byte & 15]
                .map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let nibble = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(DigestError),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes = pairs
            .iter()
            .map(|&[high, low]| Ok(nibble(high)? << 4 | nibble(low)?))
            .collect::<Result<Vec<u8>, DigestError>>()?;
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) if rest.is_empty() => Ok(Self(bytes)),
            _ => Err(DigestError),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// Whether Git holds a file as executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileMode {
    /// Git's `100644`.
    Plain,
    /// Git's `100755`.
    Executable,
}

impl FileMode {
    /// The mode as Git writes it.
    #[must_use]
    pub fn git_octal(self) -> &'static str {
        match self {
            Self::Plain => "100644",
            Self::Executable => "100755",
        }
    }

    /// The permission bits for an archive entry.
    #[must_use]
    pub fn permissions(self) -> u32 {
        match self {
            Self::Plain => 0o644,
            Self::Executable => 0o755,
        }
    }
}

/// The digest of a release: SHA-256 over the byte-sorted lines `{mode octal} {path}\0{sha256 hex}\n`
/// of its source files, `path` being relative to the skill.
#[must_use]
pub fn release_digest<'a>(files: impl IntoIterator<Item = (FileMode, &'a str, &'a [u8])>) -> Digest {
    digest_of_lines(
        files
            .into_iter()
            .map(|(mode, path, bytes)| format!("{} {path}\0{}\n", mode.git_octal(), Digest::of(bytes))),
    )
}

/// The digest of a dependency closure: SHA-256 over the sorted lines `{slug}@{version} {digest}\n`.
#[must_use]
pub fn closure_digest<'a>(
    members: impl IntoIterator<Item = (&'a SkillId, &'a Version, &'a Digest)>,
) -> Digest {
    digest_of_lines(
        members.into_iter().map(|(skill, version, digest)| format!("{skill}@{version} {digest}\n")),
    )
}

fn digest_of_lines(lines: impl Iterator<Item = String>) -> Digest {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    Digest::of(lines.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_rejects_what_is_not_a_digest() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for bad in ["", "e3", &digest.to_string().to_uppercase(), &format!("{digest}0")] {
            assert_eq!(bad.parse::<Digest>(), Err(DigestError), "{bad}");
        }
    }

    #[test]
    fn a_release_digest_ignores_order_and_sees_modes() {
        let a = (FileMode::Plain, "SKILL.md", b"x".as_slice());
        let b = (FileMode::Plain, "scripts/a.py", b"y".as_slice());
        assert_eq!(release_digest([a, b]), release_digest([b, a]));
        assert_ne!(release_digest([a, b]), release_digest([a, (FileMode::Executable, b.1, b.2)]));
    }
}
