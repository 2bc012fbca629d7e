//! What is going to happen, besides what happens in the cluster by itself.

use std::time::Duration;

use scaler_policy::Request;
use scaler_policy::world::Uid;

/// What is going to happen, besides what happens in the cluster by itself. A number is that of a replica, and the one after it
/// that of its process: what an earlier process awaited does not reach a later one.
#[derive(Clone, Debug)]
pub enum Event {
    /// A process starts, with a list that is so old.
    Start(usize, Duration),
    /// A watch tells what is new.
    Watch(usize, u64),
    /// A replica asks bridges and jicofo.
    Look(usize, u64),
    /// A bridge that a replica asked has not answered in time.
    Silence(usize, u64, Uid),
    /// A replica tries to lead, or to go on leading.
    Elect(usize, u64),
    /// A leader decides.
    Step(usize, u64),
    /// A request leaves.
    Send(usize, u64, Box<Request>),
    /// A request arrives.
    Arrive(usize, u64, Box<Request>),
    /// An answer arrives.
    Answer(usize, u64, Box<Request>, Box<scaler_policy::Outcome>),
    /// The HPA reads the scale.
    HpaRead,
    /// The HPA decides and writes.
    HpaSync,
    /// So many people are to be there.
    Demand(u64),
    /// A user sets the size.
    Size(u32),
    /// A user pauses the pool, or lets it go on.
    Pause(bool),
    /// A user wants the bridge left alone that has the fewest people, or no bridge any more.
    Pin(bool),
    /// A user wants the bridges to outlive their pool, or no longer.
    Orphan(bool),
    /// Faults begin and end.
    Chaos,
    /// Faults stop.
    Calm,
    /// Whether all has come to rest.
    End,
}

impl Event {
    /// The replica that awaits it, and the number of its process, where it is lost with that process.
    pub(super) const fn of_replica(&self) -> Option<(usize, u64)> {
        match self {
            Self::Watch(number, epoch)
            | Self::Look(number, epoch)
            | Self::Silence(number, epoch, _)
            | Self::Elect(number, epoch)
            | Self::Step(number, epoch)
            | Self::Send(number, epoch, _)
            | Self::Answer(number, epoch, _, _) => Some((*number, *epoch)),
            _ => None,
        }
    }
}
