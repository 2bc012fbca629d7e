//! What is known of jicofo.

use std::collections::{BTreeMap, BTreeSet};

use bridge::Time;

/// What is known of jicofo.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Jicofo {
    /// Whether it is there.
    pub presence: Presence,
    /// The conferences on each bridge, by the bridge's nickname: as many of them as are known.
    pub rooms: BTreeMap<String, Vec<Room>>,
    /// When that was told.
    pub rooms_at: Option<Time>,
}

/// Whether jicofo is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Presence {
    /// Nobody asks it: no address is configured. Conferences are not moved one by one, and its absence is not noticed. Whoever does
    /// ask it tells that it is away until it has answered for the first time.
    #[default]
    NotWatched,
    /// It answers, and knows these bridges by their nicknames.
    Here(BTreeSet<String>),
    /// It has not answered since then.
    Away(Time),
}

/// A conference on a bridge.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Room {
    /// Its address, such as `room@conference.example.org`.
    pub name: String,
    /// How many of its endpoints are on the bridge.
    pub endpoints: u64,
}

impl Jicofo {
    /// Whether it was asked and did not answer.
    pub fn away(&self) -> bool {
        matches!(self.presence, Presence::Away(_))
    }

    /// Whether it answers and does not know a bridge of this nickname.
    pub fn lost(&self, nick: &str) -> bool {
        matches!(&self.presence, Presence::Here(bridges) if !bridges.contains(nick))
    }
}
