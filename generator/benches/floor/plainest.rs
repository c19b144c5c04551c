//! The floor: read, parse, wrap, write. No check, no template, no digest.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Options, Parser, html};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::Result;

const HEADER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Skill</title>\n\
                      <link rel=\"stylesheet\" href=\"/style.css\">\n<main>\n";
const FOOTER: &str = "</main>\n</html>\n";

/// A skill's own file, and the page of it relative to the output.
pub struct Manifest {
    /// Where it is read.
    pub from: PathBuf,
    page: PathBuf,
}

/// Writes a page for every skill below `skills/`.
pub fn build(corpus: &Path, out: &Path) -> Result<()> {
    let manifests = manifests(corpus)?;
    for team in manifests.iter().filter_map(|manifest| manifest.page.parent()) {
        fs::create_dir_all(out.join(team))?;
    }
    let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    pool.install(|| manifests.par_iter().try_for_each(|manifest| write_page(manifest, out)))
}

fn write_page(manifest: &Manifest, out: &Path) -> Result<()> {
    let text = fs::read_to_string(&manifest.from)?;
    let body = text.split_once("\n---\n").map_or(&*text, |(_, body)| body);
    let mut page = String::with_capacity(2 * text.len());
    page.push_str(HEADER);
    html::push_html(&mut page, Parser::new_ext(body, Options::ENABLE_TABLES));
    page.push_str(FOOTER);
    Ok(fs::write(out.join(&manifest.page), page)?)
}

/// Every skill of a corpus, sorted.
pub fn manifests(corpus: &Path) -> Result<Vec<Manifest>> {
    let mut found = Vec::new();
    for team in fs::read_dir(corpus.join("skills"))? {
        let team = team?;
        for skill in fs::read_dir(team.path())? {
            let path = skill?.path();
            let page = Path::new(&team.file_name())
                .join(path.file_stem().unwrap_or_default())
                .with_extension("html");
            let from = if path.extension().is_some() { path } else { path.join("SKILL.md") };
            found.push(Manifest { from, page });
        }
    }
    found.sort_by(|a, b| a.from.cmp(&b.from));
    Ok(found)
}
