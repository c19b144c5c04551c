//! How much of one skill is read: no more than tells that it is too large.

use registry_core::manifest::{MAX_SKILL_BYTES, MAX_SKILL_FILES};

use super::inner;

/// What was read of the skill that is being read. The files of a skill follow each other.
#[derive(Debug, Default)]
pub(super) struct Room {
    skill: String,
    files: usize,
    bytes: u64,
}

impl Room {
    /// Whether more is read of the skill that `path` belongs to. Its manifest always is.
    pub(super) fn has(&mut self, path: &str) -> bool {
        let mut parts = inner(path).unwrap_or_default().splitn(3, '/');
        let skill = [parts.next(), parts.next()].map(Option::unwrap_or_default).join("/");
        if skill != self.skill {
            *self = Self { skill, ..Self::default() };
        }
        let manifest = matches!(parts.next(), Some("SKILL.md" | "skill.md"));
        manifest || self.files <= MAX_SKILL_FILES && self.bytes <= MAX_SKILL_BYTES as u64
    }

    /// Notes a file of so many bytes.
    pub(super) fn take(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_goes_on_at_the_manifest_and_at_the_next_skill() {
        let mut room = Room::default();
        assert!(room.has("skills/a/b/x"));
        room.take(MAX_SKILL_BYTES as u64);
        assert!(room.has("skills/a/b/y"), "as much as a skill may have");
        room.take(1);
        assert!(!room.has("skills/a/b/z") && !room.has("skills/a/b/c/SKILL.md"));
        assert!(room.has("skills/a/b/SKILL.md") && room.has("skills/a/c/x"));
        (0..=MAX_SKILL_FILES).for_each(|_| room.take(0));
        assert!(!room.has(".claude/skills/a/c/x") || room.has("skills/a/c/y"));
    }
}
