//! Quirks of a bridge that few deployments ever show, by name.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use bridge::model::{BridgeConfig, Health, Jitsi, Load, Stop};
use deployment::{
    after, call, conference, deployed, drain, full, get, metrics, people, shutdown, single,
};
use http::Method;
use serde_json::{Value, json};

fn launched(config: BridgeConfig) -> Jitsi {
    let mut jitsi = Jitsi::new(single(), after(0.0));
    jitsi.start_bridge("a", config, after(0.0));
    jitsi
}

fn no_address() -> String {
    "no address".to_owned()
}

#[test]
fn a_soft_failure_is_a_503_and_a_check_may_name_its_own_code() {
    for (health, status, hard, code) in [
        (Health::Bad(no_address()), 500, true, Value::Null),
        (Health::Soft(no_address()), 503, false, Value::Null),
        (Health::Coded(504, no_address()), 504, true, json!(504)),
        (Health::Coded(7, no_address()), 500, true, json!(7)),
    ] {
        let mut jitsi = deployed(single(), &["a"]);
        jitsi.set_health("a", health.clone());
        let reply = get(&mut jitsi, "a", "/about/health", after(62.0)).expect("a reply");
        assert_eq!(reply.status().as_u16(), status, "{health:?}");
        assert_eq!(reply.body(), b"no address");
        let reply = get(&mut jitsi, "a", "/debug", after(62.0)).expect("a reply");
        let dump: Value = serde_json::from_slice(reply.body()).expect("JSON");
        let wanted = json!({
            "success": false, "hardFailure": hard, "responseCode": code, "message": "no address",
        });
        assert_eq!(dump["health"], wanted, "{health:?}");
    }
}

#[test]
fn any_failure_of_health_makes_jicofo_move_everybody_away() {
    for health in [
        Health::Bad(no_address()),
        Health::Soft(no_address()),
        Health::Coded(504, no_address()),
    ] {
        let mut jitsi = deployed(single(), &["a", "b"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        let nick = if people(&jitsi) == [2, 0] { "a" } else { "b" };
        jitsi.set_health(nick, health.clone());
        jitsi.advance(after(90.0));
        let wanted = if nick == "a" { [0, 2] } else { [2, 0] };
        assert_eq!(people(&jitsi), wanted, "{health:?}");
    }
}

#[test]
fn a_sticky_failure_of_health_stays_although_its_cause_is_gone() {
    for (sticky_health_failures, later) in [(false, 200), (true, 503)] {
        let mut jitsi = launched(BridgeConfig {
            health: Health::Soft(no_address()),
            sticky_health_failures,
            ..full("a")
        });
        let status = |jitsi: &mut Jitsi, second| {
            let reply = get(jitsi, "a", "/about/health", after(second)).expect("a reply");
            reply.status().as_u16()
        };
        assert_eq!(status(&mut jitsi, 62.0), 503);
        jitsi.set_health("a", Health::Good);
        assert_eq!(status(&mut jitsi, 122.0), later);
        assert_eq!(status(&mut jitsi, 3600.0), later);
    }
    let mut jitsi = launched(BridgeConfig {
        health: Health::Bad(no_address()),
        sticky_health_failures: true,
        ..full("a")
    });
    jitsi.advance(after(30.0));
    jitsi.set_health("a", Health::Good);
    let reply = get(&mut jitsi, "a", "/about/health", after(62.0)).expect("a reply");
    assert_eq!(reply.status().as_u16(), 200, "no check had found it");
    assert!(!BridgeConfig::default().sticky_health_failures);
}

fn close(is: f64, wanted: f64) -> bool {
    (is - wanted).abs() < 1e-9
}

#[test]
fn stress_by_packet_rate_has_no_upper_bound() {
    assert!(close(Load::PACKET_RATE_THRESHOLD, 50_000.0));
    let load = Load::PacketRate {
        each: 1900.0,
        threshold: Load::PACKET_RATE_THRESHOLD,
    };
    for (people, stress) in [(0, 0.0), (1, 0.038), (26, 0.988), (27, 1.026), (58, 2.204)] {
        assert!(close(load.stress(people), stress), "{people} people");
    }
    let mut jitsi = launched(BridgeConfig { load, ..full("a") });
    conference(&mut jitsi, "talk", 58, after(31.0));
    let stress = metrics(&mut jitsi, "a", after(60.0)).stress;
    assert!(stress.is_some_and(|stress| stress > 1.0), "{stress:?}");
}

#[test]
fn stress_by_cpu_ends_at_the_whole_cpu_and_its_steal() {
    for (cpu, steal, stress) in [
        (0.0, 0.0, 0.0),
        (0.45, 0.0, 0.5),
        (1.0, 0.0, 1.0 / 0.9),
        (1.7, 0.0, 1.0 / 0.9),
        (1.0, 0.2, 1.2 / 0.9),
    ] {
        let is = Load::CpuUsage { cpu, steal }.stress(58);
        assert!(close(is, stress), "{cpu} and {steal}: {is}");
    }
}

#[test]
fn a_cpu_load_that_is_not_available_is_a_negative_stress() {
    for steal in [0.0, 0.2] {
        let is = Load::CpuUsage { cpu: -1.0, steal }.stress(0);
        assert!(close(is, -1.0 / 0.9), "{is}");
    }
}

#[test]
fn four_busy_cores_of_a_large_node_without_a_limit_are_hardly_any_stress() {
    let stress = |cores: f64, of: f64| {
        let cpu = cores / of;
        Load::CpuUsage { cpu, steal: 0.0 }.stress(0)
    };
    let (node, limit) = (stress(4.0, 64.0), stress(4.0, 4.0));
    assert_eq!(format!("{node:.2} {limit:.2}"), "0.07 1.11");
}

#[test]
fn a_bridge_with_a_wrong_configuration_of_dtls_ends_at_boot_with_78() {
    let broken = || BridgeConfig {
        broken_dtls: true,
        ..full("a")
    };
    let mut jitsi = launched(broken());
    for second in [1.9, 2.0, 2.1, 6.0, 60.0] {
        assert!(get(&mut jitsi, "a", "/about/health", after(second)).is_none());
    }
    let bridge = jitsi.bridge("a").expect("a bridge");
    let exit = bridge.exit().expect("gone");
    assert_eq!((exit.at, exit.code), (after(2.0), Some(78)));
    assert!(!bridge.in_brewery());

    let mut jitsi = launched(broken());
    jitsi.stop_bridge("a", Stop::Terminate, after(1.0));
    jitsi.advance(after(10.0));
    let exit = jitsi.bridge("a").and_then(|a| a.exit()?.code);
    assert_eq!(exit, Some(143), "a signal comes first");
    assert!(!BridgeConfig::default().broken_dtls);
}

#[test]
fn checks_that_hang_make_a_bridge_unhealthy_ninety_seconds_after_the_last_that_did_not() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    let status = |jitsi: &mut Jitsi, second| {
        let reply = get(jitsi, "a", "/about/health", after(second)).expect("a reply");
        reply.status().as_u16()
    };
    conference(&mut jitsi, "talk", 2, after(31.0));
    // The check of 61.5 s ends, the one of 121.5 s does not.
    jitsi.advance(after(100.0));
    jitsi.set_health("a", Health::Hung);
    jitsi.advance(after(130.0));
    jitsi.set_health("a", Health::Hung);
    assert_eq!(status(&mut jitsi, 151.5), 200);
    assert_eq!(status(&mut jitsi, 151.501), 500);
    assert_eq!(metrics(&mut jitsi, "a", after(152.0)).healthy, Some(false));
    assert_eq!(people(&jitsi), [2, 0]);
    jitsi.advance(after(165.0));
    assert_eq!(people(&jitsi), [0, 2], "jicofo asks for the same result");
    jitsi.set_health("a", Health::Good);
    assert_eq!(status(&mut jitsi, 181.4), 500);
    assert_eq!(status(&mut jitsi, 181.5), 200);
    let mut jitsi = launched(BridgeConfig {
        health: Health::Hung,
        ..full("a")
    });
    assert_eq!(status(&mut jitsi, 91.5), 200, "from its start on");
    assert_eq!(status(&mut jitsi, 91.6), 500);
}

#[test]
fn nothing_takes_a_shutdown_back() {
    for graceful in [true, false] {
        let mut jitsi = deployed(single(), &["a"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        shutdown(&mut jitsi, "a", graceful, after(32.0));
        let state = |jitsi: &Jitsi| jitsi.bridge("a").expect("a bridge").state();
        let begun = state(&jitsi);
        assert!(!begun.reversible(), "{begun:?}");
        for drains in [true, false] {
            drain(&mut jitsi, "a", drains, after(33.0));
            assert_eq!(state(&jitsi), begun);
        }
        shutdown(&mut jitsi, "a", true, after(34.0));
        assert_eq!(state(&jitsi), begun, "not even a gentler one");
        for (method, path) in [
            (Method::DELETE, "/colibri/shutdown"),
            (Method::POST, "/colibri/shutdown/cancel"),
            (Method::POST, "/colibri/shutdown/disable"),
        ] {
            let reply = call(&mut jitsi, "a", method, path, after(35.0)).expect("a reply");
            assert!(!reply.status().is_success(), "{path}");
        }
        assert_eq!(state(&jitsi), begun);
    }
    let mut jitsi = deployed(single(), &["a"]);
    drain(&mut jitsi, "a", true, after(31.0));
    assert!(jitsi.bridge("a").is_some_and(|a| a.state().reversible()));
}

#[test]
fn an_endpoint_that_is_dropped_may_be_the_last_for_which_a_graceful_shutdown_waited() {
    let mut jitsi = deployed(single(), &["a"]);
    jitsi.join_without_ice("talk", "mute", after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    let leaving =
        |jitsi: &mut Jitsi, second| metrics(jitsi, "a", after(second)).flags.shutting_down;
    assert!(!leaving(&mut jitsi, 90.9));
    assert!(leaving(&mut jitsi, 91.0));
}

#[test]
fn a_browser_that_dies_blocks_a_graceful_shutdown_for_a_minute() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    shutdown(&mut jitsi, "a", true, after(40.0));
    jitsi.drop_out("talk", "talk-0", after(50.0));
    jitsi.drop_out("talk", "talk-1", after(50.0));
    jitsi.drop_out("talk", "talk-1", after(70.0));
    assert_eq!((jitsi.ledger().on_bridges, people(&jitsi)), (0, vec![2]));
    let now = metrics(&mut jitsi, "a", after(109.9));
    assert_eq!(
        (now.local_endpoints, now.flags.shutting_down),
        (Some(2), false)
    );
    let then = metrics(&mut jitsi, "a", after(110.0));
    assert_eq!(
        (then.local_endpoints, then.flags.shutting_down),
        (Some(0), true)
    );
    let ledger = jitsi.ledger();
    assert_eq!((ledger.people, ledger.cut, ledger.without_media), (0, 0, 0));
}

#[test]
fn a_browser_that_dies_on_a_bridge_that_dies_too_is_not_cut_off() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.drop_out("talk", "talk-1", after(50.0));
    jitsi.stop_bridge("a", Stop::Kill, after(60.0));
    assert_eq!((jitsi.ledger().cut, jitsi.ledger().people), (1, 2));
    jitsi.advance(after(110.0));
    assert_eq!(jitsi.ledger().people, 1);
    jitsi.join("talk", "talk-1", after(111.0));
    assert_eq!(jitsi.ledger().people, 2, "they may come again");
}

#[test]
fn whose_browser_is_dead_misses_no_media() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_bridge("a", Stop::Kill, after(40.0));
    assert_eq!((jitsi.ledger().cut, jitsi.ledger().without_media), (2, 2));
    jitsi.drop_out("talk", "talk-1", after(50.0));
    assert_eq!(jitsi.ledger().without_media, 1);
    assert_eq!(jitsi.ledger().lost_media_millis(after(60.0)), 30_000);
}
