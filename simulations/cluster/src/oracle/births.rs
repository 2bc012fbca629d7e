//! Bridges that are started: whether so many were missing, and none could be taken back instead.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use bridge::model::Health;
use scaler_api::annotations;
use scaler_api::state::{Intent, IntentReason};

use super::choices::KNOWN;
use super::drains::{forced, intent, reason};
use super::floors::{counted, on_leaving_node, readable};
use super::truth::since;
use super::{Heard, Oracle, Rule};
use crate::api::{Actor, Pod, Pool, Trouble};
use crate::world::World;

/// Bridges that are started within this time of the first are of one decision, or of one mistake.
const BURST: Duration = Duration::from_millis(1500);

/// For how long a bridge must have drained for everybody to know how it is.
const DRAINED: Duration = Duration::from_secs(30);

/// By how much less than the target a bridge's stress must be for there to be no doubt that it can be taken back.
const MARGIN: f64 = 0.1;

/// After how long a leader must know that a bridge could be taken back: it asks every 5 s, and an answer is good for 10 s.
const SEEN: Duration = Duration::from_secs(15);

/// Bridges that were started shortly after each other because some were missing.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    since: Time,
    births: Vec<Birth>,
}

/// A bridge that a controller has started because one was missing.
#[derive(Clone, Debug)]
struct Birth {
    name: String,
    by: Actor,
    heard: Option<Arc<Heard>>,
}

impl Birth {
    /// Whether whoever started this one had heard that this pod is counted, or had started it itself.
    fn knew(&self, pod: &Pod, burst: &Burst) -> bool {
        let mut births = burst.births.iter();
        let own = births.any(|other| other.by == self.by && other.name == pod.meta.name);
        own || self
            .heard
            .as_ref()
            .is_none_or(|heard| heard.is_counted(&pod.meta.uid))
    }
}

impl Burst {
    /// Writes down all of it but which controller has started which bridge.
    pub(super) fn tell(&self, to: &mut impl fmt::Write) -> fmt::Result {
        write!(to, "{} ", self.since)?;
        for birth in &self.births {
            write!(to, "{} {:?} ", birth.name, birth.heard)?;
        }
        Ok(())
    }
}

impl Oracle {
    /// The bridges that this one has just started, and that are still to be judged.
    pub(crate) fn births_by(&self, by: Actor) -> impl Iterator<Item = &str> {
        let births = self.burst.iter().flat_map(|burst| &burst.births);
        births
            .filter(move |birth| birth.by == by)
            .map(|birth| birth.name.as_str())
    }

    /// A controller has started a bridge because one was missing.
    pub(super) fn count_birth(&mut self, pod: &Pod, by: Actor, at: Time) {
        let since = at;
        let births = Vec::new();
        let burst = self.burst.get_or_insert(Burst { since, births });
        burst.births.push(Birth {
            name: pod.meta.name.clone(),
            by,
            heard: self.heard.clone(),
        });
    }

    /// Looks, a moment after the first of some starts, whether so many were missing.
    pub(super) fn look_at_births(&mut self, world: &World) {
        let now = world.now();
        let over = |burst: &mut Burst| now.since(burst.since) >= BURST;
        let Some(burst) = self.burst.take_if(over) else {
            return;
        };
        let (_, most) = self.truth.wanted_since(burst.since - KNOWN);
        // One that was given up before its image was pulled is no longer one too many.
        let (born, there): (Vec<&Pod>, Vec<&Pod>) = self
            .of_pool(world)
            .filter(|pod| counted(pod))
            .partition(|pod| burst.births.iter().any(|birth| birth.name == pod.meta.name));
        let there: Vec<&Pod> = there
            .into_iter()
            .filter(|pod| pod.meta.created < burst.since)
            .filter(|pod| self.truth.open_within(&pod.meta.name, BURST, now))
            .collect();
        let too_many = burst.births.iter().find_map(|birth| {
            let known = |pods: &[&Pod]| pods.iter().filter(|pod| birth.knew(pod, &burst)).count();
            let (started, there) = (known(&born), known(&there));
            (started + there > most as usize).then_some((started, there))
        });
        if let Some((started, there)) = too_many {
            let what =
                format!("{started} bridges are started, {there} serve, and {most} are wanted");
            self.note(now, Rule::Victims, what);
        }
        let asks = |pool: &Pool| pool.spec.rescue.enabled;
        if !self.the_pool(world).is_some_and(asks) || world.api.trouble != Trouble::default() {
            return;
        }
        let spared = self
            .of_pool(world)
            .find(|pod| self.was_spare(world, pod, burst.since))
            .map(|pod| pod.meta.name.clone());
        if let Some(name) = spared {
            let what = format!("a bridge is started, and {name} drains and could be taken back");
            self.note(now, Rule::Victims, what);
        }
    }

    /// Looks which bridges could be taken back.
    pub(super) fn look_at_spare(&mut self, world: &World) {
        let Some(pool) = world.api.pool(&self.pool) else {
            return;
        };
        for (name, seen) in &mut self.truth.bridges {
            let pod = world.api.pod(name).filter(|_| seen.leaves);
            let spare = pod.is_some_and(|pod| is_spare(world, pool, pod));
            since(&mut seen.spare_since, spare, world.now());
        }
    }

    /// Whether a bridge could beyond doubt have been taken back at this moment, and still can.
    fn was_spare(&self, world: &World, pod: &Pod, at: Time) -> bool {
        let name = &pod.meta.name;
        let long = |since: Time, time| at.since(since) >= time;
        let drained = annotations::INTENT_SINCE.read(&pod.meta.annotations);
        let drained = drained.ok().flatten();
        let spare = self
            .truth
            .bridges
            .get(name)
            .and_then(|seen| seen.spare_since);
        let bridge = world.jitsi.bridge(name);
        drained.is_some_and(|since| long(since, DRAINED))
            && spare.is_some_and(|since| long(since, SEEN))
            && bridge.is_some_and(|bridge| long(bridge.startup_time().0, DRAINED))
            && !self.blame.was_shut_down(name)
            && !self.blame.disturbed_since(at - DRAINED)
    }
}

/// Whether nothing speaks against taking back a bridge that drains by choice, neither of its pod nor of itself.
fn is_spare(world: &World, pool: &Pool, pod: &Pod) -> bool {
    let requested = annotations::DRAIN_REQUESTED.read(&pod.meta.annotations);
    let chosen = intent(pod) == Intent::Drain
        && reason(pod) == Some(IntentReason::ScaleDown)
        && requested.is_ok_and(|requested| requested != Some(true))
        && readable(pod)
        && !forced(pod)
        && pod.meta.deleted.is_none()
        && pod.ready
        && pod.image == crate::controller::observe::image(&pool.spec)
        && !on_leaving_node(world, pod);
    let bridge = world.jitsi.bridge(&pod.meta.name);
    chosen
        && bridge.is_some_and(|bridge| {
            bridge.listening()
                && bridge.state() <= bridge::State::Draining
                && *bridge.health() == Health::Good
                && bridge.stress() < pool.spec.capacity.target_stress - MARGIN
        })
}
