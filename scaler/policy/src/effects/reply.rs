//! What became of a request.

use std::collections::BTreeMap;

use bridge::Time;

use crate::effects::request::{Call, Request};
use crate::world::{
    Command, Invalid, Judge, Memory, Pod, Refusal, Room, Stumbled, Uid, World, backoff,
};

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The pod that was created, patched or read, as it now is.
    Pod(Box<Pod>),
    /// All pods of the pool.
    Pods {
        /// The pods.
        pods: Vec<Pod>,
        /// The version of the list.
        version: String,
    },
    /// The conferences on each bridge, by its nickname.
    Rooms(BTreeMap<String, Vec<Room>>),
    /// It was done.
    Done,
    /// It was not done, because the object changed: 409.
    Conflict,
    /// The object is not there, or is another one of the same name: 404.
    Gone,
    /// It was not done, and whoever was asked said why.
    Refused(String),
    /// It was not done, because the API server has too much to do: 429. Whoever sends requests leaves it alone for as long as it
    /// wants, so that nothing else has to wait.
    Throttled,
    /// It was not done, and will not be: what was sent is none that the API server takes. 422.
    Invalid(String),
    /// It was not sent, and will not be: no pod can be made of the pool's template. What is in the way, and what to do.
    Unmade(String),
    /// Whoever was asked cannot do that: the bridge's shutdown is switched off.
    Unsupported,
    /// Nobody knows: no reply in time, or the connection was lost.
    Unknown,
}

/// Takes up what became of a request.
///
/// Nothing is asked again here: what is due is decided anew, by new evidence. What has no known outcome is read first.
pub fn fold(world: &mut World, request: &Request, outcome: Outcome, at: Time) {
    world.touch();
    match &request.call {
        Call::CreatePod { creation, .. } => created(world, creation, outcome, request.at, at),
        Call::PatchPod { uid, .. } => patched(world, uid, outcome, request.at, at),
        Call::DeletePod { uid, .. } => deleted(world, uid, &outcome, at),
        Call::ReadPod { uid, .. } => read(world, uid, outcome, request.at, at),
        Call::ListPods => {
            if let Outcome::Pods { pods, version } = outcome {
                world.observe_all(pods, &version, request.at, at);
            }
        }
        Call::Bridge { uid, command, .. } => {
            world.outstanding.commands.remove(uid);
            if outcome == Outcome::Unsupported && *command == Command::Shutdown {
                world.memory.without_shutdown.insert(uid.clone());
            }
        }
        Call::MoveRoom { .. } => world.outstanding.jicofo = None,
        Call::AskRooms => {
            // Without an answer it is asked again after the time-out, not at once.
            if let Outcome::Rooms(rooms) = outcome {
                world.outstanding.jicofo = None;
                world.observe_rooms(rooms, at);
            }
        }
        Call::PatchPool { body, finalizers } => match outcome {
            Outcome::Done => {
                world.outstanding.pool = None;
                world.pool.finalizers.clone_from(finalizers);
            }
            // By a version that has been told meanwhile, or will be, it can be decided anew.
            Outcome::Conflict => {
                let by = body["metadata"]["resourceVersion"].as_str();
                world.outstanding.pool_outdated = by.map(str::to_owned);
                world.pool_changed();
            }
            // Otherwise not before the time-out: whatever is in the way is there at once, too.
            _ => {}
        },
        Call::PatchStatus { status, .. } => {
            world.outstanding.status = None;
            world.memory.status_refused = outcome != Outcome::Done;
            if outcome == Outcome::Done {
                world.pool.status = (**status).clone();
            }
        }
    }
}

fn created(world: &mut World, creation: &str, outcome: Outcome, asked: Time, at: Time) {
    let judge = match outcome {
        Outcome::Invalid(_) => Some(Judge::ApiServer),
        Outcome::Unmade(_) => Some(Judge::Pool),
        _ => None,
    };
    match outcome {
        Outcome::Pod(pod) => {
            world.outstanding.creates.remove(creation);
            world.memory.created();
            wrote(world, *pod, asked, at);
        }
        Outcome::Refused(said) | Outcome::Invalid(said) | Outcome::Unmade(said) => {
            let create = world.outstanding.creates.remove(creation);
            if let (Some(create), Some(judge)) = (create, judge) {
                world.memory.invalid = Some(Invalid {
                    revision: create.marks.revision,
                    judge,
                    said: said.clone(),
                });
            }
            refused(&mut world.memory, said, asked, at);
        }
        Outcome::Throttled => {
            world.outstanding.creates.remove(creation);
        }
        _ => {
            if let Some(create) = world.outstanding.creates.get_mut(creation) {
                create.unknown = true;
            }
            // One answer may get lost. When the next has no known outcome either, something is in the way.
            let again = world.memory.creation_lost.replace(at);
            if outcome == Outcome::Unknown && again.is_some_and(|last| asked > last) {
                let said = "no answer tells whether they were created".to_owned();
                refused(&mut world.memory, said, asked, at);
            }
        }
    }
}

/// One more creation in a row was refused; those of one burst are one, however many answers there are.
fn refused(memory: &mut Memory, said: String, asked: Time, at: Time) {
    let (times, last) = match &memory.refused {
        Some((times, last, _)) if asked <= *last => (*times, *last),
        Some((times, ..)) => (times.saturating_add(1), at),
        None => (1, at),
    };
    memory.refused = Some((times, last, said));
}

/// This is what became of a pod by a write of this controller, unless it went meanwhile.
fn wrote(world: &mut World, pod: Pod, asked: Time, at: Time) {
    let (uid, version) = (pod.uid.clone(), pod.version());
    world.take_pod(pod, asked, at);
    world.memory.stumbled.remove(&uid);
    world.memory.refusals.remove(&uid);
    if world.pods().contains_key(&uid) {
        world.outstanding.wrote(&uid, version);
    }
}

/// One more write to a pod in a row has no known outcome, or was turned away for now: the next one waits, from the second on ever
/// longer.
fn failed(world: &mut World, uid: &Uid, at: Time) {
    let pause = world.tuning.command_retry;
    let stumbled = world
        .memory
        .stumbled
        .entry(uid.clone())
        .or_insert(Stumbled {
            times: 0,
            until: at,
        });
    stumbled.times = stumbled.times.saturating_add(1);
    if stumbled.times > 1 {
        stumbled.until = at + backoff(pause, pause * MOST, stumbled.times - 1);
    }
}

/// The longest pause, in shortest ones.
const MOST: u32 = 16;

/// One more write to a pod in a row was refused: it is not done, and the next one waits, ever longer.
fn refused_about(world: &mut World, uid: &Uid, said: &str, at: Time) {
    let pause = world.tuning.request_timeout;
    let most = world.tuning.longest_pause().max(pause);
    let before = world.memory.refusals.get(uid);
    // One of long ago was about something else.
    let before = before.filter(|refusal| at.since(refusal.until) <= most);
    let times = before.map_or(0, |refusal| refusal.times).saturating_add(1);
    let refusal = Refusal {
        times,
        until: at + backoff(pause, most, times),
        said: said.chars().take(SAID).collect(),
    };
    world.memory.refusals.insert(uid.clone(), refusal);
}

/// So many characters of a refusal are kept.
const SAID: usize = 500;

fn patched(world: &mut World, uid: &Uid, outcome: Outcome, asked: Time, at: Time) {
    match outcome {
        Outcome::Pod(pod) => {
            wrote(world, *pod, asked, at);
        }
        Outcome::Gone => world.observe_gone(uid, at),
        Outcome::Refused(said) | Outcome::Invalid(said) => {
            world.outstanding.writes.remove(uid);
            refused_about(world, uid, &said, at);
        }
        Outcome::Throttled => {
            world.outstanding.writes.remove(uid);
            failed(world, uid, at);
        }
        _ => {
            if let Some(write) = world.outstanding.writes.get_mut(uid) {
                write.unknown = true;
            }
            if outcome == Outcome::Unknown {
                failed(world, uid, at);
            }
        }
    }
}

fn deleted(world: &mut World, uid: &Uid, outcome: &Outcome, at: Time) {
    match outcome {
        Outcome::Gone => world.observe_gone(uid, at),
        // An event will tell; if none comes, the pod is read after the time-out.
        Outcome::Done | Outcome::Pod(_) => {
            world.memory.refusals.remove(uid);
        }
        Outcome::Refused(said) | Outcome::Invalid(said) => {
            world.outstanding.deletes.remove(uid);
            refused_about(world, uid, said, at);
        }
        Outcome::Throttled => {
            world.outstanding.deletes.remove(uid);
            failed(world, uid, at);
        }
        _ => {
            if let Some(delete) = world.outstanding.deletes.get_mut(uid) {
                delete.unknown = true;
            }
            if *outcome == Outcome::Unknown {
                failed(world, uid, at);
            }
        }
    }
}

fn read(world: &mut World, uid: &Uid, outcome: Outcome, asked: Time, at: Time) {
    match outcome {
        Outcome::Pod(pod) if pod.uid == *uid => {
            world.outstanding.read(uid);
            world.hear_pods(at);
            world.take_pod(*pod, asked, at);
        }
        Outcome::Pod(_) | Outcome::Gone => world.observe_gone(uid, at),
        // It is read again after the time-out.
        _ => {}
    }
}
