//! Cases, and laws over random histories.

use proptest::prelude::*;
use registry_core::policy::Audience;

use super::*;
use crate::releases::made;

/// The content that a letter stands for, under a version.
fn content(version: &str, letter: &str) -> Content {
    let digest = Digest::of(format!("{version} {letter}").as_bytes());
    Content { version: version.parse().unwrap(), digest }
}

fn released(commit: &str, tag: Option<&str>) -> Released {
    Released { commit: commit.to_owned(), time: 0, tag: tag.map(str::to_owned) }
}

fn record(releases: &BTreeMap<Version, Choice>) -> SkillRecord {
    let release = |(version, choice): (&Version, &Choice)| {
        (version.clone(), made::release(choice.digest, choice.released.clone()))
    };
    SkillRecord {
        audience: Audience::Public,
        removed: false,
        releases: releases.iter().map(release).collect(),
        files: BTreeMap::new(),
    }
}

/// All that a case says of a skill, in lines: `head VERSION LETTER`, `was VERSION LETTER COMMIT [TAG]` of the former
/// catalog, `state VERSION LETTER COMMIT` of the branch, `tag NAME VERSION PLACE COMMIT [VERSION LETTER]`, `names NAME…`.
#[derive(Default)]
struct Facts {
    head: Option<Content>,
    former: Option<BTreeMap<Version, Choice>>,
    states: Vec<(Content, Released)>,
    tags: Vec<Tagged>,
    names: Option<BTreeSet<String>>,
}

impl Facts {
    fn parse(case: &str) -> Self {
        let mut facts = Self::default();
        for line in case.lines().map(str::trim) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["head", version, letter] => facts.head = Some(content(version, letter)),
                ["was", version, letter, commit, tag @ ..] => {
                    let Content { version, digest } = content(version, letter);
                    let choice = Choice { digest, released: Some(released(commit, tag.first().copied())) };
                    facts.former.get_or_insert_default().insert(version, choice);
                }
                ["state", version, letter, commit] => {
                    facts.states.push((content(version, letter), released(commit, None)));
                }
                ["tag", name, version, place, commit, holds @ ..] => facts.tags.push(Tagged {
                    version: version.parse().unwrap(),
                    at: released(commit, Some(name)),
                    place: match *place {
                        "new" => Place::New,
                        "old" => Place::Old,
                        "elsewhere" => Place::Elsewhere,
                        "unknown" => Place::Unknown,
                        other => panic!("{other}"),
                    },
                    content: holds.first().map(|version| content(version, holds[1])),
                }),
                ["names", names @ ..] => {
                    facts.names = Some(names.iter().map(|name| (*name).to_owned()).collect());
                }
                other => panic!("{other:?}"),
            }
        }
        facts
    }

    fn decide(&self) -> Decision {
        let head = self.head.as_ref().unwrap();
        decide(&Evidence {
            head: &made::skill(&head.version, head.digest),
            committed: true,
            former: self.former.as_ref().map(record).as_ref(),
            states: self.states.iter().map(|(content, at)| (content.clone(), at)).collect(),
            tags: self.tags.clone(),
            tag_names: self.names.as_ref(),
        })
    }
}

/// What a case comes to: `VERSION LETTER COMMIT [TAG]` of each release, and the codes of the findings.
fn decided(case: &str) -> (Vec<String>, Vec<&'static str>) {
    let decision = Facts::parse(case).decide();
    let letter = |version: &Version, digest: Digest| {
        let letters = ["a", "b", "c", "d"].into_iter();
        letters.clone().find(|letter| content(&version.to_string(), letter).digest == digest).unwrap_or("?")
    };
    let line = |(version, choice): (&Version, &Choice)| {
        let at = choice.released.as_ref();
        let tag = at.and_then(|at| at.tag.as_ref()).map(|tag| format!(" {tag}")).unwrap_or_default();
        let commit = at.map_or("-", |at| &at.commit);
        format!("{version} {} {commit}{tag}", letter(version, choice.digest))
    };
    let codes = decision.findings.iter().map(|found| found.rule.code());
    (decision.releases.iter().map(line).collect(), codes.collect())
}

#[test]
fn each_case_has_its_verdict() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("head 1.0.0 a", &["1.0.0 a -"], &[]),
        ("head 1.0.0 a\nstate 1.0.0 a c1", &["1.0.0 a c1"], &[]),
        ("head 1.1.0 a\nstate 1.0.0 a c1\nstate 1.1.0 a c2", &["1.0.0 a c1", "1.1.0 a c2"], &[]),
        // Changed in place, and by whom it is found.
        ("head 1.0.0 b\nstate 1.0.0 a c1\nstate 1.0.0 b c2", &["1.0.0 a c1"], &["GH0302"]),
        ("head 1.0.0 b\nwas 1.0.0 a c1\nstate 1.0.0 b c2", &["1.0.0 a c1"], &["GH0302"]),
        ("head 1.0.0 b\nwas 1.0.0 a c1", &["1.0.0 a c1"], &["GH0302"]),
        (
            "head 1.1.0 a\nstate 1.0.0 a c1\nstate 1.0.0 b c2\nstate 1.0.0 c c3\nstate 1.1.0 a c4",
            &["1.0.0 a c1", "1.1.0 a c4"],
            &["GH0304"],
        ),
        (
            "head 1.1.0 a\nwas 1.0.0 a c1 t\nstate 1.0.0 b c2\nstate 1.1.0 a c3",
            &["1.0.0 a c1 t", "1.1.0 a c3"],
            &[],
        ),
        // A tag chooses, and settles what is meant.
        (
            "head 1.1.0 a\ntag t 1.0.0 new c2 1.0.0 b\nstate 1.0.0 a c1\nstate 1.0.0 b c2\nstate 1.1.0 a c3",
            &["1.0.0 b c2 t", "1.1.0 a c3"],
            &[],
        ),
        (
            "head 1.1.0 a\ntag t 1.0.0 new c1 1.0.0 a\nstate 1.0.0 a c1\nstate 1.0.0 b c2\nstate 1.1.0 a c3",
            &["1.0.0 a c1 t", "1.1.0 a c3"],
            &[],
        ),
        ("head 1.0.0 b\ntag t 1.0.0 new c1 1.0.0 a\nstate 1.0.0 b c2", &["1.0.0 a c1 t"], &["GH0302"]),
        // Tags that moved.
        (
            "head 1.1.0 a\nwas 1.0.0 a c1 t\nwas 1.1.0 a c2\ntag t 1.0.0 new c3 1.0.0 b",
            &["1.0.0 a c1 t", "1.1.0 a c2"],
            &["GH0303"],
        ),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\ntag t 1.0.0 elsewhere c3 1.0.0 b", &["1.0.0 a c1 t"], &["GH0303"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\ntag t 1.0.0 old c0", &["1.0.0 a c1 t"], &["GH0303"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\ntag t 1.0.0 new c3 1.1.0 a", &["1.0.0 a c1 t"], &["GH0303"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\ntag t 1.0.0 new c3 1.0.0 a", &["1.0.0 a c1 t"], &[]),
        // Found without a tag, and later read by another program: the tag was set since.
        (
            "head 1.1.0 a\nwas 1.0.0 a c1\nwas 1.1.0 a c2\ntag t 1.0.0 old c1",
            &["1.0.0 a c1", "1.1.0 a c2"],
            &[],
        ),
        // Tags that make no release.
        ("head 1.0.0 a\nstate 1.0.0 a c1\ntag t 1.1.0 elsewhere c2 1.1.0 a", &["1.0.0 a c1"], &["GH0306"]),
        ("head 1.0.0 a\nstate 1.0.0 a c1\ntag t 1.1.0 new c1 1.0.0 a", &["1.0.0 a c1"], &["GH0306"]),
        ("head 1.0.0 a\nstate 1.0.0 a c1\ntag t 0.1.0 new c0", &["1.0.0 a c1"], &["GH0306"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1\ntag t 0.1.0 old c0 0.1.0 a", &["1.0.0 a c1"], &["GH0306"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1\ntag t 0.1.0 unknown c0", &["1.0.0 a c1"], &[]),
        // Tags that are gone, and those that a shallow clone lacks.
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\nnames u", &["1.0.0 a c1 t"], &["GH0307"]),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t\nnames t", &["1.0.0 a c1 t"], &[]),
        ("head 1.0.0 a\nwas 1.0.0 a c1 t", &["1.0.0 a c1 t"], &[]),
        // Versions that go back.
        ("head 1.0.0 a\nwas 2.0.0 a c1\nstate 1.0.0 a c2", &["1.0.0 a c2", "2.0.0 a c1"], &["GH0305"]),
        ("head 1.0.0-rc.1 a\nwas 2.0.0 a c1\nstate 1.0.0-rc.1 a c2", &["1.0.0-rc.1 a c2", "2.0.0 a c1"], &[]),
        ("head 1.0.0 a\nwas 2.0.0-rc.1 a c1\nstate 1.0.0 a c2", &["1.0.0 a c2", "2.0.0-rc.1 a c1"], &[]),
    ];
    for (case, releases, codes) in cases {
        let (found, said) = decided(case);
        assert_eq!(found, *releases, "{case}");
        assert_eq!(said, *codes, "{case}");
    }
}

const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"];
const LETTERS: [&str; 3] = ["a", "b", "c"];

fn any_content() -> impl Strategy<Value = Content> {
    (prop::sample::select(VERSIONS.as_slice()), prop::sample::select(LETTERS.as_slice()))
        .prop_map(|(version, letter)| content(version, letter))
}

/// A branch, commit by commit, and its tags: each with the version that it names, and the number of its commit, or what
/// a commit off the branch holds.
#[derive(Debug, Clone)]
struct Branch {
    commits: Vec<Content>,
    tags: Vec<(Version, Result<usize, Content>)>,
}

fn any_branch() -> impl Strategy<Value = Branch> {
    let version = prop::sample::select(VERSIONS.as_slice()).prop_map(|version| version.parse().unwrap());
    let tag = (version, any::<prop::sample::Index>(), prop::option::weighted(0.2, any_content()));
    (prop::collection::vec(any_content(), 1..9), prop::collection::vec(tag, 0..5)).prop_map(
        |(commits, tags)| {
            let tags = tags
                .into_iter()
                .map(|(version, at, off)| (version, off.map_or_else(|| Ok(at.index(commits.len())), Err)));
            Branch { tags: tags.collect(), commits }
        },
    )
}

/// The same where every version has one content, and every tag on the branch the version of its commit.
fn any_sound_branch() -> impl Strategy<Value = Branch> {
    any_branch().prop_map(|mut branch| {
        for commit in &mut branch.commits {
            *commit = content(&commit.version.to_string(), "a");
        }
        for (version, at) in &mut branch.tags {
            if let Ok(commit) = at {
                *version = branch.commits[*commit].version.clone();
            }
        }
        branch
    })
}

impl Branch {
    /// What is seen of it at a commit, if the former catalog was built at the commit before `from`.
    fn seen(&self, from: usize, at: usize, former: Option<BTreeMap<Version, Choice>>) -> Facts {
        let name = |number: usize| format!("c{number}");
        let changed = |number: &usize| *number == 0 || self.commits[*number] != self.commits[*number - 1];
        let states = (from..=at).filter(changed);
        let tags = self.tags.iter().enumerate().filter_map(|(number, (version, place))| {
            let tag = format!("t{number}");
            let (place, commit, content) = match place {
                Ok(commit) if *commit > at => return None,
                Ok(commit) => {
                    let place = if *commit < from { Place::Old } else { Place::New };
                    (place, name(*commit), self.commits[*commit].clone())
                }
                Err(content) => (Place::Elsewhere, format!("off{number}"), content.clone()),
            };
            let at = released(&commit, Some(&tag));
            Some(Tagged { version: version.clone(), at, place, content: Some(content) })
        });
        Facts {
            head: Some(self.commits[at].clone()),
            former,
            states: states
                .map(|number| (self.commits[number].clone(), released(&name(number), None)))
                .collect(),
            tags: tags.collect(),
            names: None,
        }
    }

    fn last(&self) -> usize {
        self.commits.len() - 1
    }
}

fn digests(releases: &BTreeMap<Version, Choice>) -> BTreeMap<&Version, Digest> {
    releases.iter().map(|(version, choice)| (version, choice.digest)).collect()
}

fn errors(decision: &Decision) -> usize {
    decision.findings.iter().filter(|found| found.is_error()).count()
}

proptest! {
    #[test]
    fn a_release_is_a_content_of_its_version_that_the_branch_has_had(branch in any_branch()) {
        let decision = branch.seen(0, branch.last(), None).decide();
        for (version, choice) in &decision.releases {
            let on_branch = |commit: &&Content| commit.version == *version && commit.digest == choice.digest;
            prop_assert!(branch.commits.iter().any(|commit| on_branch(&commit)), "{version}");
        }
        for commit in &branch.commits {
            prop_assert!(decision.releases.contains_key(&commit.version));
        }
        let head = &branch.commits[branch.last()];
        let settled = decision.releases[&head.version].digest == head.digest;
        prop_assert!(settled || errors(&decision) > 0, "a head that is no release is an error");
    }

    #[test]
    fn what_was_published_never_changes(branch in any_branch(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(branch.commits.len());
        let former = branch.seen(0, cut, None).decide().releases;
        for from in [0, cut + 1] {
            if from > branch.last() {
                continue;
            }
            let next = branch.seen(from, branch.last(), Some(former.clone())).decide().releases;
            for (version, choice) in &former {
                prop_assert_eq!(next.get(version), Some(choice));
            }
        }
    }

    #[test]
    fn building_at_every_commit_comes_to_the_same_as_building_at_the_last(branch in any_sound_branch()) {
        let once = branch.seen(0, branch.last(), None).decide();
        let mut former = None;
        for at in 0..=branch.last() {
            let step = branch.seen(at, at, former.take()).decide();
            let moved_only = step.findings.iter().filter(|found| found.is_error());
            prop_assert!(moved_only.clone().all(|found| found.rule == Rule::MovedTag));
            former = Some(step.releases);
        }
        let stepwise = former.unwrap_or_default();
        prop_assert_eq!(digests(&stepwise), digests(&once.releases));
    }

    #[test]
    fn deciding_again_over_the_outcome_finds_the_same(branch in any_branch()) {
        let once = branch.seen(0, branch.last(), None).decide();
        prop_assume!(errors(&once) == 0);
        let again = branch.seen(branch.last() + 1, branch.last(), Some(once.releases.clone())).decide();
        prop_assert_eq!(again.releases, once.releases);
    }
}
