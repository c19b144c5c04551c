//! Skill number N: its name, who may use it, what it needs. All of it hangs on the number and the count of teams alone.

use std::collections::BTreeSet;

use super::random::Random;
use super::words::{QUALIFIERS, ROLES, TEAMS, Team};

/// Who may use a skill, within its team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Everybody.
    Public,
    /// The team.
    Team,
    /// Two roles of the team.
    Agents,
    /// One of the two.
    Leads,
    /// Members of the team, elevated.
    Sensitive,
}

impl Level {
    fn draw(random: &mut Random) -> Self {
        match random.below(20) {
            0..=13 => Self::Public,
            14..=16 => Self::Team,
            17 => Self::Agents,
            18 => Self::Leads,
            _ => Self::Sensitive,
        }
    }

    /// Whether all who may use a skill of this level may use one of the other level in the same team.
    fn is_within(self, wider: Self) -> bool {
        match wider {
            Self::Public => true,
            Self::Team => self != Self::Public,
            Self::Agents => matches!(self, Self::Agents | Self::Leads),
            Self::Leads | Self::Sensitive => self == wider,
        }
    }
}

/// What stands in a skill's place in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One file.
    File,
    /// A folder with a script and a reference.
    Folder,
    /// The same, and the script runs in the sandbox.
    Runnable,
}

/// A skill of no version yet.
#[derive(Debug)]
pub struct Skill {
    /// Counted from 0.
    pub number: usize,
    /// The team that it belongs to.
    pub team: &'static Team,
    /// Its name within the team.
    pub name: String,
    /// What it is about, as in `credit note`.
    pub thing: &'static str,
    /// What it does, as in `Resolves`.
    pub does: &'static str,
    /// Who may use it.
    pub level: Level,
    /// How it lies in the repository.
    pub form: Form,
    /// `team/name` of other skills, all of lower numbers.
    pub needs: BTreeSet<String>,
}

impl Skill {
    /// Skill `number` where so many teams share the skills.
    pub fn of(number: usize, teams: usize) -> Self {
        let Named { team, name, thing, does } = Named::of(number, teams);
        let mut random = Random::of([number, 2]);
        let form = match random.below(16) {
            0 => Form::Runnable,
            1 => Form::Folder,
            _ => Form::File,
        };
        let level = level(number, teams);
        Self { number, team, name, thing, does, level, form, needs: needs(number, teams, &mut random) }
    }

    /// `team/name`.
    pub fn slug(&self) -> String {
        format!("{}/{}", self.team.name, self.name)
    }
}

struct Named {
    team: &'static Team,
    name: String,
    thing: &'static str,
    does: &'static str,
}

impl Named {
    /// Every thing of a team with every role and qualifier, then the same with numbers. The role moves on with the
    /// thing, so that few skills do not all have the same one.
    fn of(number: usize, teams: usize) -> Self {
        let team = TEAMS.get(number % teams).unwrap_or(&TEAMS[0]);
        let rank = number / teams;
        let (at, rest) = (rank % team.things.len(), rank / team.things.len());
        let (role, rest) = ((rest + at) % ROLES.len(), rest / ROLES.len());
        let (qualifier, round) = (rest % QUALIFIERS.len(), rest / QUALIFIERS.len());
        let thing = team.things.get(at).copied().unwrap_or_default();
        let (role, does) = ROLES.get(role).copied().unwrap_or_default();
        let qualifier = QUALIFIERS.get(qualifier).copied().unwrap_or_default();
        let round = if round == 0 { String::new() } else { (round + 1).to_string() };
        let words = [qualifier, &thing.replace(' ', "-"), role, &round];
        let name = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        Self { team, name, thing, does }
    }
}

/// What everybody builds on is open to everybody.
fn level(number: usize, teams: usize) -> Level {
    if number.is_multiple_of(teams) { Level::Public } else { Level::draw(&mut Random::of([number, 1])) }
}

/// Up to three earlier skills of the team or of the first team, those that are older more often.
fn needs(number: usize, teams: usize, random: &mut Random) -> BTreeSet<String> {
    let (rank, team) = (number / teams, number % teams);
    let wanted = random.below(6).saturating_sub(2);
    let mut needs = BTreeSet::new();
    for _ in 0..wanted {
        let from = if random.percent(50) { 0 } else { team };
        let below = random.below(rank + 1);
        let other = random.below(below + 1) * teams + from;
        if other < number && level(number, teams).is_within(level(other, teams)) {
            let other = Named::of(other, teams);
            needs.insert(format!("{}/{}", other.team.name, other.name));
        }
    }
    needs
}
