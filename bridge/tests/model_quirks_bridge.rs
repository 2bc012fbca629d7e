//! Quirks of a bridge that few deployments ever show, by name.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use bridge::model::{BridgeConfig, Health, Jitsi};
use deployment::{after, conference, deployed, full, get, people, single};
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
