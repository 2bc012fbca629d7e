//! The life of one bridge, as it was seen on running ones.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use bridge::model::{BridgeConfig, Health, Jitsi, Load, Stop};
use bridge::{Source, State};
use deployment::{
    after, call, conference, deployed, drain, full, get, metrics, octo, people, shutdown, single,
    stats,
};
use http::{Method, StatusCode};

/// A bridge alone, launched at the start.
fn launched(config: BridgeConfig) -> Jitsi {
    let mut jitsi = Jitsi::new(single(), after(0.0));
    jitsi.start_bridge("a", config, after(0.0));
    jitsi
}

#[test]
fn http_answers_after_two_seconds_and_the_brewery_is_joined_after_six() {
    let mut jitsi = launched(full("a"));
    assert!(get(&mut jitsi, "a", "/metrics", after(1.9)).is_none());
    assert_eq!(metrics(&mut jitsi, "a", after(2.0)).mucs_joined, Some(0));
    assert_eq!(metrics(&mut jitsi, "a", after(5.9)).mucs_joined, Some(0));
    assert_eq!(metrics(&mut jitsi, "a", after(6.0)).mucs_joined, Some(1));
}

#[test]
fn the_first_stress_is_a_placeholder_the_next_carries_the_start_the_third_is_real() {
    for placeholder in [0.0, 1.0 / 0.9] {
        let mut jitsi = launched(BridgeConfig {
            stress_placeholder: placeholder,
            load: Load::Measured(0.25),
            stress_of_start: 0.5,
            ..full("a")
        });
        let mut stress = |second| metrics(&mut jitsi, "a", after(second)).stress;
        assert_eq!(stress(2.0), Some(placeholder));
        assert_eq!(stress(11.4), Some(placeholder));
        assert_eq!(stress(11.5), Some(0.75));
        assert_eq!(stress(21.4), Some(0.75));
        assert_eq!(stress(21.5), Some(0.25));
    }
}

#[test]
fn metrics_have_a_key_more_after_the_first_sample_and_more_with_the_first_of_everything() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    let keys = |jitsi: &mut Jitsi, now| {
        let request = Source::MetricsJson.request("127.0.0.1:8080");
        let reply = jitsi.bridge_request("a", &request, now).expect("a reply");
        let json: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
        json.as_object().expect("an object").len()
    };
    let mut early = launched(full("a"));
    assert_eq!(keys(&mut early, after(3.0)), 105);
    assert_eq!(keys(&mut jitsi, after(30.0)), 106);
    conference(&mut jitsi, "first", 1, after(31.0));
    assert_eq!(keys(&mut jitsi, after(32.0)), 112);
    drain(&mut jitsi, "a", true, after(33.0));
    jitsi.join("first", "newcomer", after(40.0));
    assert_eq!(
        keys(&mut jitsi, after(41.0)),
        114,
        "a relay to the other bridge"
    );
}

#[test]
fn people_are_counted_at_once_and_all_endpoints_every_five_seconds() {
    let mut jitsi = deployed(single(), &["a"]);
    // The refresh is at 3.5 s after startup_time, which is at 1.5 s: at 30, 35 and so on.
    conference(&mut jitsi, "talk", 2, after(31.0));
    let now = metrics(&mut jitsi, "a", after(31.0));
    assert_eq!((now.local_endpoints, now.all_endpoints), (Some(2), Some(0)));
    let then = metrics(&mut jitsi, "a", after(35.0));
    assert_eq!(
        (then.local_endpoints, then.all_endpoints),
        (Some(2), Some(2))
    );
    jitsi.leave("talk", "talk-0", after(36.0));
    jitsi.leave("talk", "talk-1", after(36.0));
    let now = metrics(&mut jitsi, "a", after(36.0));
    assert_eq!((now.local_endpoints, now.all_endpoints), (Some(0), Some(2)));
    assert_eq!(
        (now.conferences, now.largest_conference),
        (Some(0), Some(2))
    );
}

#[test]
fn relayed_endpoints_are_in_every_bridges_participants_and_in_nobodys_local_endpoints() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    drain(&mut jitsi, "a", true, after(32.0));
    jitsi.join("talk", "late", after(40.0));
    let (a, b) = (
        stats(&mut jitsi, "a", Source::ColibriStats, after(46.0)),
        stats(&mut jitsi, "b", Source::ColibriStats, after(46.0)),
    );
    assert_eq!(
        (a.local_endpoints, a.relayed_endpoints, a.all_endpoints),
        (Some(2), Some(1), Some(3))
    );
    assert_eq!(
        (b.local_endpoints, b.relayed_endpoints, b.all_endpoints),
        (Some(1), Some(2), Some(3))
    );
}

#[test]
fn the_three_forms_of_one_moment_agree() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    conference(&mut jitsi, "talk", 5, after(31.0));
    drain(&mut jitsi, "a", true, after(32.0));
    jitsi.join("talk", "late", after(40.0));
    let mut read = |source| stats(&mut jitsi, "a", source, after(46.3));
    let json = read(Source::MetricsJson);
    let (mut text, mut colibri) = (read(Source::MetricsText), read(Source::ColibriStats));
    assert!(json.nonsense.is_empty());
    assert_eq!(json.local_endpoints, Some(5));
    assert_eq!(json.stress, Some(0.05));
    assert!(json.flags.drain);
    // What a form does not carry it cannot agree on.
    text.region.clone_from(&json.region);
    assert_eq!(text, json);
    assert_eq!(colibri.version.take().as_deref(), Some("2.3.SNAPSHOT"));
    assert_eq!(colibri.relay_id.take().as_deref(), Some("a"));
    colibri.startup_time = json.startup_time;
    assert_eq!(colibri, json);
}

#[test]
fn health_is_good_for_the_first_minute_whatever_is_wrong() {
    let mut jitsi = launched(BridgeConfig {
        health: Health::Bad("no address".to_owned()),
        ..full("a")
    });
    let status = |jitsi: &mut Jitsi, second| {
        get(jitsi, "a", "/about/health", after(second)).map(|reply| reply.status())
    };
    assert_eq!(status(&mut jitsi, 2.0), Some(StatusCode::OK));
    assert_eq!(status(&mut jitsi, 61.4), Some(StatusCode::OK));
    let reply = get(&mut jitsi, "a", "/about/health", after(61.5)).expect("a reply");
    assert_eq!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reply.body(), b"no address");
    assert_eq!(metrics(&mut jitsi, "a", after(61.5)).healthy, Some(false));
    jitsi.set_health("a", Health::Good);
    assert_eq!(
        status(&mut jitsi, 121.4),
        Some(StatusCode::INTERNAL_SERVER_ERROR)
    );
    assert_eq!(status(&mut jitsi, 121.5), Some(StatusCode::OK));
}

#[test]
fn health_stays_good_through_drain_graceful_shutdown_and_shutting_down_until_the_port_closes() {
    let mut jitsi = deployed(single(), &["a"]);
    drain(&mut jitsi, "a", true, after(31.0));
    conference(&mut jitsi, "talk", 2, after(32.0));
    shutdown(&mut jitsi, "a", true, after(33.0));
    for second in [34.0, 70.0] {
        let reply = get(&mut jitsi, "a", "/about/health", after(second)).expect("a reply");
        assert_eq!((reply.status(), reply.body().len()), (StatusCode::OK, 0));
    }
    shutdown(&mut jitsi, "a", false, after(71.0));
    let reply = get(&mut jitsi, "a", "/about/health", after(131.4)).expect("a reply");
    assert_eq!(reply.status(), StatusCode::OK);
    assert!(get(&mut jitsi, "a", "/about/health", after(131.5)).is_none());
}

#[test]
fn drain_is_idempotent_and_reversible_and_moves_nobody() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 3, after(31.0));
    for on in [true, true, false, false] {
        drain(&mut jitsi, "a", on, after(40.0));
        let state = jitsi.bridge("a").expect("it runs").state();
        assert_eq!(state == State::Draining, on);
    }
    drain(&mut jitsi, "a", true, after(41.0));
    jitsi.advance(after(4000.0));
    assert_eq!(people(&jitsi), [3, 0]);
    assert_eq!((jitsi.ledger().moved, jitsi.ledger().cut), (0, 0));
}

#[test]
fn drain_works_while_shutting_down() {
    let mut jitsi = deployed(single(), &["a"]);
    shutdown(&mut jitsi, "a", true, after(31.0));
    drain(&mut jitsi, "a", true, after(32.0));
    assert!(metrics(&mut jitsi, "a", after(32.0)).flags.drain);
    drain(&mut jitsi, "a", false, after(33.0));
    assert!(!metrics(&mut jitsi, "a", after(33.0)).flags.drain);
}

#[test]
fn initial_drain_mode_starts_a_bridge_draining() {
    let mut jitsi = launched(BridgeConfig {
        initial_drain_mode: true,
        ..full("a")
    });
    assert!(metrics(&mut jitsi, "a", after(2.0)).flags.drain);
}

#[test]
fn an_idle_bridge_that_shuts_down_gracefully_has_both_flags_at_once_and_is_gone_in_a_minute() {
    let mut jitsi = deployed(single(), &["a"]);
    shutdown(&mut jitsi, "a", true, after(40.0));
    let flags = metrics(&mut jitsi, "a", after(40.0)).flags;
    assert!(flags.graceful_shutdown && flags.shutting_down);
    assert!(get(&mut jitsi, "a", "/metrics", after(100.4)).is_some());
    assert!(get(&mut jitsi, "a", "/metrics", after(100.5)).is_none());
    jitsi.advance(after(101.9));
    assert_eq!(
        jitsi.bridge("a").and_then(bridge::model::Videobridge::exit),
        None
    );
    jitsi.advance(after(102.0));
    let exit = jitsi
        .bridge("a")
        .and_then(bridge::model::Videobridge::exit)
        .expect("gone");
    assert_eq!((exit.at, exit.code), (after(102.0), Some(0)));
}

#[test]
fn a_busy_bridge_that_shuts_down_gracefully_waits_for_the_last_to_leave() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    shutdown(&mut jitsi, "a", true, after(41.0));
    jitsi.leave("talk", "talk-0", after(3000.0));
    let flags = metrics(&mut jitsi, "a", after(3000.0)).flags;
    assert!(flags.graceful_shutdown && !flags.shutting_down);
    jitsi.leave("talk", "talk-1", after(3010.0));
    assert!(metrics(&mut jitsi, "a", after(3010.0)).flags.shutting_down);
    jitsi.advance(after(3072.0));
    assert_eq!(jitsi.bridge("a").and_then(|a| a.exit()?.code), Some(0));
    assert_eq!(jitsi.ledger().cut, 0);
}

#[test]
fn a_graceful_shutdown_ends_after_its_longest_duration_with_people_still_there() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    let day = 24.0 * 3600.0;
    assert!(
        !metrics(&mut jitsi, "a", after(39.9 + day))
            .flags
            .shutting_down
    );
    assert!(
        metrics(&mut jitsi, "a", after(40.0 + day))
            .flags
            .shutting_down
    );
}

#[test]
fn a_forced_shutdown_never_says_graceful() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    shutdown(&mut jitsi, "a", false, after(40.0));
    for second in [40.0, 60.0, 100.4] {
        let flags = metrics(&mut jitsi, "a", after(second)).flags;
        assert!(flags.shutting_down && !flags.graceful_shutdown);
    }
    shutdown(&mut jitsi, "a", true, after(100.4));
    assert!(
        !metrics(&mut jitsi, "a", after(100.4))
            .flags
            .graceful_shutdown
    );
}

#[test]
fn sigterm_ends_a_bridge_in_two_seconds_whoever_is_there() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_bridge("a", Stop::Terminate, after(40.0));
    assert!(get(&mut jitsi, "a", "/metrics", after(40.1)).is_some());
    assert!(get(&mut jitsi, "a", "/metrics", after(40.2)).is_none());
    jitsi.stop_bridge("a", Stop::Terminate, after(41.0));
    jitsi.advance(after(42.0));
    let exit = jitsi
        .bridge("a")
        .and_then(bridge::model::Videobridge::exit)
        .expect("gone");
    assert_eq!((exit.at, exit.code), (after(42.0), Some(143)));
    assert_eq!(jitsi.ledger().cut, 2);
}

#[test]
fn sigkill_ends_a_bridge_at_once_and_another_start_is_another_bridge() {
    let mut jitsi = deployed(single(), &["a"]);
    let before = metrics(&mut jitsi, "a", after(31.0)).startup_time;
    jitsi.stop_bridge("a", Stop::Kill, after(40.0));
    assert_eq!(jitsi.bridge("a").and_then(|a| a.exit()?.code), Some(137));
    assert!(get(&mut jitsi, "a", "/metrics", after(40.0)).is_none());
    jitsi.start_bridge("a", full("a"), after(41.0));
    let again = metrics(&mut jitsi, "a", after(43.0));
    assert_ne!(again.startup_time, before);
    assert_eq!(again.conferences, Some(0));
}

#[test]
fn a_process_that_has_ended_can_be_forgotten_and_a_running_one_cannot() {
    let mut jitsi = deployed(single(), &["a"]);
    jitsi.forget_bridge("a");
    assert!(jitsi.bridge("a").is_some());
    jitsi.stop_bridge("a", Stop::Kill, after(40.0));
    jitsi.forget_bridge("a");
    assert!(jitsi.bridge("a").is_none());
}

#[test]
fn the_default_configuration_has_no_statistics_and_no_shutdown_but_drain_metrics_and_health() {
    let mut jitsi = launched(BridgeConfig::default());
    let mut status = |method, path| {
        let reply = call(&mut jitsi, "a", method, path, after(10.0)).expect("a reply");
        reply.status().as_u16()
    };
    assert_eq!(status(Method::GET, "/colibri/stats"), 404);
    assert_eq!(status(Method::POST, "/colibri/shutdown"), 404);
    assert_eq!(status(Method::GET, "/colibri/v2/conferences"), 404);
    assert_eq!(status(Method::GET, "/colibri/drain"), 200);
    assert_eq!(status(Method::POST, "/colibri/drain/enable"), 200);
    assert_eq!(status(Method::GET, "/metrics"), 200);
    assert_eq!(status(Method::GET, "/about/health"), 200);
}

#[test]
fn shutdown_needs_the_colibri_switch_too() {
    let mut jitsi = launched(BridgeConfig {
        shutdown_rest: true,
        ..BridgeConfig::default()
    });
    let reply = call(
        &mut jitsi,
        "a",
        Method::POST,
        "/colibri/shutdown",
        after(10.0),
    );
    assert_eq!(
        reply.map(|reply| reply.status()),
        Some(StatusCode::NOT_FOUND)
    );
}

#[test]
fn an_endpoint_without_ice_leaves_the_bridge_after_a_minute_and_its_conference_after_two() {
    let mut jitsi = deployed(single(), &["a"]);
    jitsi.join_without_ice("talk", "mute", after(40.0));
    let count = |jitsi: &mut Jitsi, second| {
        let stats = metrics(jitsi, "a", after(second));
        (stats.local_endpoints, stats.conferences)
    };
    assert_eq!(count(&mut jitsi, 99.9), (Some(1), Some(1)));
    assert_eq!(count(&mut jitsi, 100.0), (Some(0), Some(1)));
    assert_eq!(count(&mut jitsi, 159.9), (Some(0), Some(1)));
    assert_eq!(count(&mut jitsi, 160.0), (Some(0), Some(0)));
    let known = deployment::known(&mut jitsi, "a", after(200.0));
    assert_eq!(known["endpoints"], 1, "jicofo keeps counting it");
    assert_eq!(jitsi.ledger().on_bridges, 0);
}
