//! People who were hung up on, and bridges that jicofo lost: whose doing it was.

use std::time::Duration;

use bridge::Time;
use scaler_api::spec::OnDeadline;

use super::choices::KNOWN;
use super::floors::SEEN;
use super::{Oracle, Rule};
use crate::api::Pod;
use crate::world::{Loss, World};

/// For how long before a shutdown jicofo's absence explains that nobody is moved: until a leader knows of it.
const ABSENCE: Duration = Duration::from_secs(20);

impl Oracle {
    /// A controller has deleted a pod.
    pub(super) fn judge_deletion(&mut self, world: &World, pod: &Pod, at: Time) {
        let name = &pod.meta.name;
        let Some(bridge) = world
            .jitsi
            .bridge(name)
            .filter(|bridge| bridge.exit().is_none())
        else {
            return;
        };
        let people = bridge.local_endpoints();
        let unheard = runs_unheard(world, pod, at);
        // No shutdown came before it, which would have met them.
        let just_came = !world.setup.shutdown && self.just_came(name, at);
        if people > 0 && !unheard && !just_came && !self.may_be_expelled(world, pod, at) {
            let what = format!("{name} is deleted with {people} people before its deadline");
            self.note(at, Rule::NobodyHungUpOn, what);
        }
        self.judge_cut(world, pod, at);
    }

    /// A controller has jicofo move people off a bridge.
    pub fn moved(&mut self, world: &World, uid: &str) {
        let at = world.now();
        let Some(pod) = world.api.pods().find(|pod| pod.meta.uid == uid) else {
            return;
        };
        self.judge_begun(&pod.meta.name, "relieved of people", at);
        self.judge_move(world, pod, false, at);
        if !self.may_be_expelled(world, pod, at) {
            let what = format!("people are moved off {} before its deadline", pod.meta.name);
            self.note(at, Rule::NobodyHungUpOn, what);
        }
    }

    /// Bridges went. Whether that was our doing, and wrong.
    pub(super) fn judge_loss(&mut self, world: &World, loss: &Loss) {
        // Nothing keeps jicofo from sending people to those until they are gone: who was there when they were deleted was judged then.
        if !world.setup.shutdown {
            return;
        }
        let bridges = loss.bridges.iter();
        let ours: Vec<&String> = bridges
            .filter(|name| self.went_by_us(world, name, loss.at))
            .collect();
        if loss.people > 0 {
            for name in &ours {
                let what = format!("{} people were on {name} when it went", loss.people);
                self.note(loss.at, Rule::NobodyHungUpOn, what);
            }
        }
        // Of several that went at once those may be the lost ones that are not our doing, or could not hear a shutdown.
        let heard: Vec<&&String> = ours
            .iter()
            .filter(|name| !self.blame.out_of_reach_since(name, loss.at - SEEN))
            .collect();
        if loss.lost > (loss.bridges.len() - heard.len()) as u64 {
            for name in heard {
                self.note(loss.at, Rule::NoBridgeLost, format!("jicofo lost {name}"));
            }
        }
    }

    /// Whether it is our doing that a bridge went, and nothing excuses it.
    fn went_by_us(&self, world: &World, name: &str, at: Time) -> bool {
        let bridge = world.jitsi.bridge(name);
        let Some(started) = bridge.map(|bridge| bridge.startup_time().0) else {
            return false;
        };
        self.blame.ours(name, started).is_some_and(|since| {
            // A kubelet that has not heard of the deletion starts a bridge that has left anew.
            let anew = started > since;
            let jicofo_away = self.blame.jicofo_away_since(since - ABSENCE);
            !anew && !jicofo_away && !self.may_be_killed(world, name, at)
        })
    }

    /// Whether an operator wants a bridge gone at this moment, whoever is on it.
    fn may_be_killed(&self, world: &World, name: &str, at: Time) -> bool {
        let Some(pool) = self.the_pool(world) else {
            return true;
        };
        let kill = pool.spec.drain.on_deadline == OnDeadline::Kill || pool.meta.deleted.is_some();
        let pod = world.api.pod(name);
        kill && pod.is_none_or(|pod| self.may_be_expelled(world, pod, at))
    }
}

/// Whether a bridge may run of which the API server knew no container that runs: its kubelet is cut off, and its node was ready as far as
/// a leader may know.
pub(super) fn runs_unheard(world: &World, pod: &Pod, at: Time) -> bool {
    let known = |name: &String| world.was_ready_since(name, at - KNOWN);
    !pod.runs() && world.goes_on_unheard(&pod.meta.name) && pod.node.as_ref().is_some_and(known)
}
