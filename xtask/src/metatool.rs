//! `cargo xtask metatool`: the tools of MetaTool (Huang et al., 2024) as skills, for measuring search on its queries.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::json;

/// Where `guildhall eval --map` finds what the tools are called, below the folder that is written.
const MAP: &str = "metatool-map.json";

/// Arguments of `cargo xtask metatool`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The tools, a JSON object on each line: `id`, `name` and `description`.
    tools: PathBuf,
    /// The repository or folder to write `skills/tool/` into; other skills there stay as they are.
    out: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Tool {
    id: u32,
    name: String,
    description: String,
}

/// The command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { tools, out } = arguments;
    let tools = read(tools)?;
    let folder = out.join("skills/tool");
    if folder.exists() {
        bail!("`{}` is there already: remove it, or name another folder", folder.display());
    }
    for tool in &tools {
        let folder = folder.join(tool.id.to_string());
        fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        fs::write(folder.join("SKILL.md"), tool.skill())?;
    }
    let adopted = tools.iter().map(|tool| json!({"source": tool.id.to_string(), "slug": tool.slug()}));
    fs::write(out.join(MAP), json!({"adopted": adopted.collect::<Vec<_>>()}).to_string())?;
    crate::output::line(&format!(
        "wrote {} skills below `{}`\nmeasure: guildhall --repository {} eval metatool.jsonl --map {}",
        tools.len(),
        folder.display(),
        out.display(),
        out.join(MAP).display()
    ));
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Tool>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let tool = |(line, text)| {
        serde_json::from_str(text).with_context(|| format!("{}:{line}: this is no tool", file.display()))
    };
    (1..).zip(text.lines()).map(tool).collect()
}

impl Tool {
    fn slug(&self) -> String {
        format!("tool/{}", self.id)
    }

    /// Its `SKILL.md`. A JSON string is a YAML string (YAML 1.2, section 1.3).
    fn skill(&self) -> String {
        let description = json!(format!("{}: {}", self.name, self.description.trim()));
        format!(
            "---\nname: {}\nversion: 1.0.0\ndescription: {description}\ntags: []\naccess_level: public\n---\n# {}\n",
            self.slug(),
            self.name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_become_skills_with_a_map_from_their_ids() {
        let folder = tempfile::tempdir().unwrap();
        let (tools, out) = (folder.path().join("tools.jsonl"), folder.path().join("out"));
        let line = |id: u32| json!({"id": id, "name": "t", "description": "Says \"so\": often."}).to_string();
        fs::write(&tools, format!("{}\n{}\n", line(0), line(97))).unwrap();
        let arguments = Arguments { tools, out };
        run(&arguments).unwrap();
        let skill = fs::read_to_string(arguments.out.join("skills/tool/97/SKILL.md")).unwrap();
        assert!(skill.contains("\nname: tool/97\n"), "{skill}");
        assert!(skill.contains("\ndescription: \"t: Says \\\"so\\\": often.\"\n"), "{skill}");
        let map = fs::read_to_string(arguments.out.join(MAP)).unwrap();
        assert!(map.contains(r#"{"slug":"tool/97","source":"97"}"#), "{map}");
        assert!(run(&arguments).unwrap_err().to_string().contains("is there already"));
        fs::write(&arguments.tools, "{}\n").unwrap();
        fs::remove_dir_all(&arguments.out).unwrap();
        assert!(run(&arguments).unwrap_err().to_string().ends_with("tools.jsonl:1: this is no tool"));
    }
}
