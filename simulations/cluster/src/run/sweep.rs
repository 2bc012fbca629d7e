//! Many seeds at once, over all processors.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::sim::{Options, Outcome, simulate};
use crate::chaos::{Fault, NOT_MODELLED};

/// What came of many seeds. It does not depend on the number of threads.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// How many seeds were run.
    pub seeds: u64,
    /// How often each transition was decided, by number.
    pub transitions: [u64; 17],
    /// How often each fault happened.
    pub faults: BTreeMap<Fault, u64>,
    /// The seeds in which something was wrong, lowest first, with what.
    pub failed: Vec<(u64, String)>,
    /// Virtual time, all seeds together.
    pub lasted: Duration,
    /// The shortest of them.
    pub shortest: Duration,
    /// The least bridges that a seed had at once.
    pub least_bridges: usize,
    /// Seeds in which no fault happened.
    pub without_fault: u64,
}

/// Runs seeds, each with these options, until `stop` of them have failed.
pub fn sweep(seeds: Range<u64>, options: &Options, threads: usize, stop: usize) -> Sweep {
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Sweep {
        shortest: Duration::MAX,
        least_bridges: usize::MAX,
        ..Sweep::default()
    });
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = simulate(seed, options);
                    // A poisoned lock means that another thread has panicked, which fails all.
                    let Ok(mut total) = total.lock() else { return };
                    total.add(&outcome);
                    if total.failed.len() >= stop {
                        return;
                    }
                }
            });
        }
    });
    let mut total = total.into_inner().unwrap_or_default();
    total.failed.sort();
    total
}

impl Sweep {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        for (sum, count) in self.transitions.iter_mut().zip(outcome.transitions) {
            *sum += count;
        }
        for (fault, count) in &outcome.faults {
            *self.faults.entry(*fault).or_insert(0) += count;
        }
        if let Some(violation) = outcome.violations.first() {
            self.failed.push((outcome.seed, violation.to_string()));
        } else {
            // A run that fails ends early.
            self.shortest = self.shortest.min(outcome.lasted);
            self.least_bridges = self.least_bridges.min(outcome.bridges);
            self.without_fault += u64::from(outcome.faults.is_empty());
        }
        self.lasted += outcome.lasted;
    }

    /// The transitions that were decided fewer than `transitions` times, and the faults that happened fewer than `faults`.
    pub fn missed(&self, transitions: u64, faults: u64) -> Vec<String> {
        let few = (1..=16)
            .filter(|number| self.transitions[*number] < transitions)
            .map(|number| format!("T{number}"));
        let rare = Fault::ALL
            .iter()
            .filter(|fault| self.faults.get(fault).copied().unwrap_or(0) < faults)
            .map(|fault| format!("F{}", fault.number()));
        few.chain(rare).collect()
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |time: Duration| time.as_secs() / 60;
        writeln!(
            f,
            "{} seeds, {} virtual hours, each at least {} min with {} bridges; {} without a fault; {} failed",
            self.seeds,
            self.lasted.as_secs() / 3600,
            minutes(self.shortest.min(self.lasted)),
            self.least_bridges,
            self.without_fault,
            self.failed.len()
        )?;
        for number in 1..=16 {
            write!(f, "T{number} {}  ", self.transitions[number])?;
        }
        writeln!(f)?;
        for fault in Fault::ALL {
            let count = self.faults.get(&fault).copied().unwrap_or(0);
            writeln!(f, "F{:<3} {count:>8}  {}", fault.number(), fault.title())?;
        }
        for (number, why) in NOT_MODELLED {
            writeln!(f, "F{number:<3}        -  not modelled: {why}")?;
        }
        for (seed, what) in self.failed.iter().take(10) {
            writeln!(f, "seed {seed}: {what}")?;
        }
        Ok(())
    }
}
