//! People who are moved at the end of a bridge's patience: whether they have somewhere to go, and go in good order.

use std::time::Duration;

use bridge::Time;
use scaler_api::annotations;
use scaler_api::state::Intent;

use super::drains::{forced, intent};
use super::{Oracle, Rule};
use crate::api::Pod;
use crate::world::World;

/// After how long a leader must know that jicofo is away, or that no bridge takes anybody: it asks every 5 s, an answer is good
/// for 10 s, and a command is under way for a moment.
const SEEN: Duration = Duration::from_secs(16);

/// By how much a leader's clock may be wrong about how long people have been asked to leave one by one.
const UNDER_WAY: Duration = Duration::from_secs(2);

impl Oracle {
    /// A controller has people moved off a bridge: by jicofo, or all at once by a shutdown.
    pub(super) fn judge_move(&mut self, world: &World, pod: &Pod, all: bool, at: Time) {
        // One that is removed with people on it is killed because an operator wants that.
        if intent(pod) != Intent::Expel || forced(pod) {
            return;
        }
        let name = &pod.meta.name;
        let gone = self.truth.jicofo_gone_since;
        if gone.is_some_and(|since| at.since(since) >= SEEN) {
            let what = format!("people are moved off {name}, and jicofo is away");
            self.note(at, Rule::Moves, what);
        }
        if !self.truth.another_open_within(name, SEEN, at) {
            let what = format!("people are moved off {name}, and no other bridge takes them");
            self.note(at, Rule::Moves, what);
        }
        let uid = &pod.meta.uid;
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
}
