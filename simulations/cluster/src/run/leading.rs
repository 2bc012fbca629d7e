//! What a replica of the controller does by itself: it starts, hears, looks, tries to lead, and decides.

use std::time::Duration;

use bridge::Time;
use scaler_policy::election::Pace;
use scaler_policy::world::Uid;
use scaler_policy::{World as Mind, effects, step};

use super::event::Event;
use super::sim::Sim;
use crate::api::Actor;
use crate::controller::Life;
use crate::controller::lease;
use crate::oracle::{Oracle, Rule};

/// How long a bridge is waited for that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

impl Sim {
    pub(super) fn start(&mut self, number: usize, old: Duration) {
        let replica = &mut self.replicas[number];
        replica.start(&self.world.api, old, self.now);
        let epoch = replica.epoch;
        self.watches[number] = None;
        self.stepping[number] = None;
        self.trace
            .tell(self.now, format_args!("replica {number} starts"));
        for event in [Event::Elect(number, epoch), Event::Look(number, epoch)] {
            let delay = self.controllers.millis(1, 200);
            self.queue.push(self.now + delay, event);
        }
    }

    /// The process of a replica ends, and starts again after a while.
    pub fn crash(&mut self, number: usize, back_after: Duration, old: Duration) {
        let replica = &mut self.replicas[number];
        if replica.life == Life::Down {
            return;
        }
        replica.crash();
        self.trace
            .tell(self.now, format_args!("replica {number} crashes"));
        self.queue
            .push(self.now + back_after, Event::Start(number, old));
    }

    pub(super) fn watch(&mut self, number: usize) {
        self.watches[number] = None;
        let lag = Duration::from_millis(5) + self.world.api.trouble.watch_lag;
        let replica = &mut self.replicas[number];
        replica.hear(&self.world.api, lag, self.now);
        self.wake(number);
    }

    pub(super) fn look(&mut self, number: usize, epoch: u64) {
        let next = self.now + Duration::from_secs(1);
        self.queue.push(next, Event::Look(number, epoch));
        // Bookmarks come by the watch, also when nothing has changed.
        self.watch(number);
        let replica = &mut self.replicas[number];
        if replica.mind.is_none() {
            return;
        }
        for (uid, name, container) in replica.to_ask(self.now) {
            if self.net.hangs(&self.world, &name) {
                let until = self.now + PATIENCE;
                replica.wait_for(&uid, until);
                self.queue.push(until, Event::Silence(number, epoch, uid));
                continue;
            }
            let stats = self.net.look(&mut self.world, &name);
            replica.asked(&uid, &container, stats.as_ref(), self.now);
        }
        if self.now.as_millis() / 1000 % 5 == 0 {
            let brewery = self.net.brewery(&self.world);
            replica.asked_jicofo(brewery, self.now);
        }
        self.wake(number);
    }

    /// A bridge that was asked has not answered in time.
    pub(super) fn give_up(&mut self, number: usize, uid: &Uid) {
        self.replicas[number].asked(uid, "", None, self.now);
        self.wake(number);
    }

    pub(super) fn elect(&mut self, number: usize, epoch: u64) {
        let next = self.now + Pace::default().retry + self.controllers.millis(0, 300);
        self.queue.push(next, Event::Elect(number, epoch));
        let led = self.replicas[number].mind.is_some();
        let actor = Actor::Controller(number);
        if self.world.api.trouble.failing == 0 {
            let read = self.world.request(actor, lease::look());
            let elector = &mut self.replicas[number].elector;
            if let Some(write) = lease::read(elector, &read, self.now) {
                let wrote = self.world.request(actor, write);
                self.replicas[number].elector.wrote(wrote.is_ok());
            }
        }
        let leads = self.replicas[number].elector.leads(self.now);
        if leads && !led {
            self.replicas[number].lead(self.now);
            if self.replicas[number].mind.is_none() {
                // There is no pool to look after.
                return;
            }
            self.trace
                .tell(self.now, format_args!("replica {number} leads"));
            self.oracle.blame_mut().disturbed(self.now);
            self.wake(number);
        } else if led && !leads {
            // As client-go's leaders do: whoever has lost the lease ends.
            self.crash(number, Duration::from_secs(2), Duration::ZERO);
        }
    }

    /// Lets a leader decide soon, if it has reason to.
    pub(super) fn wake(&mut self, number: usize) {
        let replica = &self.replicas[number];
        let Some(mind) = &replica.mind else {
            return;
        };
        let local = replica.local(self.now);
        let due = if mind.quiet(local) {
            self.now + mind.wake().since(local)
        } else {
            self.now + Duration::from_millis(20)
        };
        if self.stepping[number].is_none_or(|at| at > due) {
            self.stepping[number] = Some(due);
            self.queue.push(due, Event::Step(number, replica.epoch));
        }
    }

    pub(super) fn decide(&mut self, number: usize, epoch: u64) {
        if self.stepping[number].is_some_and(|at| at > self.now) {
            return;
        }
        self.stepping[number] = None;
        let replica = &mut self.replicas[number];
        let local = replica.local(self.now);
        let leads = replica.elector.leads(self.now);
        let Some(mind) = replica
            .mind
            .as_mut()
            .filter(|mind| leads && !mind.quiet(local))
        else {
            self.wake(number);
            return;
        };
        let plan = step(mind, local);
        judge_plan(&mut self.oracle, mind, &plan, self.now);
        let paused = mind.pool().spec.paused;
        for decision in &plan.decisions {
            *self.ways.entry(decision.way()).or_insert(0) += 1;
            if paused {
                *self.while_paused.entry(decision.transition).or_insert(0) += 1;
            }
            let pod = decision.pod.as_ref().map_or("-", |pod| pod.name.as_str());
            self.trace.tell(
                self.now,
                format_args!(
                    "replica {number} {:?} {pod}: {:?} -> {:?}, {:?}",
                    decision.transition, decision.from, decision.to, decision.why
                ),
            );
        }
        let requests = effects(mind, &plan, local);
        let mut leaves = self.now;
        for request in requests {
            leaves += self.latency.millis(1, 20);
            self.queue
                .push(leaves, Event::Send(number, epoch, Box::new(request)));
        }
        self.wake(number);
    }
}

/// The policy's own checks of what it planned.
pub(crate) fn judge_plan(oracle: &mut Oracle, mind: &Mind, plan: &scaler_policy::Plan, at: Time) {
    for violation in scaler_policy::violations(mind, plan) {
        oracle.note(at, Rule::Policy, format!("{violation:?}"));
    }
}
