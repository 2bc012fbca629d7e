//! What may happen, and what it does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scaler_policy::{Call, Outcome, Plan, Transition, effects, fold, step};

use super::state::{MOST, Sent, State};
use super::{Counts, Model};
use crate::api::{Actor, Key, Kind, Request};
use crate::run::{Events, POOL, carry_out, judge_plan};

/// One thing that may happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A replica decides.
    Decide(usize),
    /// One of the requests that a replica has under way arrives and is answered, and the replica decides.
    Deliver(usize, usize),
    /// The same, and before it decides the replica hears what has changed.
    DeliverAndHear(usize, usize),
    /// A replica hears what has changed, and decides.
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

impl fmt::Display for Action {
    /// Its kind: which replica it is does not matter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decide(_) => "a replica decides",
            Self::Deliver(..) | Self::DeliverAndHear(..) => "a request arrives",
            Self::Hear(_) => "a replica hears",
            Self::Crash(_) => "a replica crashes",
            Self::Scale(_) => "the HPA writes",
            Self::Confer => "a conference begins",
            Self::Pause => "time goes by",
        })
    }
}

impl State {
    /// What may happen now.
    pub(super) fn possible(&self, model: Model) -> Vec<Action> {
        // Before that all is at rest.
        if !self.written && self.wanted == MOST {
            return vec![Action::Scale(model.size)];
        }
        let mut actions = Vec::new();
        for number in 0..model.leaders {
            let leader = &self.leaders[number];
            let any = model.exact && self.has_news(number);
            let news = any || !self.news(number).is_empty();
            for (place, sent) in leader.under_way.iter().enumerate() {
                actions.push(Action::Deliver(number, place));
                // What it changes itself it may hear of as soon as it is answered.
                if news || sent.changes_pods() {
                    actions.push(Action::DeliverAndHear(number, place));
                }
            }
            if !self.idle(number) && leader.decided < model.decisions {
                actions.push(Action::Decide(number));
            }
            if news {
                actions.push(Action::Hear(number));
            }
            if model.crash && !self.crashed {
                actions.push(Action::Crash(number));
            }
        }
        if !self.written {
            actions.push(Action::Scale(MOST));
        }
        if model.conference && !self.conferred {
            actions.push(Action::Confer);
        }
        if self.pauses < model.pauses {
            actions.push(Action::Pause);
        }
        actions
    }

    /// Lets it happen.
    pub(super) fn act(&mut self, action: Action, counts: &mut Counts) {
        match action {
            Action::Decide(number) => self.decide(number, counts),
            Action::Deliver(number, place) => self.deliver(number, place, counts),
            Action::DeliverAndHear(number, place) => {
                self.deliver(number, place, counts);
                self.hear(number);
            }
            Action::Hear(number) => self.hear(number),
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
                self.hashes.of_cluster();
                // The pool is there.
                let _ = Arc::make_mut(&mut self.world).request(Actor::Hpa, request);
            }
            Action::Confer => {
                self.conferred = true;
                self.hashes.of_jitsi();
                for person in ["one", "two"] {
                    let world = Arc::make_mut(&mut self.world);
                    world.join_for("third", person, Duration::from_hours(1));
                }
            }
            Action::Pause => self.pause(),
        }
        let oracle = Arc::make_mut(&mut self.oracle);
        oracle.look(&self.world);
        oracle.judge_by(None);
        match action {
            Action::Decide(number) | Action::Crash(number) => self.rest(number),
            Action::Deliver(number, _)
            | Action::DeliverAndHear(number, _)
            | Action::Hear(number) => {
                self.rest(number);
                if !self.idle(number) && self.leaders[number].decided < self.decisions {
                    self.decide(number, counts);
                    self.rest(number);
                }
            }
            Action::Pause => {
                self.rest(0);
                self.rest(1);
            }
            Action::Scale(_) | Action::Confer => {}
        }
    }

    fn hear(&mut self, number: usize) {
        let now = self.world.now();
        let replica = &mut Arc::make_mut(&mut self.leaders[number]).replica;
        replica.hear(&self.world.api, Duration::ZERO, now);
        self.hashes.of_leader(number);
    }

    /// Time goes by, and both replicas look at the bridges each second. Then what was there before the last pause has been heard
    /// of, and what has become too late to be sent is not sent.
    fn pause(&mut self) {
        self.pauses += 1;
        self.left -= 1;
        for _ in 0..self.pause {
            self.go_by();
        }
        let now = self.world.now();
        let latest = Duration::from_secs(u64::from(self.pause) + 1);
        for leader in &mut self.leaders {
            let leader = Arc::make_mut(leader);
            leader.decided = 0;
            leader.replica.hear(&self.world.api, latest, now);
            let late = |sent: &Sent| now > sent.request.not_after;
            let (late, rest): (Vec<Sent>, _) = leader.under_way.drain(..).partition(late);
            leader.under_way = rest;
            for sent in late {
                if let Some(mind) = &mut leader.replica.mind {
                    let told = Outcome::Refused("it is too late for it".to_owned());
                    fold(mind, &sent.request, told, now);
                }
            }
        }
    }

    fn decide(&mut self, number: usize, counts: &mut Counts) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        leader.decided += 1;
        let Some(mind) = &leader.replica.mind else {
            return;
        };
        let plan = step(mind, now);
        for decision in &plan.decisions {
            counts.count(format!("{:?}", decision.transition));
        }
        self.carry_out(number, plan);
    }

    /// A decision to do nothing is taken at once, and so is one to read only.
    pub(super) fn rest(&mut self, number: usize) {
        let now = self.world.now();
        loop {
            let mind = self.leaders[number].replica.mind.as_ref();
            let Some(mind) = mind.filter(|mind| !mind.quiet(now)) else {
                return;
            };
            let plan = step(mind, now);
            let mut decisions = plan.decisions.iter();
            if decisions.any(|decision| decision.transition != Transition::Inquire) {
                return;
            }
            self.carry_out(number, plan);
        }
    }

    /// A plan becomes requests that are under way; what is only read is read at once. The status of the pool is left out.
    fn carry_out(&mut self, number: usize, mut plan: Plan) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        self.hashes.of_leader(number);
        let heard = Arc::new(leader.heard());
        let Some(mind) = &mut leader.replica.mind else {
            return;
        };
        judge_plan(Arc::make_mut(&mut self.oracle), mind, &plan, now);
        plan.tally = None;
        for request in effects(mind, &plan, now) {
            let sent = Sent::new(request, heard.clone());
            match &sent.request.call {
                Call::ReadPod { .. } | Call::ListPods => {
                    let outcome = self.arrive(number, &sent);
                    self.answer(number, &sent, outcome);
                }
                _ => Arc::make_mut(&mut self.leaders[number])
                    .under_way
                    .push(sent),
            }
        }
    }

    fn deliver(&mut self, number: usize, place: usize, counts: &mut Counts) {
        let leader = Arc::make_mut(&mut self.leaders[number]);
        let sent = leader.under_way.remove(place);
        let outcome = self.arrive(number, &sent);
        counts.count(match &outcome {
            Outcome::Conflict => "refused, because the pod was changed",
            Outcome::Gone => "refused, because the pod is gone",
            Outcome::Pod(_) | Outcome::Done => "done",
            _ => "answered otherwise",
        });
        self.answer(number, &sent, outcome);
    }

    /// A request arrives.
    fn arrive(&mut self, number: usize, sent: &Sent) -> Outcome {
        match sent.request.call {
            Call::ReadPod { .. } | Call::ListPods => {}
            Call::Bridge { .. } | Call::MoveRoom { .. } => self.hashes.of_jitsi(),
            _ => self.hashes.of_cluster(),
        }
        let oracle = Arc::make_mut(&mut self.oracle);
        oracle.judge_by(Some(sent.heard.clone()));
        let events = Events {
            world: Arc::make_mut(&mut self.world),
            oracle,
        };
        carry_out(events, &self.leaders[number].replica, &sent.request)
    }

    /// Its answer arrives.
    fn answer(&mut self, number: usize, sent: &Sent, outcome: Outcome) {
        let now = self.world.now();
        self.hashes.of_leader(number);
        let leader = Arc::make_mut(&mut self.leaders[number]);
        if let Some(mind) = &mut leader.replica.mind {
            fold(mind, &sent.request, outcome, now);
        }
    }
}
