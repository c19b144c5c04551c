//! The served `SKILL.md`: clean by the agentskills.io specification (bare name, six top-level keys, everything else
//! as strings under `metadata`).

use std::collections::BTreeMap;

use registry_core::manifest::Manifest;
use serde::Serialize;

#[derive(Serialize)]
struct Served<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility: Option<&'a str>,
    metadata: BTreeMap<&'a str, String>,
}

/// The text of a release's served `SKILL.md`.
///
/// # Errors
/// When the frontmatter cannot be written as YAML, which no valid manifest causes.
pub fn served(manifest: &Manifest) -> Result<String, serde_yaml::Error> {
    let list = |items: Vec<String>| items.join(" ");
    let mut metadata = BTreeMap::from([
        ("registry-id", manifest.id.to_string()),
        ("version", manifest.version.to_string()),
        ("tags", list(manifest.tags.iter().cloned().collect())),
        ("access_level", manifest.audience.level().to_string()),
        ("type", manifest.skill_type.as_str().to_owned()),
        ("allowed_roles", list(manifest.allowed_roles().iter().map(ToString::to_string).collect())),
        ("depends_on", list(manifest.depends_on.iter().map(|needed| needed.spec.to_string()).collect())),
        ("owners", list(manifest.owners.clone())),
        ("description_zh", manifest.description_zh.clone().unwrap_or_default()),
        ("author", manifest.author.clone().unwrap_or_default()),
        ("homepage", manifest.homepage.clone().unwrap_or_default()),
        ("deprecated", manifest.deprecated.as_ref().map(|d| d.message.clone()).unwrap_or_default()),
    ]);
    metadata.retain(|_, text| !text.is_empty());
    let frontmatter = serde_yaml::to_string(&Served {
        name: manifest.id.name.as_str(),
        description: manifest.description.trim(),
        license: manifest.license.as_deref(),
        compatibility: manifest.compatibility.as_deref(),
        metadata,
    })?;
    Ok(format!("---\n{frontmatter}---\n{}", manifest.body))
}
