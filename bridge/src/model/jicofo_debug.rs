//! Jicofo's dumps: its view of each bridge, and which conference is where. People's devices and sources are left out.

use super::Jitsi;
use super::agenda::Name;
use super::debug::meeting;
use super::java::Json;
use super::jicofo::Known;
use super::people::{Person, Place, Room};

/// `/debug`, with each conference's whole dump if `full`.
pub(super) fn debug(jitsi: &Jitsi, full: bool) -> Json {
    let manager = if full {
        conferences_full(jitsi)
    } else {
        counts(jitsi)
    };
    let known = jitsi.jicofo.iter().flat_map(|jicofo| &jicofo.known);
    let bridges = known.map(|(nick, known)| {
        let stress = known.stress(jitsi.processes.get(nick), jitsi.now);
        let address = format!("{}/{nick}", jitsi.config.brewery);
        (address, bridge(jitsi, nick, known, stress))
    });
    Json::object([
        ("focus_manager", manager),
        (
            "bridge_selector",
            Json::object([
                ("strategy", Json::from(jitsi.config.strategy.name())),
                ("bridge", Json::object(bridges)),
            ]),
        ),
        ("jibri_detector", Json::Null),
        ("sip_jibri_detector", Json::Null),
        ("jigasi_detector", Json::Null),
        (
            "av_moderation",
            Json::object([("address", Json::from("null"))]),
        ),
        (
            "conference_iq_handler",
            Json::object([
                ("breakout_address", Json::from("null")),
                ("focus_auth_jid", jitsi.config.focus.as_str().into()),
                ("jigasi_enabled", false.into()),
                ("auth_authority", "null".into()),
            ]),
        ),
    ])
}

/// `/debug/conferences`: addresses.
pub(super) fn conferences(jitsi: &Jitsi) -> Json {
    let rooms = jitsi.rooms.keys().map(|name| Json::from(name.as_ref()));
    let checks = health_check(jitsi).map(Json::Text);
    Json::Array(checks.into_iter().chain(rooms).collect())
}

/// `/debug/conferences-full`: whole dumps by address.
pub(super) fn conferences_full(jitsi: &Jitsi) -> Json {
    let rooms = jitsi.rooms.iter();
    let rooms = rooms.map(|(name, room)| (name.to_string(), dump(jitsi, name, Some(room))));
    let checks = health_check(jitsi).map(|name| {
        let dump = dump(jitsi, &name, None);
        (name, dump)
    });
    Json::object(checks.into_iter().chain(rooms))
}

/// `/debug/conference/…`: the dump of one, or an empty object.
pub(super) fn conference(jitsi: &Jitsi, name: &str) -> Json {
    let room = jitsi.rooms.get(name);
    room.map_or(Json::object::<String>([]), |room| {
        dump(jitsi, name, Some(room))
    })
}

fn counts(jitsi: &Jitsi) -> Json {
    let rooms = jitsi.rooms.iter();
    let rooms = rooms.map(|(name, room)| (name.to_string(), Json::from(room.participants())));
    let checks = health_check(jitsi).map(|name| (name, Json::Long(0)));
    Json::object(checks.into_iter().chain(rooms))
}

/// The room in which jicofo tries itself out, a new one with each check; none while it has no bridge to try.
fn health_check(jitsi: &Jitsi) -> Option<String> {
    let jicofo = jitsi
        .jicofo
        .as_ref()
        .filter(|_| jitsi.config.health_checks && jitsi.unhealthy().is_none())?;
    let interval = jitsi.config.health_interval.as_millis().max(1);
    let number = jitsi.now.since(jicofo.started).as_millis() / interval;
    let domain = &jitsi.config.muc_domain;
    Some(format!("__jicofo-health-check-{number}@{domain}"))
}

fn bridge(jitsi: &Jitsi, nick: &Name, known: &Known, stress: f64) -> Json {
    let corrected = known.corrected(
        known.stress(jitsi.processes.get(nick), jitsi.now),
        &jitsi.config,
        jitsi.now,
    );
    let text = |text: &Option<String>| Json::from(text.as_deref().unwrap_or("null"));
    let process = jitsi.processes.get(nick);
    Json::object([
        ("corrected-stress", corrected.into()),
        ("drain", known.drain.into()),
        ("endpoints", known.endpoints.into()),
        ("endpoint-restart-requests", Json::Long(0)),
        ("failing-ice", known.failing_ice.into()),
        ("graceful-shutdown", known.graceful.into()),
        ("healthy", known.healthy(process, jitsi.now).into()),
        ("operational", known.operational(jitsi.now).into()),
        (
            "overloaded",
            (corrected >= jitsi.config.stress_threshold).into(),
        ),
        ("region", text(&known.region)),
        ("relay-id", text(&known.relay_id)),
        ("release", text(&known.release)),
        ("shutting-down", known.shutting_down.into()),
        ("stress", stress.into()),
        ("version", known.version.as_str().into()),
    ])
}

/// Everything of one conference; without a room, of a health check's, which nobody joins.
fn dump(jitsi: &Jitsi, name: &str, room: Option<&Room>) -> Json {
    let empty = || Json::object::<String>([]);
    let participants = room.map_or(0, Room::participants);
    let mut members = vec![
        ("name", Json::from(name)),
        ("meeting_id", meeting(name).as_str().into()),
        (
            "config",
            Json::object([
                ("rtcstatsEnabled", Json::Bool(true)),
                ("startAudioMuted", Json::Null),
                ("startVideoMuted", Json::Null),
            ]),
        ),
        ("chat_room", chat_room(name, room)),
        (
            "participants",
            room.map_or(empty(), |room| invited(name, room)),
        ),
        (
            "chat_room_role_manager",
            Json::object([
                ("class", Json::from("AutoOwnerRoleManager")),
                ("owner", "null".into()),
            ]),
        ),
        ("started", true.into()),
        ("start_audio_muted", false.into()),
        ("start_video_muted", false.into()),
    ];
    let mut properties = vec![("support-terminate-restart", Json::from("true"))];
    if let Some(room) = room.filter(|_| participants > 0) {
        members.push(("colibri_session_manager", sessions(jitsi, room)));
        let bridges = room.sessions.len().to_string();
        properties.push(("bridge-count", bridges.as_str().into()));
    }
    members.extend([
        ("conference_properties", Json::object(properties)),
        ("include_in_statistics", room.is_some().into()),
        ("conference_sources", empty()),
        ("audio_limit_reached", false.into()),
        ("video_limit_reached", false.into()),
        ("visitor_count", room.map_or(0, Room::visitors).into()),
        (
            "visitor_codecs",
            Json::object([
                ("count", Json::Long(0)),
                ("ranks", empty()),
                ("aggregate", Json::Array(Vec::new())),
            ]),
        ),
        ("participant_count", participants.into()),
        ("jibri_count", Json::Long(0)),
        ("jigasi_count", Json::Long(0)),
        ("transcriber_count", Json::Long(0)),
    ]);
    Json::object(members)
}

fn chat_room(name: &str, room: Option<&Room>) -> Json {
    let people = room.iter().flat_map(|room| room.people.keys());
    let members = people.map(|endpoint| {
        let occupant = format!("{name}/{endpoint}");
        (
            endpoint.as_ref(),
            Json::object([("occupant_jid", Json::from(occupant.as_str()))]),
        )
    });
    Json::object([
        ("room_jid", name.into()),
        ("my_occupant_jid", format!("{name}/focus").as_str().into()),
        ("members", Json::object(members)),
        ("audio_senders_count", Json::Long(0)),
        ("video_senders_count", Json::Long(0)),
        ("lobby_enabled", false.into()),
        ("participants_soft_limit", Json::Long(-1)),
        ("moderators", Json::Array(Vec::new())),
        ("visitors_enabled", "null".into()),
        ("visitors_live", false.into()),
        ("av_moderation", Json::object::<String>([])),
    ])
}

fn invited(name: &str, room: &Room) -> Json {
    let people = room
        .people
        .iter()
        .filter(|(_, person)| person.participates());
    Json::object(people.map(|(endpoint, person)| {
        let on = matches!(person.place, Place::On(_));
        let state = if on { "ACTIVE" } else { "PENDING" };
        let session = Json::object([
            (
                "remoteJid",
                Json::from(format!("{name}/{endpoint}").as_str()),
            ),
            ("state", state.into()),
        ]);
        let participant = Json::object([
            ("id", Json::from(endpoint.as_ref())),
            ("invite_runnable", "Not running".into()),
            ("jingle_session", session),
        ]);
        (endpoint.as_ref(), participant)
    }))
}

/// Which bridge has whom.
fn sessions(jitsi: &Jitsi, room: &Room) -> Json {
    let at = |person: &Person| person.place.bridge().cloned();
    let people = room
        .people
        .iter()
        .filter_map(|(name, person)| Some((name, person, at(person)?)));
    let participants = people.map(|(endpoint, person, bridge)| {
        let participant = Json::object([
            ("id", Json::from(endpoint.as_ref())),
            ("stats_id", "null".into()),
            ("bridge", bridge.as_ref().into()),
            ("visitor", person.visitor.into()),
        ]);
        (endpoint.as_ref(), participant)
    });
    let known = jitsi.jicofo.iter().flat_map(|jicofo| &jicofo.known);
    let known = known.filter_map(|(nick, known)| Some((nick, known, room.session(nick)?)));
    let sessions = known.map(|(nick, known, session)| {
        // The dump of a bridge in a session has the corrected stress in the place of the stress too.
        let told = known.stress(jitsi.processes.get(nick), jitsi.now);
        let stress = known.corrected(told, &jitsi.config, jitsi.now);
        let names = session
            .endpoints
            .iter()
            .map(|name| Json::from(name.as_ref()));
        let relays = room.sessions.iter().filter(|other| other.bridge != *nick);
        let relays = relays.filter_map(|other| {
            let id = jitsi
                .processes
                .get(&other.bridge)?
                .config
                .relay_id
                .clone()?;
            Some((id, Json::object::<String>([])))
        });
        let session = Json::object([
            ("bridge", bridge(jitsi, nick, known, stress)),
            ("created", true.into()),
            ("relays", Json::object(relays)),
            ("participants", Json::Array(names.collect())),
        ]);
        (nick.as_ref(), session)
    });
    Json::object([
        ("participants", Json::object(participants)),
        ("sessions", Json::object(sessions)),
    ])
}
