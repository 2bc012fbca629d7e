//! Bridges that are chosen to go, and bridges that are taken to serve: whether it had to be these.

use std::time::Duration;

use bridge::Time;
use scaler_api::annotations;
use scaler_api::state::{Intent, IntentReason};

use super::drains::{intent, reason};
use super::floors::counted;
use super::{Oracle, Rule};
use crate::api::{ContainerState, Pod};
use crate::world::World;

/// The longest that a leader may decide by what the API server said: it stops when a watch has been silent for 150 s.
pub(super) const KNOWN: Duration = Duration::from_secs(160);

/// After how long a leader must have seen that bridges are unhealthy: it asks them every 5 s, and an answer is good for 10 s.
const SEEN: Duration = Duration::from_secs(15);

/// Until when a patch may be under way that was decided by what was right then.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// For how long a bridge may go on taking conferences that is to take none, while a leader reaches it undisturbed: the sidecar
/// needs a minute to read an annotation, and a command is given again half a minute later at most.
const EXPOSED: Duration = Duration::from_mins(1);

impl Oracle {
    /// Looks whether a bridge takes conferences that is to take none.
    pub(super) fn look_at_exposed(&mut self, world: &World) {
        let now = world.now();
        if self.blame.disturbed_since(now - EXPOSED) {
            return;
        }
        if let Some(name) = self.truth.exposed_for(EXPOSED, now) {
            let what = format!("{name} has taken conferences for a minute, and is to take none");
            self.note(now, Rule::Hidden, what);
        }
    }

    /// A controller has chosen a bridge that served to go.
    pub(super) fn judge_victim(&mut self, world: &World, before: &Pod, after: &Pod, at: Time) {
        let name = &after.meta.name;
        let why = reason(after);
        let pinned = annotations::PINNED.read(&before.meta.annotations);
        let must = matches!(why, Some(IntentReason::PoolDeleted | IntentReason::Failed));
        if pinned.is_ok_and(|pinned| pinned == Some(true)) && !must {
            let what = format!("{name} is pinned, and is drained for {why:?}");
            self.note(at, Rule::LeftAlone, what);
        }
        let by_choice = matches!(why, Some(IntentReason::ScaleDown | IntentReason::Outdated));
        let Some(pool) = self.the_pool(world).filter(|_| by_choice) else {
            return;
        };
        let served = before
            .container
            .as_ref()
            .filter(|container| container.state == ContainerState::Running && before.ready);
        // A replacement that nothing waits for any more need not grow old.
        let young = served.filter(|_| counted(before)).is_some_and(|container| {
            at + UNDER_WAY < container.since + pool.spec.min_lifetime.get()
        });
        if young {
            let what = format!("{name} has just come up, and is drained for {why:?}");
            self.note(at, Rule::LeftAlone, what);
        }
        let sick = self.truth.sick_since;
        if served.is_some() && sick.is_some_and(|since| at.since(since) >= SEEN) {
            let what =
                format!("most bridges that serve are unhealthy, and {name} is drained for {why:?}");
            self.note(at, Rule::LeftAlone, what);
        }
        if why == Some(IntentReason::ScaleDown) && counted(before) {
            self.judge_number(world, name, at);
        }
    }

    /// A counted bridge has been chosen because there are too many: whether there were, at any time that the leader may know of.
    fn judge_number(&mut self, world: &World, name: &str, at: Time) {
        let long_ago = at - KNOWN;
        let (least, _) = self.truth.wanted_since(long_ago);
        let left = self
            .of_pool(world)
            .filter(|pod| pod.meta.name != name)
            .filter(|pod| counted(pod) || self.was_taken_to_be_counted(pod))
            .count();
        let left = left + self.gone_unheard(world);
        let lost = self.truth.lost_since(long_ago);
        if left + lost < least as usize {
            let what = format!("{name} is drained, {left} are left, and {least} are wanted");
            self.note(at, Rule::Victims, what);
        }
    }

    /// A controller says of a bridge that it serves.
    pub(super) fn judge_serving(&mut self, before: &Pod, after: &Pod, at: Time) {
        if intent(before) != Intent::Active || intent(after) != Intent::Active {
            return;
        }
        let name = &after.meta.name;
        let seen = self.truth.bridges.get(name).copied().unwrap_or_default();
        if counted(after) && !counted(before) && seen.open_at.is_none() {
            let what = format!("{name} is counted, and has never taken conferences");
            self.note(at, Rule::Serving, what);
        }
        let run = |pod: &Pod| {
            let read = annotations::DRAIN_ACKED.read(&pod.meta.annotations);
            let acked = read
                .ok()
                .flatten()
                .filter(|acked| acked.drain == Some(false));
            acked.map(|acked| acked.startup_time)
        };
        let news = run(after).filter(|started| run(before) != Some(*started));
        if news.is_some_and(|started| seen.joined.is_none_or(|joined| joined < started)) {
            let what =
                format!("{name} is taken to serve, and jicofo has never seen this run of it");
            self.note(at, Rule::Serving, what);
        }
    }
}
