//! The topological order of chosen releases.

use super::index::Index;
use super::walk::Walk;

/// Depth-first order of the chosen releases below `skill`, names sorted among siblings; or the cycle that forbids it,
/// its first skill repeated at the end. The recursion is as deep as the closure has releases.
pub(super) fn order(
    index: &Index<'_>,
    chosen: &Walk<'_>,
    skill: usize,
) -> Result<Vec<(usize, usize)>, Vec<usize>> {
    let marks = vec![Mark::New; chosen.path().len()];
    let mut visit = Visit { index, chosen, marks, open: Vec::new(), ordered: Vec::new() };
    visit.below(skill)?;
    Ok(visit.ordered)
}

#[derive(Clone, Copy)]
enum Mark {
    New,
    Open,
    Done,
}

struct Visit<'a> {
    index: &'a Index<'a>,
    chosen: &'a Walk<'a>,
    /// By place on the walk.
    marks: Vec<Mark>,
    open: Vec<usize>,
    ordered: Vec<(usize, usize)>,
}

impl Visit<'_> {
    fn below(&mut self, skill: usize) -> Result<(), Vec<usize>> {
        let Some((place, version)) = self.chosen.chosen(skill) else { return Ok(()) };
        match self.mark(place, Mark::Open) {
            Mark::New => {}
            Mark::Open => {
                return Err(self
                    .open
                    .iter()
                    .skip_while(|open| **open != skill)
                    .copied()
                    .chain([skill])
                    .collect());
            }
            Mark::Done => {
                self.mark(place, Mark::Done);
                return Ok(());
            }
        }
        self.open.push(skill);
        let index = self.index;
        for need in index.needs(skill, version) {
            self.below(need.skill)?;
        }
        self.open.pop();
        self.mark(place, Mark::Done);
        self.ordered.push((skill, version));
        Ok(())
    }

    /// Marks a place and tells its mark before.
    fn mark(&mut self, place: usize, mark: Mark) -> Mark {
        self.marks.get_mut(place).map_or(Mark::Done, |before| std::mem::replace(before, mark))
    }
}
