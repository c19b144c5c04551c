//! What a sound skill should still mend: rules about its text and files, each skill on its own.

mod budget;
mod concerns;
mod files;
mod mcp;
mod text;

pub use budget::{TOKENIZER, tokens};

use registry_core::diagnostic::Diagnostic;
use registry_core::manifest::{Manifest, SkillSource};

use self::text::Text;

/// Every finding about a skill's text and files. `manifest` is absent where the frontmatter has errors; what does not
/// hang on it is checked all the same.
#[must_use]
pub fn check(source: &SkillSource, manifest: Option<&Manifest>) -> Vec<Diagnostic> {
    let text = Text::of(source);
    let mut found = files::scripts(source, text.as_ref().map_or("", |text| text.body));
    found.extend(files::placeholders(source));
    if let Some(text) = text {
        found.extend(files::references(source, &text));
        found.extend(concerns::check(&text, &source.id.name));
        found.extend(budget::body(&text));
        if let Some(manifest) = manifest {
            found.extend(mcp::check(&text, manifest));
        }
    }
    found.extend(manifest.and_then(|manifest| budget::metadata(source, manifest)));
    found
}

#[cfg(test)]
mod tests;
