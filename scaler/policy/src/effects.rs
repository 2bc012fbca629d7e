//! From a plan to guarded requests, and from what became of them back to the world.

mod body;
mod heard;
mod reply;
mod request;

use bridge::Time;
use scaler_api::state::Intent;

use crate::guards::Guard;
use crate::plan::{Action, Decision, Plan};
use crate::status;
use crate::step::licensed;
use crate::world::{Command, Create, Delete, Known, Marks, Told, Uid, World, Write};

pub use heard::heard;
pub use reply::{Outcome, fold};
pub use request::{Call, Request};

/// The requests that carry a plan out, in this order, and a note in the world of each. Of a plan that is only to be told they are
/// the writes to the pool itself.
pub fn effects(world: &mut World, plan: &Plan, now: Time) -> Vec<Request> {
    let mut requests: Vec<Request> = plan
        .decisions
        .iter()
        .enumerate()
        .filter(|(_, decision)| {
            let harmless = matches!(
                decision.action,
                Action::Hold(_) | Action::Read | Action::List
            );
            !plan.dry_run || harmless
        })
        .filter_map(|(place, decision)| one(world, place, decision, now))
        .collect();
    world.decided(plan);
    requests.extend(write_status(world, plan, now));
    requests
}

fn one(world: &mut World, place: usize, decision: &Decision, now: Time) -> Option<Request> {
    let mut request = Request {
        call: Call::ListPods,
        decision: Some(place),
        at: now,
        not_after: now + world.tuning.request_timeout,
    };
    request.call = match (&decision.action, &decision.pod) {
        (Action::Create(mark), _) => create(world, &mark.after, now)?,
        (Action::AskRooms, _) => {
            world.outstanding.jicofo = Some(now);
            Call::AskRooms
        }
        (Action::List, _) => {
            world.outstanding.list = Some(now);
            Call::ListPods
        }
        (Action::Hold(hold), _) => {
            world.outstanding.pool = Some(now);
            request::hold(&world.pool, *hold)
        }
        (action, Some(pod)) => {
            // It may have gone between the plan and now.
            let known = world.pods().get(&pod.uid)?.clone();
            if let Some(not_after) = ages(world, action, &known, now) {
                request.not_after = request.not_after.min(not_after);
            }
            of_a_pod(world, action, &known, now)?
        }
        (_, None) => return None,
    };
    Some(request)
}

fn create(world: &mut World, marks: &Marks, now: Time) -> Option<Call> {
    let creation = marks.creation.clone()?;
    let create = Create {
        marks: marks.clone(),
        at: now,
        unknown: false,
    };
    world.outstanding.creates.insert(creation.clone(), create);
    world.memory.creations += 1;
    Some(request::create(&world.pool, marks, creation))
}

fn of_a_pod(world: &mut World, action: &Action, known: &Known, now: Time) -> Option<Call> {
    let uid = known.pod.uid.clone();
    Some(match action {
        Action::Mark(mark) => {
            write(world, uid, mark.after.clone(), now);
            request::mark(&world.pool, known, mark, world.guards)
        }
        Action::Own(own) => {
            write(world, uid, known.pod.marks.as_ref().ok()?.clone(), now);
            request::own(&world.pool, &known.pod, *own)
        }
        Action::Delete {
            resource_version, ..
        } => {
            let delete = Delete {
                at: now,
                unknown: false,
            };
            world.outstanding.deletes.insert(uid, delete);
            request::delete(&known.pod, resource_version, world.guards)
        }
        Action::Tell(command) => {
            let call = request::tell(&known.pod, *command)?;
            remember(world, &uid, *command, now);
            call
        }
        Action::Move { room, endpoints } => {
            let tried = world.memory.moves.entry(uid.clone()).or_default();
            *tried.entry(room.clone()).or_insert(0) += 1;
            world.memory.moved_at = Some(now);
            world.outstanding.jicofo = Some(now);
            Call::MoveRoom {
                uid,
                bridge: known.pod.name.clone(),
                room: room.clone(),
                endpoints: *endpoints,
            }
        }
        Action::Read => {
            world.outstanding.reads.insert(uid.clone(), now);
            Call::ReadPod {
                name: known.pod.name.clone(),
                uid,
            }
        }
        Action::Create(_) | Action::AskRooms | Action::List | Action::Hold(_) => return None,
    })
}

/// When the evidence for an action on a pod is too old to act upon.
fn ages(world: &World, action: &Action, known: &Known, now: Time) -> Option<Time> {
    match action {
        Action::Delete { not_after, .. } => *not_after,
        // There is no way back from a shutdown: it must not arrive when somebody may have come.
        Action::Tell(Command::Shutdown) => {
            let marks = known.pod.marks.as_ref().ok()?;
            let unlicensed =
                marks.intent == Intent::Remove && !licensed(marks, world.server_time(now));
            let evidence = &world.pool.spec.evidence;
            let age = if unlicensed {
                evidence.removal_freshness
            } else {
                evidence.freshness
            };
            Some(known.live.last?.at + age.get())
        }
        _ => None,
    }
}

fn write(world: &mut World, uid: Uid, after: Marks, now: Time) {
    let write = Write {
        after,
        at: now,
        unknown: false,
    };
    world.outstanding.writes.insert(uid, write);
}

fn remember(world: &mut World, uid: &Uid, command: Command, now: Time) {
    let told = world.memory.commands.entry(uid.clone()).or_default();
    let pause = world.tuning.longest_pause();
    let first = Told {
        first: now,
        last: now,
        times: 0,
    };
    let again = told.entry(command).or_insert(first);
    if !again.goes_on(now, pause) {
        *again = first;
    }
    again.last = now;
    again.times = again.times.saturating_add(1);
    match command {
        Command::Drain => told.remove(&Command::Undrain),
        Command::Undrain => told.remove(&Command::Drain),
        Command::Shutdown => None,
    };
    world.outstanding.commands.insert(uid.clone(), now);
}

fn write_status(world: &mut World, plan: &Plan, now: Time) -> Option<Request> {
    let tally = plan.tally.as_ref()?;
    let at = world.server_time(plan.at);
    if let Some(decided) = status::last(plan, at) {
        world.memory.last_decision = Some(decided);
    }
    let after = status::status(world, plan, tally, at);
    let tuning = &world.tuning;
    let pause = tuning.status_interval;
    let due = status::due(&world.pool.status, &after, &world.memory, now, pause);
    // One at a time: what changes meanwhile is written with the next.
    let sent = world.outstanding.status;
    if sent.is_some_and(|sent| now.since(sent) <= tuning.request_timeout) {
        return None;
    }
    if let Some(later) = due.filter(|at| *at > now) {
        world.wake_by(later);
    }
    let due = due.is_some_and(|at| at <= now);
    if !world.guards.hold(Guard::StatusPaced, due) {
        return None;
    }
    world.memory.status_at = Some(now);
    world.memory.status_count = Some(status::count(&after));
    world.outstanding.status = Some(now);
    Some(Request {
        call: request::status(&world.pool, after),
        decision: None,
        at: now,
        not_after: now + world.tuning.request_timeout,
    })
}
