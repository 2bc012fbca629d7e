//! The reply of the bridge's `/debug`: the one place over HTTP that names the state of its shutdown.

use super::Videobridge;
use super::config::Health;
use super::java::{Double, Json};

/// From this stress on the bridge calls itself overloaded.
const OVERLOADED: f64 = 1.0;

/// What the bridge dumps of itself at this moment.
pub(super) fn debug(bridge: Videobridge<'_>) -> Json {
    let flags = bridge.flags();
    let state = match (flags.shutting_down, flags.graceful_shutdown) {
        (true, _) => "SHUTTING_DOWN",
        (false, true) => "GRACEFUL_SHUTDOWN",
        (false, false) => "RUNNING",
    };
    let stress = bridge.stress();
    let load = if stress >= OVERLOADED {
        "OVERLOADED"
    } else {
        "NOT_OVERLOADED"
    };
    Json::object([
        ("shutdown_state", state.into()),
        ("drain", flags.drain.into()),
        ("time", bridge.now.as_millis().into()),
        (
            "load_management",
            Json::object([
                ("state", load.into()),
                ("stress", Double(stress).to_string().as_str().into()),
                ("reducer_enabled", "false".into()),
            ]),
        ),
        ("conferences", conferences(bridge)),
        ("health", health(bridge.health())),
    ])
}

fn conferences(bridge: Videobridge<'_>) -> Json {
    let sessions = bridge.process.statistics.sessions.iter();
    Json::object(sessions.map(|(name, session)| {
        let id = identity(name, session.created.as_millis());
        let endpoints = session
            .local
            .iter()
            .map(|endpoint| (endpoint.as_ref(), Json::Null));
        let conference = Json::object([
            ("id", id.as_str().into()),
            ("rtcstatsEnabled", true.into()),
            ("name", name.as_ref().into()),
            ("meeting_id", meeting(name).as_str().into()),
            ("endpoints", Json::object(endpoints)),
            ("relays", Json::object::<String>([])),
        ]);
        (id, conference)
    }))
}

fn health(health: &Health) -> Json {
    Json::object([
        ("success", (*health == Health::Good).into()),
        ("hardFailure", (!matches!(health, Health::Soft(_))).into()),
        (
            "responseCode",
            match health {
                Health::Coded(code, _) => i64::from(*code).into(),
                _ => Json::Null,
            },
        ),
        ("message", health.message().map_or(Json::Null, Json::from)),
    ])
}

/// A conference's identity on one bridge: the same for the same name and moment (FNV-1a).
fn identity(name: &str, salt: i64) -> String {
    format!("{:016x}", hash(name, salt))
}

/// A conference's identity for everybody, in the form of a UUID.
pub(super) fn meeting(name: &str) -> String {
    let (high, low) = (hash(name, 1), hash(name, 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn hash(name: &str, salt: i64) -> u64 {
    let bytes = salt.to_le_bytes().into_iter().chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
