//! What checking 1,000 generated skills costs, phase by phase. Compare ratios within one run.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use generator::library;
use generator::lint;
use generator::source::Snapshot;
use registry_core::digest::FileMode;
use registry_core::manifest::{SkillSource, SourceFile, discover};

const SKILLS: usize = 1_000;

/// A skill of about 3.5 kB that needs up to two of those before it.
fn skill(number: usize) -> String {
    let needs: Vec<String> = (1..=number % 3)
        .filter_map(|step| number.checked_sub(step * 7))
        .map(|n| format!("team-{}/skill-{n}:1.x", n % 15))
        .collect();
    let paragraph =
        "The result names the owner, the reviewer and the record, with one sentence for each of them. ";
    let section = format!(
        "## When to use it\n\n{}\n\n- **Urgent case**: confirm `amount` and close [the case](https://x.example).\n\n| field | type |\n|---|---|\n| amount | number |\n\n",
        paragraph.repeat(4)
    );
    format!(
        "---\nname: skill-{number}\nversion: 1.{}.0\ndescription: Explains late case {number} for one team, compares the checklist, annotates the limit and hands over to finance.\n\
         tags: [case, checklist, limit]\naccess_level: public\nowners:\n  - \"@team-{}\"\ndepends_on: [{}]\n---\n\n# Skill {number}\n\n{}",
        number % 9,
        number % 15,
        needs.join(", "),
        section.repeat(6),
    )
}

fn snapshot() -> Snapshot {
    let files = (0..SKILLS)
        .map(|number| {
            let file = SourceFile { mode: FileMode::Plain, bytes: skill(number).into_bytes() };
            (format!("skills/team-{}/skill-{number}.md", number % 15), file)
        })
        .collect();
    Snapshot { commit: None, files, config: None, diagnostics: Vec::new() }
}

fn files() -> BTreeMap<String, SourceFile> {
    snapshot().files
}

fn phases(criterion: &mut Criterion) {
    let (sources, _) = discover(files());
    let manifests: Vec<_> = sources.iter().map(|source| source.read().0.unwrap()).collect();
    let each = |work: &dyn Fn(&SkillSource)| sources.iter().for_each(work);
    let mut group = criterion.benchmark_group("check");
    group.sample_size(20);
    group.bench_function("digest", |b| {
        b.iter(|| {
            each(&|source| {
                black_box(source.digest());
            })
        })
    });
    group.bench_function("read", |b| b.iter(|| each(&|source| drop(black_box(source.read())))));
    group.bench_function("lint", |b| {
        b.iter(|| sources.iter().zip(&manifests).for_each(|(s, m)| drop(black_box(lint::check(s, Some(m))))));
    });
    group.bench_function("tokens", |b| {
        b.iter(|| {
            manifests.iter().for_each(|m| {
                black_box(lint::tokens(m));
            })
        })
    });
    group.bench_function("all", |b| {
        b.iter_with_setup(snapshot, |snapshot| black_box(library::check(snapshot)))
    });
    group.finish();
}

criterion_group!(benches, phases);
criterion_main!(benches);
