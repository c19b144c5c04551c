//! Shards, buckets and the root, made of what was rendered.

use std::collections::BTreeMap;

use rayon::prelude::*;
use registry_core::catalog::{
    BUCKETS, FormatError, IndexBucket, Key, PathBucket, PublicFile, Root, SCHEMA, SkillRecord, to_json,
};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::policy::Audience;
use registry_core::search::{ReadError, ShardBuilder};

use super::skills::RenderedSkill;
use super::{BuildError, Catalog, Input, Sink, Step};
use crate::embedding;
use crate::pages::program_digest;
use crate::write::WriteError;

/// Every URL with its object and media type.
pub(super) type Urls = BTreeMap<String, (Key, String)>;

/// A public file.
pub(super) struct Made {
    pub url: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A catalog in the making.
pub(super) struct Assembly<'a> {
    sink: &'a dyn Sink,
    urls: Urls,
    pub index: BTreeMap<SkillId, SkillRecord>,
    documents: BTreeMap<Audience, ShardBuilder>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(sink: &'a dyn Sink) -> Self {
        Self { sink, urls: Urls::new(), index: BTreeMap::new(), documents: BTreeMap::new() }
    }

    pub(super) fn skill(&mut self, skill: RenderedSkill) {
        if let Some(document) = skill.document {
            self.documents.entry(skill.record.audience.clone()).or_default().add(document);
        }
        self.urls.extend(skill.urls);
        self.index.insert(skill.id, skill.record);
    }

    pub(super) fn public(&mut self, made: Made) -> Result<(), BuildError> {
        let Made { url, media_type, bytes } = made;
        let key = Key::Object(Audience::Public, Digest::of(&bytes));
        self.sink.put(key.clone(), bytes)?;
        self.urls.insert(url, (key, media_type.to_owned()));
        Ok(())
    }

    fn put(&self, key: impl FnOnce(Digest) -> Key, bytes: Vec<u8>) -> Result<Digest, WriteError> {
        let digest = Digest::of(&bytes);
        self.sink.put(key(digest), bytes)?;
        Ok(digest)
    }

    fn site(&self) -> BTreeMap<String, PublicFile> {
        let public = |(url, (key, media_type)): (&String, &(Key, String))| match key {
            Key::Object(Audience::Public, digest) => {
                Some((url.clone(), PublicFile { digest: *digest, media_type: media_type.clone() }))
            }
            _ => None,
        };
        self.urls.iter().filter_map(public).collect()
    }

    pub(super) fn finish(mut self, input: Input<'_>) -> Result<Catalog, BuildError> {
        (input.observe)(Step::Phase("shards"));
        let documents = std::mem::take(&mut self.documents);
        let shards = documents.into_par_iter().map(|(audience, builder)| self.shards(audience, builder));
        let shards = shards.collect::<Result<BTreeMap<_, _>, BuildError>>()?;
        let public_shards = shards.get(&Audience::Public).cloned().unwrap_or_default();
        (input.observe)(Step::Phase("buckets"));
        let index = std::mem::take(&mut self.index);
        let index =
            self.buckets(index, Key::Index, |skills| to_json(&IndexBucket { schema: SCHEMA, skills }))?;
        let site = self.site();
        let paths =
            self.buckets(site.clone(), Key::Paths, |paths| to_json(&PathBucket { schema: SCHEMA, paths }))?;
        let checked = input.checked;
        let root = Root {
            schema: SCHEMA,
            development: input.commit.is_none() || !checked.outcome.configured,
            commit: input.commit.map(str::to_owned),
            former: None,
            policy: self.put(Key::Policy, to_json(&checked.organisation)?)?,
            program: program_digest(),
            index,
            paths,
            shards,
            table: Some(self.put(Key::Table, embedding::TABLE.to_vec())?),
        };
        let root = self.root(root, input)?;
        Ok(Catalog { site, urls: self.urls, public_shards, root })
    }

    /// The shards of an audience.
    fn shards(
        &self,
        audience: Audience,
        builder: ShardBuilder,
    ) -> Result<(Audience, Vec<Digest>), BuildError> {
        let shard = |bytes: Result<Vec<u8>, ReadError>| {
            let bytes = bytes.map_err(|error| BuildError::Shard(audience.clone(), error))?;
            Ok(self.put(|digest| Key::Shard(audience.clone(), digest), bytes)?)
        };
        let digests = embedding::shards(builder).map(shard).collect::<Result<_, BuildError>>()?;
        Ok((audience, digests))
    }

    /// Writes the root, which names the former one; but where nothing has changed it is the former one.
    fn root(&self, root: Root, input: Input<'_>) -> Result<Digest, BuildError> {
        let Some(former) = input.former else { return Ok(self.put(Key::Root, root.encode()?)?) };
        let same = Root { former: former.former, ..root.clone() }.encode()?;
        if Digest::of(&same) == former.root {
            return Ok(self.put(Key::Root, same)?);
        }
        Ok(self.put(Key::Root, Root { former: Some(former.root), ..root }.encode()?)?)
    }

    /// Deals entries into [`BUCKETS`] by the SHA-256 of their key; the empty buckets are written too, so that an
    /// edge opens as many files for a name that exists as for one that does not.
    fn buckets<K: Ord + ToString + Send, V: Send>(
        &self,
        entries: BTreeMap<K, V>,
        key: fn(u8, Digest) -> Key,
        encode: impl Fn(BTreeMap<K, V>) -> Result<Vec<u8>, FormatError> + Sync,
    ) -> Result<Vec<Digest>, BuildError> {
        let mut buckets: Vec<BTreeMap<K, V>> = (0..BUCKETS).map(|_| BTreeMap::new()).collect();
        for (name, value) in entries {
            let bucket = Digest::of(name.to_string().as_bytes()).bucket();
            if let Some(entries) = buckets.get_mut(usize::from(bucket)) {
                entries.insert(name, value);
            }
        }
        let put = |(number, bucket)| Ok(self.put(|digest| key(number, digest), encode(bucket)?)?);
        let numbered: Vec<_> = (0..=u8::MAX).zip(buckets).collect();
        numbered.into_par_iter().map(put).collect()
    }
}
