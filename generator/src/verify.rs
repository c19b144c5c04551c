//! Walks a catalog from its head to every digest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use registry_core::catalog::{HEAD_PATH, Head, HeadError, IndexBucket, Key, PathBucket, PublicFile, Root};
use registry_core::digest::Digest;
use registry_core::policy::Audience;
use registry_core::token::PublicKey;

/// Every file of a catalog folder that does not have its digest, or that the head needs and is not there.
///
/// # Errors
/// When the head itself does not verify; a head that cannot be read is a finding.
pub fn verify(folder: &Path, pinned: &[PublicKey]) -> Result<Vec<String>, HeadError> {
    let Ok(bytes) = fs::read(folder.join(HEAD_PATH)) else { return Ok(vec![HEAD_PATH.to_owned()]) };
    let head = Head::verify(&bytes, pinned)?;
    let mut wrong = Vec::new();
    let mut reader = Reader { folder, wrong: &mut wrong };
    let Some(bytes) = reader.take(&Key::Root(head.root)) else { return Ok(wrong) };
    let Ok(root) = Root::decode(&bytes, &head.root) else { return Ok(vec![Key::Root(head.root).path()]) };
    reader.take(&Key::Policy(root.policy));
    for (audience, digest) in &root.shards {
        reader.take(&Key::Shard(audience.clone(), *digest));
    }
    for (bucket, digest) in (0..=u8::MAX).zip(&root.index) {
        reader.index_bucket(&Key::Index(bucket, *digest));
    }
    let mut site = BTreeMap::new();
    for (bucket, digest) in (0..=u8::MAX).zip(&root.paths) {
        site.extend(reader.path_bucket(&Key::Paths(bucket, *digest)));
    }
    for file in site.values() {
        reader.take(&Key::Object(Audience::Public, file.digest));
    }
    Ok(wrong)
}

struct Reader<'a> {
    folder: &'a Path,
    wrong: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn take(&mut self, key: &Key) -> Option<Vec<u8>> {
        let bytes = fs::read(self.folder.join(key.path())).ok();
        let sound = bytes.filter(|bytes| Digest::of(bytes) == key.digest());
        if sound.is_none() {
            self.wrong.push(key.path());
        }
        sound
    }

    fn index_bucket(&mut self, key: &Key) {
        let Some(bytes) = self.take(key) else { return };
        let Ok(bucket) = IndexBucket::decode(&bytes) else {
            return self.wrong.push(key.path());
        };
        for skill in bucket.skills.values() {
            for digest in skill.objects() {
                self.take(&Key::Object(skill.audience.clone(), digest));
            }
        }
    }

    fn path_bucket(&mut self, key: &Key) -> BTreeMap<String, PublicFile> {
        let Some(bytes) = self.take(key) else { return BTreeMap::new() };
        match PathBucket::decode(&bytes) {
            Ok(bucket) => bucket.paths,
            Err(_) => {
                self.wrong.push(key.path());
                BTreeMap::new()
            }
        }
    }
}
