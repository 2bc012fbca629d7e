//! What is due when: one queue for a whole deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::time::Time;

/// The name of a bridge, a conference or an endpoint; cheap to copy.
pub(super) type Name = Arc<str>;

/// Something that happens by itself. The order of the variants is the order of what is due at the same moment, then names.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Event {
    Bridge(Name, Step),
    JicofoUp,
    /// Jicofo stops trusting a bridge that does not answer its health checks.
    HealthTimeout(Name),
    /// Jicofo looks for overloaded bridges from which to move people away.
    Redistribution,
    /// A bridge that had failed may be chosen again.
    FailureOver(Name),
    /// The XMPP server gives up a connection that was never closed.
    XmppTimeout(Name),
    /// Jicofo stops waiting for a bridge's answer to an allocation.
    AllocationTimeout {
        conference: Name,
        bridge: Name,
    },
    /// A person's media flows.
    Established {
        conference: Name,
        endpoint: Name,
    },
    /// Whoever was left alone leaves the bridge.
    SinglePerson {
        conference: Name,
    },
    /// A browser has been dead for so long that everybody notices.
    Missed {
        conference: Name,
        endpoint: Name,
    },
    /// An endpoint that is not connected leaves its bridge.
    EndpointExpiry {
        conference: Name,
        endpoint: Name,
        bridge: Name,
    },
    /// A conference that has been empty for long leaves its bridge.
    ConferenceExpiry {
        conference: Name,
        bridge: Name,
    },
}

/// Something that happens in the life of one bridge's process.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Step {
    Http,
    JoinBrewery,
    /// A presence that tells of a change; those that tell of none are never queued.
    Presence,
    /// Jicofo's health check of a bridge that fails its own.
    HealthCheck,
    ShuttingDown,
    LeaveBrewery,
    CloseHttp,
    /// SIGTERM takes effect.
    Close,
    Exit,
}

impl Step {
    pub(super) const ALL: [Self; 9] = [
        Self::Http,
        Self::JoinBrewery,
        Self::Presence,
        Self::HealthCheck,
        Self::ShuttingDown,
        Self::LeaveBrewery,
        Self::CloseHttp,
        Self::Close,
        Self::Exit,
    ];
}

/// The queue: each event is in it at most once.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    due: BTreeSet<(Time, Event)>,
    at: BTreeMap<Event, Time>,
}

impl Agenda {
    /// Puts the event at this moment, and nowhere else.
    pub(super) fn set(&mut self, at: Time, event: Event) {
        self.cancel(&event);
        self.at.insert(event.clone(), at);
        self.due.insert((at, event));
    }

    pub(super) fn cancel(&mut self, event: &Event) {
        if let Some(at) = self.at.remove(event) {
            self.due.remove(&(at, event.clone()));
        }
    }

    pub(super) fn contains(&self, event: &Event) -> bool {
        self.at.contains_key(event)
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the first event that is due at this moment.
    pub(super) fn pop(&mut self, now: Time) -> Option<(Time, Event)> {
        if self.next()? > now {
            return None;
        }
        let (at, event) = self.due.pop_first()?;
        self.at.remove(&event);
        Some((at, event))
    }
}
