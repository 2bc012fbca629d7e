//! What becomes of the requests of a controller on their way.

use std::time::Duration;

use http::StatusCode;
use scaler_api::state::Intent;
use scaler_policy::world::Command;
use scaler_policy::{Call, Outcome, Request, fold, heard};

use super::event::Event;
use super::sim::{POOL, Sim};
use crate::api::{Actor, Fate, Key};
use crate::chaos::{Then, Trap, When};
use crate::controller::{Replica, observe, transport};
use crate::net::Net;
use crate::oracle::Oracle;
use crate::world::World;

/// How long a client waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long an API server is left alone that has too much to do.
const RESPITE: Duration = Duration::from_secs(1);

impl Sim {
    /// A request leaves, unless it is too late for it or somebody else leads.
    pub(super) fn send(&mut self, number: usize, epoch: u64, request: Box<Request>) {
        let replica = &self.replicas[number];
        let late = replica.local(self.now) > request.not_after;
        if late || !replica.elector.leads(self.now) {
            let told = Outcome::Refused("not sent: it is too late for it".to_owned());
            self.answer(number, &request, told);
            return;
        }
        let way = match request.call {
            Call::Bridge { .. } | Call::MoveRoom { .. } | Call::AskRooms => {
                self.http.millis(1, 400)
            }
            _ => self.latency.millis(1, 30),
        };
        let sprung = self.spring(&request, |then| {
            matches!(then, Then::Delay(_) | Then::DelayAndPause(_))
        });
        let more = match sprung.map(|trap| trap.then) {
            Some(Then::Delay(more)) => more,
            Some(Then::DelayAndPause(more)) => {
                self.replicas[number].paused_until = self.now + more + Duration::from_secs(1);
                more
            }
            _ => Duration::ZERO,
        };
        if !more.is_zero() {
            self.oracle.blame_mut().held_back(self.now + way + more);
            // The client has given up long before.
            let answer = Event::Answer(number, epoch, request.clone(), Box::new(Outcome::Unknown));
            self.queue.push(self.now + TIMEOUT, answer);
        }
        self.queue
            .push(self.now + way + more, Event::Arrive(number, epoch, request));
    }

    /// The trap that a request springs.
    fn spring(&mut self, request: &Request, which: impl Fn(Then) -> bool) -> Option<Trap> {
        let spec = &self.scenario.spec;
        let asked = transport::request(&request.call, POOL, spec);
        let before = asked.as_ref().and_then(|asked| {
            let pod = self.world.api.pod(&asked.key().name)?;
            let read = scaler_api::annotations::INTENT.read(&pod.meta.annotations);
            Some(read.ok().flatten().unwrap_or(Intent::Active))
        });
        let told = match &request.call {
            Call::Bridge { command, .. } => Some(transport::command(*command)),
            _ => None,
        };
        let sprung = self.chaos.spring(|trap| {
            which(trap.then)
                && match trap.when {
                    When::Tell(command) => told == Some(command),
                    when => asked
                        .as_ref()
                        .is_some_and(|asked| when.is_request(asked, before)),
                }
        });
        if let Some(trap) = &sprung {
            self.trace
                .tell(self.now, format_args!("FAULT {:?} springs", trap.fault));
        }
        sprung
    }

    /// A request arrives at whom it is for.
    pub(super) fn arrive(&mut self, number: usize, epoch: u64, request: Box<Request>) {
        let sprung = self.spring(&request, |then| {
            !matches!(then, Then::Delay(_) | Then::DelayAndPause(_))
        });
        let then = sprung.map(|trap| trap.then);
        let (outcome, answered) = match &request.call {
            Call::Bridge { .. } | Call::MoveRoom { .. } | Call::AskRooms => self.told(&request),
            _ => self.over_api(number, &request, then),
        };
        let back = self.latency.millis(1, 30);
        match then {
            Some(then @ (Then::Crash | Then::CrashAndCrowd | Then::CrashAndGrow)) => {
                match (then, pod_of(&self.world, &request.call)) {
                    (Then::CrashAndCrowd, Some(name)) => self.crowd(&name),
                    (Then::CrashAndGrow, _) => self.grow(2),
                    _ => {}
                }
                let back_after = self.latency.millis(500, 20_000);
                self.crash(number, back_after, Duration::ZERO);
                return;
            }
            Some(Then::Crowd) => {
                if let Some(name) = pod_of(&self.world, &request.call) {
                    self.crowd(&name);
                }
            }
            Some(Then::LoseAnswer) => {
                let unknown = Event::Answer(number, epoch, request, Box::new(Outcome::Unknown));
                self.queue.push(self.now + TIMEOUT, unknown);
                return;
            }
            _ => {}
        }
        let at = if outcome == Outcome::Throttled {
            // The controller leaves the API server alone, and asks nothing before.
            self.now + RESPITE
        } else if answered {
            self.now + back
        } else {
            self.now + TIMEOUT
        };
        self.queue
            .push(at, Event::Answer(number, epoch, request, Box::new(outcome)));
    }

    fn over_api(
        &mut self,
        number: usize,
        request: &Request,
        then: Option<Then>,
    ) -> (Outcome, bool) {
        let writes = !matches!(request.call, Call::ListPods | Call::ReadPod { .. });
        let fate = self.world.api.trouble.fate(writes, &mut self.latency);
        if let Fate::Refused(refusal) = fate {
            let uid = self.replicas[number].pool_uid();
            return (transport::outcome(&request.call, &Err(refusal), uid), true);
        }
        match then {
            Some(Then::RemovePod) => {
                let Call::PatchPod { name, .. } = &request.call else {
                    return (Outcome::Unknown, false);
                };
                let delete = crate::api::Request::Delete {
                    key: Key::pod(name),
                    uid: None,
                    version: None,
                    grace: Some(Duration::ZERO),
                };
                // If it is gone already, all the better.
                let _ = self.world.request(Actor::User, delete);
            }
            Some(Then::Confer) => {
                for _ in 0..4 {
                    self.world.confer(2, Duration::from_mins(5));
                }
            }
            _ => {}
        }
        let outcome = to_api_server(&mut self.world, &self.replicas[number], &request.call);
        (outcome, fate == Fate::Answered)
    }

    fn told(&mut self, request: &Request) -> (Outcome, bool) {
        let Some(asked) = request.call.http("jicofo:8888") else {
            return (Outcome::Unknown, false);
        };
        let told = match &request.call {
            Call::Bridge { uid, command, .. } => {
                let pods = self.world.held();
                let name = pods.get(&uid.0).map(|held| held.name.clone());
                Some((name.unwrap_or_default(), *command))
            }
            _ => None,
        };
        if let Some((name, command)) = &told {
            self.trace
                .tell(self.now, format_args!("{name} is told {command:?}"));
        }
        let (world, oracle) = (&mut self.world, &mut self.oracle);
        let answer = over_http(world, oracle, &self.net, &request.call, &asked);
        if let Some((name, Command::Drain)) = &told
            && answer.is_some()
        {
            self.at_the_door(name);
        }
        (
            heard(&request.call, whole(answer.as_ref())),
            answer.is_some(),
        )
    }

    /// An answer arrives.
    pub(super) fn answer(&mut self, number: usize, request: &Request, outcome: Outcome) {
        let replica = &mut self.replicas[number];
        let local = replica.local(self.now);
        if let Some(mind) = &mut replica.mind {
            fold(mind, request, outcome, local);
        }
        self.wake(number);
    }
}

/// What a request has to do with.
pub(crate) struct Events<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) oracle: &'a mut Oracle,
}

/// Carries a request out where nothing goes wrong on the way.
pub(crate) fn carry_out(events: Events<'_>, sender: &Replica, request: &Request) -> Outcome {
    let Events { world, oracle } = events;
    if let Some(asked) = request.call.http("jicofo:8888") {
        let answer = over_http(world, oracle, &Net::default(), &request.call, &asked);
        return heard(&request.call, whole(answer.as_ref()));
    }
    to_api_server(world, sender, &request.call)
}

/// The pod that a call is about.
fn pod_of(world: &World, call: &Call) -> Option<String> {
    match call {
        Call::PatchPod { name, .. } => Some(name.clone()),
        Call::Bridge { uid, .. } => {
            let pod = world.api.pods().find(|pod| pod.meta.uid == uid.0);
            pod.map(|pod| pod.meta.name.clone())
        }
        _ => None,
    }
}

fn to_api_server(world: &mut World, sender: &Replica, call: &Call) -> Outcome {
    let pool_uid = sender.pool_uid();
    if *call == Call::ListPods {
        let pods = world.api.pods().filter(|pod| {
            observe::labelled(pod, POOL) || pod.meta.owner.as_deref() == Some(pool_uid)
        });
        let pods = pods.map(|pod| observe::pod(pod, pool_uid)).collect();
        let version = world.api.version().to_string();
        return Outcome::Pods { pods, version };
    }
    if let Call::PatchPod {
        owner: Some(owner), ..
    } = call
    {
        let there = world.api.pool(POOL);
        if !there.is_some_and(|pool| pool.meta.uid == owner.0 && pool.meta.deleted.is_none()) {
            return Outcome::Refused("the pool is gone".to_owned());
        }
    }
    // The template is the one that the sender knows.
    let known = sender.pool().map(|pool| pool.spec.clone());
    let spec = known.or_else(|| world.api.pool(POOL).map(|pool| pool.spec.clone()));
    let asked = transport::request(call, POOL, &spec.unwrap_or_default());
    let actor = Actor::Controller(sender.number);
    let reply = asked.map(|asked| world.request(actor, asked));
    reply.map_or(Outcome::Unknown, |reply| {
        transport::outcome(call, &reply, pool_uid)
    })
}

fn over_http(
    world: &mut World,
    oracle: &mut Oracle,
    net: &Net,
    call: &Call,
    asked: &http::Request<Vec<u8>>,
) -> Option<(http::StatusCode, Vec<u8>)> {
    if let Call::Bridge { command, .. } = call {
        let name = pod_of(world, call)?;
        oracle.commanded(world, &name, transport::command(*command));
        return net.tell(world, &name, asked);
    }
    if let Call::MoveRoom { uid, .. } = call {
        oracle.moved(world, &uid.0);
    }
    let now = world.now();
    let answer = world.jitsi.jicofo_request(asked, now)?;
    Some((answer.status(), answer.into_body()))
}

/// An answer as the policy takes it.
fn whole(answer: Option<&(StatusCode, Vec<u8>)>) -> Option<(StatusCode, &[u8])> {
    answer.map(|(status, body)| (*status, body.as_slice()))
}
