//! People who were hung up on, and bridges that jicofo lost: whose doing it was.

use std::time::Duration;

use bridge::Time;
use scaler_api::spec::OnDeadline;

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
        if people > 0 && !self.may_be_expelled(world, pod, at) {
            let what = format!("{name} is deleted with {people} people before its deadline");
            self.note(at, Rule::NobodyHungUpOn, what);
        }
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
        for name in &loss.bridges {
            let started = world
                .jitsi
                .bridge(name)
                .map(|bridge| bridge.startup_time().0);
            let ours = started.and_then(|started| Some((started, self.blame.ours(name, started)?)));
            let Some((started, since)) = ours else {
                continue;
            };
            // A kubelet that has not heard of the deletion starts a bridge that has left anew.
            if started > since || self.blame.jicofo_away_since(since - ABSENCE) {
                continue;
            }
            if self.may_be_killed(world, name, loss.at) {
                continue;
            }
            if loss.people > 0 {
                let what = format!("{} people were on {name} when it went", loss.people);
                self.note(loss.at, Rule::NobodyHungUpOn, what);
            }
            if loss.lost > 0 {
                self.note(loss.at, Rule::NoBridgeLost, format!("jicofo lost {name}"));
            }
        }
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
