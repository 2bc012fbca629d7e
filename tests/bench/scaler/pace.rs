//! How much is measured, and for how long: for real, or only to see that it works.

use std::time::Duration;

/// Sizes, times and counts of a run.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Numbers of bridges, ascending.
    pub(super) sizes: Vec<u32>,
    /// The one of them with which most is measured.
    pub(super) middle: u32,
    /// By how many bridges the size is changed.
    pub(super) changes: Vec<u32>,
    /// How often, with the middle size and with others.
    pub(super) times: [u32; 2],
    /// How often bridges are started besides, with the middle size.
    pub(super) starts: u32,
    /// How long after the last change all is at rest.
    pub(super) calm: Duration,
    /// How long CPU is watched at rest.
    pub(super) rest: Duration,
    /// How long bridges have to acknowledge a change before the next one.
    pub(super) settled: Duration,
    /// `drain.settle` of the pool.
    pub(super) settle: &'static str,
    /// Whether bridges and controller have the pace of a test, and not production's.
    pub(super) hurried: bool,
}

impl Pace {
    /// What the figures are made of: about ten minutes.
    pub(super) fn real() -> Self {
        Self {
            sizes: vec![100, 300, 1_000, 2_000],
            middle: 1_000,
            changes: vec![1, 10, 100],
            times: [6, 2],
            starts: 2,
            calm: Duration::from_secs(10),
            rest: Duration::from_secs(40),
            settled: Duration::from_secs(4),
            settle: "5s",
            hurried: false,
        }
    }

    /// What shows that the benchmark works, and nothing else.
    pub(super) fn quick() -> Self {
        Self {
            sizes: vec![4, 8],
            middle: 8,
            changes: vec![1, 2],
            times: [1, 1],
            starts: 1,
            calm: Duration::from_secs(1),
            rest: Duration::from_secs(1),
            settled: Duration::from_millis(500),
            settle: "1s",
            hurried: true,
        }
    }

    /// The changes that a pool of this size can make at once: a quarter of its bridges may drain.
    pub(super) fn changes(&self, bridges: u32) -> impl Iterator<Item = u32> {
        self.changes
            .iter()
            .copied()
            .filter(move |change| change * 4 <= bridges)
    }

    /// How often a change is made in a pool of this size.
    pub(super) fn times(&self, bridges: u32) -> u32 {
        self.times[usize::from(bridges != self.middle)]
    }
}
