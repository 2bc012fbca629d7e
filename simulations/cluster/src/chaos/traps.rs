//! Traps: what happens to the next request of a kind.

use std::time::Duration;

use scaler_api::annotations;
use scaler_api::state::Intent;

use super::Fault;
use crate::api::{Object, Request};
use crate::oracle::Command;

/// Which request springs a trap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// A patch that makes this the intent of a pod that had another.
    PatchTo(Intent),
    /// Any patch of a pod.
    Patch,
    /// A creation of a pod.
    Create,
    /// A deletion of a pod.
    Delete,
    /// A status of the pool.
    Status,
    /// A command to a bridge.
    Tell(Command),
}

/// What a sprung trap does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    /// Once it is done, whoever sent it crashes.
    Crash,
    /// Once it is done, whoever sent it crashes, and all other bridges are killed: jicofo sends people to this one.
    CrashAndCrowd,
    /// Once it is done, whoever sent it crashes, and two more bridges are wanted.
    CrashAndGrow,
    /// Once it is done, all other bridges are killed: jicofo sends people to this one.
    Crowd,
    /// It is done, and the answer gets lost.
    LoseAnswer,
    /// It arrives so much later.
    Delay(Duration),
    /// It arrives so much later, and whoever sent it is paused meanwhile.
    DelayAndPause(Duration),
    /// Right before it is done, its pod is deleted by force.
    RemovePod,
    /// Right before it is done, a conference begins.
    Confer,
}

/// A trap for one request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trap {
    /// The fault that it is.
    pub fault: Fault,
    /// Which request springs it.
    pub when: When,
    /// What it does.
    pub then: Then,
}

/// A trap that was sprung.
pub type Sprung = Option<Trap>;

impl When {
    /// Whether this request to the API server springs it. `before`: the intent of its pod.
    pub fn is_request(self, request: &Request, before: Option<Intent>) -> bool {
        match (self, request) {
            (Self::PatchTo(intent), Request::Patch { edit, .. }) => {
                let to = edit.annotations.iter().find_map(|(name, value)| {
                    (name == annotations::INTENT.name()).then_some(value.as_deref())?
                });
                let is = |text: &str| scaler_api::key::Value::parse(text) == Some(intent);
                to.is_some_and(is) && before != Some(intent)
            }
            (Self::Create, Request::Create(object)) => matches!(**object, Object::Pod(_)),
            (Self::Patch, Request::Patch { .. })
            | (Self::Delete, Request::Delete { .. })
            | (Self::Status, Request::Status { .. }) => true,
            _ => false,
        }
    }
}
