//! What every bridge last said, and what of it can still be told.
//!
//! Pure: `now` is an argument. A value leaves this module only if a bridge said it, the bridge is still there, and it is not too
//! old; in every other case there is an [`Omission`], and never a zero in its place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge::{Stats, Time};

use crate::telling::metric::Metrics;
use crate::telling::pod::Pod;
use crate::telling::services::Services;

mod record;
mod start;
#[cfg(test)]
mod tests;

pub(crate) use record::Record;

/// What may be told, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
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
pub(crate) struct Sample {
    /// What it said.
    pub stats: Stats,
    /// When its answer had arrived, by our clock.
    pub at: Time,
    /// What its own clock said then, in whole seconds, if it told (the `Date` of its reply).
    pub bridge_clock: Option<Time>,
}

/// Whom an answer is from: it counts only while the pod and its process are still the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    /// The pod that was asked.
    pub pod: Arc<Pod>,
    generation: u64,
}

impl Ticket {
    /// Whether both are from the same process of the same pod.
    pub(crate) const fn is_of_same_process(&self, other: &Self) -> bool {
        self.generation == other.generation
    }
}

/// A value that a bridge said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The value: finite and not negative.
    pub value: f64,
    /// When it arrived.
    pub at: Time,
}

/// Why a pod has no value.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Omission {
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

/// All bridges, in the order of their namespaces and names.
#[derive(Debug)]
pub(crate) struct Store {
    metrics: Arc<Metrics>,
    rules: Rules,
    generation: u64,
    records: Records,
    services: Services,
}

/// By namespace and name.
type Records = BTreeMap<(Arc<str>, Arc<str>), Record>;

/// Whom the question went to, while it is still the same process of the same pod.
fn asked<'a>(records: &'a mut Records, from: &Ticket) -> Option<&'a mut Record> {
    let key = (Arc::clone(&from.pod.namespace), Arc::clone(&from.pod.name));
    records
        .get_mut(&key)
        .filter(|record| record.generation == from.generation)
}

impl Store {
    /// Without any bridge.
    pub(crate) fn new(metrics: Arc<Metrics>, rules: Rules) -> Self {
        Self {
            metrics,
            rules,
            generation: 0,
            records: BTreeMap::new(),
            services: Services::default(),
        }
    }

    /// What may be told.
    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The pod is there, is new, or has changed. Another UID or another process of its bridge means that nothing is known.
    pub(crate) fn observe(&mut self, pod: Pod, now: Time) -> Ticket {
        let key = (Arc::clone(&pod.namespace), Arc::clone(&pod.name));
        let pod = Arc::new(match self.neighbour(&key) {
            Some(neighbour) => pod.beside(&neighbour.pod),
            None => pod,
        });
        let key = (Arc::clone(&pod.namespace), Arc::clone(&pod.name));
        self.generation += 1;
        let fresh = || {
            let metrics = self.metrics.len();
            Record::new(&pod, self.generation, metrics, &self.rules, now)
        };
        let record = self.records.entry(key).or_insert_with(fresh);
        if record.pod.uid != pod.uid || record.pod.process != pod.process {
            *record = fresh();
        }
        record.pod = pod;
        record.ticket()
    }

    /// The bridge of this name, or of the next in order: most likely of the same Deployment.
    fn neighbour(&self, key: &(Arc<str>, Arc<str>)) -> Option<&Record> {
        let before = self.records.range(..=key).next_back();
        let neighbour = before.or_else(|| self.records.range(key..).next());
        neighbour.map(|(_, record)| record)
    }

    /// The pod is gone. Ignored when another pod has taken its name since.
    pub(crate) fn forget(&mut self, pod: &Pod) {
        let key = (Arc::clone(&pod.namespace), Arc::clone(&pod.name));
        if self
            .records
            .get(&key)
            .is_some_and(|record| record.pod.uid == pod.uid)
        {
            self.records.remove(&key);
        }
    }

    /// The bridge answered. Ignored when it is another pod's or another process's by now.
    pub(crate) fn answered(&mut self, from: &Ticket, sample: &Sample) {
        if let Some(record) = asked(&mut self.records, from) {
            record.answered(sample, &self.metrics, self.rules.stress_unknown_for);
        }
    }

    /// The bridge gave no statistics, for a reason of this class; only for telling people.
    pub(crate) fn failed(&mut self, from: &Ticket, class: &'static str) {
        if let Some(record) = asked(&mut self.records, from) {
            record.failure = Some(class);
        }
    }

    /// The bridge of this pod.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&Record> {
        self.records.get(&(namespace.into(), name.into()))
    }

    /// The bridges of a namespace, in the order of their names.
    pub(crate) fn in_namespace<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Record> {
        self.records
            .range((namespace.into(), Arc::from(""))..)
            .take_while(move |((known, _), _)| **known == *namespace)
            .map(|(_, record)| record)
    }

    /// The Services that choose bridges.
    pub(crate) const fn services(&self) -> &Services {
        &self.services
    }

    /// The Services that choose bridges, to be changed.
    pub(crate) const fn services_mut(&mut self) -> &mut Services {
        &mut self.services
    }

    /// All bridges.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}
