//! What the bridge is told when the pod ends, and by whom: `serve` and `wait` both do it, and it does no harm that both do. One
//! of them may not be there.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bridge::{Time, reply, request};
use reach::{Failure, Loopback, Probe, uptime};
use serde::{Deserialize, Serialize};

use crate::ending::Order;
use crate::sight::{Look, Sight};
use crate::store::disk;

/// How long the bridge has for an answer while the pod ends: a command that it was slow to answer it has heard all the same, and
/// it is told again.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);

/// The pause between two looks while the pod ends.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// The largest answer to a command that is read.
pub(crate) const LARGEST: usize = 16 * 1024;

/// What became of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// The bridge follows.
    Done,
    /// It knows no such request, with the switches that it lacks.
    Off(String),
    /// It may or may not have heard.
    Failed(String),
}

impl Told {
    /// As a metric's label.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Off(_) => "off",
            Self::Failed(_) => "failed",
        }
    }
}

/// A probe of the bridge of this pod, which is on loopback.
pub(crate) const fn probe(bridge: SocketAddr) -> Probe {
    Probe::new(bridge, Loopback::Asked)
}

/// Looks at the bridge once.
pub(crate) async fn look(probe: &mut Probe, deadline: Duration) -> Result<Look, Failure> {
    let answer = probe.ask(&[], deadline).await?;
    Ok(Look::Heard(Sight::from(&answer.stats)))
}

/// Tells the bridge once.
pub(crate) async fn tell(bridge: SocketAddr, order: Order) -> Told {
    let authority = bridge.to_string();
    let request = match order {
        Order::Drain => request::drain(&authority),
        Order::ShutDown => request::shutdown(&authority, false),
    };
    let answer = match reach::send(request, LARGEST, DEADLINE).await {
        Ok((status, body)) => match order {
            Order::Drain => reply::drain(status, &body),
            Order::ShutDown => reply::shutdown(status, &body),
        },
        Err(failure) => return Told::Failed(failure.to_string()),
    };
    match answer {
        Ok(()) => Told::Done,
        Err(error @ reply::ReplyError::Disabled { .. }) => {
            Told::Off(format!("{error}; {}", error.hint()))
        }
        Err(error) => Told::Failed(error.to_string()),
    }
}

/// The sign of life of whoever waits for the bridge in its container.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Waiting {
    /// Since when, on the clock that counts from the machine's start.
    pub(crate) since: Time,
    /// When it was last written.
    pub(crate) seen: Time,
}

/// Whoever has not written it for so long waits no longer.
const ALIVE: Duration = Duration::from_secs(10);

impl Waiting {
    /// Who waits now, by this file.
    pub(crate) fn now(path: &Path) -> Option<Self> {
        // One that cannot be understood was not written by us.
        let waiting = disk::read::<Self>(path).ok().flatten()?;
        let now = uptime();
        let is_alive = waiting.seen <= now && now.since(waiting.seen) < ALIVE;
        is_alive.then_some(waiting)
    }
}

/// When the end began, as it was written down: with nothing to be read it is now. On a clock that began anew with the machine
/// what was written down before may lie ahead.
pub(crate) fn began(written: Option<Time>, now: Time) -> Time {
    written.map_or(now, |began| began.min(now))
}
