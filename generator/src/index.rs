//! What a caller can search: the shards of a working tree, or those of a catalog that was built.

use std::collections::BTreeMap;

use rayon::prelude::*;
use registry_core::api::{Filters, Listing};
use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::policy::{Access, Audience, Caller, Policy};
use registry_core::search::{Answer, Document, Embedding, Query, ReadError, Shard, ShardBuilder, Weights};
use registry_core::token::PublicKey;

use crate::catalog::documents;
use crate::embedding;
use crate::library::Checked;
use crate::published::{OpenError, Published};
use crate::store::Store;

/// Why nothing can be searched.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The catalog cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A shard or the table cannot be read or written.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The shards of every audience, and who belongs to which.
#[derive(Debug)]
pub struct Index {
    shards: BTreeMap<Audience, Vec<Shard>>,
    /// The table of a catalog that has another than the program.
    table: Option<Embedding>,
    /// The rules of membership.
    pub policy: Policy,
}

/// What is indexed of a skill, beside its slug.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields {
    /// Its name.
    pub name: bool,
    /// Its description.
    pub description: bool,
    /// Its tags.
    pub tags: bool,
}

impl Index {
    /// The index of what was checked.
    ///
    /// # Errors
    /// When a shard becomes too large.
    pub fn of(checked: &Checked) -> Result<Self, IndexError> {
        Self::made(documents(checked), &checked.organisation.policy)
    }

    fn made<'a>(
        documents: impl IntoIterator<Item = (&'a Audience, Document)>,
        policy: &Policy,
    ) -> Result<Self, IndexError> {
        let mut builders: BTreeMap<Audience, ShardBuilder> = BTreeMap::new();
        for (audience, document) in documents {
            builders.entry(audience.clone()).or_default().add(document);
        }
        let read = |(audience, builder): (Audience, ShardBuilder)| {
            let shards = embedding::shards(builder).map(|bytes| Ok(Shard::read(bytes?)?));
            Ok((audience, shards.collect::<Result<_, IndexError>>()?))
        };
        let shards = builders.into_par_iter().map(read).collect::<Result<_, IndexError>>()?;
        Ok(Self { shards, table: None, policy: policy.clone() })
    }

    /// The index of a catalog, whose head one of these keys signed. Every file that is read has its digest.
    ///
    /// # Errors
    /// Any [`IndexError`].
    pub fn open(store: &Store, pinned: &[PublicKey]) -> Result<Self, IndexError> {
        let catalog = Published::open(store, pinned)?;
        let read = |key: &Key| Ok::<_, IndexError>(Vec::from(catalog.take(key)?));
        let shards = catalog.root.shards.par_iter().map(|(audience, digests)| {
            let shard = |digest: &Digest| Ok(Shard::read(read(&Key::Shard(audience.clone(), *digest))?)?);
            let shards = digests.iter().map(shard).collect::<Result<_, IndexError>>()?;
            Ok((audience.clone(), shards))
        });
        let shards = shards.collect::<Result<_, IndexError>>()?;
        let foreign = catalog.root.table.filter(|digest| *digest != embedding::shared().digest());
        let table = foreign.map(|digest| Ok::<_, IndexError>(Embedding::read(read(&Key::Table(digest))?)?));
        Ok(Self { shards, table: table.transpose()?, policy: catalog.organisation.policy })
    }

    /// The same skills, indexed by these fields alone.
    ///
    /// # Errors
    /// When a shard becomes too large.
    pub fn by_fields(&self, fields: Fields) -> Result<Self, IndexError> {
        let with_audience = self.shards.iter().flat_map(|(audience, shards)| {
            let listings = shards.iter().flat_map(Shard::listings);
            listings.map(move |listing| (audience, fields.of(listing)))
        });
        Self::made(with_audience, &self.policy)
    }

    /// Everything that it says of its skills.
    pub fn listings(&self) -> impl Iterator<Item = Listing> {
        self.shards.values().flatten().flat_map(Shard::listings)
    }

    /// The shards of all audiences that `is_seen`.
    #[must_use]
    pub fn seen(&self, is_seen: impl Fn(&Audience) -> bool) -> Seen<'_> {
        let shards =
            self.shards.iter().filter(|(audience, _)| is_seen(audience)).flat_map(|(_, shards)| shards);
        Seen { shards: shards.collect(), embedding: self.table.as_ref().unwrap_or(embedding::shared()) }
    }

    /// The shards that an edge would open for a caller at `now`, in seconds since the epoch.
    #[must_use]
    pub fn seen_by(&self, caller: &Caller, now: u64) -> Seen<'_> {
        let access = Access { caller: Some(caller), policy: &self.policy, now };
        self.seen(|audience| access.admits(audience))
    }
}

impl Fields {
    fn of(self, mut listing: Listing) -> Document {
        if !self.name {
            listing.name.clear();
        }
        if !self.description {
            listing.description.clear();
        }
        if !self.tags {
            listing.tags.clear();
        }
        listing.into()
    }
}

/// What somebody wants of the answers beside the words.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What the answers must be.
    pub filters: &'a Filters,
    /// How many.
    pub k: usize,
    /// Whether each says why it is one.
    pub explain: bool,
}

/// The part of an index that somebody sees.
#[derive(Debug)]
pub struct Seen<'a> {
    shards: Vec<&'a Shard>,
    embedding: &'a Embedding,
}

impl<'a> Seen<'a> {
    /// All of these shards, whose vectors are by the table of the program.
    pub fn all(shards: impl IntoIterator<Item = &'a Shard>) -> Self {
        Self { shards: shards.into_iter().collect(), embedding: embedding::shared() }
    }

    /// Searches, by the weights and the table of an edge.
    #[must_use]
    pub fn search(&self, text: &str, asked: &Asked<'_>) -> Answer {
        let Asked { filters, k, explain } = *asked;
        let query =
            Query { text, filters, k, explain, embedding: Some(self.embedding), weights: &Weights::TUNED };
        registry_core::search::search(&self.shards, &query)
    }
}
