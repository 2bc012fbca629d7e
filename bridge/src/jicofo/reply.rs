//! What a jicofo answers to the requests of [`crate::jicofo::request`].

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::jicofo::request::path;
use crate::reply::{Health, ReplyError, Version, excerpt, health_of, parsed, success};

const MOVE_SWITCH: &str = "set jicofo.rest.move-endpoints.enabled=true, its default";
const PIN_SWITCH: &str = "set jicofo.rest.pin.enabled=true, its default";
const DEBUG_SWITCH: &str = "set jicofo.rest.debug.enabled=true, its default";
const HEALTH_SWITCH: &str = "set jicofo.health.enabled=true (in the image: JICOFO_ENABLE_HEALTH_CHECKS=1): it is off by default";
const REST_SWITCH: &str = "set jicofo.rest.enabled=true, its default (in the image JICOFO_ENABLE_REST=1 lets others reach it)";

/// How many endpoints jicofo invited anew, and of how many conferences.
///
/// **More than 0 does not mean that they left**: without a better bridge they are invited back to the same one and still count
/// (seen on a running jicofo). Believe only [`crate::Stats::local_endpoints`] of the bridge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct Moved {
    /// Invitations sent.
    #[serde(rename = "movedEndpoints")]
    pub endpoints: u64,
    /// Conferences that they belong to.
    pub conferences: u64,
}

/// A conference that is kept on bridges of one version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The room.
    pub conference_id: String,
    /// The bridges' version.
    pub jvb_version: String,
    /// When the pin ends, in the form of RFC 3339.
    pub expires_at: String,
}

/// Statistics of a jicofo: what is left out here is left to its metrics.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Stats {
    /// The bridges it knows.
    pub bridge_selector: BridgeCounts,
    /// What moves and failing bridges cost, since jicofo started.
    pub bridge_failures: Option<BridgeFailures>,
    /// Conferences now.
    pub conferences: Option<u64>,
    /// People in them now.
    pub participants: Option<u64>,
    /// People in the largest one.
    pub largest_conference: Option<u64>,
}

/// The bridges that a jicofo knows, counted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct BridgeCounts {
    /// All in the brewery.
    pub bridge_count: u64,
    /// Those to choose from; draining ones count too (seen on a running jicofo).
    pub operational_bridge_count: u64,
    /// Those in graceful shutdown; a forced one does not count (seen on a running jicofo).
    pub in_shutdown_bridge_count: u64,
    /// Bridges that left without a word since jicofo started: by a signal or a crash, never by a shutdown through their own
    /// interface (seen on a running jicofo).
    pub lost_bridges: u64,
    /// Different versions among them.
    pub bridge_version_count: Option<u64>,
}

/// What moves and failing bridges cost, since jicofo started.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct BridgeFailures {
    /// People moved to another bridge, or invited back to the same one; those moved on request count too (seen on a running
    /// jicofo), so that this tells no failure by itself.
    pub participants_moved: u64,
    /// Times that a bridge was taken out of a conference.
    pub bridges_removed: u64,
}

/// A bridge as jicofo sees it, from its presence in the brewery. A field is `None` when jicofo does not tell it; a stress also when
/// it is none, a text also when it is jicofo's `"null"`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", default)]
pub struct Bridge {
    /// As the bridge last told it, up to 5 s ago.
    #[serde(deserialize_with = "amount")]
    pub stress: Option<f64>,
    /// With what jicofo adds for people it has just sent there.
    #[serde(deserialize_with = "amount")]
    pub corrected_stress: Option<f64>,
    /// Endpoints that jicofo sent there. It keeps counting one that the bridge dropped for want of media.
    pub endpoints: Option<u64>,
    /// As the bridge last told it; taken back with the next presence.
    pub drain: Option<bool>,
    /// As the bridge told it, for good.
    pub graceful_shutdown: Option<bool>,
    /// As the bridge told it, for good.
    pub shutting_down: Option<bool>,
    /// As the bridge last told it.
    pub healthy: Option<bool>,
    /// Whether jicofo may choose it.
    pub operational: Option<bool>,
    /// Whether its corrected stress has come to jicofo's threshold.
    pub overloaded: Option<bool>,
    /// Whether too many people could not reach it.
    pub failing_ice: Option<bool>,
    /// The region it was configured with.
    #[serde(deserialize_with = "text")]
    pub region: Option<String>,
    /// The name under which other bridges relay to it.
    #[serde(deserialize_with = "text")]
    pub relay_id: Option<String>,
    /// The release it was configured with.
    #[serde(deserialize_with = "text")]
    pub release: Option<String>,
    /// Its version.
    #[serde(deserialize_with = "text")]
    pub version: Option<String>,
}

/// A conference as jicofo sees it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conference {
    /// People in it, whether they have a bridge or not.
    pub participant_count: Option<u64>,
    /// The bridges that hold it by nickname, each with the identifiers of its endpoints; empty when jicofo does not tell them.
    pub bridges: BTreeMap<String, Vec<String>>,
}

/// Reads the reply to [`crate::jicofo::request::move_endpoint`]. An unknown endpoint, or one elsewhere, is a success with 0.
///
/// # Errors
/// [`ReplyError::NotFound`] for a conference that jicofo does not know.
pub fn move_endpoint(status: StatusCode, body: &[u8]) -> Result<Moved, ReplyError> {
    moved(path::MOVE_ENDPOINT, status, body)
}

/// Reads the reply to [`crate::jicofo::request::move_endpoints`].
///
/// # Errors
/// [`ReplyError::NotFound`] for a bridge or a conference that jicofo does not know.
pub fn move_endpoints(status: StatusCode, body: &[u8]) -> Result<Moved, ReplyError> {
    moved(path::MOVE_ENDPOINTS, status, body)
}

/// Reads the reply to [`crate::jicofo::request::move_fraction`].
///
/// # Errors
/// [`ReplyError::NotFound`] for a bridge that jicofo does not know.
pub fn move_fraction(status: StatusCode, body: &[u8]) -> Result<Moved, ReplyError> {
    moved(path::MOVE_FRACTION, status, body)
}

/// An unknown bridge or conference is a 500 whose text begins so (seen on a running jicofo); 404 is the switch.
fn moved(path: &'static str, status: StatusCode, body: &[u8]) -> Result<Moved, ReplyError> {
    let said = excerpt(body);
    if status == StatusCode::INTERNAL_SERVER_ERROR && said.starts_with("Not found: ") {
        return Err(ReplyError::NotFound { path, said });
    }
    success(path, MOVE_SWITCH, status, body)?;
    parsed(path, body)
}

/// Reads the reply to [`crate::jicofo::request::pins`].
///
/// # Errors
/// When it is not 200, or its body is no list of pins.
pub fn pins(status: StatusCode, body: &[u8]) -> Result<Vec<Pin>, ReplyError> {
    success(path::PIN, PIN_SWITCH, status, body)?;
    parsed(path::PIN, body)
}

/// Reads the reply to [`crate::jicofo::request::pin`].
///
/// # Errors
/// When it is not 200: 400 for a conference that is no address.
pub fn pin(status: StatusCode, body: &[u8]) -> Result<(), ReplyError> {
    success(path::PIN, PIN_SWITCH, status, body)
}

/// Reads the reply to [`crate::jicofo::request::unpin`].
///
/// # Errors
/// When it is not 200.
pub fn unpin(status: StatusCode, body: &[u8]) -> Result<(), ReplyError> {
    success(path::UNPIN, PIN_SWITCH, status, body)
}

/// Reads the reply to [`crate::jicofo::request::health`]. A jicofo without bridges is unhealthy.
///
/// # Errors
/// When it is neither good nor bad; [`ReplyError::Disabled`] where health checks are off.
pub fn health(status: StatusCode, body: &[u8]) -> Result<Health, ReplyError> {
    health_of(HEALTH_SWITCH, status, body)
}

/// Reads the reply to [`crate::jicofo::request::version`].
///
/// # Errors
/// When it is not 200, or its body tells no version.
pub fn version(status: StatusCode, body: &[u8]) -> Result<Version, ReplyError> {
    success(path::VERSION, REST_SWITCH, status, body)?;
    parsed(path::VERSION, body)
}

/// Reads the reply to [`crate::jicofo::request::stats`].
///
/// # Errors
/// When it is not 200, or its body does not count the bridges.
pub fn stats(status: StatusCode, body: &[u8]) -> Result<Stats, ReplyError> {
    success(path::STATS, REST_SWITCH, status, body)?;
    parsed(path::STATS, body)
}

/// Reads the reply to [`crate::jicofo::request::debug`]: every bridge by its address in the brewery, whose last part, which
/// [`nick`] gives, is its nickname.
///
/// # Errors
/// When it is not 200, or its body does not list bridges.
pub fn debug(status: StatusCode, body: &[u8]) -> Result<BTreeMap<String, Bridge>, ReplyError> {
    #[derive(Deserialize)]
    struct Debug {
        bridge_selector: Selector,
    }
    #[derive(Deserialize)]
    struct Selector {
        bridge: BTreeMap<String, Bridge>,
    }
    success(path::DEBUG, DEBUG_SWITCH, status, body)?;
    parsed(path::DEBUG, body).map(|debug: Debug| debug.bridge_selector.bridge)
}

/// The nickname in a bridge's address in the brewery.
pub fn nick(address: &str) -> &str {
    address.rsplit_once('/').map_or(address, |(_, nick)| nick)
}

/// Reads the reply to [`crate::jicofo::request::conferences_full`]: every conference by its room.
///
/// The reply is a dump without a fixed form: what is missing or of another kind in a conference is left out.
///
/// # Errors
/// When it is not 200, or its body is no JSON object.
pub fn conferences_full(
    status: StatusCode,
    body: &[u8],
) -> Result<BTreeMap<String, Conference>, ReplyError> {
    success(path::CONFERENCES_FULL, DEBUG_SWITCH, status, body)?;
    let rooms: BTreeMap<String, Value> = parsed(path::CONFERENCES_FULL, body)?;
    Ok(rooms
        .into_iter()
        .map(|(room, dump)| (room, conference(&dump)))
        .collect())
}

fn conference(dump: &Value) -> Conference {
    let sessions = dump
        .pointer("/colibri_session_manager/sessions")
        .and_then(Value::as_object);
    let bridges = sessions.into_iter().flatten().map(|(nick, session)| {
        let endpoints = session
            .get("participants")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        (
            nick.clone(),
            endpoints
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    });
    Conference {
        participant_count: dump.get("participant_count").and_then(Value::as_u64),
        bridges: bridges.collect(),
    }
}

/// A number that can be true; jicofo writes NaN as a text.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let amount = Value::deserialize(deserializer)?.as_f64();
    Ok(amount.filter(|amount| *amount >= 0.0))
}

/// A text; jicofo writes none as `"null"`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| text != "null"))
}
