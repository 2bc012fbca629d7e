//! What many bridges come to together, and when nobody can say.
//!
//! An HPA that is told less than there is takes bridges away from people. So a bridge that falls silent is not an idle one, one
//! that boots is not a silent one, and a total of too few bridges is none.

use std::time::Duration;

use crate::Time;

#[cfg(test)]
mod tests;

/// How long a bridge's stress means nothing after its start: its first value is a placeholder, and the one after it may be
/// inflated by the start itself. As shipped.
pub const STRESS_UNKNOWN_FOR: Duration = Duration::from_secs(20);

/// How old a value may be to be told as what a bridge says now. As shipped.
pub const MAX_AGE: Duration = Duration::from_secs(30);

/// How long a bridge that fell silent keeps its last value. As shipped.
pub const HOLD_LAST: Duration = Duration::from_mins(5);

/// The part of the known bridges that must say their value for a total to be told. As shipped.
pub const MIN_COVERAGE: f64 = 0.5;

/// What is known of one bridge's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The bridge says it.
    Said {
        /// The value.
        value: f64,
        /// When the bridge's answer arrived.
        at: Time,
    },
    /// The bridge said it not long ago, and has fallen silent.
    Held(f64),
    /// The bridge has been silent for too long, or was known to somebody before and has not answered since.
    Unknown,
    /// The bridge has never said it since its start: it adds nothing yet.
    Booting,
}

impl Part {
    /// What a bridge's last value and its age make of it, where a value is held for so long; `told` says whether the last value is
    /// what the bridge says now.
    pub fn of(last: Option<(f64, Time)>, told: bool, hold_last: Duration, now: Time) -> Self {
        match last {
            None => Self::Booting,
            Some((value, at)) if told => Self::Said { value, at },
            Some((value, at)) if now.since(at) <= hold_last => Self::Held(value),
            Some(_) => Self::Unknown,
        }
    }
}

/// Why nobody can say what bridges come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shortfall {
    /// There is no bridge.
    Nobody,
    /// None of the bridges has ever said the value.
    Unknown {
        /// How many bridges there are.
        bridges: usize,
    },
    /// Too few of the bridges that are known still say it.
    Coverage {
        /// How many say it.
        answering: usize,
        /// How many said it since their start and still run.
        known: usize,
    },
}

/// What is known of the values of many bridges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    bridges: usize,
    answering: usize,
    /// What is said, and what is held.
    values: Vec<f64>,
    unknown: usize,
    oldest: Option<Time>,
}

impl Parts {
    /// One bridge more.
    pub fn push(&mut self, part: Part) {
        self.bridges += 1;
        match part {
            Part::Said { value, at } => {
                self.answering += 1;
                self.values.push(value);
                self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
            }
            Part::Held(value) => self.values.push(value),
            Part::Unknown => self.unknown += 1,
            Part::Booting => {}
        }
    }

    /// How many bridges there are.
    pub const fn bridges(&self) -> usize {
        self.bridges
    }

    /// How many of them say their value.
    pub const fn answering(&self) -> usize {
        self.answering
    }

    /// When the oldest of the answers arrived; what is held has no time of its own.
    pub const fn oldest(&self) -> Option<Time> {
        self.oldest
    }

    /// Whether enough is known for anything to be said of all of them.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, min_coverage: f64) -> Result<(), Shortfall> {
        let (bridges, answering) = (self.bridges, self.answering);
        let known = self.values.len() + self.unknown;
        if bridges == 0 {
            return Err(Shortfall::Nobody);
        }
        if known == 0 {
            return Err(Shortfall::Unknown { bridges });
        }
        if answering == 0 || (answering as f64) < min_coverage * known as f64 {
            return Err(Shortfall::Coverage { answering, known });
        }
        Ok(())
    }

    /// The sum; each bridge of which nothing is known counts as the mean of the others.
    pub fn total(&self) -> f64 {
        self.total_by(self.mean())
    }

    /// The sum, with this for each bridge of which nothing is known.
    pub fn total_by(&self, mean: f64) -> f64 {
        let sum: f64 = self.values.iter().sum();
        mean.mul_add(self.unknown as f64, sum)
    }

    /// The mean of what is known; 0 where nothing is.
    pub fn mean(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The largest of what is known; 0 where nothing is.
    pub fn max(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// The smallest of what is known that at least nine tenths do not exceed (nearest rank); 0 where nothing is.
    pub fn p90(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_unstable_by(f64::total_cmp);
        let rank = (values.len() * 9).div_ceil(10);
        values
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.push(part);
        }
        all
    }
}
