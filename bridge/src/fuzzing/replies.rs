//! What must hold of every typed reply: whatever a server answers, nothing panics, an error stays a line, and what was understood
//! is understood again when it is written down.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use http::StatusCode;
use serde_json::{Value, json};

use crate::jicofo;
use crate::reply::{self, Health, ReplyError, Version};

/// No error, with all its causes, may be longer, in characters.
const LONGEST_ERROR: usize = 600;

/// A status and a body out of one input: three digits and the end of a line, then the body; without them all is body of a 200.
pub fn split(input: &[u8]) -> (StatusCode, &[u8]) {
    let status = input.get(..3).filter(|_| input.get(3) == Some(&b'\n'));
    match status.map(StatusCode::from_bytes) {
        Some(Ok(status)) => (status, &input[4..]),
        _ => (StatusCode::OK, input),
    }
}

/// Reads a reply as that to each request to a bridge, and tells how many of the readers understood it.
///
/// # Panics
/// When a reader does, or what it gives cannot be true of this status and this body.
pub fn bridge(status: StatusCode, body: &[u8]) -> usize {
    let done = status == StatusCode::OK;
    for command in [reply::drain, reply::undrain, reply::shutdown] {
        assert_eq!(understood(status, command(status, body)).is_some(), done);
    }
    health(status, body, reply::health);
    let version = version(status, body, reply::version);
    let drains = understood(status, reply::drain_state(status, body));
    if let Some(drains) = drains {
        again(reply::drain_state, &json!({ "drain": drains }), &drains);
    }
    usize::from(version) + usize::from(drains.is_some())
}

/// The same for requests to jicofo.
///
/// # Panics
/// When a reader does, or what it gives cannot be true of this status and this body.
pub fn jicofo(status: StatusCode, body: &[u8]) -> usize {
    use jicofo::reply;
    let done = status == StatusCode::OK;
    for command in [reply::pin, reply::unpin] {
        assert_eq!(understood(status, command(status, body)).is_some(), done);
    }
    health(status, body, reply::health);
    let mut count = usize::from(version(status, body, reply::version));
    for moved in [
        reply::move_endpoint,
        reply::move_endpoints,
        reply::move_fraction,
    ] {
        if let Some(read) = understood(status, moved(status, body)) {
            let written =
                json!({ "movedEndpoints": read.endpoints, "conferences": read.conferences });
            again(moved, &written, &read);
            count += 1;
        }
    }
    if let Some(pins) = understood(status, reply::pins(status, body)) {
        let written = pins.iter().map(|pin| {
            json!({
                "conferenceId": pin.conference_id,
                "jvbVersion": pin.jvb_version,
                "expiresAt": pin.expires_at,
            })
        });
        again(reply::pins, &written.collect(), &pins);
        count += 1;
    }
    if let Some(stats) = understood(status, reply::stats(status, body)) {
        again(reply::stats, &self::stats(&stats), &stats);
        count += 1;
    }
    if let Some(bridges) = understood(status, reply::debug(status, body)) {
        for bridge in bridges.values() {
            for stress in [bridge.stress, bridge.corrected_stress]
                .into_iter()
                .flatten()
            {
                assert!(stress.is_finite() && stress >= 0.0, "{bridge:?}");
            }
        }
        again(reply::debug, &debug(&bridges), &bridges);
        count += 1;
    }
    if let Some(conferences) = understood(status, reply::conferences_full(status, body)) {
        again(
            reply::conferences_full,
            &conferences_full(&conferences),
            &conferences,
        );
        count += 1;
    }
    count
}

/// Writes down what was read of jicofo's statistics, as jicofo would.
pub fn stats(stats: &jicofo::reply::Stats) -> Value {
    let counts = stats.bridge_selector;
    json!({
        "bridge_selector": {
            "bridge_count": counts.bridge_count,
            "operational_bridge_count": counts.operational_bridge_count,
            "in_shutdown_bridge_count": counts.in_shutdown_bridge_count,
            "lost_bridges": counts.lost_bridges,
            "bridge_version_count": counts.bridge_version_count,
        },
        "bridge_failures": stats.bridge_failures.map(|failures| json!({
            "participants_moved": failures.participants_moved,
            "bridges_removed": failures.bridges_removed,
        })),
        "conferences": stats.conferences,
        "participants": stats.participants,
        "largest_conference": stats.largest_conference,
    })
}

/// Writes down what was read of jicofo's bridges, as jicofo would.
pub fn debug(bridges: &BTreeMap<String, jicofo::reply::Bridge>) -> Value {
    let bridges = bridges.iter().map(|(address, bridge)| {
        let dump = json!({
            "stress": bridge.stress,
            "corrected-stress": bridge.corrected_stress,
            "endpoints": bridge.endpoints,
            "drain": bridge.drain,
            "graceful-shutdown": bridge.graceful_shutdown,
            "shutting-down": bridge.shutting_down,
            "healthy": bridge.healthy,
            "operational": bridge.operational,
            "overloaded": bridge.overloaded,
            "failing-ice": bridge.failing_ice,
            "region": bridge.region.as_deref().unwrap_or("null"),
            "relay-id": bridge.relay_id.as_deref().unwrap_or("null"),
            "release": bridge.release.as_deref().unwrap_or("null"),
            "version": bridge.version.as_deref().unwrap_or("null"),
        });
        (address.clone(), dump)
    });
    json!({ "bridge_selector": { "bridge": Value::Object(bridges.collect()) } })
}

/// Writes down what was read of jicofo's conferences, as jicofo would.
pub fn conferences_full(conferences: &BTreeMap<String, jicofo::reply::Conference>) -> Value {
    let rooms = conferences.iter().map(|(room, conference)| {
        let sessions = conference.bridges.iter();
        let sessions =
            sessions.map(|(nick, people)| (nick.clone(), json!({ "participants": people })));
        let dump = json!({
            "participant_count": conference.participant_count,
            "colibri_session_manager": { "sessions": Value::Object(sessions.collect()) },
        });
        (room.clone(), dump)
    });
    Value::Object(rooms.collect())
}

/// What a reader understood, which is never anything but the reply of a 200; an error must be worth reading.
fn understood<T>(status: StatusCode, read: Result<T, ReplyError>) -> Option<T> {
    match read {
        Ok(read) => {
            assert_eq!(status, StatusCode::OK, "a refusal was taken for a reply");
            Some(read)
        }
        Err(error) => {
            check_error(status, &error);
            None
        }
    }
}

fn check_error(status: StatusCode, error: &ReplyError) {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    assert!(told.chars().count() <= LONGEST_ERROR, "{told}");
    assert!(!told.contains('\n') && !error.hint().is_empty(), "{told}");
    let fits = match error {
        ReplyError::Disabled { .. } => status == StatusCode::NOT_FOUND,
        ReplyError::NotFound { .. } => status == StatusCode::INTERNAL_SERVER_ERROR,
        ReplyError::Refused { status: seen, .. } => *seen == status && status != StatusCode::OK,
        ReplyError::Body { .. } => status == StatusCode::OK,
        // Of statistics, which are read elsewhere.
        ReplyError::Form { .. } | ReplyError::Stats(_) => false,
    };
    assert!(fits, "{status} is no reason for: {told}");
}

type Reader<T> = fn(StatusCode, &[u8]) -> Result<T, ReplyError>;

fn health(status: StatusCode, body: &[u8], reader: Reader<Health>) {
    let failures = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    match reader(status, body) {
        Ok(Health::Healthy) => assert_eq!(status, StatusCode::OK),
        Ok(Health::Unhealthy(why)) => {
            assert!(failures.contains(&status), "{status}: {why}");
            assert!(
                why.chars().count() <= LONGEST_ERROR && !why.contains('\n'),
                "{why}"
            );
        }
        Err(error) => {
            assert!(!failures.contains(&status), "{status}: {error}");
            check_error(status, &error);
        }
    }
}

fn version(status: StatusCode, body: &[u8], reader: Reader<Version>) -> bool {
    let version = understood(status, reader(status, body));
    if let Some(Version { name, version, os }) = &version {
        let written = json!({ "name": name, "version": version, "os": os });
        let same = Version {
            name: name.clone(),
            version: version.clone(),
            os: os.clone(),
        };
        again(reader, &written, &same);
    }
    version.is_some()
}

/// What was read is read again.
fn again<T: Debug + PartialEq>(reader: Reader<T>, written: &Value, read: &T) {
    let body = written.to_string();
    match reader(StatusCode::OK, body.as_bytes()) {
        Ok(again) => assert_eq!(again, *read, "{body}"),
        Err(error) => panic!("{error}: {body}"),
    }
}
