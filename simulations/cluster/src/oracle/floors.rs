//! How many bridges there must be, and how many may drain.

use std::time::Duration;

use bridge::Time;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{annotations, labels};

use super::drains::{forced, intent, reason};
use super::{Oracle, Rule};
use crate::api::{Pod, Record};
use crate::world::World;

/// For how long more may be counted than the ceiling: a leader may be lost between two patches.
const ABOVE: Duration = Duration::from_mins(1);

/// After how long a leader must have seen that a bridge takes no conferences: it asks every 5 s, and an answer is good for 10 s.
pub(super) const SEEN: Duration = Duration::from_secs(16);

pub(super) fn label(pod: &Pod, key: &scaler_api::key::Key<bool>) -> bool {
    key.read(&pod.meta.labels).ok().flatten().unwrap_or(false)
}

pub(super) fn counted(pod: &Pod) -> bool {
    label(pod, &labels::COUNTED) && pod.meta.deleted.is_none() && !pod.ended()
}

pub(super) fn readable(pod: &Pod) -> bool {
    let annotations = &pod.meta.annotations;
    annotations::INTENT_SINCE.read(annotations).is_ok()
        && annotations::DEADLINE.read(annotations).is_ok()
}

pub(super) fn on_leaving_node(world: &World, pod: &Pod) -> bool {
    world.nodes().any(|node| {
        let leaves = node.unschedulable || !node.taints.is_empty();
        leaves && Some(&node.meta.name) == pod.node.as_ref()
    })
}

/// Reasons for which more may drain than are allowed at once.
fn is_forced(reason: Option<IntentReason>) -> bool {
    matches!(
        reason,
        Some(
            IntentReason::NodeLeaving
                | IntentReason::Interrupted
                | IntentReason::PoolDeleted
                // It never came up, and has to go whatever else goes.
                | IntentReason::Failed
        )
    )
}

impl Oracle {
    /// The pods of the pool; those of another owner that bear its label are not among them.
    pub(super) fn of_pool<'a>(&'a self, world: &'a World) -> impl Iterator<Item = &'a Pod> {
        let pool = self.the_pool(world).map(|pool| pool.meta.uid.as_str());
        world
            .api
            .pods()
            .filter(|pod| pod.meta.labels.get(labels::POOL.name()) == Some(&self.pool))
            .filter(move |pod| pod.meta.owner.is_none() || pod.meta.owner.as_deref() == pool)
    }

    /// A controller has created a pod.
    pub(super) fn judge_birth(&mut self, world: &World, pod: &Pod, record: &Record) {
        let at = record.at;
        if !label(pod, &labels::PROTECTED) {
            let what = format!("{} is born without protection", pod.meta.name);
            self.note(at, Rule::Protection, what);
        }
        // A surge pod is born uncounted, in whatever order its older siblings change places.
        if counted(pod) {
            self.judge_ceiling(world, at);
            if reason(pod) == Some(IntentReason::Surge) {
                let what = format!("{} replaces another, and is born counted", pod.meta.name);
                self.note(at, Rule::Serving, what);
            } else {
                self.count_birth(pod, record.actor, at);
            }
        }
    }

    /// More than the ceiling may be counted for a moment, while the patches of one plan are under way; not for long.
    fn judge_ceiling(&mut self, world: &World, at: Time) {
        let most = self.the_pool(world).and_then(|pool| pool.spec.max_replicas);
        let counted = self.of_pool(world).filter(|pod| counted(pod)).count();
        if most.is_none_or(|most| counted <= most as usize) {
            self.above_since = None;
            return;
        }
        self.above_since.get_or_insert(at);
    }

    /// Looks again, a while after more than the ceiling were counted.
    pub(super) fn look_at_ceiling(&mut self, world: &World) {
        let Some(since) = self.above_since else {
            return;
        };
        let now = world.now();
        let excused = world.api.trouble != crate::api::Trouble::default();
        if excused || now.since(since) < ABOVE {
            return;
        }
        self.judge_ceiling(world, now);
        if self.above_since == Some(since) {
            self.note(
                now,
                Rule::Ceiling,
                "too many are counted for a minute".to_owned(),
            );
        }
    }

    /// A controller has marked a pod.
    pub(super) fn judge_marks(&mut self, world: &World, before: &Pod, after: &Pod, at: Time) {
        let (was, is) = (intent(before), intent(after));
        self.follow_drain(world, before, after, at);
        self.judge_serving(before, after, at);
        let bare = !label(after, &labels::PROTECTED);
        if bare && after.meta.deleted.is_none() && !matches!(is, Intent::Remove | Intent::Warm) {
            let what = format!(
                "{} is not protected, and its intent is {is:?}",
                after.meta.name
            );
            self.note(at, Rule::Protection, what);
        }
        if was == Intent::Active && matches!(is, Intent::Drain | Intent::Expel) {
            self.judge_floor(world, after, at);
            self.judge_concurrency(world, after, at);
            self.judge_victim(world, before, after, at);
        }
        if is == Intent::Active && was != Intent::Active {
            self.judge_ceiling(world, at);
        }
    }

    /// A bridge has been chosen to drain: whether enough others are left, as far as the API server knows.
    fn judge_floor(&mut self, world: &World, victim: &Pod, at: Time) {
        let Some(pool) = self.the_pool(world) else {
            return;
        };
        if matches!(
            reason(victim),
            Some(IntentReason::PoolDeleted | IntentReason::Interrupted)
        ) || forced(victim)
        {
            return;
        }
        let min_active = pool.spec.min_active as usize;
        let left = self
            .of_pool(world)
            .filter(|pod| pod.meta.uid != victim.meta.uid)
            .filter(|pod| intent(pod) == Intent::Active)
            // Who has just been deleted by somebody else, a leader may not have heard of.
            .filter(|pod| {
                pod.meta
                    .deleted
                    .is_none_or(|deleted| at.since(deleted) <= SEEN)
            })
            .filter(|pod| self.truth.open_within(&pod.meta.name, SEEN, at))
            .count();
        let victim_served = victim.ready;
        if left < min_active && victim_served {
            let what = format!("{} is drained, and {left} are left", victim.meta.name);
            self.note(at, Rule::Floor, what);
        }
    }

    fn judge_concurrency(&mut self, world: &World, victim: &Pod, at: Time) {
        let Some(pool) = self.the_pool(world) else {
            return;
        };
        if is_forced(reason(victim)) || forced(victim) {
            return;
        }
        let pods: Vec<_> = self.of_pool(world).collect();
        let draining = pods
            .iter()
            .filter(|pod| pod.meta.deleted.is_none() && pod.container.is_some() && pod.ready)
            .filter(|pod| matches!(intent(pod), Intent::Drain | Intent::Expel))
            // One whose node leaves while it drains must go from then on.
            .filter(|pod| !is_forced(reason(pod)) && !forced(pod) && !on_leaving_node(world, pod))
            // Of one that nobody can read nobody knows that it drains.
            .filter(|pod| readable(pod))
            // Nor does whoever leads, and has not heard of what another one that leads has just begun.
            .filter(|pod| pod.meta.uid == victim.meta.uid || self.knew_that_it_leaves(pod))
            .count();
        let most = pool.spec.drain.max_concurrent.of(pods.len() as u32) as usize;
        if draining > most {
            let what = format!("{draining} drain at once, and {most} may");
            self.note(at, Rule::Concurrency, what);
        }
    }
}
