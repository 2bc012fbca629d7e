//! From a plan to guarded requests, and from what became of them back to the world.

mod body;
mod reply;
mod request;

use bridge::Time;
use scaler_api::state::Intent;

use crate::plan::{Action, Decision, Plan};
use crate::status;
use crate::step::licensed;
use crate::world::{Command, Create, Delete, World, Write};

pub use reply::{Outcome, fold};
pub use request::{Call, Request};

/// The requests that carry a plan out, in this order, and a note in the world of each. Of a plan that is only to be told they are
/// the writes to the pool itself.
pub fn effects(world: &mut World, plan: &Plan, now: Time) -> Vec<Request> {
    let mut requests: Vec<Request> = plan
        .decisions
        .iter()
        .filter(|decision| !plan.dry_run || matches!(decision.action, Action::Hold(_)))
        .filter_map(|decision| one(world, decision, now))
        .collect();
    requests.extend(write_status(world, plan, now));
    world.decided(plan);
    requests
}

fn one(world: &mut World, decision: &Decision, now: Time) -> Option<Request> {
    let timeout = world.tuning.request_timeout;
    let mut request = Request {
        call: Call::ListPods,
        at: now,
        not_after: now + timeout,
    };
    let known = decision
        .pod
        .as_ref()
        .and_then(|pod| world.pods.get(&pod.uid));
    request.call = match (&decision.action, known) {
        (Action::Create(mark), _) => {
            let creation = mark.after.creation.clone()?;
            let create = Create {
                marks: mark.after.clone(),
                at: now,
                unknown: false,
            };
            world.outstanding.creates.insert(creation.clone(), create);
            world.memory.creations += 1;
            request::create(&world.pool, &mark.after, creation)
        }
        (Action::Mark(mark), Some(known)) => {
            let call = request::mark(&world.pool, known, mark, world.guards);
            let write = Write {
                after: mark.after.clone(),
                at: now,
                unknown: false,
            };
            let uid = known.pod.uid.clone();
            world.outstanding.writes.insert(uid, write);
            call
        }
        (
            Action::Delete {
                resource_version,
                not_after,
            },
            Some(known),
        ) => {
            let call = request::delete(&known.pod, resource_version, world.guards);
            request.not_after = not_after.map_or(request.not_after, |at| at.min(request.not_after));
            let delete = Delete {
                at: now,
                unknown: false,
            };
            let uid = known.pod.uid.clone();
            world.outstanding.deletes.insert(uid, delete);
            call
        }
        (Action::Tell(command), Some(known)) => {
            let call = request::tell(&known.pod, *command)?;
            let unlicensed = known
                .pod
                .marks
                .as_ref()
                .is_ok_and(|marks| marks.intent == Intent::Remove && !licensed(marks, now));
            // There is no way back from a shutdown: it must not arrive when somebody may have come.
            if let (Command::Shutdown, true, Some(look)) = (command, unlicensed, known.live.last) {
                let fresh = world.pool.spec.evidence.removal_freshness.get();
                request.not_after = request.not_after.min(look.at + fresh);
            }
            let uid = known.pod.uid.clone();
            remember(world, &uid, *command, now);
            call
        }
        (Action::Move { room, endpoints }, Some(known)) => {
            let call = Call::MoveRoom {
                uid: known.pod.uid.clone(),
                bridge: known.pod.name.clone(),
                room: room.clone(),
                endpoints: *endpoints,
            };
            let tried = world.memory.moves.entry(known.pod.uid.clone()).or_default();
            *tried.entry(room.clone()).or_insert(0) += 1;
            world.memory.moved_at = Some(now);
            world.outstanding.jicofo = Some(now);
            call
        }
        (Action::AskRooms, _) => {
            world.outstanding.jicofo = Some(now);
            Call::AskRooms
        }
        (Action::Read, Some(known)) => {
            let uid = known.pod.uid.clone();
            let name = known.pod.name.clone();
            world.outstanding.reads.insert(uid.clone(), now);
            Call::ReadPod { name, uid }
        }
        (Action::List, _) => {
            world.outstanding.list = Some(now);
            Call::ListPods
        }
        (Action::Own(own), Some(known)) => {
            let call = request::own(&world.pool, &known.pod, *own);
            if let Ok(after) = known.pod.marks.clone() {
                let uid = known.pod.uid.clone();
                let write = Write {
                    after,
                    at: now,
                    unknown: false,
                };
                world.outstanding.writes.insert(uid, write);
            }
            call
        }
        (Action::Hold(hold), _) => {
            world.outstanding.pool = Some(now);
            request::hold(&world.pool, *hold)
        }
        // The pod went between the plan and now.
        (
            Action::Mark(_)
            | Action::Delete { .. }
            | Action::Tell(_)
            | Action::Move { .. }
            | Action::Read
            | Action::Own(_),
            None,
        ) => return None,
    };
    Some(request)
}

fn remember(world: &mut World, uid: &crate::world::Uid, command: Command, now: Time) {
    let told = world.memory.commands.entry(uid.clone()).or_default();
    let times = told.get(&command).map_or(0, |(times, _)| *times);
    told.insert(command, (times.saturating_add(1), now));
    match command {
        Command::Drain => told.remove(&Command::Undrain),
        Command::Undrain => told.remove(&Command::Drain),
        Command::Shutdown => None,
    };
    world.outstanding.commands.insert(uid.clone(), now);
}

fn write_status(world: &mut World, plan: &Plan, now: Time) -> Option<Request> {
    let tally = plan.tally.as_ref()?;
    let after = status::status(&world.pool, plan, tally);
    let tuning = &world.tuning;
    if !status::due(
        &world.pool.status,
        &after,
        world.memory.status_at,
        now,
        tuning.status_interval,
    ) {
        return None;
    }
    world.memory.status_at = Some(now);
    Some(Request {
        call: request::status(&world.pool, after),
        at: now,
        not_after: now + tuning.request_timeout,
    })
}
