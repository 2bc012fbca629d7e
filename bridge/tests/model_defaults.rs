//! Production values as literal numbers, and small quirks by name.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::model::{BridgeConfig, Health, JicofoConfig, Jitsi, Load, Stop};
use deployment::{
    after, conference, deployed, exposition, get, metrics, moved, people, shutdown, single,
};
use http::Request;

#[test]
fn the_defaults_are_the_numbers_of_production() {
    let jicofo = JicofoConfig::default();
    for (name, is, wanted) in [
        (
            "single-participant-timeout",
            jicofo.single_participant_timeout,
            20,
        ),
        ("participant-rampup-interval", jicofo.rampup, 20),
        ("failure-reset-threshold", jicofo.failure_reset, 60),
        ("health-checks.interval", jicofo.health_interval, 10),
    ] {
        assert_eq!(is, Duration::from_secs(wanted), "jicofo: {name}");
    }
    assert_eq!(jicofo.stress_threshold.to_bits(), 0.8_f64.to_bits());
    assert_eq!(jicofo.max_bridge_participants, 80);
    assert_eq!(jicofo.min_participants, 2);
    assert!(!jicofo.octo && !jicofo.allow_mixed_versions);

    let bridge = BridgeConfig::default();
    for (name, is, wanted) in [
        ("health.interval", bridge.health_interval, 60),
        ("stress sample", bridge.sample_interval, 10),
        ("stats.interval", bridge.statistics_interval, 5),
        ("presence-interval", bridge.presence_interval, 5),
        ("shutting-down-delay", bridge.shutting_down_delay, 60),
        (
            "graceful-shutdown-max-duration",
            bridge.graceful_shutdown_max,
            86_400,
        ),
        ("entity-expiration", bridge.expiry, 60),
    ] {
        assert_eq!(is, Duration::from_secs(wanted), "bridge: {name}");
    }
    assert_eq!(
        bridge.average_participant_stress.to_bits(),
        0.01_f64.to_bits()
    );
    assert!(!bridge.colibri_rest && !bridge.shutdown_rest && !bridge.initial_drain_mode);
}

#[test]
fn a_hard_failure_of_health_is_a_500() {
    let mut jitsi = deployed(single(), &["a"]);
    jitsi.set_health("a", Health::Bad("no address".to_owned()));
    let reply = get(&mut jitsi, "a", "/about/health", after(62.0)).expect("a reply");
    assert_eq!(reply.status().as_u16(), 500);
}

#[test]
fn a_call_of_two_without_media_blocks_a_graceful_shutdown() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "pair", 2, after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    let now = metrics(&mut jitsi, "a", after(3000.0));
    assert_eq!(now.stress, Some(0.02));
    assert_eq!(now.local_endpoints, Some(2));
    assert!(now.flags.graceful_shutdown && !now.flags.shutting_down);
}

#[test]
fn a_second_graceful_shutdown_does_not_begin_the_minute_anew() {
    let mut jitsi = deployed(single(), &["a"]);
    shutdown(&mut jitsi, "a", true, after(40.0));
    shutdown(&mut jitsi, "a", true, after(90.0));
    jitsi.advance(after(102.0));
    let exit = jitsi
        .bridge("a")
        .and_then(bridge::model::Videobridge::exit)
        .expect("gone");
    assert_eq!((exit.at, exit.code), (after(102.0), Some(0)));
}

#[test]
fn moves_by_hand_are_not_in_bridge_endpoints_moved() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.5));
    conference(&mut jitsi, "talk", 2, after(60.0));
    deployment::drain(&mut jitsi, "a", true, after(61.0));
    let path = "move-endpoints?bridge=a&numEndpoints=2";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (2, 1));
    jitsi.advance(after(71.0));
    assert_eq!(people(&jitsi), [0, 2]);
    let text = exposition(&mut jitsi, after(71.0));
    assert!(text.contains("jitsi_jicofo_participants_moved_total 2.0\n"));
    assert!(
        !text.contains("jitsi_jicofo_bridge_endpoints_moved_total{"),
        "{text}"
    );
}

#[test]
fn a_signal_ends_a_bridge_with_128_and_its_number() {
    for (how, code) in [
        (Stop::Terminate, 143),
        (Stop::Interrupt, 130),
        (Stop::HangUp, 129),
    ] {
        let mut jitsi = deployed(single(), &["a"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        jitsi.stop_bridge("a", how, after(40.0));
        jitsi.advance(after(42.0));
        let exit = jitsi.bridge("a").and_then(|a| a.exit()?.code);
        assert_eq!(exit, Some(code), "{how:?}");
        assert_eq!(jitsi.ledger().cut, 2, "no graceful phase");
    }
}

#[test]
fn a_graceful_shutdown_goes_on_with_as_many_people_as_configured() {
    let mut jitsi = Jitsi::new(single(), after(0.0));
    let config = BridgeConfig {
        graceful_shutdown_min_participants: 2,
        ..deployment::full("a")
    };
    jitsi.start_bridge("a", config, after(0.0));
    conference(&mut jitsi, "talk", 3, after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    assert!(!metrics(&mut jitsi, "a", after(40.0)).flags.shutting_down);
    jitsi.leave("talk", "talk-0", after(50.0));
    assert!(metrics(&mut jitsi, "a", after(50.0)).flags.shutting_down);
    assert_eq!(
        BridgeConfig::default().graceful_shutdown_min_participants,
        0
    );
}

#[test]
fn created_series_can_be_left_out_of_both_text_forms() {
    for (created_series, accept) in [
        (true, "text/plain"),
        (true, "application/openmetrics-text"),
        (false, "text/plain"),
        (false, "application/openmetrics-text"),
    ] {
        let mut jitsi = Jitsi::new(single(), after(0.0));
        let config = BridgeConfig {
            created_series,
            ..deployment::full("a")
        };
        jitsi.start_bridge("a", config, after(0.0));
        let request = Request::get("http://127.0.0.1:8080/metrics")
            .header("Accept", accept)
            .body(Vec::new())
            .expect("a request");
        let reply = jitsi
            .bridge_request("a", &request, after(30.0))
            .expect("a reply");
        let text = String::from_utf8(reply.into_body()).expect("text");
        assert!(text.contains("conferences_created_total 0.0"));
        let told = text.contains("jitsi_jvb_endpoints_created ");
        assert_eq!(told, created_series, "{accept}");
    }
    assert!(BridgeConfig::default().created_series);
}
