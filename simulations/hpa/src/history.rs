//! What the controller remembers of an HPA between syncs: in memory alone, lost when it restarts.
//!
//! Both lists reuse the last entry that has become useless, as the real ones do: which one is replaced shows in what is heeded
//! when a window is made longer later.

use std::time::Duration;

use bridge::Time;

/// A size that the metrics asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Recommendation {
    pub(crate) replicas: i32,
    pub(crate) at: Time,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct History {
    pub(crate) recommendations: Vec<Recommendation>,
    pub(crate) ups: Changes,
    pub(crate) downs: Changes,
}

impl History {
    /// The size as it is found, so that a fresh controller does not scale in at once (`recordInitialRecommendation`).
    pub(crate) fn begin(&mut self, replicas: i32, now: Time) {
        if self.recommendations.is_empty() {
            self.record(replicas, now, None);
        }
    }

    /// Writes one down, in place of a useless one where there is one.
    pub(crate) fn record(&mut self, replicas: i32, at: Time, useless: Option<usize>) {
        let recommendation = Recommendation { replicas, at };
        match useless.and_then(|index| self.recommendations.get_mut(index)) {
            Some(place) => *place = recommendation,
            None => self.recommendations.push(recommendation),
        }
    }
}

/// Changes of size in one direction.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changes(Vec<Change>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Change {
    by: i32,
    at: Time,
    /// Older than every period was when it was last looked at; it stays so when periods become longer.
    outdated: bool,
}

impl Changes {
    /// How many replicas came or went since `period` before `now`; one exactly that old does not count
    /// (`getReplicasChangePerPeriod`).
    pub(crate) fn since(&self, period: Duration, now: Time) -> i32 {
        let cutoff = now - period;
        let young = self.0.iter().filter(|change| change.at > cutoff);
        young.fold(0, |sum, change| sum.wrapping_add(change.by))
    }

    /// Writes one down (`storeScaleEvent`). `longest`: the longest period of the direction's rates.
    pub(crate) fn store(&mut self, by: i32, longest: Duration, now: Time) {
        let cutoff = now - longest;
        let mut useless = None;
        for (index, change) in self.0.iter_mut().enumerate() {
            change.outdated |= change.at < cutoff;
            if change.outdated {
                useless = Some(index);
            }
        }
        let change = Change {
            by,
            at: now,
            outdated: false,
        };
        match useless {
            Some(index) => self.0[index] = change,
            None => self.0.push(change),
        }
    }
}

#[cfg(test)]
mod tests;
