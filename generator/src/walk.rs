//! What belongs to a root: the one home of this knowledge, for those who check a catalog, copy it or clear up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use registry_core::Version;
use registry_core::catalog::{FormatError, IndexBucket, Key, PathBucket, Root, RootError};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::policy::Audience;

use crate::store::{Store, StoreError, concurrently};

/// A root with everything that it needs.
#[derive(Debug)]
pub struct Walk {
    /// The root; `None` when it is among the faults.
    pub root: Option<Root>,
    /// The root's own file, its index buckets and its path buckets. They were read; those that are not whole are
    /// among the faults.
    pub trunk: Vec<Key>,
    /// What these name, and was not read: the policy, shards and objects.
    pub leaves: BTreeSet<Key>,
    /// Every release that the index lists, with its source digest.
    pub releases: BTreeMap<(SkillId, Version), Digest>,
    /// How many skills the published branch has.
    pub skills: usize,
    /// What of the trunk is missing or not what it should be.
    pub faults: Vec<Fault>,
}

/// A file that is not what its catalog needs.
#[derive(Debug)]
pub struct Fault {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum FaultKind {
    /// It is not there.
    Missing,
    /// Its bytes do not have its digest.
    Altered,
    /// Its bytes are what was written, and yet not of its format.
    Undecodable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            FaultKind::Missing => write!(f, "missing: {path}"),
            FaultKind::Altered => write!(f, "altered: {path}"),
            FaultKind::Undecodable(why) => write!(f, "cannot be decoded: {path}: {why}"),
        }
    }
}

impl Walk {
    /// Every file of the catalog but its head.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.trunk.iter().chain(&self.leaves)
    }
}

/// The bytes that were read for `key`, if they have its digest.
///
/// # Errors
/// The fault, if they have not, or there are none.
pub fn sound(key: &Key, bytes: Option<Bytes>) -> Result<Bytes, Fault> {
    let fault = |kind| Fault { path: key.path(), kind };
    let bytes = bytes.ok_or_else(|| fault(FaultKind::Missing))?;
    if Digest::of(&bytes) == key.digest() { Ok(bytes) } else { Err(fault(FaultKind::Altered)) }
}

/// Finds everything that the root needs. `read` is called from many threads at once, and gives `None` for a file that
/// is not there.
///
/// # Errors
/// Only those of `read`; what is wrong with the catalog is among [`Walk::faults`].
pub fn walk<E: Send>(
    root: Digest,
    read: impl Fn(&Key) -> Result<Option<Bytes>, E> + Sync,
) -> Result<Walk, E> {
    let key = Key::Root(root);
    let mut walk = Walk {
        root: None,
        trunk: vec![key.clone()],
        leaves: BTreeSet::new(),
        releases: BTreeMap::new(),
        skills: 0,
        faults: Vec::new(),
    };
    match decoded(&key, read(&key)?, |bytes| Root::decode(bytes, &root)) {
        Ok(found) => walk.below(&found, read)?,
        Err(fault) => walk.faults.push(fault),
    }
    Ok(walk)
}

/// Walks several roots of one store, and reads what they share once.
#[derive(Debug)]
pub struct Trunks<'a> {
    store: &'a Store,
    read: Mutex<HashMap<Key, Option<Bytes>>>,
}

impl<'a> Trunks<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn of(store: &'a Store) -> Self {
        Self { store, read: Mutex::default() }
    }

    /// [`walk`] over one of the roots.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn walk(&self, root: Digest) -> Result<Walk, StoreError> {
        walk(root, |key| {
            let known = self.held().get(key).cloned();
            match known {
                Some(bytes) => Ok(bytes),
                None => {
                    let bytes = self.store.get(&key.path())?;
                    self.held().insert(key.clone(), bytes.clone());
                    Ok(bytes)
                }
            }
        })
    }

    /// A thread that died while it held the lock has left the map whole.
    fn held(&self) -> MutexGuard<'_, HashMap<Key, Option<Bytes>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a bucket was found to hold.
enum Bucket {
    Index(IndexBucket),
    Paths(PathBucket),
    Faulty(Fault),
}

impl Walk {
    fn below<E: Send>(
        &mut self,
        root: &Root,
        read: impl Fn(&Key) -> Result<Option<Bytes>, E> + Sync,
    ) -> Result<(), E> {
        self.leaves.insert(Key::Policy(root.policy));
        let of_audience = |(audience, digests): (&Audience, &Vec<Digest>)| {
            digests.iter().map(|digest| Key::Shard(audience.clone(), *digest)).collect::<Vec<_>>()
        };
        self.leaves.extend(root.shards.iter().flat_map(of_audience));
        self.leaves.extend(root.table.map(Key::Table));
        let index = (0..=u8::MAX).zip(&root.index).map(|(number, digest)| Key::Index(number, *digest));
        let paths = (0..=u8::MAX).zip(&root.paths).map(|(number, digest)| Key::Paths(number, *digest));
        let buckets: Vec<Key> = index.chain(paths).collect();
        for bucket in concurrently(&buckets, |key| Ok(bucket(key, read(key)?)))? {
            match bucket {
                Bucket::Index(index) => self.index(index),
                Bucket::Paths(paths) => self.paths(&paths),
                Bucket::Faulty(fault) => self.faults.push(fault),
            }
        }
        self.trunk.extend(buckets);
        self.root = Some(root.clone());
        Ok(())
    }

    fn index(&mut self, bucket: IndexBucket) {
        for (id, skill) in bucket.skills {
            self.skills += usize::from(!skill.removed);
            let objects = skill.objects().map(|digest| Key::Object(skill.audience.clone(), digest));
            self.leaves.extend(objects);
            let releases = skill.releases.into_iter();
            self.releases.extend(releases.map(|(version, release)| ((id.clone(), version), release.digest)));
        }
    }

    fn paths(&mut self, bucket: &PathBucket) {
        let files = bucket.paths.values();
        self.leaves.extend(files.map(|file| Key::Object(Audience::Public, file.digest)));
    }
}

fn bucket(key: &Key, bytes: Option<Bytes>) -> Bucket {
    let bucket = if matches!(key, Key::Index(..)) {
        decoded(key, bytes, |bytes| IndexBucket::decode(bytes).map_err(RootError::from)).map(Bucket::Index)
    } else {
        decoded(key, bytes, |bytes| PathBucket::decode(bytes).map_err(RootError::from)).map(Bucket::Paths)
    };
    bucket.unwrap_or_else(Bucket::Faulty)
}

fn decoded<T>(
    key: &Key,
    bytes: Option<Bytes>,
    decode: impl FnOnce(&[u8]) -> Result<T, RootError>,
) -> Result<T, Fault> {
    decode(&sound(key, bytes)?).map_err(|error| {
        let why = match error {
            RootError::Format(FormatError::Json(error)) => error.to_string(),
            error => error.to_string(),
        };
        Fault { path: key.path(), kind: FaultKind::Undecodable(why) }
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use registry_core::catalog::{BUCKETS, SCHEMA, to_json};

    use super::*;

    /// The files of a catalog without skills, in which one index bucket holds `odd`.
    fn catalog(odd: &[u8]) -> (Digest, HashMap<String, Bytes>) {
        let index = to_json(&IndexBucket { schema: SCHEMA, skills: BTreeMap::new() }).unwrap();
        let paths = to_json(&PathBucket { schema: SCHEMA, paths: BTreeMap::new() }).unwrap();
        let mut root = Root {
            schema: SCHEMA,
            development: false,
            commit: None,
            former: None,
            policy: Digest::of(b"policy"),
            program: Digest::of(b"program"),
            index: vec![Digest::of(&index); BUCKETS],
            paths: vec![Digest::of(&paths); BUCKETS],
            shards: BTreeMap::new(),
            table: None,
        };
        root.index[7] = Digest::of(odd);
        let mut files = HashMap::from([(Key::Index(7, root.index[7]).path(), Bytes::copy_from_slice(odd))]);
        for number in 0..=u8::MAX {
            let index = (Key::Index(number, Digest::of(&index)).path(), Bytes::from(index.clone()));
            files
                .extend([index, (Key::Paths(number, Digest::of(&paths)).path(), Bytes::from(paths.clone()))]);
        }
        let bytes = root.encode().unwrap();
        let digest = Digest::of(&bytes);
        files.insert(Key::Root(digest).path(), Bytes::from(bytes));
        (digest, files)
    }

    fn faults(root: Digest, files: &HashMap<String, Bytes>) -> Vec<String> {
        let walk = walk(root, |key| Ok::<_, Infallible>(files.get(&key.path()).cloned())).unwrap();
        walk.faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_path() {
        let (root, mut files) = catalog(b"{}");
        let path = Key::Index(7, Digest::of(b"{}")).path();
        let told = faults(root, &files);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with(&format!("cannot be decoded: {path}: missing field `schema`")),
            "{told:?}"
        );
        files.insert(path.clone(), Bytes::from_static(b"[]"));
        assert_eq!(faults(root, &files), [format!("altered: {path}")]);
        files.remove(&path);
        assert_eq!(faults(root, &files), [format!("missing: {path}")]);
        files.remove(&Key::Root(root).path());
        assert_eq!(faults(root, &files), [format!("missing: {}", Key::Root(root).path())]);
    }
}
