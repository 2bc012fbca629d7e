//! What is known of one bridge.

use std::sync::Arc;
use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::totals::Part;
use bridge::{State, Stats, Time};

use super::{Omission, Reading, Rules, Sample, Ticket, start};
use crate::telling::metric::{MetricId, Metrics};
use crate::telling::pod::Pod;

/// Two processes of one bridge are further apart than this: a bridge takes seconds to start, while the text form of its
/// statistics may round.
const SAME_START: Duration = Duration::from_secs(1);

/// A process that was older than so many times [`Rules::stress_unknown_for`] when it was first seen is one that an adapter
/// before this one knew: a bridge takes seconds to start, and half a minute until its stress is real. With the production value
/// this is a minute.
const BOOTED_AFTER: u32 = 3;

/// But no process younger than this: bridges were seen to take up to 4.5 s until they answer.
const NOT_BOOTED: Duration = Duration::from_secs(5);

/// What is known of one pod's bridge.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(super) pod: Arc<Pod>,
    /// Counts processes, so that an answer of the last one is not taken for one of this one.
    pub(super) generation: u64,
    startup_time: Option<StartupTime>,
    first_answer: Option<Time>,
    last_answer: Option<Time>,
    /// Whether this process has run for long enough that its stress is real.
    settled: bool,
    accepting: bool,
    /// The class of the failure since the last answer, if there was one.
    pub(super) failure: Option<&'static str>,
    /// Whether this process had long booted when it was first seen.
    veteran: bool,
    /// The last value of each metric that this process said, however old.
    readings: Box<[Option<Reading>]>,
}

impl Record {
    /// A bridge of which nothing is known but that its pod is there.
    pub(super) fn new(
        pod: &Arc<Pod>,
        generation: u64,
        metrics: usize,
        rules: &Rules,
        now: Time,
    ) -> Self {
        let started = pod.process.as_ref().and_then(|process| process.started);
        let booted = rules
            .stress_unknown_for
            .saturating_mul(BOOTED_AFTER)
            .max(NOT_BOOTED);
        Self {
            pod: Arc::clone(pod),
            generation,
            startup_time: None,
            first_answer: None,
            last_answer: None,
            settled: false,
            accepting: false,
            failure: None,
            veteran: started.is_some_and(|started| now.since(started) > booted),
            readings: vec![None; metrics].into(),
        }
    }

    /// Whom an answer to a question that is asked now is from.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket {
            pod: Arc::clone(&self.pod),
            generation: self.generation,
        }
    }

    /// The pod.
    pub(crate) fn pod(&self) -> &Pod {
        &self.pod
    }

    /// When this process last answered.
    pub(crate) const fn last_answer(&self) -> Option<Time> {
        self.last_answer
    }

    /// The class of the failure since the last answer.
    pub(crate) const fn failure(&self) -> Option<&'static str> {
        self.failure
    }

    /// Whether the last answer is one of a living bridge, and fresh.
    pub(crate) fn answers(&self, rules: &Rules, now: Time) -> bool {
        self.pod.is_alive()
            && self
                .last_answer
                .is_some_and(|last| now.since(last) <= rules.max_age)
    }

    /// Whether jicofo gives this bridge new conferences, as far as its own last answer says.
    pub(crate) const fn is_accepting(&self) -> bool {
        self.accepting
    }

    /// The pod's value, or why it has none.
    ///
    /// # Errors
    /// The reason for which nothing can be told.
    pub(crate) fn value(
        &self,
        metric: MetricId,
        rules: &Rules,
        now: Time,
    ) -> Result<Reading, Omission> {
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
    pub(super) fn last_known(&self, metric: MetricId) -> Option<Reading> {
        self.readings[metric.index()].filter(|_| self.pod.is_alive())
    }

    /// What is known of the value for a total. A value is held at least for as long as it would be told of its pod.
    pub(crate) fn part(&self, metric: MetricId, rules: &Rules, now: Time) -> Part {
        let last = self.last_known(metric);
        if last.is_none() && self.is_awaited(metric) {
            return Part::Unknown;
        }
        let last = last.map(|last| (last.value, last.at));
        let told = self.value(metric, rules, now).is_ok();
        Part::of(last, told, rules.hold_last.max(rules.max_age), now)
    }

    /// Whether this bridge must have said this value to an adapter before this one and never said it to this one: it has not
    /// answered yet, or it says a stress that cannot be true. Without the latter a restart of the adapter would take the load of
    /// such a bridge out of totals that it was in before.
    pub(crate) fn is_awaited(&self, metric: MetricId) -> bool {
        let silent = match self.last_answer {
            None => true,
            // Every bridge says its stress in every form; what else it leaves out may be none of its version's.
            Some(_) => {
                metric == MetricId::STRESS
                    && self.settled
                    && self.readings[metric.index()].is_none()
            }
        };
        self.veteran && silent && self.pod.is_alive()
    }

    pub(super) fn answered(
        &mut self,
        sample: &Sample,
        metrics: &Metrics,
        stress_unknown_for: Duration,
    ) {
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
        self.accepting = is_accepting(stats);
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

/// Whether jicofo gives new conferences to a bridge that says this: one that does not drain, whose own health check has not
/// failed, and that has joined a brewery, without which no jicofo knows it.
fn is_accepting(stats: &Stats) -> bool {
    State::from(stats.flags).takes_new_conferences()
        && stats.healthy != Some(false)
        && stats.mucs_joined != Some(0)
}
