//! The same commit, former catalog and day make the same bytes, wherever and however they are built.

use std::collections::BTreeMap;
use std::fs;

use crate::bytes::twelve_releases;
use crate::scratch::{Scratch, text};

type Files = BTreeMap<String, Vec<u8>>;

/// Builds with variables of the environment set.
fn build_with(scratch: &Scratch, out: &str, more: &[&str], variables: &[(&str, &str)]) -> Files {
    let (place, key) = (scratch.at(out), scratch.at("head.json"));
    let given = ["build", "--out", &place, "--head-key", &key];
    let mut program = e2e::guildhall(scratch.repository.path(), &[&given, more].concat()).unwrap();
    let done = program.envs(variables.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    scratch.files(out)
}

fn same(one: &Files, other: &Files, why: &str) {
    let differ = |(path, bytes): &(&String, &Vec<u8>)| other.get(*path) != Some(bytes);
    let differing: Vec<&String> = one.iter().filter(differ).map(|(path, _)| path).collect();
    assert!(differing.is_empty() && one.len() == other.len(), "{why}: {differing:?}");
}

#[test]
fn the_bytes_do_not_hang_on_threads_places_time_zones_or_languages() {
    let scratch = twelve_releases();
    let one = build_with(&scratch, "one", &["--site"], &[("RAYON_NUM_THREADS", "1")]);
    assert!(one.len() > 512 + 3 * 4 * 4);
    for threads in ["2", "4"] {
        let variables = [("RAYON_NUM_THREADS", threads)];
        same(&one, &build_with(&scratch, threads, &["--site"], &variables), threads);
    }
    let variables = [("TZ", "Pacific/Kiritimati"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "C")];
    same(&one, &build_with(&scratch, "abroad/far", &["--site"], &variables), "time zone and language");
    scratch.build("one", &["--site"]);
    same(&one, &scratch.files("one"), "built again over what was there");
}

#[test]
fn the_bytes_do_not_hang_on_the_checkout() {
    let scratch = twelve_releases();
    let one = build_with(&scratch, "one", &[], &[]);
    for setting in ["core.autocrlf=true", "core.fileMode=false", "core.symlinks=false", "core.eol=crlf"] {
        let clone = scratch.cloned(&["--config", setting]);
        same(&one, &build_with(&clone, setting, &[], &[]), setting);
    }
    let clone = scratch.cloned(&["--no-checkout"]);
    same(&one, &build_with(&clone, "bare", &[], &[]), "no checkout");
    let clone = scratch.cloned(&[]);
    let shell = format!("umask 077 && git -C '{}' reset --hard --quiet", clone.repository.path().display());
    let done = std::process::Command::new("sh").args(["-c", &shell]).status().unwrap();
    assert!(done.success());
    same(&one, &build_with(&clone, "mask", &[], &[]), "umask");
}

#[test]
fn the_bytes_do_not_hang_on_the_form_of_the_object_store() {
    let scratch = twelve_releases();
    let one = build_with(&scratch, "one", &[], &[]);
    scratch.git(&["pack-refs", "--all"]);
    scratch.git(&["gc", "--quiet", "--prune=now"]);
    same(&one, &build_with(&scratch, "packed", &[], &[]), "all packed");
    let packs = scratch.repository.path().join(".git/objects/pack");
    let loose = scratch.at("packs");
    fs::create_dir(&loose).unwrap();
    let shell = format!(
        "mv '{packs}'/* '{loose}' && for pack in '{loose}'/*.pack; do git unpack-objects -q < $pack; done",
        packs = packs.display()
    );
    let done = std::process::Command::new("sh")
        .args(["-c", &shell])
        .current_dir(scratch.repository.path())
        .status()
        .unwrap();
    assert!(done.success());
    same(&one, &build_with(&scratch, "loose", &[], &[]), "all loose");
}

#[test]
fn the_bytes_do_not_hang_on_the_order_of_tags() {
    let scratch = twelve_releases();
    let one = build_with(&scratch, "one", &[], &[]);
    let tags = scratch.git(&["tag", "--list"]);
    let at: Vec<(&str, String)> =
        tags.lines().map(|tag| (tag, scratch.git(&["rev-parse", &format!("{tag}^{{commit}}")]))).collect();
    for (tag, _) in &at {
        scratch.git(&["tag", "--delete", tag]);
    }
    for (tag, commit) in at.iter().rev() {
        scratch.git(&["tag", tag, commit]);
    }
    same(&one, &build_with(&scratch, "again", &[], &[]), "tags set again the other way round");
}

#[test]
fn the_bytes_do_not_hang_on_the_depth_of_a_clone_that_reaches() {
    let scratch = twelve_releases();
    scratch.git(&["switch", "--quiet", "--detach", "HEAD~2"]);
    scratch.build("former", &[]);
    scratch.git(&["switch", "--quiet", "main"]);
    let previous = ["--previous", &scratch.at("former")];
    let full = build_with(&scratch, "full", &previous, &[]);
    for depth in ["2", "3"] {
        let clone = scratch.cloned(&["--depth", depth]);
        assert_eq!(clone.git(&["rev-parse", "--is-shallow-repository"]), "true");
        same(&full, &build_with(&clone, depth, &previous, &[]), depth);
    }
    assert_eq!(scratch.versions("full", "shared/folder"), ["1.0.0", "1.1.0", "1.2.0", "2.0.0"]);
}

#[test]
fn a_build_over_a_former_one_makes_the_objects_of_a_build_from_nothing() {
    let scratch = twelve_releases();
    scratch.git(&["switch", "--quiet", "--detach", "main~2"]);
    scratch.build("dist", &[]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.rebuild("dist");
    scratch.build("fresh", &[]);
    for id in ["shared/folder", "shared/single", "shared/tool"] {
        let [step, whole] = ["dist", "fresh"].map(|out| scratch.record(out, id));
        assert_eq!(step, whole, "{id}");
    }
    let roots = |out: &str| -> Files {
        let files = scratch.files(out).into_iter();
        files.filter(|(path, _)| !path.starts_with("roots/") && !path.starts_with("index/")).collect()
    };
    let step = roots("dist");
    for (path, bytes) in roots("fresh") {
        assert_eq!(step.get(&path), Some(&bytes), "{path}");
    }
}

#[test]
fn a_build_over_its_own_outcome_changes_nothing() {
    let scratch = twelve_releases();
    scratch.git(&["switch", "--quiet", "--detach", "main~2"]);
    scratch.build("dist", &[]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.rebuild("dist");
    let (root, before) = (scratch.root("dist"), scratch.files("dist"));
    let said = scratch.rebuild("dist");
    assert!(said.contains("0 files new") && said.contains("sequence 2"), "{said}");
    assert_eq!(scratch.root("dist"), root);
    same(&before, &scratch.files("dist"), "rebuilt");
    scratch.build("aside", &["--previous", &scratch.at("dist")]);
    assert_eq!(scratch.root("aside"), root);
}

#[test]
fn what_earlier_builds_left_changes_nothing() {
    let scratch = Scratch::new();
    let config = fs::read_to_string(scratch.repository.path().join("guildhall.yaml")).unwrap();
    let write = |path: &str, text: &str| scratch.repository.write(path, text).unwrap();
    let skill = |version: &str, level: &str| {
        let text = text("support/facts", version, "").replace("access_level: public", level);
        write("skills/support/facts.md", &text);
    };
    let overlay = "- {versions: '*', state: deprecated, since: 2020-01-01, reason: too slow}\n";
    let steps: [&dyn Fn(); 8] = [
        &|| skill("1.0.0", "access_level: public"),
        &|| {
            write(
                "skills/shared/caller.md",
                &text("shared/caller", "1.0.0", "depends_on: ['support/facts:1.x']\n"),
            )
        },
        &|| skill("1.1.0", "access_level: public"),
        &|| write("skills/_status/shared/caller.yaml", overlay),
        &|| write("guildhall.yaml", &config.replace("organisation: X", "organisation: Y")),
        &|| skill("1.2.0", "access_level: team"),
        &|| skill("1.3.0", "access_level: public"),
        &|| fs::remove_file(scratch.repository.path().join("skills/support/facts.md")).unwrap(),
    ];
    for (number, step) in steps.iter().enumerate() {
        step();
        scratch.commit("go on");
        let fresh = scratch.cloned(&[]);
        let previous = ["--previous", &scratch.at("dist")];
        let out = format!("fresh-{number}");
        fresh.build(&out, &previous);
        scratch.rebuild("dist");
        assert_eq!(scratch.root("dist"), fresh.root(&out), "step {number}");
        for out in ["dist", &out] {
            let (place, key) = (scratch.at(out), scratch.at("head.json"));
            scratch.repository.must(&["verify", &place, "--head-key", &key]).unwrap();
        }
    }
}
