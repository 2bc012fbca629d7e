//! How much is measured, and for how long: for real, or only to see that it works.

use std::time::Duration;

/// Sizes, times and counts of a run.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// Numbers of bridges, ascending.
    pub(crate) sizes: Vec<usize>,
    /// The one of them with which most is measured.
    pub(crate) middle: usize,
    /// How long CPU is watched while nobody reads, with the middle size and with others.
    pub(crate) rest: [Duration; 2],
    /// How often an HPA reads.
    pub(crate) period: Duration,
    /// How many such periods ages are read for, with the middle size and with others.
    pub(crate) periods: [u32; 2],
    /// Reads for one latency, at most, and the time after which there are no more.
    pub(crate) reads: usize,
    /// The time after which there are no more reads for one latency.
    pub(crate) reading: Duration,
    /// How long four clients read without a pause.
    pub(crate) saturation: Duration,
    /// Reads that have bridges asked, with the middle size and with others.
    pub(crate) rounds: [usize; 2],
    /// Time between two of those: more than `--fresh-within`.
    pub(crate) between_rounds: Duration,
    /// Bridges that come and go.
    pub(crate) turnover: usize,
    /// Starts of the adapter.
    pub(crate) starts: usize,
    /// How long real HPAs are watched.
    pub(crate) hpas: Duration,
}

impl Pace {
    /// What the figures are made of: about a quarter of an hour.
    pub(crate) fn real() -> Self {
        Self {
            sizes: vec![100, 1_000, 10_000],
            middle: 1_000,
            rest: [Duration::from_secs(40), Duration::from_secs(15)],
            period: Duration::from_secs(15),
            periods: [5, 2],
            reads: 300,
            reading: Duration::from_secs(6),
            saturation: Duration::from_secs(8),
            rounds: [100, 15],
            between_rounds: Duration::from_millis(1_050),
            turnover: 20,
            starts: 6,
            hpas: Duration::from_secs(75),
        }
    }

    /// What shows that the benchmark works, and nothing else.
    pub(crate) fn quick() -> Self {
        Self {
            sizes: vec![6, 9],
            middle: 9,
            rest: [Duration::from_millis(500), Duration::from_millis(500)],
            period: Duration::from_millis(1_500),
            periods: [1, 1],
            reads: 5,
            reading: Duration::from_secs(2),
            saturation: Duration::from_millis(500),
            rounds: [2, 1],
            between_rounds: Duration::from_millis(1_050),
            turnover: 1,
            starts: 1,
            hpas: Duration::from_secs(4),
        }
    }

    /// With these numbers of bridges instead, and most measured with the second smallest.
    #[must_use]
    pub(crate) fn with(mut self, sizes: &[usize]) -> Self {
        let mut sizes = sizes.to_vec();
        sizes.sort_unstable();
        sizes.dedup();
        if let Some(middle) = sizes.get(1).or(sizes.first()) {
            self.middle = *middle;
            self.sizes = sizes;
        }
        self
    }

    /// The first of two for the middle size, else the second.
    pub(crate) fn of<T: Copy>(&self, two: [T; 2], bridges: usize) -> T {
        two[usize::from(bridges != self.middle)]
    }
}
