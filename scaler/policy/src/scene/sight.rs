//! One bridge, seen at a moment.

use std::sync::Arc;

use bridge::Time;
use bridge::stats::Flags;
use scaler_api::State;
use scaler_api::annotations::DrainAcked;
use scaler_api::spec::NodeSignal;
use scaler_api::state::{Intent, IntentReason};

use crate::guards::Guard;
use crate::plan::PodRef;
use crate::world::{
    Container, Frozen, Known, Live, Marks, Node, Owner, Phase, Pod, Running, Uid, World, confirmed,
};

/// One bridge, seen at a moment.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Sight<'w> {
    /// Its place among the sights of the scene.
    pub(crate) place: usize,
    pub(crate) pod: &'w Pod,
    pub(crate) uid: &'w Arc<Uid>,
    pub(crate) live: &'w Live,
    /// What was decided about it, a write under way included.
    pub(crate) marks: &'w Marks,
    pub(crate) node: Option<&'w Node>,
    pub(crate) node_number: Option<usize>,
    pub(crate) state: State,
    /// Whether its last answer is fresh, and of the container that runs.
    pub(crate) fresh: bool,
    /// Whether it should answer and has not for long; or whether it should is for its kubelet to say, which has not for long.
    pub(crate) unreachable: bool,
    pub(crate) leaving: Option<Leaving>,
    /// The number of its revision, where bridges of it were seen before.
    pub(crate) revision: Option<usize>,
    pub(crate) outdated: bool,
    /// Whether something about the pod is under way, so that nothing else is begun.
    pub(crate) writing: bool,
    /// Whether somebody deleted the pod.
    pub(crate) going: bool,
    /// Whether its bridge may ever have run, so that people may be on it.
    pub(crate) ever_ran: bool,
    /// Whether nothing runs in it, so that nobody can be on it: its kubelet says so, and is heard of.
    pub(crate) down: bool,
    /// Whether the run that goes on confirmed the drain mode of its intent.
    pub(crate) acked: bool,
    /// Whether it takes conferences beyond doubt: it answers, nobody has told it not to take any, and that it serves is written
    /// down, not under way.
    pub(crate) taker: bool,
    /// Whether it takes conferences beyond doubt, and is counted beyond doubt.
    pub(crate) counted_taker: bool,
    /// Whether it drains by the pool's choice, or may do so while a write is under way.
    pub(crate) chosen: bool,
}

/// How soon a bridge's node leaves.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Leaving {
    /// Within minutes: the cloud takes it.
    Interrupted,
    /// As soon as it is empty, or after the patience of whoever drains it.
    Soon,
}

/// Whether a drain for this reason is not the pool's own choice, so that `drain.maxConcurrent` does not bound it.
pub(crate) const fn forced(reason: IntentReason) -> bool {
    matches!(
        reason,
        IntentReason::NodeLeaving
            | IntentReason::Interrupted
            | IntentReason::Operator
            | IntentReason::PoolDeleted
            | IntentReason::Failed
    )
}

impl<'w> Sight<'w> {
    pub(crate) fn new(
        world: &'w World,
        known: &'w Known,
        place: usize,
        revision: Option<usize>,
        now: Time,
    ) -> Result<Self, &'w Frozen> {
        let pod = &known.pod;
        let live = &known.live;
        let compared = known.compared();
        let write = world.outstanding.writes.get(&pod.uid);
        let (marks, same_run, of) = match write {
            Some(write) => (
                &write.after,
                confirmed(&write.after, pod, live),
                world.revisions().get(&write.after.revision),
            ),
            None => (pod.marks.as_ref()?, compared.confirmed, compared.revision),
        };
        let node = known.node.and_then(|number| world.nodes.at(number));
        let spec = &world.pool.spec;
        // A kubelet that is not heard of goes on starting what it is to start.
        let heard_of = world
            .guards
            .hold(Guard::KubeletHeard, node.is_none_or(|node| node.ready));
        let running = pod.running();
        let look = live.last.filter(|_| compared.answered);
        let fresh = look.is_some_and(|look| now.since(look.at) <= spec.evidence.freshness.get());
        let acked = acked(world, marks, same_run);
        let state = state(world, pod, marks, acked, heard_of);
        let silent_since = if running.is_some() {
            Some(heard(world, known))
        } else {
            unheard_since(world, known).filter(|_| !heard_of)
        };
        let unreachable = silent_since
            .is_some_and(|since| now.since(since) > spec.evidence.unreachable_after.get());
        // While a write is under way, the worse of before and after holds.
        let written = pod.marks.as_ref().ok().filter(|_| write.is_some());
        let serves = |marks: &Marks| {
            marks.intent == Intent::Active && self::acked(world, marks, compared.confirmed)
        };
        let chosen = |marks: &Marks| {
            !forced(marks.reason)
                && matches!(marks.intent, Intent::Drain | Intent::Expel | Intent::Remove)
        };
        // One that is being activated may be drained meanwhile by another leader: then the write about it fails.
        let may_have_people = state.draining()
            || matches!(
                state,
                State::Removing | State::Warm | State::Starting | State::Active
            );
        let taker = state == State::Active
            && fresh
            && look.is_some_and(|look| look.flags == Flags::default())
            && written.is_none_or(serves);
        let writing = write.is_some()
            || world.outstanding.deletes.contains_key(&pod.uid)
            || world.memory.waits(&pod.uid, now)
            || world.outstanding.missing.contains(&pod.uid)
            || world.outstanding.reads.contains_key(&pod.uid);
        let counted = pod.marks.as_ref().is_ok_and(|marks| marks.counted);
        Ok(Self {
            place,
            taker,
            counted_taker: taker && marks.counted && (counted || !writing),
            chosen: may_have_people && (chosen(marks) || written.is_some_and(chosen)),
            state,
            fresh,
            unreachable,
            leaving: node.and_then(|node| leaving(node, &spec.protect.node_signals)),
            revision: of,
            // One that has no number is of a write, and was never seen.
            outdated: of.map_or_else(
                || marks.revision != world.pool.revision,
                |of| Some(of) != revision,
            ),
            writing,
            going: pod.deletion.is_some(),
            ever_ran: ever_ran(pod) || !heard_of,
            down: pod.verifiably_down() && (heard_of || pod.phase.is_over()),
            acked,
            pod,
            uid: &known.uid,
            live,
            marks,
            node,
            node_number: known.node,
        })
    }

    /// Whether nothing has to be decided about it but whether the pool needs it: it serves as it should, and as is written.
    pub(crate) fn at_rest(&self) -> bool {
        let marks = self.marks;
        self.taker
            && !self.writing
            && !self.outdated
            && self.leaving.is_none()
            && self.pod.labelled
            && self.pod.owner == Owner::Pool
            && marks.counted
            && marks.protected
            && !marks.safe_to_evict
            && marks.deadline.is_none()
            && !marks.force
            && !marks.drain_requested
    }

    /// Whether the HPA counts it.
    pub(crate) fn counted(&self) -> bool {
        self.marks.counted && self.state.countable()
    }

    /// Whether it serves, or is about to, without being counted.
    pub(crate) fn surge(&self) -> bool {
        !self.marks.counted && self.state.countable() && self.marks.reason == IntentReason::Surge
    }

    /// What remains of what its run confirmed once another mode is wanted of it: that it was in its brewery.
    pub(crate) fn unconfirmed(&self) -> Option<DrainAcked> {
        let run = self.live.run.as_ref().filter(|_| self.live.joined);
        let seen = run.map(|run| DrainAcked {
            container_id: run.container.clone(),
            startup_time: run.startup,
            drain: None,
            joined: true,
        });
        let written = self.marks.acked.clone();
        seen.or(written.map(|acked| DrainAcked {
            drain: None,
            ..acked
        }))
    }

    /// Since when its present run, or the wait for it, lasts, by the API server's clock.
    pub(crate) fn up_since(&self) -> Time {
        match &self.pod.container {
            Some(Container {
                running: Running::Since(since),
                ..
            }) => *since,
            _ => self.pod.created,
        }
    }

    /// Which pod it is, for a decision.
    pub(crate) fn reference(&self) -> PodRef {
        PodRef {
            uid: self.pod.uid.clone(),
            name: self.pod.name.clone(),
            revision: self.marks.revision.clone(),
        }
    }
}

/// Whether the run that goes on confirmed the drain mode that is intended. `same_run` is whether it confirmed any.
fn acked(world: &World, marks: &Marks, same_run: bool) -> bool {
    let drain = marks.intent != Intent::Active;
    marks
        .acked
        .as_ref()
        .is_some_and(|acked| acked.drain == Some(drain))
        && world.guards.hold(Guard::AckOfThisRun, same_run)
}

fn ever_ran(pod: &Pod) -> bool {
    let started = pod
        .container
        .as_ref()
        .is_some_and(|container| !container.id.is_empty() || container.running != Running::Waiting);
    pod.phase != Phase::Pending || started
}

fn state(world: &World, pod: &Pod, marks: &Marks, acked: bool, heard_of: bool) -> State {
    if pod.deletion.is_some() {
        let ours =
            marks.intent == Intent::Remove || world.outstanding.deletes.contains_key(&pod.uid);
        return if ours {
            State::Deleting
        } else {
            State::Preempted
        };
    }
    if marks.intent == Intent::Remove {
        return State::Removing;
    }
    if failed(world, pod, heard_of) {
        return State::Failed;
    }
    match marks.intent {
        Intent::Active if pod.running().is_none() => State::Pending,
        Intent::Active if acked => State::Active,
        Intent::Active => State::Starting,
        Intent::Warm => State::Warm,
        Intent::Drain if !acked => State::DrainRequested,
        Intent::Drain if marks.zero_since.is_some() => State::Settling,
        Intent::Drain => State::Draining,
        Intent::Expel => State::Expelling,
        Intent::Remove => State::Removing,
    }
}

/// Whether its bridge ended for good, or does not stay up. What a kubelet said that is not heard of any more may be so no longer.
fn failed(world: &World, pod: &Pod, heard_of: bool) -> bool {
    let container = pod.container.as_ref().filter(|_| heard_of);
    pod.phase.is_over()
        || container.is_some_and(|container| {
            matches!(container.running, Running::Terminated)
                || container.running == Running::Waiting
                    && container.restarts >= world.tuning.restarts
        })
}

/// When its bridge was last heard of; one that was just started, or that was just seen first, was heard of then.
fn heard(world: &World, known: &Known) -> Time {
    let started = match &known.pod.container {
        Some(Container {
            running: Running::Since(since),
            ..
        }) => world.local_time(*since),
        _ => known.seen_at,
    };
    let look = known.live.last.map_or(started, |look| look.at);
    look.max(started).max(known.seen_at)
}

/// Since when nobody says whether its bridge runs, which did not when its kubelet was heard of last; by this controller's clock.
fn unheard_since(world: &World, known: &Known) -> Option<Time> {
    let since = world.nodes.unready_since(known.node?)?;
    (!known.pod.phase.is_over()).then(|| since.max(known.seen_at))
}

fn leaving(node: &Node, heeded: &[NodeSignal]) -> Option<Leaving> {
    node.signals
        .iter()
        .filter(|signal| heeded.contains(signal))
        .map(|signal| match signal {
            NodeSignal::Interruption => Leaving::Interrupted,
            NodeSignal::Cordon | NodeSignal::Karpenter | NodeSignal::ClusterAutoscaler => {
                Leaving::Soon
            }
        })
        .min()
}
