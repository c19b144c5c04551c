//! Engines of others that are crates.

use std::collections::HashMap;

use anyhow::{Context, Result};
use others::Document;
use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::QueryParser;
use tantivy::schema::{
    Field, IndexRecordOption, OwnedValue, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
    TextAnalyzerBuilder, TokenStream, Tokenizer,
};
use tantivy::{Index, IndexSettings, IndexWriter, TantivyDocument};
use tinysearch::{BasicPost, IndexKind, TinySearch};

use crate::{Engine, RESULTS};

const WRITER_BYTES: usize = 200_000_000;
const NAME_BOOST: f32 = 2.0;
/// The tokenizer of English that tantivy brings, and the same without stop words.
const STEMMED: &str = "en_stem";
const STOPPED: &str = "en_stem_stop";

/// BM25 over stemmed English, the name counting twice; any word of the query suffices. Three fields, and tuned one,
/// without stop words.
pub fn tantivy(documents: &[Document], is_tuned: bool) -> Result<Engine> {
    let stemmed = TextFieldIndexing::default()
        .set_tokenizer(if is_tuned { STOPPED } else { STEMMED })
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(stemmed);
    let mut schema = Schema::builder();
    let id = schema.add_text_field("id", STRING | STORED);
    let names: &[&str] = if is_tuned { &["all"] } else { &["name", "description", "tags"] };
    let fields: Vec<Field> = names.iter().map(|name| schema.add_text_field(name, text.clone())).collect();
    let directory = RamDirectory::create();
    let index = Index::create(directory.clone(), schema.build(), IndexSettings::default())?;
    index
        .tokenizers()
        .register(STOPPED, without_stop_words()?.filter(Stemmer::new(Language::English)).build());
    let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
    for document in documents {
        let mut added = TantivyDocument::default();
        added.add_text(id, &document.id);
        for (field, text) in fields.iter().zip(texts(document, is_tuned)) {
            added.add_text(*field, text);
        }
        writer.add_document(added)?;
    }
    writer.commit()?;
    writer.merge(&index.searchable_segment_ids()?).wait()?;
    writer.wait_merging_threads()?;
    let searcher = index.reader()?.searcher();
    let mut parser = QueryParser::for_index(&index, fields.clone());
    if !is_tuned {
        parser.set_field_boost(fields[0], NAME_BOOST);
    }
    let answer = move |text: &str| {
        let (query, _) = parser.parse_query_lenient(&plain(text));
        let found = searcher.search(&query, &TopDocs::with_limit(RESULTS).order_by_score());
        let ids = found.into_iter().flatten().filter_map(|(_, address)| {
            let document: TantivyDocument = searcher.doc(address).ok()?;
            match document.get_first(id).map(OwnedValue::from) {
                Some(OwnedValue::Str(id)) => Some(id),
                _ => None,
            }
        });
        ids.collect()
    };
    Ok(Engine { bytes: directory.total_mem_usage(), answer: Box::new(answer) })
}

fn texts(Document { name, description, tags, .. }: &Document, is_tuned: bool) -> Vec<String> {
    let tags = tags.join(" ");
    if is_tuned {
        return vec![format!("{name} {name} {description} {tags}")];
    }
    vec![name.clone(), description.clone(), tags]
}

fn without_stop_words() -> Result<TextAnalyzerBuilder<impl Tokenizer>> {
    let stop_words = StopWordFilter::new(Language::English).context("tantivy has no stop words")?;
    let words = TextAnalyzer::builder(SimpleTokenizer::default()).filter(RemoveLongFilter::limit(40));
    Ok(words.filter(LowerCaser).filter(stop_words))
}

fn kept(words: &TextAnalyzer, text: &str) -> String {
    let mut kept = String::new();
    words.clone().token_stream(text).process(&mut |token| kept.extend([" ", &token.text]));
    kept
}

/// What the parser of queries takes for no operator.
fn plain(text: &str) -> String {
    text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ")
}

/// As the program of that name indexes posts: the description, with tags, is the body. Tuned, queries lose stop words.
pub fn tinysearch(documents: &[Document], is_tuned: bool) -> Result<Engine> {
    let post = |document: &Document| BasicPost {
        title: document.name.clone(),
        url: document.id.clone(),
        body: Some(format!("{} {}", document.description, document.tags.join(" "))),
        meta: HashMap::new(),
    };
    let posts: Vec<BasicPost> = documents.iter().map(post).collect();
    let engine = TinySearch::new().with_index_kind(IndexKind::Exact);
    let index = engine.build_index(&posts).ok().context("tinysearch builds no index")?;
    let bytes = engine.serialize_index(&index).ok().context("tinysearch writes no index")?.len();
    let words = without_stop_words()?.build();
    let answer = move |text: &str| {
        let text = if is_tuned { &kept(&words, text) } else { text };
        engine.search(&index, text, RESULTS).into_iter().map(|post| post.url.clone()).collect()
    };
    Ok(Engine { bytes, answer: Box::new(answer) })
}
