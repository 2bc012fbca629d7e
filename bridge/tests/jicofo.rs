//! What a real jicofo answered is read as what it meant.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::jicofo::reply::{self, Conference, Moved};
use bridge::jicofo::request;
use bridge::reply::{Health, ReplyError};
use http::StatusCode;

const JICOFO: &str = "127.0.0.1:8888";

/// Reads a recorded reply with a function of [`bridge::jicofo::reply`].
fn read<T>(
    path: &str,
    reader: impl FnOnce(StatusCode, &[u8]) -> Result<T, ReplyError>,
) -> Result<T, ReplyError> {
    let reply = common::replied(path).expect("a reply");
    reader(reply.status(), reply.body())
}

#[test]
fn our_requests_are_the_recorded_ones() {
    let room = "room1@conference.meet.local";
    let alpha = "alpha@conference.meet.local";
    for (path, ours) in [
        ("5-jicofo/about-health.txt", request::health(JICOFO)),
        ("5-jicofo/about-version.txt", request::version(JICOFO)),
        ("5-jicofo/stats.txt", request::stats(JICOFO)),
        ("5-jicofo/debug.txt", request::debug(JICOFO)),
        ("5-jicofo/pin-get.txt", request::pins(JICOFO)),
        (
            "5-jicofo/pin-post.txt",
            request::pin(JICOFO, room, "2.3.SNAPSHOT", Duration::from_mins(1)),
        ),
        ("5-jicofo/pin-remove.txt", request::unpin(JICOFO, room)),
        (
            "5-jicofo/move-endpoint-unknownconf.txt",
            request::move_endpoint(JICOFO, room, "abcd1234", None),
        ),
        (
            "6-conference/A5-move-wrong-bridge.txt",
            request::move_endpoint(JICOFO, alpha, "bbbb2222", Some("jvb2")),
        ),
        (
            "5-jicofo/move-endpoints-short.txt",
            request::move_endpoints(JICOFO, "jvb1", None, 5),
        ),
        (
            "5-jicofo/move-fraction-ok.txt",
            request::move_fraction(JICOFO, "jvb1", 0.5),
        ),
    ] {
        let recorded = common::requested(path);
        assert_eq!(ours.method(), recorded.method(), "{path}");
        assert_eq!(ours.uri(), recorded.uri(), "{path}");
        let json = |body: &[u8]| {
            (!body.is_empty())
                .then(|| serde_json::from_slice::<serde_json::Value>(body).expect("JSON"))
        };
        assert_eq!(json(ours.body()), json(recorded.body()), "{path}");
    }
    let both = request::move_endpoints(JICOFO, "brewery@internal.meet.local/jvb1", Some(alpha), 2);
    let query = "bridge=brewery@internal.meet.local/jvb1&conference=alpha@conference.meet.local&numEndpoints=2";
    assert_eq!(both.uri().query(), Some(query));
}

#[test]
fn moves_are_counted_even_when_nobody_left() {
    let one = Moved {
        endpoints: 1,
        conferences: 1,
    };
    let none = Moved {
        endpoints: 0,
        conferences: 0,
    };
    assert_eq!(
        read("6-conference/A5-move-endpoint.txt", reply::move_endpoint).expect("moved"),
        one
    );
    assert_eq!(
        read(
            "6-conference/A5-move-unknown-endpoint.txt",
            reply::move_endpoint
        )
        .expect("moved"),
        none
    );
    assert_eq!(
        read(
            "6-conference/A5-move-wrong-bridge.txt",
            reply::move_endpoint
        )
        .expect("moved"),
        none
    );
    assert_eq!(
        read("6-conference/A6-move-endpoints.txt", reply::move_endpoints).expect("moved"),
        one
    );
    let back = read("6-conference/A7-move-fraction.txt", reply::move_fraction).expect("moved");
    assert_eq!(
        back,
        Moved {
            endpoints: 2,
            conferences: 1
        }
    );
    let bridge = common::replied("6-conference/A7-fraction-jvb2-metrics.txt").expect("a reply");
    let bridge = bridge::Source::MetricsJson
        .read(bridge.body(), &[])
        .expect("statistics");
    assert_eq!(
        bridge.local_endpoints,
        Some(2),
        "both were invited back to where they had been"
    );
    assert_eq!(
        read("6-conference/A8-move-fraction.txt", reply::move_fraction).expect("moved"),
        one
    );
    for (path, _) in common::replies("5-jicofo", ".txt") {
        if ["full", "short", "negnum"]
            .iter()
            .any(|kind| path.ends_with(&format!("move-endpoints-{kind}.txt")))
        {
            assert_eq!(
                read(&path, reply::move_endpoints).expect("moved"),
                none,
                "{path}"
            );
        }
        if ["2", "default", "neg", "ok"]
            .iter()
            .any(|kind| path.ends_with(&format!("move-fraction-{kind}.txt")))
        {
            assert_eq!(
                read(&path, reply::move_fraction).expect("moved"),
                none,
                "{path}"
            );
        }
    }
}

#[test]
fn an_unknown_bridge_or_conference_is_not_found_although_the_status_is_500() {
    for (path, what) in [
        (
            "5-jicofo/move-endpoints-nobridge.txt",
            "Not found: Bridge not found",
        ),
        (
            "5-jicofo/move-endpoints-unknownconf.txt",
            "Not found: Conference not found",
        ),
        (
            "5-jicofo/move-endpoint-unknownconf.txt",
            "Not found: Conference not found",
        ),
    ] {
        match read(path, reply::move_endpoints) {
            Err(ReplyError::NotFound { said, .. }) => assert_eq!(said, what, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn moves_that_were_asked_wrongly_are_refused() {
    for (path, status, said) in [
        (
            "5-jicofo/move-endpoint-badconf.txt",
            400,
            "Bad request: Invalid parameter: conference ID",
        ),
        (
            "5-jicofo/move-endpoint-noendpoint.txt",
            400,
            "Bad request: Missing parameter: endpoint",
        ),
        (
            "5-jicofo/move-endpoint-noparams.txt",
            400,
            "Bad request: Missing parameter: conference",
        ),
        (
            "5-jicofo/move-endpoints-noparams.txt",
            400,
            "Bad request: Missing parameter: bridge",
        ),
        (
            "5-jicofo/move-fraction-noparams.txt",
            400,
            "Bad request: Missing parameter: bridge",
        ),
        (
            "5-jicofo/move-endpoints-badnum.txt",
            500,
            "For input string: \"five\"",
        ),
        (
            "5-jicofo/move-fraction-badnum.txt",
            500,
            "For input string: \"half\"",
        ),
        ("5-jicofo/move-endpoints-post.txt", 405, ""),
    ] {
        match read(path, reply::move_endpoints) {
            Err(ReplyError::Refused {
                status: seen,
                said: heard,
                ..
            }) => {
                assert_eq!((seen.as_u16(), heard.as_str()), (status, said), "{path}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    let off = read("5-jicofo/move-endpoints-root.txt", reply::move_endpoints).expect_err("a 404");
    assert!(
        off.hint().contains("jicofo.rest.move-endpoints.enabled"),
        "{}",
        off.hint()
    );
}

#[test]
fn pins_are_listed_set_and_removed() {
    assert_eq!(read("5-jicofo/pin-get.txt", reply::pins).expect("pins"), []);
    let pins = read("5-jicofo/pin-get2.txt", reply::pins).expect("pins");
    assert_eq!(
        (pins.len(), pins[0].conference_id.as_str()),
        (1, "room1@conference.meet.local")
    );
    assert_eq!(
        (pins[0].jvb_version.as_str(), pins[0].expires_at.as_str()),
        ("2.3.SNAPSHOT", "2026-11-21T09:07:44Z")
    );
    read("5-jicofo/pin-post.txt", reply::pin).expect("pinned");
    read("5-jicofo/pin-remove.txt", reply::unpin).expect("removed");
    read("5-jicofo/pin-remove-again.txt", reply::unpin).expect("nothing to remove is no error");
    for (path, status) in [
        ("pin-post-bad", 400),
        ("pin-post-badid", 400),
        ("pin-remove-empty", 500),
    ] {
        match read(&format!("5-jicofo/{path}.txt"), reply::pin) {
            Err(ReplyError::Refused { status: seen, .. }) => assert_eq!(seen, status, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn a_jicofo_without_bridges_is_unhealthy() {
    assert_eq!(
        read("5-jicofo/about-health.txt", reply::health).expect("a health"),
        Health::Healthy
    );
    let health =
        read("6-conference/D2-jicofo-health-nobridge.txt", reply::health).expect("a health");
    assert_eq!(
        health,
        Health::Unhealthy("No operational bridges available (total bridge count: 0)".to_owned())
    );
    let off = read("5-jicofo/notfound.txt", reply::health).expect_err("a 404");
    assert!(
        off.hint().contains("JICOFO_ENABLE_HEALTH_CHECKS"),
        "{}",
        off.hint()
    );
    let version = read("5-jicofo/about-version.txt", reply::version).expect("a version");
    assert_eq!(
        (version.name.as_str(), version.version.as_str()),
        ("JiCoFo", "1.1.SNAPSHOT")
    );
}

#[test]
fn every_recorded_count_of_bridges_is_read() {
    for folder in ["3-drain", "6-conference"] {
        for (path, _) in common::replies(folder, "-jicofo-stats.txt") {
            let counts = read(&path, reply::stats)
                .unwrap_or_else(|error| panic!("{path}: {error}"))
                .bridge_selector;
            let drained = counts.bridge_count == counts.operational_bridge_count;
            assert!(
                drained,
                "{path}: draining and leaving bridges count as operational"
            );
        }
    }
    let idle = read("5-jicofo/stats.txt", reply::stats).expect("statistics");
    assert_eq!(
        (
            idle.bridge_selector.bridge_count,
            idle.conferences,
            idle.participants
        ),
        (2, Some(0), Some(0))
    );
}

#[test]
fn bridges_are_lost_by_signals_and_never_by_their_own_shutdown() {
    let lost = |path| {
        read(path, reply::stats)
            .expect("statistics")
            .bridge_selector
            .lost_bridges
    };
    assert_eq!(
        lost("6-conference/B4-left-jicofo-stats.txt"),
        0,
        "after a graceful shutdown"
    );
    assert_eq!(
        lost("6-conference/C3-jicofo-stats.txt"),
        1,
        "after a forced shutdown and SIGTERM"
    );
    assert_eq!(
        lost("6-conference/D2-jicofo-stats-nobridge.txt"),
        3,
        "after SIGKILL and another SIGTERM"
    );
}

#[test]
fn moves_on_request_count_among_failures() {
    let moved = |path| {
        read(path, reply::stats)
            .expect("statistics")
            .bridge_failures
            .expect("failures")
            .participants_moved
    };
    assert_eq!(moved("6-conference/A4-third-jicofo-stats.txt"), 0);
    assert_eq!(moved("6-conference/A5-moved-jicofo-stats.txt"), 1);
}

#[test]
fn every_bridge_is_seen_as_jicofo_sees_it() {
    let bridges = read("5-jicofo/debug.txt", reply::debug).expect("bridges");
    let nicks: Vec<_> = bridges.keys().map(|address| reply::nick(address)).collect();
    assert_eq!(nicks, ["jvb1", "jvb2"]);
    let jvb1 = &bridges["jvbbrewery@internal.auth.meet.local/jvb1"];
    assert_eq!(
        (jvb1.stress, jvb1.endpoints, jvb1.operational),
        (Some(0.016_183_938_835_872_536), Some(0), Some(true))
    );
    assert_eq!(
        (
            jvb1.region.as_deref(),
            jvb1.relay_id.as_deref(),
            jvb1.release.as_deref()
        ),
        (Some("region1"), Some("jvb1"), None)
    );

    let shutting = read("6-conference/D2-jicofo-debug.txt", reply::debug).expect("bridges");
    let jvb2 = &shutting["jvbbrewery@internal.auth.meet.local/jvb2"];
    assert_eq!(
        (jvb2.graceful_shutdown, jvb2.shutting_down, jvb2.operational),
        (Some(true), Some(true), Some(true))
    );
    assert_eq!(
        read("6-conference/D2-jicofo-debug-nobridge.txt", reply::debug).expect("bridges"),
        BTreeMap::new()
    );
    for (folder, ending) in [
        ("3-drain", "-jicofo-debug.txt"),
        ("6-conference", "-debug-full.txt"),
    ] {
        for (path, _) in common::replies(folder, ending) {
            let bridges =
                read(&path, reply::debug).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(
                bridges
                    .values()
                    .all(|bridge| bridge.stress.is_some() && bridge.drain.is_some()),
                "{path}"
            );
        }
    }
}

#[test]
fn a_bridge_of_which_jicofo_tells_nothing_sensible_is_still_a_bridge() {
    let body = br#"{"bridge_selector":{"bridge":{"a@b/x":{"stress":"NaN","corrected-stress":-1.1,"new-key":[1]}}}}"#;
    let bridges = reply::debug(StatusCode::OK, body).expect("bridges");
    assert_eq!(bridges["a@b/x"], reply::Bridge::default());
}

/// The dump of all conferences, which `/debug?full=true` has inside.
fn conferences(path: &str) -> BTreeMap<String, Conference> {
    let reply = common::replied(path).expect("a reply");
    let debug: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
    let dump = debug["focus_manager"].to_string();
    let conferences =
        reply::conferences_full(StatusCode::OK, dump.as_bytes()).expect("conferences");
    conferences
        .into_iter()
        .filter(|(room, _)| !room.starts_with("__jicofo-health-check"))
        .collect()
}

#[test]
fn every_endpoint_is_found_on_its_bridge() {
    let alpha = |path| {
        conferences(path)
            .remove("alpha@conference.meet.local")
            .expect("the conference")
            .bridges
    };
    let on = |nick: &str, endpoints: &[&str]| {
        (
            nick.to_owned(),
            endpoints.iter().map(|&id| id.to_owned()).collect(),
        )
    };
    let start = alpha("6-conference/A1-live-jicofo-debug-full.txt");
    assert_eq!(
        start,
        BTreeMap::from([on("jvb1", &["aaaa1111", "bbbb2222"])])
    );
    let newcomer = alpha("6-conference/A4-third-jicofo-debug-full.txt");
    assert_eq!(
        newcomer,
        BTreeMap::from([
            on("jvb1", &["aaaa1111", "bbbb2222"]),
            on("jvb2", &["dddd4444"])
        ])
    );
    let moved = alpha("6-conference/A6-moved-all-jicofo-debug-full.txt");
    assert_eq!(
        moved,
        BTreeMap::from([on("jvb2", &["bbbb2222", "aaaa1111"])])
    );
    let both = conferences("6-conference/A3-beta-jicofo-debug-full.txt");
    assert_eq!(
        both["beta@conference.meet.local"].bridges,
        BTreeMap::from([on("jvb2", &["cccc3333"])])
    );
    assert_eq!(
        both["alpha@conference.meet.local"].participant_count,
        Some(2)
    );
    assert!(conferences("6-conference/B4-left-jicofo-debug-full.txt").is_empty());
}

#[test]
fn what_is_missing_in_a_dump_is_left_out() {
    let body = br#"{
        "none@c": null, "number@c": 2, "bare@c": {"participant_count": 3},
        "odd@c": {"participant_count": -1, "colibri_session_manager": {"sessions": {"jvb1": null, "jvb2": {"participants": ["a", 1]}}}}
    }"#;
    let conferences = reply::conferences_full(StatusCode::OK, body).expect("conferences");
    assert_eq!(conferences["none@c"], Conference::default());
    assert_eq!(conferences["number@c"], Conference::default());
    assert_eq!(conferences["bare@c"].participant_count, Some(3));
    let odd = &conferences["odd@c"];
    assert_eq!(odd.participant_count, None);
    let expected = [
        ("jvb1".to_owned(), Vec::new()),
        ("jvb2".to_owned(), vec!["a".to_owned()]),
    ];
    assert_eq!(
        odd.bridges,
        BTreeMap::from(expected),
        "a bridge that holds it is known even without its endpoints"
    );
    assert!(reply::conferences_full(StatusCode::OK, b"[]").is_err());
}
