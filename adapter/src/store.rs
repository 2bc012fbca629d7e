//! What every bridge last said, and what of it can still be told.
//!
//! Pure: `now` is an argument. A value leaves this file only if a bridge said it, the bridge is still there, and it is not too
//! old; in every other case there is an [`Omission`], and never a zero in its place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::{State, Stats, Time};

use crate::metric::{MetricId, Metrics};
use crate::pod::Pod;

mod start;
#[cfg(test)]
mod tests;

/// Two processes of one bridge are further apart than this: a bridge takes seconds to start, while the text form of its
/// statistics may round.
const SAME_START: Duration = Duration::from_secs(1);

/// A process that was older than this when it was first seen is one that an adapter before this one knew: a bridge takes
/// seconds to start, and half a minute until its stress is real.
const BOOTED: Duration = Duration::from_mins(1);

/// What may be told, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// An older answer is no longer told for a pod.
    pub max_age: Duration,
    /// How long after the bridge's start its stress is a placeholder or inflated by the start itself.
    pub stress_unknown_for: Duration,
    /// How long a bridge that stopped answering keeps its last value in totals.
    pub hold_last: Duration,
    /// The part of the known bridges that must answer for a total to be told.
    pub min_coverage: f64,
    /// The stress at which a bridge takes no more people.
    pub full_stress: f64,
}

/// One answer of a bridge.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it said.
    pub stats: Stats,
    /// When its answer had arrived, by our clock.
    pub at: Time,
    /// What its own clock said then, in whole seconds, if it told (the `Date` of its reply).
    pub bridge_clock: Option<Time>,
}

/// Whom an answer is from: it counts only while the pod and its process are still the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// The pod that was asked.
    pub pod: Arc<Pod>,
    generation: u64,
}

impl Ticket {
    /// Whether both are from the same process of the same pod.
    pub const fn is_of_same_process(&self, other: &Self) -> bool {
        self.generation == other.generation
    }
}

/// A value that a bridge said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The value: finite and not negative.
    pub value: f64,
    /// When it arrived.
    pub at: Time,
}

/// Why a pod has no value.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Omission {
    /// The pod is leaving, or its bridge does not run.
    Gone,
    /// The bridge has not answered since its start.
    Unanswered,
    /// Its last answer is too old.
    Stale,
    /// Its stress is still the placeholder of a start.
    Unsettled,
    /// Its last answer did not carry the value, or one that cannot be true.
    Unsaid,
}

/// What is known of one pod's bridge.
#[derive(Clone, Debug)]
pub struct Record {
    pod: Arc<Pod>,
    /// Counts processes, so that an answer of the last one is not taken for one of this one.
    generation: u64,
    startup_time: Option<StartupTime>,
    first_answer: Option<Time>,
    last_answer: Option<Time>,
    /// Whether this process has run for long enough that its stress is real.
    settled: bool,
    accepting: bool,
    /// The class of the failure since the last answer, if there was one.
    failure: Option<&'static str>,
    /// Whether this process had long booted when it was first seen.
    veteran: bool,
    /// The last value of each metric that this process said, however old.
    readings: Box<[Option<Reading>]>,
}

/// All bridges, in the order of their namespaces and names.
#[derive(Debug)]
pub struct Store {
    metrics: Arc<Metrics>,
    rules: Rules,
    generation: u64,
    records: BTreeMap<(Box<str>, Box<str>), Record>,
}

impl Store {
    /// Without any bridge.
    pub const fn new(metrics: Arc<Metrics>, rules: Rules) -> Self {
        Self {
            metrics,
            rules,
            generation: 0,
            records: BTreeMap::new(),
        }
    }

    /// What may be told.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The pod is there, is new, or has changed. Another UID or another process of its bridge means that nothing is known.
    pub fn observe(&mut self, pod: Arc<Pod>, now: Time) -> Ticket {
        let key = (pod.namespace.clone(), pod.name.clone());
        self.generation += 1;
        let started = pod.process.as_ref().and_then(|process| process.started);
        let fresh = Record {
            pod: Arc::clone(&pod),
            generation: self.generation,
            startup_time: None,
            first_answer: None,
            last_answer: None,
            settled: false,
            accepting: false,
            failure: None,
            veteran: started.is_some_and(|started| now.since(started) > BOOTED),
            readings: vec![None; self.metrics.len()].into(),
        };
        let record = self.records.entry(key).or_insert_with(|| fresh.clone());
        if record.pod.uid != pod.uid || record.pod.process != pod.process {
            *record = fresh;
        }
        record.pod = pod;
        record.ticket()
    }

    /// The pod is gone. Ignored when another pod has taken its name since.
    pub fn forget(&mut self, pod: &Pod) {
        let key = (pod.namespace.clone(), pod.name.clone());
        if self
            .records
            .get(&key)
            .is_some_and(|record| record.pod.uid == pod.uid)
        {
            self.records.remove(&key);
        }
    }

    /// The bridge answered. Ignored when it is another pod's or another process's by now.
    pub fn answered(&mut self, from: &Ticket, sample: &Sample) {
        let metrics = Arc::clone(&self.metrics);
        let stress_unknown_for = self.rules.stress_unknown_for;
        if let Some(record) = self.asked(from) {
            record.answered(sample, &metrics, stress_unknown_for);
        }
    }

    /// The bridge gave no statistics, for a reason of this class; only for telling people.
    pub fn failed(&mut self, from: &Ticket, class: &'static str) {
        if let Some(record) = self.asked(from) {
            record.failure = Some(class);
        }
    }

    /// Whom the question went to, while it is still the same process of the same pod.
    fn asked(&mut self, from: &Ticket) -> Option<&mut Record> {
        let key = (from.pod.namespace.clone(), from.pod.name.clone());
        self.records
            .get_mut(&key)
            .filter(|record| record.generation == from.generation)
    }

    /// The bridge of this pod.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Record> {
        self.records.get(&(namespace.into(), name.into()))
    }

    /// The bridges of a namespace, in the order of their names.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records
            .range((namespace.into(), Box::default())..)
            .take_while(move |((known, _), _)| **known == *namespace)
            .map(|(_, record)| record)
    }

    /// All bridges.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}

impl Record {
    fn ticket(&self) -> Ticket {
        Ticket {
            pod: Arc::clone(&self.pod),
            generation: self.generation,
        }
    }

    /// The pod.
    pub fn pod(&self) -> &Pod {
        &self.pod
    }

    /// The class of the failure since the last answer.
    pub const fn failure(&self) -> Option<&'static str> {
        self.failure
    }

    /// Whether the last answer is one of a living bridge, and fresh.
    pub fn answers(&self, rules: &Rules, now: Time) -> bool {
        self.pod.is_alive()
            && self
                .last_answer
                .is_some_and(|last| now.since(last) <= rules.max_age)
    }

    /// Whether jicofo gives this bridge new conferences, as far as its own last answer says.
    pub const fn is_accepting(&self) -> bool {
        self.accepting
    }

    /// The pod's value, or why it has none.
    ///
    /// # Errors
    /// The reason for which nothing can be told.
    pub fn value(&self, metric: MetricId, rules: &Rules, now: Time) -> Result<Reading, Omission> {
        if !self.pod.is_alive() {
            return Err(Omission::Gone);
        }
        let last = self.last_answer.ok_or(Omission::Unanswered)?;
        if now.since(last) > rules.max_age {
            return Err(Omission::Stale);
        }
        match self.readings[metric.index()] {
            Some(reading) if reading.at == last => Ok(reading),
            _ if metric == MetricId::STRESS && !self.settled => Err(Omission::Unsettled),
            _ => Err(Omission::Unsaid),
        }
    }

    /// The last value that this process said, however long ago; for totals, which know how to take it.
    pub fn last_known(&self, metric: MetricId) -> Option<Reading> {
        self.readings[metric.index()].filter(|_| self.pod.is_alive())
    }

    /// Whether this bridge must have been known to an adapter before this one and has not answered this one yet.
    pub fn is_awaited(&self) -> bool {
        self.veteran && self.last_answer.is_none() && self.pod.is_alive()
    }

    fn answered(&mut self, sample: &Sample, metrics: &Metrics, stress_unknown_for: Duration) {
        let Sample { stats, at, .. } = sample;
        let restarted = match (self.startup_time, stats.startup_time) {
            (Some(StartupTime(before)), Some(StartupTime(after))) => {
                after.since(before) > SAME_START || before.since(after) > SAME_START
            }
            _ => false,
        };
        if restarted {
            self.first_answer = None;
            self.settled = false;
            self.readings.fill(None);
        }
        self.startup_time = stats.startup_time.or(self.startup_time);
        let first_answer = *self.first_answer.get_or_insert(*at);
        self.last_answer = Some(*at);
        self.failure = None;
        self.accepting = State::from(stats.flags).takes_new_conferences();
        if !self.settled {
            let container = self
                .pod
                .process
                .as_ref()
                .and_then(|process| process.started);
            let start = start::of(sample, container, first_answer);
            self.settled = at.since(start) >= stress_unknown_for;
        }
        for (id, metric) in metrics.iter() {
            if id == MetricId::STRESS && !self.settled {
                continue;
            }
            if let Some(value) = metric.of(stats) {
                self.readings[id.index()] = Some(Reading { value, at: *at });
            }
        }
    }
}
