//! What jicofo learns of its bridges, how it chooses among them, and what it counts.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::model::{BridgeConfig, Health, JicofoConfig, Jitsi, Load, Stop};
use deployment::{
    after, conference, deployed, drain, full, get, jicofo, known, octo, people, shutdown, single,
};
use http::{Request, StatusCode};
use serde_json::json;

fn selector(jitsi: &mut Jitsi, now: f64) -> serde_json::Value {
    jicofo(jitsi, "/stats", after(now)).1["bridge_selector"].clone()
}

/// People whom jicofo moved, and bridges that it removed from a conference.
fn failures(jitsi: &mut Jitsi, now: f64) -> (u64, u64) {
    let stats = jicofo(jitsi, "/stats", after(now)).1;
    let count = |key: &str| stats["bridge_failures"][key].as_u64().expect("a number");
    (count("participants_moved"), count("bridges_removed"))
}

#[test]
fn jicofo_learns_of_drain_with_the_next_presence() {
    let mut jitsi = deployed(single(), &["a"]);
    // Presences are at startup_time, which is at 1.5 s, and every 5 s after it.
    drain(&mut jitsi, "a", true, after(33.0));
    assert_eq!(known(&mut jitsi, "a", after(36.4))["drain"], false);
    assert_eq!(known(&mut jitsi, "a", after(36.5))["drain"], true);
    drain(&mut jitsi, "a", false, after(36.6));
    assert_eq!(known(&mut jitsi, "a", after(41.4))["drain"], true);
    assert_eq!(known(&mut jitsi, "a", after(41.5))["drain"], false);
}

#[test]
fn jicofo_knows_the_stress_of_the_last_presence_and_adds_people_just_sent() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 4, after(32.0));
    let now = known(&mut jitsi, "a", after(32.0));
    assert_eq!(
        (&now["stress"], &now["corrected-stress"]),
        (&json!(0.0), &json!(0.04))
    );
    // Sampled at 41.5 s, told at once, and still counted twice until 52 s.
    let then = known(&mut jitsi, "a", after(51.9));
    assert_eq!(
        (&then["stress"], &then["corrected-stress"]),
        (&json!(0.04), &json!(0.08))
    );
    let later = known(&mut jitsi, "a", after(52.0));
    assert_eq!(later["corrected-stress"], json!(0.04));
}

#[test]
fn a_new_conference_goes_to_the_least_loaded_bridge_and_ties_to_the_first_by_name() {
    let mut jitsi = deployed(single(), &["c", "a", "b"]);
    conference(&mut jitsi, "one", 2, after(31.0));
    assert_eq!(people(&jitsi), [2, 0, 0]);
    conference(&mut jitsi, "two", 1, after(31.0));
    assert_eq!(people(&jitsi), [2, 1, 0]);
    conference(&mut jitsi, "three", 1, after(31.0));
    conference(&mut jitsi, "four", 1, after(31.0));
    assert_eq!(
        people(&jitsi),
        [2, 2, 1],
        "b and c were equal, and b comes first"
    );
}

#[test]
fn a_burst_between_two_samples_is_spread_by_what_jicofo_adds_itself() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    for number in 0..20 {
        conference(&mut jitsi, &format!("room{number}"), 1, after(31.0));
    }
    assert_eq!(people(&jitsi), [10, 10]);
}

#[test]
fn the_threshold_means_nothing_to_a_single_bridge() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.set_load("a", Load::Measured(2.0));
    jitsi.set_load("b", Load::Measured(3.0));
    conference(&mut jitsi, "talk", 2, after(60.0));
    assert_eq!(people(&jitsi), [2, 0]);
    jitsi.set_load("a", Load::Measured(9.0));
    jitsi.join("talk", "late", after(90.0));
    assert_eq!(people(&jitsi), [3, 0], "the conference stays together");
}

#[test]
fn without_relays_a_newcomer_joins_the_conference_on_its_draining_bridge() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    drain(&mut jitsi, "a", true, after(32.0));
    jitsi.join("talk", "late", after(60.0));
    conference(&mut jitsi, "other", 1, after(60.0));
    assert_eq!(people(&jitsi), [3, 1], "and new conferences go elsewhere");
}

#[test]
fn with_relays_a_newcomer_is_sent_past_a_draining_or_gracefully_shutting_bridge() {
    for graceful in [false, true] {
        let mut jitsi = deployed(octo(), &["a", "b"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        if graceful {
            shutdown(&mut jitsi, "a", true, after(32.0));
        } else {
            drain(&mut jitsi, "a", true, after(32.0));
        }
        jitsi.join("talk", "late", after(60.0));
        assert_eq!(people(&jitsi), [2, 1]);
    }
}

#[test]
fn a_gracefully_shutting_bridge_takes_newcomers_to_its_conferences_and_refuses_new_ones() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    // Busy enough that the other bridge would not be chosen by load.
    jitsi.set_load("b", Load::Measured(5.0));
    jitsi.advance(after(51.6));
    shutdown(&mut jitsi, "a", true, after(51.6));
    // Jicofo does not know yet: it asks, is refused once, and goes elsewhere.
    conference(&mut jitsi, "new", 1, after(51.7));
    jitsi.join("talk", "late", after(51.7));
    assert_eq!(people(&jitsi), [3, 1]);
    assert_eq!(failures(&mut jitsi, 51.7), (1, 1));
    assert_eq!(
        known(&mut jitsi, "a", after(51.7))["graceful-shutdown"],
        true
    );
}

#[test]
fn when_every_bridge_drains_they_are_used_anyway() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    drain(&mut jitsi, "a", true, after(31.0));
    drain(&mut jitsi, "b", true, after(31.0));
    conference(&mut jitsi, "talk", 2, after(60.0));
    assert_eq!(people(&jitsi), [2, 0]);
}

#[test]
fn some_draining_and_the_rest_graceful_is_a_trap_that_lasts_until_something_changes() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    drain(&mut jitsi, "b", true, after(32.0));
    shutdown(&mut jitsi, "a", true, after(32.0));
    conference(&mut jitsi, "stuck", 1, after(60.0));
    let (moved, removed) = failures(&mut jitsi, 71.0);
    assert!(
        (1500..1650).contains(&removed),
        "1,561 were seen in 11 s: {removed}"
    );
    assert_eq!(moved, removed, "each attempt counts the one person again");
    assert_eq!(jitsi.ledger().waiting, 1);
    assert_eq!(people(&jitsi), [2, 0]);
    assert!(
        jitsi.next_event().is_some_and(|next| next > after(1000.0)),
        "the loop costs no events"
    );

    drain(&mut jitsi, "b", false, after(71.0));
    jitsi.advance(after(71.4));
    assert_eq!(people(&jitsi), [2, 0], "not known yet");
    jitsi.advance(after(71.5));
    assert_eq!(people(&jitsi), [2, 1], "it starts as soon as jicofo knows");
    let ended = failures(&mut jitsi, 71.5);
    assert_eq!(failures(&mut jitsi, 500.0), ended);
    assert_eq!(jitsi.ledger().waiting, 0);
}

#[test]
fn the_trap_ends_too_when_another_bridge_comes_or_the_person_leaves() {
    let trapped = || {
        let mut jitsi = deployed(single(), &["a", "b"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        drain(&mut jitsi, "b", true, after(32.0));
        shutdown(&mut jitsi, "a", true, after(32.0));
        conference(&mut jitsi, "stuck", 1, after(60.0));
        jitsi
    };
    let mut jitsi = trapped();
    jitsi.start_bridge("c", full("c"), after(61.0));
    jitsi.advance(after(67.0));
    assert_eq!(people(&jitsi), [2, 0, 1]);

    let mut jitsi = trapped();
    jitsi.leave("stuck", "stuck-0", after(61.0));
    let (_, removed) = failures(&mut jitsi, 61.0);
    assert_eq!(failures(&mut jitsi, 100.0).1, removed);
    assert_eq!((jitsi.ledger().waiting, jitsi.ledger().people), (0, 2));
}

#[test]
fn shutting_down_moves_everybody_with_the_next_presence_on_to_another_bridge() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 3, after(31.0));
    conference(&mut jitsi, "tiny", 1, after(31.0));
    assert_eq!(people(&jitsi), [3, 1]);
    shutdown(&mut jitsi, "a", false, after(36.0));
    jitsi.advance(after(36.4));
    assert_eq!(people(&jitsi), [3, 1], "jicofo does not know yet");
    jitsi.advance(after(36.5));
    assert_eq!(people(&jitsi), [0, 1], "taken off, and on the way");
    assert_eq!(jitsi.ledger().without_media, 3);
    jitsi.advance(after(37.3));
    assert_eq!(people(&jitsi), [0, 4], "0.8 s later all are back");
    assert_eq!((jitsi.ledger().moved, jitsi.ledger().cut), (3, 0));
    assert_eq!(jitsi.ledger().lost_media_millis(after(37.3)), 3 * 800);
    assert_eq!(failures(&mut jitsi, 37.3), (3, 0));
}

#[test]
fn a_bridge_that_is_shutting_down_refuses_nobody_and_whoever_jicofo_still_sends_is_moved() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.5));
    shutdown(&mut jitsi, "a", true, after(52.0));
    conference(&mut jitsi, "talk", 2, after(53.0));
    assert_eq!(people(&jitsi), [2, 0], "no presence has told jicofo yet");
    assert_eq!(failures(&mut jitsi, 53.0), (0, 0));
    jitsi.advance(after(57.3));
    assert_eq!(people(&jitsi), [0, 2]);
    assert_eq!(jitsi.ledger().cut, 0);
}

#[test]
fn on_the_only_bridge_shutting_down_leaves_people_with_none_until_another_comes() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    shutdown(&mut jitsi, "a", false, after(36.0));
    jitsi.advance(after(60.0));
    assert_eq!(people(&jitsi), [0]);
    assert_eq!(
        (
            jitsi.ledger().waiting,
            jitsi.ledger().stranded,
            jitsi.ledger().moved
        ),
        (2, 2, 0)
    );
    jitsi.start_bridge("b", full("b"), after(60.0));
    jitsi.advance(after(66.8));
    assert_eq!(people(&jitsi), [0, 2]);
    assert_eq!(jitsi.ledger().waiting, 0);
    assert_eq!(jitsi.ledger().lost_media_millis(after(70.0)), 2 * 30_300);
}

#[test]
fn a_lost_bridge_is_counted_after_signals_and_not_after_a_shutdown_through_the_api() {
    let mut jitsi = deployed(single(), &["a", "b", "c", "d"]);
    jitsi.stop_bridge("a", Stop::Terminate, after(31.0));
    assert_eq!(selector(&mut jitsi, 31.2)["lost_bridges"], 1);
    jitsi.stop_bridge("b", Stop::Kill, after(32.0));
    assert_eq!(selector(&mut jitsi, 32.0)["lost_bridges"], 2);
    shutdown(&mut jitsi, "c", true, after(33.0));
    shutdown(&mut jitsi, "d", false, after(33.0));
    let counts = selector(&mut jitsi, 40.0);
    assert_eq!(
        counts["in_shutdown_bridge_count"], 1,
        "a forced shutdown is not counted"
    );
    assert_eq!(counts["operational_bridge_count"], 2);
    let counts = selector(&mut jitsi, 100.0);
    assert_eq!(
        (&counts["lost_bridges"], &counts["bridge_count"]),
        (&json!(2), &json!(0))
    );
}

#[test]
fn a_shutdown_that_no_presence_told_of_before_sigterm_counts_as_a_loss() {
    let mut jitsi = deployed(single(), &["a"]);
    shutdown(&mut jitsi, "a", false, after(31.6));
    jitsi.stop_bridge("a", Stop::Terminate, after(31.7));
    assert_eq!(selector(&mut jitsi, 40.0)["lost_bridges"], 1);
}

#[test]
fn graceful_and_shutting_down_stick_until_the_bridge_has_left_and_a_restart_begins_anew() {
    let mut jitsi = deployed(single(), &["a"]);
    shutdown(&mut jitsi, "a", true, after(31.0));
    jitsi.advance(after(40.0));
    jitsi.stop_bridge("a", Stop::Kill, after(40.0));
    jitsi.start_bridge("a", full("a"), after(40.0));
    let view = known(&mut jitsi, "a", after(46.0));
    assert_eq!(
        (&view["graceful-shutdown"], &view["shutting-down"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn a_draining_bridge_counts_as_operational() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    drain(&mut jitsi, "a", true, after(31.0));
    assert_eq!(selector(&mut jitsi, 60.0)["operational_bridge_count"], 2);
}

#[test]
fn a_vanished_bridge_is_noticed_only_when_xmpp_gives_its_connection_up() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_bridge("a", Stop::Vanish, after(40.0));
    assert!(get(&mut jitsi, "a", "/metrics", after(40.0)).is_none());
    assert_eq!(
        jitsi
            .bridge("a")
            .and_then(bridge::model::Videobridge::exit)
            .map(|exit| exit.code),
        Some(None)
    );
    assert_eq!(jitsi.ledger().cut, 2);
    assert_eq!(selector(&mut jitsi, 99.9)["bridge_count"], 2);
    assert_eq!(jitsi.ledger().without_media, 2);
    assert_eq!(selector(&mut jitsi, 100.0)["lost_bridges"], 1);
    jitsi.advance(after(100.8));
    assert_eq!(people(&jitsi), [0, 2]);
    assert_eq!(jitsi.ledger().lost_media_millis(after(200.0)), 2 * 60_800);
}

#[test]
fn an_allocation_on_a_vanished_bridge_times_out_and_goes_elsewhere() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.stop_bridge("a", Stop::Vanish, after(40.0));
    conference(&mut jitsi, "talk", 2, after(41.0));
    jitsi.advance(after(55.9));
    assert_eq!(jitsi.ledger().on_bridges, 0);
    jitsi.advance(after(56.8));
    assert_eq!(people(&jitsi), [0, 2]);
    assert_eq!(failures(&mut jitsi, 57.0), (2, 1));
    assert_eq!(known(&mut jitsi, "a", after(57.0))["operational"], false);
}

#[test]
fn a_vanished_bridge_stops_being_chosen_when_its_health_checks_time_out() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.stop_bridge("a", Stop::Vanish, after(40.0));
    let operational =
        |jitsi: &mut Jitsi, second| known(jitsi, "a", after(second))["operational"] == true;
    assert!(operational(&mut jitsi, 60.0));
    assert!(!operational(&mut jitsi, 85.0));
}

#[test]
fn a_failed_health_check_moves_everybody_and_keeps_new_ones_away_for_a_minute() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.set_health("a", Health::Bad("no address".to_owned()));
    jitsi.advance(after(61.4));
    assert_eq!(
        people(&jitsi),
        [2, 0],
        "the bridge itself does not know yet"
    );
    jitsi.advance(after(72.0));
    assert_eq!(people(&jitsi), [0, 2]);
    jitsi.set_health("a", Health::Good);
    let operational =
        |jitsi: &mut Jitsi, second| known(jitsi, "a", after(second))["operational"] == true;
    assert!(
        !operational(&mut jitsi, 130.0),
        "it passes its own check at 121.5 s"
    );
    assert!(!operational(&mut jitsi, 175.0));
    assert!(operational(&mut jitsi, 190.0));
    assert_eq!(jitsi.ledger().moved, 2);
}

#[test]
fn nobody_is_sent_anywhere_for_one_person_and_whoever_is_left_alone_is_sent_home() {
    let mut jitsi = deployed(JicofoConfig::default(), &["a"]);
    jitsi.join("talk", "early", after(31.0));
    assert_eq!(people(&jitsi), [0]);
    jitsi.join("talk", "late", after(32.0));
    assert_eq!(people(&jitsi), [2]);
    jitsi.leave("talk", "late", after(40.0));
    jitsi.advance(after(59.9));
    assert_eq!(people(&jitsi), [1]);
    jitsi.advance(after(60.0));
    assert_eq!(people(&jitsi), [0], "after 20 s");
    assert_eq!(
        (
            jitsi.ledger().people,
            jitsi.ledger().waiting,
            jitsi.ledger().without_media
        ),
        (1, 0, 0)
    );
    jitsi.join("talk", "again", after(61.0));
    assert_eq!(people(&jitsi), [2], "both of them");
}

#[test]
fn with_relays_an_overloaded_conference_bridge_spills_over() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.set_load("a", Load::Measured(0.9));
    jitsi.join("talk", "late", after(60.0));
    assert_eq!(people(&jitsi), [2, 1]);
    let config = JicofoConfig {
        max_bridge_participants: 3,
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 5, after(31.0));
    assert_eq!(people(&jitsi), [3, 2], "at its maximum for one conference");
}

#[test]
fn a_conference_stays_on_bridges_of_its_version_and_a_pin_chooses_one() {
    let newer = |nick| BridgeConfig {
        version: "2.4".to_owned(),
        ..full(nick)
    };
    let mut jitsi = deployed(octo(), &["a"]);
    jitsi.start_bridge("b", newer("b"), after(30.0));
    conference(&mut jitsi, "talk", 2, after(31.0));
    drain(&mut jitsi, "a", true, after(40.0));
    jitsi.join("talk", "late", after(60.0));
    assert_eq!(people(&jitsi), [3, 0], "the other has another version");
    assert_eq!(selector(&mut jitsi, 60.0)["bridge_version_count"], 2);

    let pin = Request::post("http://127.0.0.1:8888/pin")
        .header("Content-Type", "application/json")
        .body(br#"{"conferenceId":"old@conference.meet.local","jvbVersion":"2.3.SNAPSHOT","durationMinutes":5}"#.to_vec())
        .expect("a request");
    let reply = jitsi.jicofo_request(&pin, after(60.0)).expect("a reply");
    assert_eq!(reply.status(), StatusCode::OK);
    conference(&mut jitsi, "old", 1, after(61.0));
    conference(&mut jitsi, "new", 1, after(61.0));
    assert_eq!(people(&jitsi), [4, 1]);
}

#[test]
fn jicofo_is_unhealthy_without_a_bridge_that_is_not_gracefully_shutting_down() {
    let mut jitsi = deployed(single(), &["a"]);
    let health = |jitsi: &mut Jitsi, second| jicofo(jitsi, "/about/health", after(second));
    assert_eq!(health(&mut jitsi, 31.0), (StatusCode::OK, json!("OK")));
    conference(&mut jitsi, "talk", 1, after(31.0));
    shutdown(&mut jitsi, "a", true, after(32.0));
    let (status, text) = health(&mut jitsi, 40.0);
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        text,
        "No operational bridges available (total bridge count: 1)"
    );
}

#[test]
fn without_health_checks_jicofo_has_no_health_and_no_rooms_of_its_own() {
    let config = JicofoConfig {
        health_checks: false,
        ..single()
    };
    let mut jitsi = deployed(config, &["a"]);
    assert_eq!(
        jicofo(&mut jitsi, "/about/health", after(31.0)).0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        jicofo(&mut jitsi, "/debug/conferences", after(31.0)).1,
        json!([])
    );
    conference(&mut jitsi, "talk", 1, after(32.0));
    let all = jicofo(&mut jitsi, "/debug/conferences", after(32.0)).1;
    assert_eq!(all, json!(["talk@conference.meet.local"]));
}

#[test]
fn while_jicofo_is_away_nobody_moves_and_after_its_restart_everybody_is_invited_anew() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_bridge("b", Stop::Kill, after(32.0));
    assert_eq!(jitsi.lost_bridges(), Some(1));
    jitsi.stop_jicofo(after(40.0));
    let request = Request::new(Vec::new());
    assert!(jitsi.jicofo_request(&request, after(40.0)).is_none());
    jitsi.join("talk", "late", after(41.0));
    shutdown(&mut jitsi, "a", false, after(42.0));
    jitsi.advance(after(60.0));
    assert_eq!(people(&jitsi), [2, 0], "nobody told them to go");
    jitsi.start_bridge("b", full("b"), after(60.0));
    jitsi.start_jicofo(after(70.0));
    jitsi.advance(after(73.9));
    assert!(!jitsi.jicofo_running());
    jitsi.advance(after(74.8));
    assert_eq!(
        people(&jitsi),
        [0, 3],
        "and it knows that the old bridge is shutting down"
    );
    assert_eq!(jitsi.lost_bridges(), Some(0), "its counters begin anew");
    assert_eq!((jitsi.ledger().reinvited, jitsi.ledger().cut), (2, 0));
    assert_eq!(jitsi.ledger().lost_media_millis(after(80.0)), 2 * 800);
}

#[test]
fn whoever_leaves_while_jicofo_is_away_stays_on_the_bridge_for_a_minute() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_jicofo(after(40.0));
    jitsi.leave("talk", "talk-0", after(41.0));
    jitsi.advance(after(100.9));
    assert_eq!(people(&jitsi), [2]);
    jitsi.advance(after(101.0));
    assert_eq!(people(&jitsi), [1]);
}

#[test]
fn a_bridge_that_shuts_down_while_jicofo_is_away_cuts_its_people_off() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_jicofo(after(40.0));
    shutdown(&mut jitsi, "a", false, after(41.0));
    jitsi.advance(after(41.0) + Duration::from_secs(62));
    assert_eq!((jitsi.ledger().cut, jitsi.ledger().without_media), (2, 2));
    jitsi.start_jicofo(after(110.0));
    jitsi.advance(after(114.8));
    assert_eq!(people(&jitsi), [0, 2]);
}
