//! What a bridge says of itself, in one shape for the three forms in which it says it.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// One reply of a bridge, read: only values that can be true are in here.
///
/// A number that is negative, infinite or not a number is left out of its field and listed in [`Stats::nonsense`], so that
/// nobody can mistake it for a measurement. A field is `None` too when the form that was read does not carry it: the table in
/// [`crate::keys`] says which form carries what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Load divided by the bridge's own threshold: 0 is idle, 1 is full, above 1 is normal on a busy machine.
    /// Its first value after a start is a placeholder; whoever reads it must know when the bridge started.
    pub stress: Option<f64>,
    /// People on this bridge: local endpoints, at once up to date and never counted on two bridges.
    pub local_endpoints: Option<u64>,
    /// Endpoints of other bridges whose media this bridge relays; refreshed every 5 s.
    pub relayed_endpoints: Option<u64>,
    /// Local and relayed endpoints together, which the bridge itself calls participants; refreshed every 5 s.
    pub all_endpoints: Option<u64>,
    /// Conferences with at least one endpoint or relay here, at once up to date.
    pub conferences: Option<u64>,
    /// Endpoints of the largest conference here, relayed ones included; refreshed every 5 s.
    pub largest_conference: Option<u64>,
    /// Media received from local endpoints, bits per second.
    pub incoming_bit_rate: Option<f64>,
    /// Media sent to local endpoints, bits per second.
    pub outgoing_bit_rate: Option<f64>,
    /// Media received from local endpoints, packets per second.
    pub incoming_packet_rate: Option<f64>,
    /// Media sent to local endpoints, packets per second.
    pub outgoing_packet_rate: Option<f64>,
    /// The flags that make up the bridge's [`crate::State`].
    pub flags: Flags,
    /// What the bridge's own health check last said; 200 for the first minute, whatever is wrong.
    pub healthy: Option<bool>,
    /// XMPP rooms (breweries) that the bridge has joined: without one, no jicofo knows it.
    pub mucs_joined: Option<u64>,
    /// When this process of the bridge started: a new value is a new bridge, on whatever address.
    pub startup_time: Option<StartupTime>,
    /// Version of the videobridge, for example `2.3.SNAPSHOT`.
    pub version: Option<String>,
    /// Region that the bridge was configured with.
    pub region: Option<String>,
    /// Name under which other bridges relay to this one.
    pub relay_id: Option<String>,
    /// Further numbers, asked for by the bridge's own key, in the order in which they were asked for.
    pub extra: Vec<(String, f64)>,
    /// What the bridge said and cannot be true, by the bridge's own key.
    pub nonsense: Vec<Nonsense>,
}

/// The three flags that a bridge publishes of its readiness to take people.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Flags {
    /// Asked to take no new conferences; can be taken back.
    pub drain: bool,
    /// Asked to leave when the last person has left; cannot be taken back.
    pub graceful_shutdown: bool,
    /// Leaving within a minute, jicofo moves everybody; cannot be taken back.
    pub shutting_down: bool,
}

/// When a bridge's process started, in milliseconds since 1970 by the bridge's own clock: the identity of a restart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct StartupTime(pub Time);

/// A value that a bridge gave and that cannot be true.
#[derive(Clone, Debug, PartialEq)]
pub struct Nonsense {
    /// The bridge's own key.
    pub key: String,
    /// What is wrong with it.
    pub why: Why,
}

/// Why a value cannot be true.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Why {
    /// Not a number, infinite, or no number at all.
    NotANumber,
    /// Below zero.
    Negative,
    /// A count with a fraction, or one too large to be a count of anything.
    NotACount,
}
