//! What the days came to, as it is kept.

use laboratory::machine::Machine;
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::setup::SetUp;

/// A run of the comparison.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Results {
    /// When it began, RFC 3339 in UTC.
    pub(crate) began: String,
    /// How long it took.
    pub(crate) seconds: u64,
    /// The command line.
    pub(crate) command: String,
    /// The commit of the sources, and whether they were changed since.
    pub(crate) commit: String,
    /// On what.
    pub(crate) machine: Machine,
    /// The load average of the last minute at the end.
    pub(crate) load_after: String,
    /// How many people there were at the peak.
    pub(crate) people: u32,
    /// Each day of each set-up.
    pub(crate) days: Vec<Played>,
}

/// One day of one set-up.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Played {
    /// Which people.
    pub(crate) seed: u64,
    /// Which set-up.
    pub(crate) set_up: SetUp,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

impl Results {
    /// The set-ups that were played, in their order.
    pub(crate) fn set_ups(&self) -> Vec<SetUp> {
        let mut set_ups = Vec::new();
        for day in &self.days {
            if !set_ups.contains(&day.set_up) {
                set_ups.push(day.set_up);
            }
        }
        set_ups
    }

    /// A number of a set-up over all days.
    pub(crate) fn over(&self, set_up: SetUp, number: impl Fn(&Outcome) -> f64) -> Spread {
        let days = self.days.iter().filter(|day| day.set_up == set_up);
        Spread::of(days.map(|day| number(&day.outcome)))
    }

    /// The longest time between two looks of all days, in seconds.
    pub(crate) fn longest_gap_seconds(&self) -> f64 {
        let days = self.days.iter();
        days.map(|day| day.outcome.longest_gap_seconds)
            .fold(0.0, f64::max)
    }

    /// How many days there were.
    pub(crate) fn seeds(&self) -> usize {
        let first = self.days.first().map(|day| day.set_up);
        let days = self.days.iter();
        days.filter(|day| Some(day.set_up) == first).count()
    }
}

/// A number over several days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of these numbers; all zero where there is none.
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let numbers: Vec<f64> = numbers.collect();
        if numbers.is_empty() {
            return Self::default();
        }
        Self {
            mean: numbers.iter().sum::<f64>() / numbers.len() as f64,
            least: numbers.iter().copied().fold(f64::INFINITY, f64::min),
            most: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_mean_and_both_ends() {
        let spread = Spread::of([3.0, 1.0, 5.0].into_iter());
        let expected = Spread {
            mean: 3.0,
            least: 1.0,
            most: 5.0,
        };
        assert_eq!(spread, expected);
        assert_eq!(Spread::of(std::iter::empty()), Spread::default());
    }
}
