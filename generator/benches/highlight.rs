//! What highlighting the code of a skill's page costs, and what remembering it costs. Compare ratios within one run.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use generator::pages::{Highlighter, Memo, render};

const PAGES: usize = 200;

/// The three blocks of a page, in the languages that skills use most.
fn blocks(number: usize) -> [(&'static str, String); 3] {
    let python = format!(
        "import os, requests\n\n\ndef check_case_{number}(case: dict, limit: int = {number}) -> list[dict]:\n    \
         \"\"\"Return the open cases.\"\"\"\n    token = os.environ[\"CASE_{number}_TOKEN\"]\n    reply = \
         requests.get(f\"https://api.example.com/v1/cases/{number}\", headers={{\"Authorization\": token}}, timeout=9)\n    \
         return [row for row in reply.json()[\"items\"] if row.get(\"status\") == \"open\"][:limit]\n"
    );
    let shell = format!(
        "export CASE_TOKEN=$(vault read -field=token secret/{number})\ncurl -sS -H \"Authorization: $CASE_TOKEN\" \
         https://api.example.com/v1/cases/{number} | jq '.items[] | .status'\n"
    );
    let json = format!(
        "{{\n  \"skill\": \"team/skill-{number}\",\n  \"amount\": {number},\n  \"next\": [\"close\", null]\n}}\n"
    );
    [("python", python), ("bash", shell), ("json", json)]
}

fn page(number: usize) -> String {
    blocks(number)
        .map(|(language, text)| format!("## Step\n\nSome words.\n\n```{language}\n{text}```\n\n"))
        .concat()
}

fn languages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("highlight");
    for (language, text) in blocks(7) {
        group.bench_function(language, |b| {
            b.iter(|| Highlighter::shared().html(language, black_box(&text)).unwrap())
        });
    }
    group.finish();
}

fn pages(criterion: &mut Criterion) {
    let pages: Vec<String> = (0..PAGES).map(page).collect();
    let all = |memo: Option<&Memo>| pages.iter().for_each(|page| drop(black_box(render(page, memo))));
    let repository = tempfile::tempdir().unwrap();
    let memo = Memo::of(repository.path()).unwrap();
    all(Some(&memo));
    memo.keep().unwrap();
    let mut group = criterion.benchmark_group("pages");
    group.sample_size(10);
    group.bench_function("plain", |b| b.iter(|| all(None)));
    group.bench_function("cold", |b| {
        b.iter_batched(Memo::default, |memo| all(Some(&memo)), BatchSize::PerIteration)
    });
    group.bench_function("warm, with reading what was kept", |b| {
        b.iter(|| all(Some(&Memo::of(repository.path()).unwrap())));
    });
    group.finish();
}

criterion_group!(benches, languages, pages);
criterion_main!(benches);
