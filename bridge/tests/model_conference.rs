//! The model lives through the recorded conferences as the real bridges did: same people, same requests, same moments.

mod common;
#[path = "common/replay.rs"]
mod replay;

use std::time::Duration;

use bridge::Time;
use bridge::model::{BridgeConfig, Jitsi, Load, Stop};
use replay::{ask, recorded_bridge, recorded_jicofo, same, shape};
use serde_json::Value;

/// 2026-11-21T09:00:00Z.
const NINE: Time = Time::from_millis(1_795_251_600_000);

fn at(minute: u64, millis: u64) -> Time {
    NINE + Duration::from_mins(minute) + Duration::from_millis(millis)
}

/// From the launch of curl, whose moment is recorded, to the reply.
const CURL: Duration = Duration::from_millis(30);

/// What people did, by the recorded timelines of both bridges and of jicofo.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Join(&'static str, &'static str),
    Leave(&'static str, &'static str),
    /// The machine had less to do.
    Rest,
}

/// Numbers and flags that must be the very same, in the names of `/metrics` and of `/colibri/stats`.
const EXACT: [(&str, &str); 18] = [
    ("local_endpoints", "local_endpoints"),
    ("conferences", "conferences"),
    ("current_endpoints", "participants"),
    ("endpoints_relayed", "octo_endpoints"),
    ("largest_conference", "largest_conference"),
    ("conferences_with_relay", "octo_conferences"),
    ("conferences_inactive", "inactive_conferences"),
    ("conferences_p2p", "p2p_conferences"),
    ("endpoints_inactive", "inactive_endpoints"),
    ("conferences_created_total", "total_conferences_created"),
    ("conferences_completed_total", "total_conferences_completed"),
    ("endpoints_total", "total_participants"),
    ("relays_total", "total_relays"),
    ("mucs_joined", "mucs_joined"),
    ("drain_mode", "drain"),
    ("graceful_shutdown", "graceful_shutdown"),
    ("shutting_down", "shutting_down"),
    ("healthy", "healthy"),
];

/// The two bridges as they were on that morning: machines so busy that both were overloaded all the time.
fn that_morning() -> Jitsi {
    let begin = at(15, 34_000);
    let mut jitsi = Jitsi::new(recorded_jicofo(), begin);
    let busy = |nick, offset, placeholder| BridgeConfig {
        statistics_offset: Duration::from_millis(offset),
        stress_placeholder: placeholder,
        load: Load::Measured(1.11),
        brewery_join: Duration::from_millis(4500),
        ..recorded_bridge(nick)
    };
    // Their startup_time, less the 1.5 s that a process takes to get there.
    jitsi.start_bridge("jvb2", busy("jvb2", 2943, 1.111), at(15, 34_262));
    jitsi.start_bridge("jvb1", busy("jvb1", 3549, 0.0), at(15, 34_603));
    jitsi
}

fn body(reply: &http::Response<Vec<u8>>) -> Value {
    serde_json::from_slice(reply.body()).expect("JSON")
}

/// Statistics: the same keys in the same order with the same types, and the same values where they tell of people.
fn same_statistics(
    path: &str,
    jitsi: &mut Jitsi,
    now: Time,
    named: fn(&(&'static str, &'static str)) -> &'static str,
) {
    let given = ask(jitsi, path, now).expect("a reply");
    let recorded = common::replied(path).expect("a reply");
    let text =
        |reply: &http::Response<Vec<u8>>| String::from_utf8(reply.body().clone()).expect("text");
    let (shape_given, shape_recorded) = (shape(path, &text(&given)), shape(path, &text(&recorded)));
    // Which queue was first used when differs by fractions of a second.
    assert_eq!(sorted(&shape_given), sorted(&shape_recorded), "{path}");
    let (given, recorded) = (body(&given), body(&recorded));
    for key in EXACT.iter().map(named) {
        assert_eq!(given[key], recorded[key], "{path}: {key}");
    }
    for key in ["conferences_by_size", "startup_time"] {
        let without_moment = |value: &Value| {
            let mut value = value[key].clone();
            if let Value::Object(members) = &mut value {
                members.remove("created");
            }
            value
        };
        assert_eq!(
            without_moment(&given),
            without_moment(&recorded),
            "{path}: {key}"
        );
    }
}

fn sorted(shape: &str) -> Vec<&str> {
    let mut members: Vec<_> = shape
        .split(',')
        .map(|member| member.trim_matches(['{', '}']))
        .collect();
    members.sort_unstable();
    members
}

#[test]
fn bridges_and_jicofo_live_through_the_recorded_drain_moves_and_graceful_shutdown() {
    let mut jitsi = that_morning();
    let mut deeds = vec![
        (at(15, 41_400), Deed::Join("alpha", "aaaa1111")),
        (at(15, 41_900), Deed::Join("alpha", "bbbb2222")),
        (at(16, 2_200), Deed::Join("beta", "dddd4444")),
        (at(16, 12_400), Deed::Leave("beta", "dddd4444")),
        (at(16, 16_600), Deed::Join("alpha", "cccc3333")),
        (at(16, 26_900), Deed::Leave("alpha", "cccc3333")),
        (at(17, 24_900), Deed::Join("alpha", "eeee5555")),
        (at(17, 33_400), Deed::Leave("alpha", "eeee5555")),
        (at(17, 43_900), Deed::Join("gamma", "ffff6666")),
        (at(17, 54_200), Deed::Leave("gamma", "ffff6666")),
        (at(18, 52_300), Deed::Leave("alpha", "aaaa1111")),
        (at(18, 52_500), Deed::Leave("alpha", "bbbb2222")),
        (at(19, 36_000), Deed::Rest),
    ];
    let mut exchanges = replay::in_order("6-conference");
    exchanges.retain(|(_, path)| path.contains("/A") || path.contains("/B"));
    deeds.reverse();
    for (launched, path) in exchanges {
        let now = launched + CURL;
        while let Some((when, deed)) = deeds.pop_if(|(when, _)| *when <= now) {
            match deed {
                Deed::Join(room, person) => jitsi.join(room, person, when),
                Deed::Leave(room, person) => jitsi.leave(room, person, when),
                Deed::Rest => {
                    jitsi.advance(when);
                    jitsi.set_load("jvb1", Load::Measured(0.06));
                }
            }
        }
        match path.as_str() {
            path if path.ends_with("-metrics.txt") => {
                same_statistics(path, &mut jitsi, now, |(metric, _)| metric);
            }
            path if path.ends_with("jvb1-stats.txt") || path.ends_with("jvb2-stats.txt") => {
                same_statistics(path, &mut jitsi, now, |(_, stat)| stat);
            }
            path if path.ends_with("jicofo-stats.txt") => same_counts(path, &mut jitsi, now),
            path if path.contains("jicofo") => same_bridges(path, &mut jitsi, now),
            path => same(path, ask(&mut jitsi, path, now).as_ref()),
        }
    }
    let end = at(19, 55_000);
    jitsi.advance(end);
    let exit = jitsi
        .bridge("jvb2")
        .and_then(bridge::model::Videobridge::exit)
        .expect("it has gone");
    assert_eq!(exit.code, Some(0));
    assert_eq!(
        jitsi.lost_bridges(),
        Some(0),
        "a shutdown through the API is no loss"
    );
    assert_eq!(jitsi.ledger().cut, 0, "nobody was cut off by any of it");
    assert_eq!(jitsi.ledger().people, 0);
}

#[test]
fn bridges_live_through_the_recorded_forced_shutdown_and_signals() {
    let mut jitsi = Jitsi::new(recorded_jicofo(), at(15, 34_000));
    let bridge = |offset| BridgeConfig {
        statistics_offset: Duration::from_millis(offset),
        ..recorded_bridge("jvb2")
    };
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), at(15, 34_603));
    jitsi.start_bridge("jvb2", bridge(4467), at(19, 56_727));
    jitsi.join("delta", "aaaa1111", at(20, 2_900));
    jitsi.join("delta", "bbbb2222", at(20, 3_000));
    // Both were idle, and the newer one was chosen.
    let busier = Load::Measured(0.05);
    jitsi.set_load("jvb1", busier);
    let on = |jitsi: &Jitsi| {
        let people = |nick| {
            jitsi
                .bridge(nick)
                .map_or(0, bridge::model::Videobridge::local_endpoints)
        };
        (people("jvb1"), people("jvb2"))
    };
    assert_eq!(on(&jitsi), (0, 2));

    for (launched, path) in replay::in_order("6-conference") {
        let now = launched + CURL;
        match path.as_str() {
            path if !path.contains("/C1") => {}
            path if path.ends_with("-metrics.txt") => {
                same_statistics(path, &mut jitsi, now, |(metric, _)| metric);
            }
            path if path.ends_with("-stats.txt") => {
                same_statistics(path, &mut jitsi, now, |(_, stat)| stat);
            }
            path => same(path, ask(&mut jitsi, path, now).as_ref()),
        }
    }
    jitsi.advance(at(21, 15_053));
    assert_eq!(on(&jitsi), (2, 0), "moved by the forced shutdown");
    let exit = jitsi
        .bridge("jvb2")
        .and_then(bridge::model::Videobridge::exit);
    assert_eq!(exit.and_then(|exit| exit.code), Some(0));
    assert_eq!(
        jitsi.lost_bridges(),
        Some(0),
        "a shutdown through the API is no loss"
    );
    assert_eq!((jitsi.ledger().moved, jitsi.ledger().cut), (2, 0));

    jitsi.start_bridge("jvb2", recorded_bridge("jvb2"), at(21, 15_137));
    jitsi.stop_bridge("jvb1", Stop::Terminate, at(21, 27_304));
    for (launched, path) in replay::in_order("6-conference") {
        match path.as_str() {
            "6-conference/C3-jicofo-stats.txt" => {
                let given = body(&ask(&mut jitsi, &path, launched).expect("a reply"));
                let recorded = body(&common::replied(&path).expect("a reply"));
                assert_eq!(given["bridge_selector"], recorded["bridge_selector"]);
            }
            path if path.contains("/C3") => same_bridges(path, &mut jitsi, launched),
            _ => {}
        }
    }
    assert_eq!(on(&jitsi), (0, 2), "invited again after SIGTERM");
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), at(21, 34_045));
    jitsi.stop_bridge("jvb2", Stop::Kill, at(21, 46_265));
    jitsi.advance(at(21, 47_555));
    assert_eq!(on(&jitsi), (2, 0), "invited again after SIGKILL");
    assert_eq!(jitsi.lost_bridges(), Some(2));
    assert_eq!(jitsi.ledger().cut, 4);
}

#[test]
fn on_the_only_bridge_people_live_through_the_recorded_shutdown_without_one() {
    let mut jitsi = Jitsi::new(recorded_jicofo(), at(21, 0));
    jitsi.start_bridge("jvb2", recorded_bridge("jvb2"), at(21, 50_425));
    jitsi.join("zeta", "aaaa1111", at(26, 24_700));
    for (launched, path) in replay::in_order("6-conference") {
        let now = launched + CURL;
        match path.as_str() {
            path if !path.contains("/D2") => {}
            "6-conference/D2-jicofo-debug.txt" => {
                jitsi.join("eta", "cccc3333", at(26, 51_400));
                jitsi.leave("eta", "cccc3333", at(26, 57_400));
                same_bridges(&path, &mut jitsi, now);
            }
            "6-conference/D2-jicofo-stats-nobridge.txt" => {
                let given = body(&ask(&mut jitsi, &path, now).expect("a reply"));
                let recorded = body(&common::replied(&path).expect("a reply"));
                for key in [
                    "participants",
                    "conferences",
                    "healthy",
                    "health",
                    "conference_sizes",
                ] {
                    assert_eq!(given[key], recorded[key], "{path}: {key}");
                }
            }
            "6-conference/D2-stats.txt" => {
                let given = body(&ask(&mut jitsi, &path, now).expect("a reply"));
                assert_eq!(given["local_endpoints"], 0, "taken off by jicofo");
                assert_eq!(
                    given["graceful_shutdown"], true,
                    "forced after graceful: both"
                );
            }
            path => same(path, ask(&mut jitsi, path, now).as_ref()),
        }
    }
    let ledger = jitsi.ledger();
    assert_eq!((ledger.waiting, ledger.stranded, ledger.cut), (1, 1, 0));
    assert_eq!(jitsi.lost_bridges(), Some(0));
}

/// Jicofo's `/stats`: the same members, and the same counts of bridges, people and, before and after the trap, moves.
fn same_counts(path: &str, jitsi: &mut Jitsi, now: Time) {
    let given = body(&ask(jitsi, path, now).expect("a reply"));
    let recorded = body(&common::replied(path).expect("a reply"));
    for key in [
        "bridge_selector",
        "conferences",
        "participants",
        "largest_conference",
        "endpoint_pairs",
    ] {
        assert_eq!(given[key], recorded[key], "{path}: {key}");
    }
    let keys = |value: &Value| {
        value
            .as_object()
            .map(|members| members.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(keys(&given), keys(&recorded), "{path}");
    let failures = |value: &Value| {
        let count = |key: &str| value["bridge_failures"][key].as_f64().expect("a number");
        (count("participants_moved"), count("bridges_removed"))
    };
    let ((moved, removed), (recorded_moved, recorded_removed)) =
        (failures(&given), failures(&recorded));
    // Of the loop only the pace can be told.
    let near = |a: f64, b: f64| (a - b).abs() <= 0.25 * b;
    assert!(
        near(moved, recorded_moved) && near(removed, recorded_removed),
        "{path}: moved {moved}, recorded {recorded_moved}; removed {removed}, recorded {recorded_removed}"
    );
    assert!(
        (moved - removed - (recorded_moved - recorded_removed)).abs() < 1.0,
        "{path}: moves outside of the loop"
    );
}

/// Jicofo's dumps: the same bridges with the same flags and endpoints.
fn same_bridges(path: &str, jitsi: &mut Jitsi, now: Time) {
    let given = body(&ask(jitsi, path, now).expect("a reply"));
    let recorded = body(&common::replied(path).expect("a reply"));
    let known = &recorded["bridge_selector"]["bridge"];
    for (address, bridge) in known.as_object().into_iter().flatten() {
        for flag in [
            "drain",
            "graceful-shutdown",
            "shutting-down",
            "operational",
            "healthy",
            "endpoints",
            "overloaded",
            "region",
            "relay-id",
            "release",
            "version",
        ] {
            let ours = &given["bridge_selector"]["bridge"][address][flag];
            assert_eq!(*ours, bridge[flag], "{path}: {address} {flag}");
        }
    }
    for (room, conference) in recorded["focus_manager"].as_object().into_iter().flatten() {
        // The loop has a session at one moment and none at the next.
        if room.contains("health-check") || room.contains("gamma") || !conference.is_object() {
            continue;
        }
        let ours = &given["focus_manager"][room];
        assert_eq!(
            ours["participant_count"], conference["participant_count"],
            "{path}: {room}"
        );
        let sessions = &conference["colibri_session_manager"]["sessions"];
        for (nick, session) in sessions.as_object().into_iter().flatten() {
            let people = |sessions: &Value| {
                let people = sessions[nick]["participants"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                people.len()
            };
            let ours = &ours["colibri_session_manager"]["sessions"];
            assert_eq!(
                people(ours),
                people(sessions),
                "{path}: {room} on {nick}: {session}"
            );
        }
    }
}
