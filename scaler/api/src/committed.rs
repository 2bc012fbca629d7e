//! Committed stress: the stress of a pool with the load of the bridges that drain, which is what an HPA must see.
//!
//! A bridge that drains takes its people out of every average over the bridges that serve. An HPA that follows such an average
//! takes bridges away until too few are left, at constant load (docs/cascade.md). So their stress is counted where the bridges
//! are: in the pool's total, or as a share of each bridge that the HPA sees.

use bridge::Time;
use bridge::totals::{Part, Parts, Shortfall};

use crate::labels::{COUNTED, PROTECTED};

#[cfg(test)]
mod tests;

/// How a bridge's pod stands in its pool, by its labels alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The HPA sees it.
    Counted,
    /// The HPA does not see it, and people may be on it: it drains, or replaces one that is to go.
    Apart,
    /// Proven empty: it waits as a spare, or is about to be removed. What its bridge says is the noise of an idle machine.
    Empty,
}

impl Standing {
    /// How a pod stands whose labels this function looks up.
    ///
    /// What cannot be understood was written by nobody who had proven anything: people may be there.
    pub fn of<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Self {
        match (
            COUNTED.understand(label(COUNTED.name())),
            PROTECTED.understand(label(PROTECTED.name())),
        ) {
            (Ok(Some(true)), _) => Self::Counted,
            (Ok(_), Ok(None | Some(false))) => Self::Empty,
            _ => Self::Apart,
        }
    }
}

/// What is known of the stress of a pool's bridges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    counted: Parts,
    apart: Parts,
    all: Parts,
    empty: usize,
}

impl Committed {
    /// One bridge more.
    pub fn push(&mut self, standing: Standing, stress: Part) {
        match standing {
            Standing::Counted => self.counted.push(stress),
            Standing::Apart => self.apart.push(stress),
            Standing::Empty => {
                self.empty += 1;
                return;
            }
        }
        self.all.push(stress);
    }

    /// The stress of all bridges on which people may be, to be divided by those that are counted.
    ///
    /// A bridge that boots adds nothing: it is counted, so AverageValue holds. A pool whose bridges are all proven empty has none.
    ///
    /// # Errors
    /// When less than this part of the known bridges say their stress, or none ever has.
    pub fn total(&self, min_coverage: f64) -> Result<f64, Shortfall> {
        if self.all.bridges() == 0 && self.empty > 0 {
            return Ok(0.0);
        }
        self.all.check(min_coverage)?;
        Ok(self.all.total())
    }

    /// What each counted bridge that says its stress has besides its own: its share of the others' stress.
    ///
    /// Only those share it that say theirs, so that what the HPA adds up is all there is. Of the counted ones that do not, the HPA
    /// has an opinion of its own.
    ///
    /// # Errors
    /// As [`Committed::total`].
    pub fn share(&self, min_coverage: f64) -> Result<f64, Shortfall> {
        self.all.check(min_coverage)?;
        let others = self.apart.total_by(self.all.mean());
        let sharing = self.counted.answering();
        Ok(if sharing == 0 {
            0.0
        } else {
            others / sharing as f64
        })
    }

    /// When the oldest answer arrived of which the total is made.
    pub const fn oldest(&self) -> Option<Time> {
        self.all.oldest()
    }

    /// When the oldest answer arrived of which the shares are made.
    pub const fn oldest_apart(&self) -> Option<Time> {
        self.apart.oldest()
    }
}

impl FromIterator<(Standing, Part)> for Committed {
    fn from_iter<T: IntoIterator<Item = (Standing, Part)>>(bridges: T) -> Self {
        let mut all = Self::default();
        for (standing, stress) in bridges {
            all.push(standing, stress);
        }
        all
    }
}
