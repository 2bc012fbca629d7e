//! Rarer things that jicofo takes into account when it chooses a bridge.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Load};
use deployment::{
    after, conference, deployed, drain, full, get, jicofo, known, octo, people, single,
};
use serde_json::json;

#[test]
fn a_bridge_that_got_many_people_of_a_conference_within_the_interval_gets_no_more_of_them() {
    for (max, spread) in [(None, [40, 0]), (Some(30), [30, 10])] {
        let config = JicofoConfig {
            max_bridge_participants_per_interval: max,
            ..octo()
        };
        let mut jitsi = deployed(config, &["a", "b"]);
        conference(&mut jitsi, "talk", 40, after(31.0));
        assert_eq!(people(&jitsi), spread, "{max:?}");
    }
}

#[test]
fn the_limit_per_interval_is_over_with_the_interval_and_counts_each_conference_alone() {
    let config = JicofoConfig {
        max_bridge_participants_per_interval: Some(3),
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 3, after(31.0));
    conference(&mut jitsi, "other", 3, after(31.0));
    assert_eq!(people(&jitsi), [3, 3], "one on each");
    jitsi.join("talk", "at-once", after(90.9));
    assert_eq!(people(&jitsi), [3, 4]);
    // The interval is over for a, which is now the less stressed of the conference's two.
    jitsi.join("talk", "later", after(91.0));
    assert_eq!(people(&jitsi), [4, 4]);
}

#[test]
fn without_relays_the_limit_per_interval_means_nothing() {
    let config = JicofoConfig {
        max_bridge_participants_per_interval: Some(3),
        octo: false,
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 5, after(31.0));
    assert_eq!(people(&jitsi), [5, 0]);
}

#[test]
fn there_is_no_limit_per_interval_by_default_and_the_interval_is_a_minute() {
    let config = JicofoConfig::default();
    assert_eq!(config.max_bridge_participants_per_interval, None);
    assert_eq!(
        config.max_bridge_participants_interval,
        Duration::from_mins(1)
    );
}

#[test]
fn a_bridge_with_failing_ice_is_told_to_be_just_above_the_threshold() {
    let mut jitsi = deployed(single(), &["a"]);
    jitsi.set_failing_ice("a", true);
    let failing = known(&mut jitsi, "a", after(31.0));
    assert_eq!(failing["failing-ice"], true);
    assert_eq!(failing["overloaded"], true);
    assert_eq!(failing["stress"], json!(0.0));
    assert_eq!(failing["corrected-stress"], json!(0.81));
    jitsi.set_load("a", Load::Measured(2.0));
    let stressed = known(&mut jitsi, "a", after(60.0));
    assert_eq!(stressed["corrected-stress"], json!(2.0));
    jitsi.set_load("a", Load::Measured(0.1));
    jitsi.set_failing_ice("a", false);
    let well = known(&mut jitsi, "a", after(90.0));
    assert_eq!(well["failing-ice"], false);
    assert_eq!(well["overloaded"], false);
    assert_eq!(well["corrected-stress"], json!(0.1));
}

#[test]
fn a_less_stressed_bridge_with_failing_ice_is_not_chosen_while_another_is_below_the_threshold() {
    for config in [single(), octo()] {
        for (failing, chosen) in [(false, [2, 0]), (true, [0, 2])] {
            let mut jitsi = deployed(config.clone(), &["a", "b"]);
            jitsi.set_load("b", Load::Measured(0.7));
            jitsi.advance(after(60.0));
            jitsi.set_failing_ice("a", failing);
            conference(&mut jitsi, "talk", 2, after(60.0));
            assert_eq!(people(&jitsi), chosen, "octo: {}", config.octo);
        }
    }
}

#[test]
fn with_relays_newcomers_leave_a_bridge_whose_ice_fails() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.set_failing_ice("a", true);
    jitsi.join("talk", "late", after(32.0));
    assert_eq!(people(&jitsi), [2, 1], "and nobody is moved");
}

/// Bridges a and b in the brewery from 6 s on, a without a presence until 9 s.
fn late_presence() -> Jitsi {
    let mut jitsi = Jitsi::new(single(), after(0.0));
    let late = BridgeConfig {
        first_presence: Duration::from_secs(3),
        ..full("a")
    };
    jitsi.start_bridge("a", late, after(0.0));
    jitsi.start_bridge("b", full("b"), after(0.0));
    jitsi
}

#[test]
fn a_new_bridge_counts_as_draining_until_its_first_presence() {
    let mut jitsi = late_presence();
    assert_eq!(known(&mut jitsi, "a", after(6.0))["drain"], true);
    assert_eq!(known(&mut jitsi, "b", after(6.0))["drain"], false);
    conference(&mut jitsi, "early", 2, after(8.9));
    assert_eq!(people(&jitsi), [0, 2]);
    assert_eq!(known(&mut jitsi, "a", after(9.0))["drain"], false);
    conference(&mut jitsi, "late", 2, after(9.0));
    assert_eq!(people(&jitsi), [2, 2]);
    assert_eq!(BridgeConfig::default().first_presence, Duration::ZERO);
}

#[test]
fn without_another_a_bridge_is_used_before_its_first_presence() {
    let mut jitsi = late_presence();
    drain(&mut jitsi, "b", true, after(5.0));
    conference(&mut jitsi, "early", 2, after(7.0));
    assert_eq!(people(&jitsi), [2, 0], "both seem to drain");
}

#[test]
fn the_first_presence_tells_of_what_has_changed_before_it() {
    let mut jitsi = late_presence();
    // A presence would be due at 6.5 s if there had been one before.
    drain(&mut jitsi, "a", true, after(6.2));
    drain(&mut jitsi, "a", false, after(8.0));
    assert_eq!(known(&mut jitsi, "a", after(8.9))["drain"], true);
    assert_eq!(known(&mut jitsi, "a", after(9.0))["drain"], false);
    let mut jitsi = late_presence();
    drain(&mut jitsi, "a", true, after(6.2));
    assert_eq!(known(&mut jitsi, "a", after(20.0))["drain"], true);
}

#[test]
fn visitors_are_endpoints_that_are_counted_once_more_in_every_form() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    for visitor in ["one", "two", "three"] {
        jitsi.join_as_visitor("talk", visitor, after(31.0));
    }
    jitsi.leave("talk", "three", after(32.0));
    assert_eq!(people(&jitsi), [4]);
    for source in bridge::Source::ALL {
        let stats = deployment::stats(&mut jitsi, "a", source, after(40.0));
        assert_eq!(stats.local_endpoints, Some(4), "{source:?}");
    }
    let reply = get(&mut jitsi, "a", "/colibri/stats", after(40.0)).expect("a reply");
    let colibri: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
    assert_eq!(colibri["visitors"], 2);
    assert_eq!(colibri["total_visitors"], 3);
    let request = bridge::request::stats(bridge::Source::MetricsJson, "127.0.0.1:8080");
    let reply = jitsi
        .bridge_request("a", &request, after(40.0))
        .expect("a reply");
    let metrics: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
    assert_eq!(metrics["current_visitors"], 2);
    assert_eq!(metrics["visitors_total"], 3);
    let now = jicofo(&mut jitsi, "/stats", after(40.0)).1;
    assert_eq!(
        (&now["visitors"], &now["conferences_with_visitors"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(now["participants"], 4, "visitors included");
}

#[test]
fn both_text_forms_of_metrics_tell_of_visitors() {
    for accept in ["text/plain", "application/openmetrics-text"] {
        let mut jitsi = deployed(single(), &["a"]);
        jitsi.join_as_visitor("talk", "one", after(31.0));
        jitsi.join_as_visitor("talk", "two", after(31.0));
        jitsi.leave("talk", "two", after(32.0));
        let request = http::Request::get("http://127.0.0.1:8080/metrics")
            .header("Accept", accept)
            .body(Vec::new())
            .expect("a request");
        let reply = jitsi
            .bridge_request("a", &request, after(40.0))
            .expect("a reply");
        let text = String::from_utf8_lossy(reply.body()).into_owned();
        for line in ["current_visitors 1.0", "visitors_total 2.0"] {
            assert!(
                text.contains(&format!("\njitsi_jvb_{line}\n")),
                "{accept}: {line}"
            );
        }
    }
}
