//! What the pool's status tells the HPA: as many pods as are counted, and which.

use std::time::Duration;

use scaler_api::labels;

use super::floors::{counted, label};
use super::truth::since;
use super::{Oracle, Rule};
use crate::api::{ContainerState, Object, Pod, Pool, Record, Request};
use crate::world::World;

/// For how long the status may tell another number than is true, while a leader is undisturbed: it tells at once what it takes to
/// be so when all is done that it asks for, and what was not done it asks for again within half a minute.
const WRONG: Duration = Duration::from_mins(1);

const MINUTE: Duration = Duration::from_mins(1);

/// How often a controller may write the status in a minute without another number of bridges: every 5 s, and a little more where
/// that number goes to and fro, or somebody else wrote it.
const WRITES: usize = 16;

/// Whether a pod's bridge may be taken not to stay up: then it does not count, whatever its label says.
fn fails(pod: &Pod) -> bool {
    let container = pod.container.as_ref();
    container.is_some_and(|container| {
        container.restarts > 0 && container.state != ContainerState::Running
    })
}

/// Whether a selector matches a pod.
fn selects(selector: &str, pod: &Pod) -> bool {
    let mut terms = selector.split(',');
    terms.all(|term| {
        term.split_once('=')
            .is_some_and(|(key, value)| pod.meta.labels.get(key).is_some_and(|is| is == value))
    })
}

impl Oracle {
    /// A controller writes the status of the pool, whether it may or not: each write stands in the way of the HPA's.
    pub(super) fn judge_pace(&mut self, record: &Record) {
        let replicas = |object: &Object| match object {
            Object::Pool(pool) => pool.status.as_ref().map(|status| status.replicas),
            _ => None,
        };
        let before = record.before.as_deref().and_then(replicas);
        if let Request::Status { status, .. } = &record.request
            && before != Some(status.replicas)
        {
            // The HPA is to know at once.
            return;
        }
        let written = self.statuses.entry(record.actor).or_default();
        written.push_back(record.at);
        while written
            .front()
            .is_some_and(|at| record.at.since(*at) > MINUTE)
        {
            written.pop_front();
        }
        if written.len() > WRITES {
            let what = format!("the status is written {} times in a minute", written.len());
            written.clear();
            self.note(record.at, Rule::Seldom, what);
        }
    }

    /// A controller has written the status of the pool.
    pub(super) fn judge_selector(&mut self, world: &World, pool: &Pool, record: &Record) {
        let Some(status) = &pool.status else {
            return;
        };
        let is_counted = |pod: &Pod| label(pod, &labels::COUNTED);
        let wrong = self
            .of_pool(world)
            .find(|pod| selects(&status.selector, pod) != is_counted(pod));
        if let Some(pod) = wrong {
            let verb = if is_counted(pod) {
                "not matched"
            } else {
                "matched"
            };
            let what = format!(
                "{} is {verb} by status.selector {:?}",
                pod.meta.name, status.selector
            );
            self.note(record.at, Rule::Count, what);
        }
    }

    /// Looks whether the status has told a wrong number for long.
    pub(super) fn look_at_count(&mut self, world: &World) {
        let now = world.now();
        let status = self.the_pool(world).and_then(|pool| pool.status.as_ref());
        let Some(told) = status.map(|status| status.replicas as usize) else {
            self.miscounted_since = None;
            return;
        };
        let there = self.of_pool(world).filter(|pod| counted(pod));
        let (mut least, mut most) = (0, 0);
        for pod in there {
            most += 1;
            least += usize::from(!fails(pod));
        }
        since(&mut self.miscounted_since, told < least || told > most, now);
        let long = self
            .miscounted_since
            .is_some_and(|since| now.since(since) >= WRONG);
        if long && !self.blame.disturbed_since(now - WRONG) {
            self.miscounted_since = None;
            let what = format!("status.replicas has been {told} for a minute, and is {most}");
            self.note(now, Rule::Count, what);
        }
    }
}
