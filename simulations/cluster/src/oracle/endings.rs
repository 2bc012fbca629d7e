//! The end of a pool: whether it waited for its bridges.

use bridge::Time;
use scaler_api::spec::DeletionPolicy;

use super::choices::KNOWN;
use super::drains::UNDER_WAY;
use super::{Oracle, Rule};
use crate::api::{Pod, Pool};
use crate::world::World;

/// The finalizer by which a pool waits for its bridges.
const HELD: &str = "bridgetender.dev/drain";

impl Oracle {
    /// A controller has changed a pool: whether it let it go too early.
    pub(super) fn judge_release(&mut self, world: &World, before: &Pool, after: &Pool, at: Time) {
        let held = |pool: &Pool| pool.meta.finalizers.contains(HELD);
        if before.meta.deleted.is_none() || !held(before) || held(after) {
            return;
        }
        let may_go_at_once = |policy| policy == DeletionPolicy::Now;
        let known = if self.blame.disturbed_since(at - KNOWN) {
            KNOWN
        } else {
            UNDER_WAY
        };
        if self.truth.deletion_since(at - known).any(may_go_at_once) {
            return;
        }
        let uid = Some(before.meta.uid.as_str());
        let left = world.api.pods();
        let left: Vec<&Pod> = left
            .filter(|pod| pod.meta.owner.as_deref() == uid)
            .collect();
        if left.is_empty() {
            return;
        }
        let people = |pod: &&Pod| {
            let bridge = world.jitsi.bridge(&pod.meta.name);
            bridge.map_or(0, bridge::model::Videobridge::local_endpoints)
        };
        let people: u32 = left.iter().map(people).sum();
        let what = format!(
            "the pool is let go, and {} of its pods are there, with {people} people",
            left.len()
        );
        self.let_go_early = Some(before.meta.uid.clone());
        self.note(at, Rule::Held, what);
    }

    /// The garbage collector has deleted a pod of a pool that is gone: whether we brought that upon its people.
    pub(super) fn judge_collection(&mut self, world: &World, pod: &Pod, at: Time) {
        let ours = pod.meta.owner.is_some() && pod.meta.owner == self.let_go_early;
        let name = &pod.meta.name;
        let people = world
            .jitsi
            .bridge(name)
            .map_or(0, bridge::model::Videobridge::local_endpoints);
        if ours && people > 0 {
            let what = format!(
                "{name} is collected with {people} people, as its pool was let go before its bridges were drained"
            );
            self.note(at, Rule::NobodyHungUpOn, what);
        }
    }
}
