//! What may happen, and what it does.

use std::sync::Arc;
use std::time::Duration;

use scaler_policy::{Call, Outcome, effects, fold, step};

use super::Bounds;
use super::state::{Leader, MOST, State};
use crate::api::{Actor, Key, Kind, Request};
use crate::run::{Events, POOL, carry_out, judge_plan};

/// How long a pause is: two presences of a bridge.
const PAUSE: u32 = 10;

/// What is older than that when a pause is over a replica has heard at the latest: what happened before the pause before.
const LATEST: Duration = Duration::from_secs(PAUSE as u64 + 1);

/// One thing that may happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A replica decides.
    Decide(usize),
    /// The request that a replica sent first arrives and is answered.
    Deliver(usize),
    /// A replica hears what has changed.
    Hear(usize),
    /// A replica crashes, and starts anew.
    Crash(usize),
    /// The HPA asks for so many bridges.
    Scale(u32),
    /// A conference begins.
    Confer,
    /// Time goes by; both replicas look at the bridges each second.
    Pause,
}

impl State {
    /// What may happen now.
    pub(super) fn possible(&self, bounds: Bounds) -> Vec<Action> {
        // Before that all is at rest.
        if !self.written && self.wanted == MOST {
            return vec![Action::Scale(MOST - 1)];
        }
        let mut actions = Vec::new();
        for number in 0..2 {
            let leader = &self.leaders[number];
            if !leader.under_way.is_empty() {
                actions.push(Action::Deliver(number));
            }
            if !self.idle(number) && leader.decided < bounds.decisions {
                actions.push(Action::Decide(number));
            }
            if self.has_news(number) {
                actions.push(Action::Hear(number));
            }
            if !self.crashed {
                actions.push(Action::Crash(number));
            }
        }
        if !self.written {
            actions.push(Action::Scale(MOST));
        }
        if !self.conferred {
            actions.push(Action::Confer);
        }
        if self.pauses < bounds.pauses {
            actions.push(Action::Pause);
        }
        actions
    }

    /// Lets it happen.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Decide(number) => self.decide(number),
            Action::Deliver(number) => self.deliver(number),
            Action::Hear(number) => {
                let now = self.world.now();
                let replica = &mut Arc::make_mut(&mut self.leaders[number]).replica;
                replica.hear(&self.world.api, Duration::ZERO, now);
            }
            Action::Crash(number) => {
                self.crashed = true;
                self.begin(number);
            }
            Action::Scale(replicas) => {
                self.written = true;
                self.wanted = replicas;
                let request = Request::Scale {
                    key: Key::new(Kind::Pool, POOL),
                    version: None,
                    replicas,
                };
                // The pool is there.
                let _ = Arc::make_mut(&mut self.world).request(Actor::Hpa, request);
            }
            Action::Confer => {
                self.conferred = true;
                for person in ["one", "two"] {
                    let world = Arc::make_mut(&mut self.world);
                    world.join_for("third", person, Duration::from_hours(1));
                }
            }
            Action::Pause => {
                self.pauses += 1;
                for leader in &mut self.leaders {
                    Arc::make_mut(leader).decided = 0;
                }
                for _ in 0..PAUSE {
                    self.go_by();
                }
                let now = self.world.now();
                for leader in &mut self.leaders {
                    let replica = &mut Arc::make_mut(leader).replica;
                    replica.hear(&self.world.api, LATEST, now);
                }
            }
        }
        Arc::make_mut(&mut self.oracle).look(&self.world);
        match action {
            Action::Decide(number) | Action::Hear(number) | Action::Crash(number) => {
                self.rest(number);
                self.hash_leader(number);
            }
            Action::Deliver(number) => {
                self.rest(number);
                self.hash_leader(number);
                self.hash_world();
            }
            Action::Scale(_) | Action::Confer => self.hash_world(),
            Action::Pause => {
                self.rest(0);
                self.rest(1);
                self.hash_all();
            }
        }
    }

    fn decide(&mut self, number: usize) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        leader.decided += 1;
        let Some(mind) = &mut leader.replica.mind else {
            return;
        };
        let plan = step(mind, now);
        judge_plan(Arc::make_mut(&mut self.oracle), mind, &plan, now);
        let requests = effects(mind, &plan, now);
        leader.send(requests, now);
    }

    /// A decision to do nothing is taken at once.
    fn rest(&mut self, number: usize) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        while let Some(mind) = leader.replica.mind.as_mut().filter(|mind| !mind.quiet(now)) {
            let plan = step(mind, now);
            if !plan.decisions.is_empty() {
                return;
            }
            let requests = effects(mind, &plan, now);
            leader.send(requests, now);
        }
    }

    fn deliver(&mut self, number: usize) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        let Some(request) = leader.under_way.pop_front() else {
            return;
        };
        // A client does not send what is too old.
        let outcome = if now > request.not_after {
            Outcome::Refused("it is too late for it".to_owned())
        } else {
            let events = Events {
                world: Arc::make_mut(&mut self.world),
                oracle: Arc::make_mut(&mut self.oracle),
            };
            carry_out(events, &leader.replica, &request)
        };
        if let Some(mind) = &mut leader.replica.mind {
            fold(mind, &request, outcome, now);
        }
    }
}

impl Leader {
    /// Requests are under way from now on; the status of the pool has arrived at once.
    fn send(&mut self, requests: Vec<scaler_policy::Request>, now: bridge::Time) {
        for request in requests {
            match (&request.call, &mut self.replica.mind) {
                (Call::PatchStatus { .. }, Some(mind)) => fold(mind, &request, Outcome::Done, now),
                _ => self.under_way.push_back(request),
            }
        }
    }
}
