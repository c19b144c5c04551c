//! Fenced blocks of code.

use super::random::Random;

const LANGUAGES: [&str; 8] = ["python", "bash", "json", "yaml", "rust", "sql", "toml", "javascript"];

/// What tells the code of one skill from that of another.
#[derive(Debug)]
pub struct Subject {
    /// A name that every language takes.
    pub name: String,
    /// A number from 1.
    pub limit: usize,
}

/// A block in a language drawn from `random`.
pub fn block(random: &mut Random, subject: &Subject) -> String {
    let language = random.pick(&LANGUAGES);
    format!("```{language}\n{}\n```\n", text(language, subject))
}

fn text(language: &str, subject: &Subject) -> String {
    match language {
        "python" => python(subject),
        "bash" => bash(subject),
        "json" => json(subject),
        "yaml" => yaml(subject),
        "rust" => rust(subject),
        "sql" => sql(subject),
        "toml" => toml(subject),
        _ => javascript(subject),
    }
}

/// A function that reads a list of records and keeps some.
pub fn python(Subject { name, limit }: &Subject) -> String {
    format!(
        "import json\nimport sys\n\n\n\
         def {name}(rows: list[dict], limit: int = {limit}) -> list[dict]:\n    \
         \"\"\"Keep the open rows, largest amount first.\"\"\"\n    \
         kept = [row for row in rows if row.get(\"status\") != \"closed\"]\n    \
         return sorted(kept, key=lambda row: -row[\"amount\"])[:limit]\n\n\n\
         json.dump({name}(json.load(sys.stdin)), sys.stdout)"
    )
}

fn bash(Subject { name, limit }: &Subject) -> String {
    format!(
        "set -euo pipefail\nexport {}_LIMIT={limit}\n\
         for file in inbox/*.json; do\n  \
         jq --argjson limit \"{limit}\" '.{name}[:$limit][] | select(.status == \"open\")' \"$file\" >> {name}.jsonl\ndone\n\
         wc -l < {name}.jsonl  # how many are left",
        name.to_uppercase()
    )
}

fn json(Subject { name, limit }: &Subject) -> String {
    format!(
        "{{\n  \"{name}\": {{\n    \"status\": \"open\",\n    \"amount\": {limit},\n    \"next\": [\"confirm\", \"close\"],\n    \
         \"final\": false,\n    \"owner\": null\n  }}\n}}"
    )
}

fn yaml(Subject { name, limit }: &Subject) -> String {
    format!(
        "{name}:\n  limit: {limit}\n  # the first queue that has room\n  queues: [first-line, second-line]\n  \
         notify:\n    - channel: \"#cases\"\n      when: late"
    )
}

fn rust(Subject { name, limit }: &Subject) -> String {
    format!(
        "/// The open cases, at most {limit}.\nfn {name}(rows: &[Row]) -> Vec<&Row> {{\n    \
         let mut open: Vec<&Row> = rows.iter().filter(|row| row.status != Status::Closed).collect();\n    \
         open.sort_by_key(|row| std::cmp::Reverse(row.amount));\n    open.truncate({limit});\n    open\n}}"
    )
}

fn sql(Subject { name, limit }: &Subject) -> String {
    format!(
        "-- what is open, and since when\nSELECT owner, count(*) AS cases, min(opened_at) AS oldest\nFROM {name}\n\
         WHERE status <> 'closed' AND amount > {limit}\nGROUP BY owner\nORDER BY oldest\nLIMIT {limit};"
    )
}

fn toml(Subject { name, limit }: &Subject) -> String {
    format!(
        "[{name}]\nlimit = {limit}\nstrict = true\nqueues = [\"first-line\", \"second-line\"] # in this order"
    )
}

fn javascript(Subject { name, limit }: &Subject) -> String {
    format!(
        "export async function {name}(fetchRows, limit = {limit}) {{\n  \
         const rows = await fetchRows(`/cases?limit=${{limit}}`);\n  \
         // The oldest first.\n  \
         return rows.filter((row) => row.status !== 'closed').sort((a, b) => a.opened - b.opened);\n}}"
    )
}
