//! People who are moved at the end of a bridge's patience: whether they have somewhere to go, and go in good order.

use std::time::Duration;

use bridge::Time;
use scaler_api::annotations;
use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};

use super::choices::KNOWN;
use super::drains::{forced, intent, reason};
use super::{Oracle, Rule};
use crate::api::Pod;
use crate::world::World;

/// After how long a leader must know that jicofo is away, or that no bridge takes anybody: it asks every 5 s, an answer is good
/// for 10 s, and a command is under way for a moment.
const SEEN: Duration = Duration::from_secs(16);

/// For how long a deletion may be under way after it was decided.
const IN_FLIGHT: Duration = Duration::from_secs(12);

/// By how much a leader's clock may be wrong about how long people have been asked to leave one by one.
const UNDER_WAY: Duration = Duration::from_secs(2);

impl Oracle {
    /// A controller has people moved off a bridge: by jicofo, or all at once by a shutdown.
    pub(super) fn judge_move(&mut self, world: &World, pod: &Pod, all: bool, at: Time) {
        let to_move = match intent(pod) {
            Intent::Expel => !forced(pod),
            Intent::Remove => all && self.is_not_to_cut(world, pod, at),
            _ => false,
        };
        if !to_move {
            return;
        }
        let name = &pod.meta.name;
        if let Some(why) = self.nobody_can_be_moved(name, SEEN, at) {
            let what = format!("people are moved off {name}, and {why}");
            self.note(at, Rule::Moves, what);
        }
        let uid = &pod.meta.uid;
        // It was asked to have its people moved before.
        if intent(pod) == Intent::Remove {
            return;
        }
        if !all {
            *self.moves.entry(uid.clone()).or_insert(0) += 1;
            return;
        }
        let since = annotations::INTENT_SINCE.read(&pod.meta.annotations);
        let over = |pool: &crate::api::Pool| {
            let patience = pool.spec.drain.expel_timeout.get();
            let since = since.clone().ok().flatten();
            since.is_none_or(|since| at + UNDER_WAY >= since + patience)
        };
        let in_time = !self.the_pool(world).is_some_and(over);
        if in_time && !self.moves.contains_key(uid) && !Self::interrupted(world, pod) {
            let what = format!("everybody is moved off {name} at once");
            self.note(at, Rule::Moves, what);
        }
    }

    /// A controller has deleted a bridge with people on it, at its deadline.
    pub(super) fn judge_cut(&mut self, world: &World, pod: &Pod, at: Time) {
        let name = &pod.meta.name;
        let unknown = SEEN + IN_FLIGHT;
        if intent(pod) == Intent::Remove
            && self.is_not_to_cut(world, pod, at)
            && let Some(why) = self.nobody_can_be_moved(name, unknown, at)
        {
            let what = format!("{name} is deleted with people on it, and {why}");
            self.note(at, Rule::Moves, what);
        }
    }

    /// Whether people are on a bridge past its deadline who are to be moved, and not to be cut off.
    fn is_not_to_cut(&self, world: &World, pod: &Pod, at: Time) -> bool {
        let bridge = world.jitsi.bridge(&pod.meta.name);
        let people = bridge.map_or(0, bridge::model::Videobridge::local_endpoints);
        let mut wanted = self.truth.drains_since(at - KNOWN);
        people > 0
            && reason(pod) == Some(IntentReason::DeadlinePassed)
            && !forced(pod)
            && !wanted.any(|drain| drain.on_deadline == OnDeadline::Kill)
    }

    /// Why nobody can be moved off a bridge, and has not been able to for so long.
    fn nobody_can_be_moved(&self, name: &str, time: Duration, at: Time) -> Option<&'static str> {
        let gone = self.truth.jicofo_gone_since;
        if gone.is_some_and(|since| at.since(since) >= time) {
            return Some("jicofo is away");
        }
        let open = self.truth.another_open_within(name, time, at);
        (!open).then_some("no other bridge takes them")
    }
}
