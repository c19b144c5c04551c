//! Small worlds with their closures, and random ones against the oracle.

use proptest::prelude::*;

use super::oracle::Choice;
use super::*;

fn solve(world: &World, skill: &SkillId, version: &Version) -> Result<Vec<(SkillId, Version)>, Unresolvable> {
    Resolver::new(world).solve(skill, version)
}

/// Lines `skill version: spec, spec`, of a withdrawn release `skill version: (withdrawn) spec, spec`.
fn world(text: &str) -> World {
    let mut world = World::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (release, needs) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let (skill, version) = release.split_once(' ').unwrap();
        let (withdrawn, needs) =
            needs.strip_prefix("(withdrawn)").map_or((false, needs), |needs| (true, needs));
        let needs = needs.split(", ").map(str::trim).filter(|spec| !spec.is_empty());
        let needs = needs.map(|spec| spec.parse().unwrap()).collect();
        let release = Release { needs, withdrawn };
        world.entry(skill.parse().unwrap()).or_default().insert(version.parse().unwrap(), release);
    }
    world
}

fn check(text: &str, expected: &str) {
    let world = world(text);
    let (skill, version) = ("t/a".parse().unwrap(), Version::new(1, 0, 0));
    let actual = match solve(&world, &skill, &version) {
        Ok(closure) => closure.iter().map(|(id, v)| format!("{id}@{v}")).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    };
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(actual, expected.join("\n"));
}

#[test]
fn the_highest_match_wins_and_dependencies_come_first() {
    check(
        "t/a 1.0.0: t/b:1.x, t/c:*
         t/b 1.0.0: t/c:1.x
         t/b 1.4.0: t/c:1.x
         t/b 2.0.0:
         t/c 1.1.0:",
        "t/c@1.1.0 t/b@1.4.0 t/a@1.0.0",
    );
}

#[test]
fn a_lower_version_is_taken_when_the_highest_leads_nowhere() {
    check(
        "t/a 1.0.0: t/b:*, t/c:1.x
         t/b 1.0.0: t/c:1.x
         t/b 2.0.0: t/c:2.x
         t/c 1.0.0:
         t/c 2.0.0:",
        "t/c@1.0.0 t/b@1.0.0 t/a@1.0.0",
    );
}

#[test]
fn one_requirement_alone_is_said_in_one_line() {
    check("t/a 1.0.0: t/b:1.x", "`t/a` needs `t/b:1.x`, and there is no skill `t/b`");
    check(
        "t/a 1.0.0: t/b:3.x
         t/b 1.0.0:
         t/b 2.0.0:",
        "`t/a` needs `t/b:3.x`, and the versions that exist are 1.0.0, 2.0.0",
    );
    check(
        "t/a 1.0.0: t/b:1.x, t/c:*
         t/b 1.0.0: t/d:1.x
         t/b 1.1.0: t/d:2.x
         t/c 1.0.0:",
        "`t/b` needs `t/d:2.x`, and there is no skill `t/d`",
    );
    check("t/b 1.0.0:", "`t/a` needs `t/a:=1.0.0`, and there is no skill `t/a`");
}

#[test]
fn a_conflict_is_told_by_the_chain_of_requirements() {
    check(
        "t/a 1.0.0: t/c:1.x, t/b:2.x
         t/b 2.0.0: t/c:2.x
         t/c 1.0.0:
         t/c 2.0.0:",
        "`t/a` 1.0.0 needs `t/b:2.x` and `t/c:1.x`
         `t/b` 2.0.0 needs `t/c:2.x`
         no version of `t/c` satisfies both `t/a` and `t/b` (there are 1.0.0, 2.0.0)",
    );
    check(
        "t/a 1.0.0: t/b:*, t/c:*, t/e:*
         t/b 1.0.0: t/d:1.x
         t/b 1.1.0: t/d:^1.0
         t/b 2.0.0: t/x:*
         t/c 1.0.0: t/d:2.x
         t/c 1.1.0: t/d:2.x
         t/d 1.0.0:
         t/d 2.0.0:
         t/e 1.0.0:",
        "`t/a` 1.0.0 needs `t/b:*` and `t/c:*`
         `t/b` 1.0.0 needs `t/d:1.x`
         `t/b` 1.1.0 needs `t/d:^1.0`
         `t/b` 2.0.0 needs `t/x:*`
         every version of `t/c` needs `t/d:2.x`
         no version of `t/d` satisfies both `t/b` and `t/c` (there are 1.0.0, 2.0.0)
         there is no skill `t/x`",
    );
}

#[test]
fn a_conflict_with_the_release_itself_is_told() {
    check(
        "t/a 1.0.0: t/b:*
         t/a 2.0.0:
         t/b 1.0.0: t/a:2.x",
        "`t/a` 1.0.0 needs `t/b:*`
         `t/b` 1.0.0 needs `t/a:2.x`
         `t/a` is asked for at 1.0.0",
    );
    check(
        "t/a 1.0.0: t/a:2.x
         t/a 2.0.0:",
        "`t/a` 1.0.0 needs `t/a:2.x`
         `t/a` is asked for at 1.0.0",
    );
    check(
        "t/a 1.0.0: t/b:*
         t/b 1.0.0: t/b:2.x
         t/b 2.0.0: t/b:1.x",
        "`t/a` 1.0.0 needs `t/b:*`
         `t/b` 1.0.0 needs `t/b:2.x`
         `t/b` 2.0.0 needs `t/b:1.x`
         no choice of versions of `t/b` satisfies all of this",
    );
}

#[test]
fn versions_that_exclude_each_other_in_pairs_are_told() {
    check(
        "t/a 1.0.0: t/b:*, t/c:*
         t/b 1.0.0: t/c:1.x
         t/b 2.0.0: t/c:2.x
         t/c 1.0.0: t/b:2.x
         t/c 2.0.0: t/b:1.x",
        "`t/a` 1.0.0 needs `t/b:*`
         `t/b` 1.0.0 needs `t/c:1.x`
         `t/b` 2.0.0 needs `t/c:2.x`
         `t/c` 1.0.0 needs `t/b:2.x`
         `t/c` 2.0.0 needs `t/b:1.x`
         no choice of versions of `t/b` and `t/c` satisfies all of this",
    );
}

#[test]
fn a_long_explanation_leaves_out_its_middle() {
    let chain: String = (0..30).map(|n| format!("t/s{n:02} 1.0.0: t/s{:02}:*\n", n + 1)).collect();
    let all =
        format!("t/a 1.0.0: t/s00:*, t/s31:1.x\n{chain}t/s30 1.0.0: t/s31:2.x\nt/s31 1.0.0:\nt/s31 2.0.0:");
    check(
        &all,
        "`t/a` 1.0.0 needs `t/s00:*` and `t/s31:1.x`
         `t/s00` 1.0.0 needs `t/s01:*`
         `t/s01` 1.0.0 needs `t/s02:*`
         `t/s02` 1.0.0 needs `t/s03:*`
         `t/s03` 1.0.0 needs `t/s04:*`
         `t/s04` 1.0.0 needs `t/s05:*`
         … and 20 more steps
         `t/s25` 1.0.0 needs `t/s26:*`
         `t/s26` 1.0.0 needs `t/s27:*`
         `t/s27` 1.0.0 needs `t/s28:*`
         `t/s28` 1.0.0 needs `t/s29:*`
         `t/s29` 1.0.0 needs `t/s30:*`
         `t/s30` 1.0.0 needs `t/s31:2.x`
         no version of `t/s31` satisfies both `t/a` and `t/s30` (there are 1.0.0, 2.0.0)",
    );
}

#[test]
fn a_conflict_names_the_direct_dependencies_that_take_part() {
    let world = world(
        "t/a 1.0.0: t/b:*, t/c:*, t/e:*\nt/b 1.0.0: t/d:1.x\nt/c 1.0.0: t/d:2.x\nt/d 1.0.0:\nt/d 2.0.0:\nt/e 1.0.0:",
    );
    let Err(Unresolvable::Conflict { through, .. }) =
        solve(&world, &"t/a".parse().unwrap(), &Version::new(1, 0, 0))
    else {
        panic!("a conflict");
    };
    assert_eq!(through, BTreeSet::from(["t/b".parse().unwrap(), "t/c".parse().unwrap()]));
}

#[test]
fn the_choice_is_the_highest_along_the_walk_and_not_along_the_search() {
    check(
        "t/a 1.0.0: t/b:*, t/c:*
         t/b 1.0.0: t/d:*
         t/b 2.0.0: t/c:1.x, t/d:*
         t/c 1.0.0: t/d:1.x
         t/c 2.0.0:
         t/d 1.0.0:
         t/d 2.0.0:",
        "t/d@1.0.0 t/c@1.0.0 t/b@2.0.0 t/a@1.0.0",
    );
    check(
        "t/a 1.0.0: t/b:*, t/c:*
         t/b 1.0.0: t/d:*
         t/b 2.0.0: t/d:*
         t/c 1.0.0: t/e:*
         t/d 1.0.0:
         t/d 2.0.0:
         t/e 1.0.0:
         t/e 2.0.0: t/d:1.x",
        "t/d@2.0.0 t/b@2.0.0 t/e@1.0.0 t/c@1.0.0 t/a@1.0.0",
    );
}

#[test]
fn a_dense_closure_is_quick_and_a_boundless_one_is_refused() {
    let skill = |n: usize| format!("t/s{n:04}");
    let dense: String = (0..140)
        .map(|n| {
            let needs: Vec<String> = (n + 1..140).map(|m| format!("{}:*", skill(m))).collect();
            format!("{} 1.0.0: {}\n", skill(n), needs.join(", "))
        })
        .collect();
    let solved = solve(&world(&dense), &skill(0).parse().unwrap(), &Version::new(1, 0, 0)).unwrap();
    assert_eq!(solved.len(), 140);
    let long = format!("{} 1.0.0:", skill(499));
    let long: String =
        (0..499).map(|n| format!("{} 1.0.0: {}:*\n", skill(n), skill(n + 1))).collect::<String>() + &long;
    let solved = solve(&world(&long), &skill(0).parse().unwrap(), &Version::new(1, 0, 0)).unwrap();
    assert_eq!(solved.len(), 500);
    let chain: String = (0..3000).map(|n| format!("{} 1.0.0: {}:*\n", skill(n), skill(n + 1))).collect();
    let refused = solve(&world(&chain), &skill(0).parse().unwrap(), &Version::new(1, 0, 0));
    assert_eq!(refused, Err(Unresolvable::TooEntangled));
}

#[test]
fn a_withdrawn_release_is_chosen_only_where_it_is_pinned() {
    let others = "t/b 1.0.0:\nt/b 1.1.0: (withdrawn) t/c:*\nt/c 1.0.0: (withdrawn)\nt/c 0.9.0:";
    check(&format!("t/a 1.0.0: t/b:1.x\n{others}"), "t/b@1.0.0 t/a@1.0.0");
    check(&format!("t/a 1.0.0: t/b:=1.1.0\n{others}"), "t/c@0.9.0 t/b@1.1.0 t/a@1.0.0");
    check(
        &format!("t/a 1.0.0: t/b:>=1.1.0\n{others}"),
        "`t/a` needs `t/b:>=1.1.0`, and the versions that exist are 1.0.0, 1.1.0 (withdrawn)",
    );
}

#[test]
fn a_cycle_is_told_with_its_path() {
    check(
        "t/a 1.0.0: t/b:*\nt/b 1.0.0: t/c:*\nt/c 1.0.0: t/b:*",
        "the dependencies form a cycle: `t/b` → `t/c` → `t/b`",
    );
}

const VERSIONS: [&str; 7] = ["1.0.0", "1.1.0", "2.0.0", "2.1.0", "3.0.0", "2.0.0-rc.1", "1.0.0+b"];
const REQUIREMENTS: [&str; 8] =
    ["*", "1.x", "2.x", "^1.1", "=1.0.0", ">=1.1.0 <3.0.0", ">=2.0.0-rc.1", "3.x"];

/// Which skills a release needs, in which versions, and whether it was withdrawn.
type Needs = (Vec<(usize, &'static str)>, bool);

/// Skills `t/a` to `t/f`; `t/z` is needed at times and does not exist.
fn worlds() -> impl Strategy<Value = World> {
    let need = (prop_oneof![20 => 0usize..6, 1 => Just(25)], prop::sample::select(&REQUIREMENTS[..]));
    let releases = prop::collection::btree_map(
        prop::sample::select(&VERSIONS[..]),
        (prop::collection::vec(need, 0..=3), prop::bool::weighted(0.15)),
        1..=3,
    );
    prop::collection::vec(releases, 2..=6).prop_map(|skills| {
        let id = |n: usize| -> SkillId { format!("t/{}", char::from(b'a' + n as u8)).parse().unwrap() };
        let last = skills.len();
        let spec = |(skill, requirement): (usize, &str)| {
            let skill = if skill < 25 { skill % last } else { skill };
            Spec { skill: id(skill), requirement: requirement.parse().unwrap() }
        };
        let release = |(version, (needs, withdrawn)): (&str, Needs)| {
            (version.parse().unwrap(), Release { needs: needs.into_iter().map(spec).collect(), withdrawn })
        };
        let releases = skills.into_iter().map(|releases| releases.into_iter().map(release).collect());
        releases.enumerate().map(|(n, releases)| (id(n), releases)).collect()
    })
}

/// Every skill that the text names in backticks, with or without a requirement.
fn named(text: &str) -> Vec<SkillId> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.map(|quoted| quoted.split(':').next().unwrap().parse().unwrap()).collect()
}

fn agrees(world: &World, closure: &[(SkillId, Version)], expected: &Choice, root: &SkillId) {
    assert_eq!(closure.iter().cloned().collect::<Choice>(), *expected);
    assert_eq!(closure.last().map(|(skill, _)| skill), Some(root));
    for (at, (skill, version)) in closure.iter().enumerate() {
        for needs in &world[skill][version].needs {
            assert!(closure[..at].iter().any(|(before, _)| *before == needs.skill));
        }
    }
}

/// The requirements that a contradiction consists of are impossible to satisfy without any other.
fn suffices(world: &World, root: &SkillId, version: &Version) {
    let resolver = Resolver::new(world);
    let Err(Failure::Contradiction(facts)) = resolver.choose(resolver.release(root, version).unwrap()) else {
        panic!("a contradiction");
    };
    let mut core = world.clone();
    core.values_mut().flat_map(BTreeMap::values_mut).for_each(|release| release.needs.clear());
    for fact in facts {
        assert!(world[fact.by][fact.version].needs.contains(fact.needs));
        core.get_mut(fact.by).unwrap().get_mut(fact.version).unwrap().needs.push(fact.needs.clone());
    }
    assert_eq!(oracle::choice(&core, root, version), None);
}

fn explains(world: &World, root: &SkillId, version: &Version, error: &Unresolvable) {
    match error {
        Unresolvable::Missing { needs, by } => {
            assert!(!world.contains_key(&needs.skill));
            assert!(world[by].values().any(|release| release.needs.contains(needs)));
        }
        Unresolvable::NoVersion { needs, by, versions } => {
            assert!(world[&needs.skill].keys().eq(versions.keys()));
            let serves = |(version, release): (&Version, &Release)| {
                needs.requirement.chooses(version, release.withdrawn)
            };
            assert!(!world[&needs.skill].iter().any(serves));
            assert!(world[by].values().any(|release| release.needs.contains(needs)));
        }
        Unresolvable::Conflict { explanation, through } => {
            assert!(explanation.len() > 1);
            assert!(!through.is_empty());
            assert!(through.iter().all(|id| world[root][version].needs.iter().any(|spec| spec.skill == *id)));
        }
        Unresolvable::Cycle(_) | Unresolvable::TooEntangled => panic!("{error}"),
    }
    let missing: SkillId = "t/z".parse().unwrap();
    assert!(named(&error.to_string()).iter().all(|id| world.contains_key(id) || *id == missing));
}

proptest! {
    #[test]
    fn the_choice_is_that_of_the_oracle(world in worlds()) {
        let (root, releases) = world.first_key_value().unwrap();
        let version = releases.first_key_value().unwrap().0;
        let actual = solve(&world, root, version);
        match oracle::choice(&world, root, version) {
            None => {
                explains(&world, root, version, &actual.unwrap_err());
                suffices(&world, root, version);
            }
            Some(choice) if oracle::has_cycle(&world, &choice) => {
                let Err(Unresolvable::Cycle(path)) = actual else { panic!("a cycle") };
                prop_assert_eq!(path.first(), path.last());
                for pair in path.windows(2) {
                    let needs = &world[&pair[0]][&choice[&pair[0]]].needs;
                    prop_assert!(needs.iter().any(|needs| needs.skill == pair[1]));
                }
            }
            Some(choice) => agrees(&world, &actual.unwrap(), &choice, root),
        }
    }
}
