//! When each drain began, and until when nobody may be made to leave.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use scaler_api::annotations;
use scaler_api::spec::{self, OnDeadline};
use scaler_api::state::{Intent, IntentReason};

use super::choices::KNOWN;
use super::{Command, Oracle, Rule};
use crate::api::{Kind, Pod, Pool};
use crate::world::World;

/// A drain that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    /// Until when nobody may be made to leave, by the cluster's own clock and what the operator had set.
    pub(super) due: Time,
    /// What the operator wants then.
    pub(super) then: OnDeadline,
}

/// By how much a deadline may be missed: the longest that a patch may be under way, and a moment. A leader knows how its clock
/// differs from the API server's.
const SKEW: Duration = Duration::from_secs(12);

/// How long a conference may have been on its way to a bridge that was seen empty: the freshness of the last look, and the
/// longest that a command may take.
pub(super) const UNDER_WAY: Duration = Duration::from_secs(13);

/// For how long a command may have been under way since its intent was replaced by another.
const COMMAND_UNDER_WAY: Duration = Duration::from_secs(15);

/// The taint of a node that announces its end.
const INTERRUPTION: &str = "aws-node-termination-handler/spot-itn";

/// What is intended with a pod.
pub(crate) fn intent(pod: &Pod) -> Intent {
    let read = annotations::INTENT.read(&pod.meta.annotations);
    read.ok().flatten().unwrap_or(Intent::Active)
}

pub(super) fn reason(pod: &Pod) -> Option<IntentReason> {
    let read = annotations::INTENT_REASON.read(&pod.meta.annotations);
    read.ok().flatten()
}

pub(super) fn forced(pod: &Pod) -> bool {
    let read = annotations::FORCE.read(&pod.meta.annotations);
    read.ok().flatten().unwrap_or(false)
}

fn time_to_leave(drain: &spec::Drain, reason: Option<IntentReason>) -> Duration {
    match reason {
        Some(IntentReason::NodeLeaving) => drain.node_deadline.get(),
        Some(IntentReason::Interrupted) => drain.interruption_deadline.get(),
        _ => drain.deadline.get(),
    }
}

/// Until when a pod may drain, as far as anybody can read.
fn deadline(pod: &Pod) -> Option<Time> {
    let read = annotations::DEADLINE.read(&pod.meta.annotations);
    read.ok().flatten()
}

impl Oracle {
    pub(super) fn the_pool<'a>(&self, world: &'a World) -> Option<&'a Pool> {
        world.api.pool(&self.pool)
    }

    /// A controller has marked a pod.
    pub(super) fn follow_drain(&mut self, world: &World, before: &Pod, after: &Pod, at: Time) {
        let leaves = |pod: &Pod| matches!(intent(pod), Intent::Drain | Intent::Expel);
        if matches!(intent(after), Intent::Active | Intent::Warm) {
            self.drains.remove(&after.meta.uid);
            self.moves.remove(&after.meta.uid);
            return;
        }
        let Some(pool) = self.the_pool(world) else {
            return;
        };
        if !leaves(after) {
            return;
        }
        let due = self.due(&pool.spec.drain, after, at);
        let then = pool.spec.drain.on_deadline;
        let drain = self
            .drains
            .entry(after.meta.uid.clone())
            .or_insert(Drain { due, then });
        // One that somebody else has taken away is set anew: nothing but the pod tells of it.
        let taken_away = leaves(before) && deadline(before).is_none();
        if reason(before) != reason(after) || taken_away {
            drain.due = drain.due.min(due);
        }
        // A node that is about to go takes everybody along: nobody waits for that.
        if reason(after) == Some(IntentReason::Interrupted) {
            drain.then = OnDeadline::Move;
        }
        if let Some(deadline) = deadline(after)
            && deadline + SKEW < drain.due
        {
            let what = format!(
                "{} drains until {deadline}, not {}",
                after.meta.name, drain.due
            );
            self.note(at, Rule::Deadline, what);
        }
    }

    /// Until when nobody may be made to leave if a deadline is set at this moment: as long as the operator wants now, or as the pod
    /// tells if the operator wanted no more at any time that the leader may know of.
    fn due(&self, now: &spec::Drain, pod: &Pod, at: Time) -> Time {
        let until = |drain: &spec::Drain| at + time_to_leave(drain, reason(pod));
        let due = until(now);
        let may_be = |told: &Time| {
            let mut known = self.truth.drains_since(at - KNOWN);
            known.any(|drain| until(drain) <= *told + SKEW)
        };
        deadline(pod)
            .filter(may_be)
            .map_or(due, |told| if told + SKEW < due { told } else { due })
    }

    /// Whether people on a bridge may be made to leave at this moment.
    pub(super) fn may_be_expelled(&self, world: &World, pod: &Pod, at: Time) -> bool {
        let released = self.the_pool(world).is_none_or(|pool| {
            let gone = pool.meta.deleted.is_some();
            gone && pool.spec.deletion_policy != scaler_api::spec::DeletionPolicy::Drain
        });
        let due = self
            .drains
            .get(&pod.meta.uid)
            .is_some_and(|drain| drain.then != OnDeadline::Wait && at + SKEW >= drain.due);
        released || due || Self::interrupted(world, pod) || forced(pod)
    }

    /// Whether the node of a pod has announced its end.
    pub(super) fn interrupted(world: &World, pod: &Pod) -> bool {
        world.nodes().any(|node| {
            let announced = node.taints.iter().any(|taint| taint.key == INTERRUPTION);
            announced && Some(&node.meta.name) == pod.node.as_ref()
        })
    }

    /// Whether a bridge was empty so lately that whoever had it shut down may not have known better.
    pub(super) fn just_came(&self, name: &str, at: Time) -> bool {
        let empty = self.truth.bridges.get(name).and_then(|seen| seen.empty_at);
        empty.is_some_and(|empty| at.since(empty) < UNDER_WAY)
    }

    /// A controller's command reaches a bridge.
    pub fn commanded(&mut self, world: &World, name: &str, command: Command) {
        let at = world.now();
        let Some(pod) = world.api.pod(name) else {
            return;
        };
        let fits = |pod: &Pod| match command {
            Command::Undrain => intent(pod) == Intent::Active,
            Command::Drain => intent(pod) != Intent::Active,
            Command::Shutdown => {
                matches!(intent(pod), Intent::Expel | Intent::Remove) || forced(pod)
            }
        };
        if !fits(pod) && !was_so(world, name, fits) {
            let what = format!(
                "{name} is told {command:?}, and its intent is {:?}",
                intent(pod)
            );
            self.note(at, Rule::IntentFirst, what);
        }
        if command != Command::Shutdown {
            return;
        }
        let Some(bridge) = world.jitsi.bridge(name) else {
            return;
        };
        self.blame.shut_down(name, bridge.startup_time().0, at);
        self.judge_begun(name, "shut down", at);
        let people = bridge.local_endpoints();
        if people > 0 {
            self.judge_move(world, pod, true, at);
        }
        if people > 0 && !self.just_came(name, at) && !self.may_be_expelled(world, pod, at) {
            let what = format!("{name} is shut down with {people} people before its deadline");
            self.note(at, Rule::NobodyHungUpOn, what);
        }
    }
}

/// The intents that pods had within the time that is asked for, each with the last moment at which it was in force.
pub(super) fn lately(world: &World) -> BTreeMap<(&str, Intent), Time> {
    let since = world.now() - COMMAND_UNDER_WAY;
    let mut until: BTreeMap<&str, Time> = BTreeMap::new();
    let mut lately = BTreeMap::new();
    for change in world.api.log().iter().rev() {
        let Some(pod) = change.object.pod() else {
            continue;
        };
        let end = until.entry(&pod.meta.name).or_insert(world.now());
        if *end >= since {
            lately
                .entry((pod.meta.name.as_str(), intent(pod)))
                .or_insert(*end);
            *end = change.at;
        }
    }
    lately
}

/// Whether a pod was such when a command may have left that arrives now.
fn was_so(world: &World, name: &str, fits: impl Fn(&Pod) -> bool) -> bool {
    let since = world.now() - COMMAND_UNDER_WAY;
    let mut changes = world
        .api
        .log()
        .iter()
        .rev()
        .filter(|change| change.key.kind == Kind::Pod && *change.key.name == *name);
    let mut last = world.now();
    changes
        .by_ref()
        .take_while(|change| {
            // The version that was in force at the beginning of the time counts, too.
            let take = last >= since;
            last = change.at;
            take
        })
        .filter_map(|change| change.object.pod())
        .any(fits)
}
