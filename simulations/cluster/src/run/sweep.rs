//! Many seeds at once, over all processors.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scaler_policy::{Transition, Way, life};

use super::sim::{Options, Outcome, simulate};
use crate::chaos::{Fault, Interlude, NOT_MODELLED};
use crate::oracle::{Rule, Violation};

/// What came of many seeds. It does not depend on the number of threads.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sweep {
    /// How many seeds were run.
    pub seeds: u64,
    /// How often each transition was decided, by the states between which it took a bridge.
    pub ways: BTreeMap<Way, u64>,
    /// How often each transition was decided while the pool was paused.
    pub while_paused: BTreeMap<Transition, u64>,
    /// How often each interlude began.
    pub interludes: BTreeMap<Interlude, u64>,
    /// How often each fault happened.
    pub faults: BTreeMap<Fault, u64>,
    /// The seeds in which something was wrong, lowest first, with what.
    pub failed: Vec<(u64, Violation)>,
    /// Virtual time, all seeds together.
    pub lasted: Duration,
    /// The shortest of them.
    pub shortest: Duration,
    /// The least bridges that a seed had at once.
    pub least_bridges: usize,
    /// Seeds in which no fault found its situation, and a controller crashed at the end instead.
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
    total.failed.sort_by_key(|(seed, _)| *seed);
    total
}

impl Sweep {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        for (way, count) in &outcome.ways {
            *self.ways.entry(*way).or_insert(0) += count;
        }
        for (transition, count) in &outcome.while_paused {
            *self.while_paused.entry(*transition).or_insert(0) += count;
        }
        for (interlude, count) in &outcome.interludes {
            *self.interludes.entry(*interlude).or_insert(0) += count;
        }
        for (fault, count) in &outcome.faults {
            *self.faults.entry(*fault).or_insert(0) += count;
        }
        if let Some(violation) = outcome.violations.first() {
            self.failed.push((outcome.seed, violation.clone()));
        } else {
            // A run that fails ends early.
            self.shortest = self.shortest.min(outcome.lasted);
            self.least_bridges = self.least_bridges.min(outcome.bridges);
            self.without_fault += u64::from(outcome.faults.is_empty());
        }
        self.lasted += outcome.lasted;
    }

    /// How often a transition was decided.
    pub fn decided(&self, transition: Transition) -> u64 {
        let ways = self.ways.iter();
        ways.filter(|(way, _)| way.by == transition)
            .map(|(_, count)| count)
            .sum()
    }

    /// How often a bridge was taken this way from one state to another.
    pub fn taken(&self, way: &Way) -> u64 {
        self.ways.get(way).copied().unwrap_or(0)
    }

    /// T16: how often what was begun was kept up although the pool was paused, by a command given again or a mark set right.
    pub fn kept_up_while_paused(&self) -> u64 {
        let kept_up = [Transition::Redrain, Transition::Reassert];
        let counts = kept_up
            .iter()
            .map(|transition| self.while_paused(*transition));
        counts.sum()
    }

    fn while_paused(&self, transition: Transition) -> u64 {
        self.while_paused.get(&transition).copied().unwrap_or(0)
    }

    /// The transitions that were decided fewer than `transitions` times, T16 in a paused pool alone,
    /// and the faults and interludes that happened fewer than `faults`.
    pub fn missed(&self, transitions: u64, faults: u64) -> Vec<String> {
        let few = Transition::ALL
            .into_iter()
            .filter(|transition| self.decided(*transition) < transitions)
            .map(life::name);
        let rare = Fault::ALL
            .iter()
            .filter(|fault| self.faults.get(fault).copied().unwrap_or(0) < faults)
            .map(|fault| format!("F{}", fault.number()));
        let paused = (self.kept_up_while_paused() < transitions).then(|| T16.to_owned());
        let between = Interlude::ALL
            .iter()
            .filter(|interlude| self.interludes.get(interlude).copied().unwrap_or(0) < faults)
            .map(|interlude| format!("{interlude:?}"));
        few.chain(paused).chain(rare).chain(between).collect()
    }
}

/// The pool is paused.
const T16: &str = "T16 while the pool is paused";

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |time: Duration| time.as_secs() / 60;
        writeln!(
            f,
            "{} seeds, {} virtual hours, each at least {} min with {} bridges; {} with none but a crash at the end; {} failed",
            self.seeds,
            self.lasted.as_secs() / 3600,
            minutes(self.shortest.min(self.lasted)),
            self.least_bridges,
            self.without_fault,
            self.failed.len()
        )?;
        for transition in Transition::ALL {
            let count = self.decided(transition);
            writeln!(f, "{count:>12}  {}", life::name(transition))?;
        }
        let kept_up = self.kept_up_while_paused();
        writeln!(f, "{kept_up:>12}  {T16}: Redrain and Reassert of these")?;
        for (transition, count) in &self.while_paused {
            let name = life::name(*transition);
            writeln!(f, "{count:>12}  while the pool is paused, {name}")?;
        }
        for way in life::ways() {
            let count = self.taken(&way);
            let Way { from, to, by } = way;
            writeln!(f, "{count:>12}  {from:?} -> {to:?}, {by:?}")?;
        }
        for fault in Fault::ALL {
            let count = self.faults.get(&fault).copied().unwrap_or(0);
            writeln!(f, "F{:<3} {count:>8}  {}", fault.number(), fault.title())?;
        }
        for interlude in Interlude::ALL {
            let count = self.interludes.get(&interlude).copied().unwrap_or(0);
            writeln!(f, "{count:>12}  {interlude}")?;
        }
        for (number, why) in NOT_MODELLED {
            writeln!(f, "F{number:<3}        -  not modelled: {why}")?;
        }
        let mut broken: BTreeMap<Rule, Vec<String>> = BTreeMap::new();
        for (seed, violation) in &self.failed {
            let seeds = broken.entry(violation.rule).or_default();
            seeds.push(seed.to_string());
        }
        for (rule, seeds) in broken {
            let count = seeds.len();
            writeln!(f, "{rule:?} is broken by {count}: {}", seeds.join(" "))?;
        }
        Ok(())
    }
}
