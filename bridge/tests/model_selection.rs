//! Where jicofo puts people of different regions, versions and kinds, and when it finds no bridge although there are some.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Load, Newcomer, SelectionStrategy, Stop};
use deployment::{
    after, conference, deployed, drain, exposition, full, jicofo, known, octo, people, shutdown,
    single,
};
use http::Request;
use serde_json::json;

/// A deployment in which these bridges are running and idle, 30 s after the start.
fn placed(config: JicofoConfig, bridges: &[(&str, BridgeConfig)]) -> Jitsi {
    let mut jitsi = Jitsi::new(config, after(0.0));
    for (nick, bridge) in bridges {
        jitsi.start_bridge(nick, bridge.clone(), after(0.0));
    }
    jitsi.advance(after(30.0));
    jitsi
}

fn in_region(nick: &str, region: &str) -> BridgeConfig {
    BridgeConfig {
        region: Some(region.to_owned()),
        ..full(nick)
    }
}

/// Bridges a here and b there.
fn two_regions(config: JicofoConfig) -> Jitsi {
    placed(
        config,
        &[
            ("a", in_region("a", "here")),
            ("b", in_region("b", "there")),
        ],
    )
}

fn join_from(jitsi: &mut Jitsi, region: &str, conference: &str, endpoint: &str, now: f64) {
    let newcomer = Newcomer {
        region: Some(region.to_owned()),
        ..Newcomer::default()
    };
    jitsi.join_as(conference, endpoint, newcomer, after(now));
}

fn pin(jitsi: &mut Jitsi, conference: &str, version: &str, now: f64) {
    let request = bridge::jicofo::request::pin(
        "127.0.0.1:8888",
        &format!("{conference}@conference.meet.local"),
        version,
        std::time::Duration::from_mins(5),
    );
    let reply = jitsi.jicofo_request(&request, after(now)).expect("a reply");
    bridge::jicofo::reply::pin(reply.status(), reply.body()).expect("pinned");
}

#[test]
fn with_relays_people_of_two_regions_meet_on_two_bridges() {
    let mut jitsi = two_regions(octo());
    join_from(&mut jitsi, "there", "talk", "one", 31.0);
    join_from(&mut jitsi, "here", "talk", "two", 31.0);
    join_from(&mut jitsi, "there", "talk", "three", 31.0);
    assert_eq!(people(&jitsi), [1, 2]);
    let a = deployment::metrics(&mut jitsi, "a", after(36.0));
    assert_eq!((a.local_endpoints, a.relayed_endpoints), (Some(1), Some(2)));
}

#[test]
fn a_conference_on_one_bridge_is_where_its_first_person_is() {
    for (first, wanted) in [("here", [2, 0]), ("there", [0, 2]), ("nowhere", [2, 0])] {
        let mut jitsi = two_regions(single());
        jitsi.set_load("b", Load::Measured(1.5));
        jitsi.advance(after(60.0));
        join_from(&mut jitsi, first, "talk", "one", 60.0);
        join_from(&mut jitsi, "here", "talk", "two", 60.0);
        assert_eq!(people(&jitsi), wanted, "from {first}");
    }
}

#[test]
fn without_relays_not_even_the_strategy_by_region_splits_a_conference() {
    let config = JicofoConfig {
        octo: false,
        ..octo()
    };
    let mut jitsi = two_regions(config);
    join_from(&mut jitsi, "there", "talk", "one", 31.0);
    join_from(&mut jitsi, "here", "talk", "two", 31.0);
    assert_eq!(people(&jitsi), [0, 2]);
}

#[test]
fn a_conference_whose_first_bridge_has_no_relay_stays_on_it() {
    let alone = BridgeConfig {
        relay_id: None,
        ..in_region("a", "here")
    };
    let mut jitsi = placed(octo(), &[("a", alone), ("b", in_region("b", "there"))]);
    join_from(&mut jitsi, "here", "talk", "one", 31.0);
    drain(&mut jitsi, "a", true, after(32.0));
    jitsi.set_load("a", Load::Measured(2.0));
    join_from(&mut jitsi, "there", "talk", "two", 60.0);
    assert_eq!(people(&jitsi), [2, 0], "draining and overloaded as it is");
}

#[test]
fn a_second_bridge_without_a_relay_is_chosen_in_vain() {
    let alone = BridgeConfig {
        relay_id: None,
        ..in_region("b", "there")
    };
    let mut jitsi = placed(octo(), &[("a", in_region("a", "here")), ("b", alone)]);
    join_from(&mut jitsi, "here", "talk", "one", 31.0);
    join_from(&mut jitsi, "there", "talk", "two", 31.0);
    assert_eq!((people(&jitsi), jitsi.ledger().waiting), (vec![1, 0], 1));
    join_from(&mut jitsi, "here", "talk", "three", 32.0);
    assert_eq!((people(&jitsi), jitsi.ledger().waiting), (vec![2, 0], 1));
}

#[test]
fn without_relays_nobody_more_gets_into_a_conference_whose_bridge_has_failed() {
    for (config, wanted, waiting) in [(single(), vec![0, 0], 1), (octo(), vec![0, 1], 0)] {
        let octo = config.octo;
        let mut jitsi = deployed(config, &["a", "b"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        jitsi.stop_bridge("a", Stop::Vanish, after(40.0));
        // The health checks have timed out, and the XMPP server has not given the bridge up yet.
        jitsi.join("talk", "late", after(86.0));
        assert_eq!(
            (people(&jitsi), jitsi.ledger().waiting),
            (wanted, waiting),
            "octo: {octo}"
        );
    }
}

#[test]
fn a_failed_health_check_by_time_out_moves_nobody() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.stop_bridge("a", Stop::Vanish, after(40.0));
    let a = known(&mut jitsi, "a", after(99.0));
    assert_eq!(
        (&a["operational"], &a["endpoints"]),
        (&json!(false), &json!(2))
    );
    assert_eq!((jitsi.ledger().moved, people(&jitsi)), (0, vec![0, 0]));
}

#[test]
fn a_bridge_is_overloaded_from_the_threshold_on() {
    for (stress, overloaded) in [(0.79, false), (0.8, true), (0.81, true)] {
        let mut jitsi = deployed(single(), &["a"]);
        jitsi.set_load("a", Load::Measured(stress));
        let a = known(&mut jitsi, "a", after(60.0));
        assert_eq!(a["overloaded"], overloaded, "{stress}");
    }
}

#[test]
fn a_bridge_that_comes_later_gets_new_conferences_and_no_old_ones() {
    let mut jitsi = deployed(single(), &["a"]);
    for room in ["one", "two", "three"] {
        conference(&mut jitsi, room, 3, after(31.0));
    }
    jitsi.start_bridge("b", full("b"), after(32.0));
    for room in ["one", "two", "three"] {
        jitsi.join(room, "late", after(3600.0));
    }
    assert_eq!(people(&jitsi), [12, 0]);
    conference(&mut jitsi, "new", 1, after(3600.0));
    assert_eq!(people(&jitsi), [12, 1]);
}

#[test]
fn with_mixed_versions_allowed_a_conference_goes_to_bridges_of_any() {
    for (allow_mixed_versions, wanted) in [(false, [3, 0]), (true, [2, 1])] {
        let newer = BridgeConfig {
            version: "2.4".to_owned(),
            ..full("b")
        };
        let config = JicofoConfig {
            allow_mixed_versions,
            ..octo()
        };
        let mut jitsi = placed(config, &[("a", full("a")), ("b", newer)]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        drain(&mut jitsi, "a", true, after(40.0));
        jitsi.join("talk", "late", after(60.0));
        assert_eq!(people(&jitsi), wanted, "{allow_mixed_versions}");
    }
}

#[test]
fn a_pin_to_another_version_than_the_conference_is_on_keeps_newcomers_out() {
    for (version, wanted, waiting) in [("2.3.SNAPSHOT", [3], 0), ("2.4", [2], 1)] {
        let mut jitsi = deployed(octo(), &["a"]);
        conference(&mut jitsi, "talk", 2, after(31.0));
        pin(&mut jitsi, "talk", version, 32.0);
        jitsi.join("talk", "late", after(33.0));
        assert_eq!(people(&jitsi), wanted, "{version}");
        assert_eq!(jitsi.ledger().waiting, waiting, "{version}");
    }
}

#[test]
fn the_release_is_a_part_of_the_version() {
    let released = |nick, release: &str| BridgeConfig {
        release: Some(release.to_owned()),
        ..full(nick)
    };
    let bridges = [("a", released("a", "1")), ("b", released("b", "2"))];
    let mut jitsi = placed(octo(), &bridges);
    assert_eq!(known(&mut jitsi, "a", after(31.0))["release"], "1");
    let stats = jicofo(&mut jitsi, "/stats", after(31.0)).1;
    assert_eq!(stats["bridge_selector"]["bridge_version_count"], 2);
    conference(&mut jitsi, "talk", 2, after(31.0));
    drain(&mut jitsi, "a", true, after(40.0));
    jitsi.join("talk", "late", after(60.0));
    assert_eq!(people(&jitsi), [3, 0], "the other has another release");
    pin(&mut jitsi, "pinned", "2.3.SNAPSHOT-1", 60.0);
    conference(&mut jitsi, "pinned", 1, after(61.0));
    assert_eq!(people(&jitsi), [4, 0]);
}

#[test]
fn visitors_get_bridges_of_their_own_by_their_own_strategy() {
    let config = JicofoConfig {
        strategy: SelectionStrategy::Visitor {
            participants: Box::new(SelectionStrategy::RegionBased),
            visitors: Box::new(SelectionStrategy::RegionBased),
        },
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 3, after(31.0));
    for visitor in ["v", "w"] {
        jitsi.join_as_visitor("talk", visitor, after(32.0));
    }
    assert_eq!(people(&jitsi), [3, 2]);
    conference(&mut jitsi, "more", 1, after(60.0));
    assert_eq!(people(&jitsi), [3, 3], "another conference may be there");
}

#[test]
fn for_testing_the_split_strategy_needs_relays_as_any_other() {
    for (octo, wanted, waiting) in [(true, [1, 1, 1], 0), (false, [1, 0, 0], 2)] {
        let config = JicofoConfig {
            octo,
            strategy: SelectionStrategy::Split,
            ..single()
        };
        let mut jitsi = deployed(config, &["a", "b", "c"]);
        conference(&mut jitsi, "talk", 3, after(31.0));
        assert_eq!(people(&jitsi), wanted, "octo: {octo}");
        assert_eq!(jitsi.ledger().waiting, waiting, "octo: {octo}");
    }
}

#[test]
fn jicofo_tells_its_strategy_by_name() {
    let visitor = SelectionStrategy::Visitor {
        participants: Box::default(),
        visitors: Box::default(),
    };
    for (strategy, name) in [
        (
            SelectionStrategy::default(),
            "SingleBridgeSelectionStrategy",
        ),
        (SelectionStrategy::Split, "SplitBridgeSelectionStrategy"),
        (
            SelectionStrategy::RegionBased,
            "RegionBasedBridgeSelectionStrategy",
        ),
        (
            SelectionStrategy::IntraRegion,
            "IntraRegionBridgeSelectionStrategy",
        ),
        (visitor, "VisitorSelectionStrategy"),
    ] {
        let config = JicofoConfig {
            strategy,
            ..single()
        };
        let mut jitsi = deployed(config, &[]);
        let dump = jicofo(&mut jitsi, "/debug", after(31.0)).1;
        assert_eq!(dump["bridge_selector"]["strategy"], name);
    }
}

#[test]
fn jicofo_moves_and_pins_and_has_no_drain() {
    let mut jitsi = deployed(single(), &["a"]);
    for path in [
        "/drain",
        "/drain/enable",
        "/bridge/drain",
        "/colibri/drain/enable",
    ] {
        let request = Request::post(format!("http://127.0.0.1:8888{path}?bridge=a"))
            .body(Vec::new())
            .expect("a request");
        let reply = jitsi
            .jicofo_request(&request, after(31.0))
            .expect("a reply");
        assert_eq!(reply.status().as_u16(), 404, "{path}");
    }
    assert_eq!(known(&mut jitsi, "a", after(40.0))["drain"], false);
}

#[test]
fn jicofo_counts_the_endpoints_of_each_bridge_and_tells_nobody_its_stress_but_in_its_dump() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.5));
    conference(&mut jitsi, "talk", 5, after(60.0));
    conference(&mut jitsi, "other", 2, after(90.0));
    shutdown(&mut jitsi, "a", false, after(91.0));
    jitsi.advance(after(100.0));
    let text = exposition(&mut jitsi, after(100.0));
    let sample = |nick| format!("\njitsi_jicofo_bridge_endpoints{{jvb=\"{nick}\",}} ");
    let count = |nick| {
        let (_, rest) = text.split_once(&sample(nick)).expect("a sample");
        rest.lines()
            .next()
            .and_then(|value| value.parse::<f64>().ok())
    };
    let local = people(&jitsi)
        .into_iter()
        .map(|count| Some(f64::from(count)));
    assert_eq!([count("a"), count("b")].to_vec(), local.collect::<Vec<_>>());
    assert_eq!(people(&jitsi), [0, 7]);
    assert!(!text.contains("stress"), "{text}");
    assert_eq!(known(&mut jitsi, "b", after(100.0))["stress"], json!(0.5));
}
