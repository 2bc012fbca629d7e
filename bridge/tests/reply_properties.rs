//! What holds of every typed reply, whatever a bridge or a jicofo answers.

use std::collections::BTreeMap;

use bridge::fuzzing::replies;
use bridge::jicofo::reply::{
    self as jicofo, Bridge, BridgeCounts, BridgeFailures, Conference, Moved,
};
use bridge::reply::{self, Health, ReplyError};
use http::StatusCode;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn status() -> impl Strategy<Value = StatusCode> {
    let any = (100..1000_u16).prop_map(|code| StatusCode::from_u16(code).expect("a status"));
    let likely = proptest::sample::select(vec![200, 400, 404, 405, 415, 500, 503]);
    prop_oneof![
        likely.prop_map(|code| StatusCode::from_u16(code).expect("a status")),
        any
    ]
}

/// Any text, and what is likely to be mistaken for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,20}", "(NULL|Null|nul|\"null\"|true|0|\\\\u0000)"]
}

fn amount() -> impl Strategy<Value = f64> {
    use proptest::num::f64;
    prop_oneof![
        0.0..2.0,
        f64::POSITIVE | f64::ZERO | f64::NORMAL | f64::SUBNORMAL
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, any::<u64>()]
}

fn jicofo_stats() -> impl Strategy<Value = jicofo::Stats> {
    let counts = (count(), count(), count(), count(), option::of(count()));
    let failures = option::of((count(), count()));
    let people = (
        option::of(count()),
        option::of(count()),
        option::of(count()),
    );
    (counts, failures, people).prop_map(|(counts, failures, people)| jicofo::Stats {
        bridge_selector: BridgeCounts {
            bridge_count: counts.0,
            operational_bridge_count: counts.1,
            in_shutdown_bridge_count: counts.2,
            lost_bridges: counts.3,
            bridge_version_count: counts.4,
        },
        bridge_failures: failures.map(|(participants_moved, bridges_removed)| BridgeFailures {
            participants_moved,
            bridges_removed,
        }),
        conferences: people.0,
        participants: people.1,
        largest_conference: people.2,
    })
}

fn bridges() -> impl Strategy<Value = BTreeMap<String, Bridge>> {
    let flag = || option::of(any::<bool>());
    let numbers = (
        option::of(amount()),
        option::of(amount()),
        option::of(count()),
    );
    let flags = (flag(), flag(), flag(), flag(), flag(), flag(), flag());
    let names = (
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    let bridge = (numbers, flags, names).prop_map(|(numbers, flags, names)| Bridge {
        stress: numbers.0,
        corrected_stress: numbers.1,
        endpoints: numbers.2,
        drain: flags.0,
        graceful_shutdown: flags.1,
        shutting_down: flags.2,
        healthy: flags.3,
        operational: flags.4,
        overloaded: flags.5,
        failing_ice: flags.6,
        region: names.0,
        relay_id: names.1,
        release: names.2,
        version: names.3,
    });
    btree_map(text(), bridge, 0..4)
}

fn conferences() -> impl Strategy<Value = BTreeMap<String, Conference>> {
    let bridges = btree_map(text(), vec(text(), 0..4), 0..3);
    let conference =
        (option::of(count()), bridges).prop_map(|(participant_count, bridges)| Conference {
            participant_count,
            bridges,
        });
    btree_map(text(), conference, 0..4)
}

/// Some JSON, deep and wide enough.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        count().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A reply that some reader understands, written down.
fn reply() -> impl Strategy<Value = Value> {
    let moved = (any_json(), count());
    prop_oneof![
        jicofo_stats().prop_map(|stats| replies::stats(&stats)),
        bridges().prop_map(|bridges| replies::debug(&bridges)),
        conferences().prop_map(|conferences| replies::conferences_full(&conferences)),
        moved.prop_map(|(moved, count)| json!({ "movedEndpoints": moved, "conferences": count })),
        (text(), any_json())
            .prop_map(|(name, os)| json!({ "name": name, "version": name, "os": os })),
        any::<bool>().prop_map(|drain| json!({ "drain": drain })),
        vec((text(), any_json()), 0..3).prop_map(|pins| {
            let pin =
                |(id, until)| json!({ "conferenceId": id, "jvbVersion": id, "expiresAt": until });
            pins.into_iter().map(pin).collect()
        }),
        any_json(),
    ]
}

/// Puts more members into every object that has a fixed form.
fn with_more(value: &mut Value, more: &BTreeMap<String, Value>) {
    for path in ["", "/bridge_selector", "/bridge_failures"] {
        if let Some(Value::Object(members)) = value.pointer_mut(path) {
            members.extend(more.clone());
        }
    }
}

fn check_all(status: StatusCode, body: &[u8]) {
    replies::bridge(status, body);
    replies::jicofo(status, body);
}

const OK: StatusCode = StatusCode::OK;

proptest! {
    #[test]
    fn statistics_of_jicofo_are_read_as_they_were_written(stats in jicofo_stats(), more in btree_map("x_[a-z]{1,8}", any_json(), 0..3)) {
        let mut written = replies::stats(&stats);
        with_more(&mut written, &more);
        let read = jicofo::stats(OK, written.to_string().as_bytes());
        prop_assert_eq!(read.expect("statistics"), stats);
    }

    #[test]
    fn bridges_of_jicofo_are_read_as_they_were_written(bridges in bridges(), more in btree_map("x_[a-z]{1,8}", any_json(), 0..3)) {
        let mut written = replies::debug(&bridges);
        with_more(&mut written, &more);
        let read = jicofo::debug(OK, written.to_string().as_bytes());
        prop_assert_eq!(read.expect("bridges"), bridges);
    }

    #[test]
    fn conferences_of_jicofo_are_read_as_they_were_written(conferences in conferences()) {
        let written = replies::conferences_full(&conferences);
        let read = jicofo::conferences_full(OK, written.to_string().as_bytes());
        prop_assert_eq!(read.expect("conferences"), conferences);
    }

    #[test]
    fn moves_are_whole_numbers_or_nothing(endpoints in any_json(), conferences in count()) {
        let body = json!({ "movedEndpoints": endpoints, "conferences": conferences }).to_string();
        let wanted = endpoints.as_u64().map(|endpoints| Moved { endpoints, conferences });
        for reader in [jicofo::move_endpoint, jicofo::move_endpoints, jicofo::move_fraction] {
            prop_assert_eq!(reader(OK, body.as_bytes()).ok(), wanted, "{}", body);
        }
    }

    #[test]
    fn a_bridge_drains_only_if_it_says_so_itself(drain in any_json()) {
        let body = json!({ "drain": drain }).to_string();
        prop_assert_eq!(reply::drain_state(OK, body.as_bytes()).ok(), drain.as_bool());
    }

    #[test]
    fn only_what_can_be_true_of_a_stress_is_read(stress in any_json()) {
        let body = json!({ "bridge_selector": { "bridge": { "b": { "stress": stress } } } }).to_string();
        let bridges = jicofo::debug(OK, body.as_bytes()).expect("bridges");
        prop_assert_eq!(bridges["b"].stress, stress.as_f64().filter(|stress| *stress >= 0.0));
    }

    #[test]
    fn no_refusal_is_taken_for_a_reply(status in status(), reply in reply()) {
        check_all(status, reply.to_string().as_bytes());
    }

    #[test]
    fn whatever_the_bytes_no_reader_panics(status in status(), body in vec(any::<u8>(), 0..400)) {
        check_all(status, &body);
    }

    #[test]
    fn a_reply_cut_short_is_never_understood(reply in reply(), cut in any::<Index>()) {
        let body = reply.to_string();
        prop_assume!(body.starts_with(['{', '[']));
        let cut = &body.as_bytes()[..cut.index(body.len())];
        prop_assert_eq!(replies::bridge(OK, cut) + replies::jicofo(OK, cut), 0);
    }

    #[test]
    fn whatever_is_bent_in_a_reply_no_reader_panics(
        reply in reply(), bends in vec((any::<Index>(), "[-+0-9a-zA-Z\"{}\\[\\],:# \n.]"), 1..4)
    ) {
        let mut body = reply.to_string().into_bytes();
        for (at, byte) in bends {
            let at = at.index(body.len());
            body[at] = byte.as_bytes()[0];
        }
        check_all(OK, &body);
    }

    #[test]
    fn the_reason_for_bad_health_is_the_first_line_of_it(why in "[a-zA-Z .:]{0,300}", more in "(\n.{0,20}){0,3}") {
        for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE] {
            let health = reply::health(status, format!("{why}\n{more}").as_bytes()).expect("a health");
            let Health::Unhealthy(told) = health else { panic!("{health:?}") };
            if !why.trim().is_empty() {
                let first: String = why.trim().chars().take(200).collect();
                prop_assert_eq!(told, first);
            }
        }
    }
}

#[test]
fn a_reply_that_nests_without_end_is_refused() {
    for depth in [200, 100_000] {
        for (open, close) in [
            ("[", "]"),
            ("{\"bridge_selector\":", "}"),
            ("{\"drain\":[", "]}"),
        ] {
            let body = format!("{}0{}", open.repeat(depth), close.repeat(depth));
            for body in [body.as_bytes(), &body.as_bytes()[..body.len() / 2]] {
                let read = replies::bridge(OK, body) + replies::jicofo(OK, body);
                assert_eq!(read, 0, "{depth} times {open}");
            }
        }
    }
}

#[test]
fn a_number_without_end_is_no_number() {
    let long = "9".repeat(100_000);
    for number in [
        &*long,
        &format!("-{long}"),
        &format!("1e{long}"),
        &format!("0.{long}e400"),
        "1e400",
        "-1",
        "1.5",
        "18446744073709551616",
    ] {
        let body = format!("{{\"movedEndpoints\":{number},\"conferences\":1}}");
        let error = jicofo::move_endpoints(OK, body.as_bytes()).expect_err("no count");
        assert!(matches!(error, ReplyError::Body { .. }), "{error}");
        check_all(OK, body.as_bytes());
        check_all(
            OK,
            format!("{{\"bridge_selector\":{{\"bridge\":{{\"b\":{{\"stress\":{number}}}}}}}}}")
                .as_bytes(),
        );
    }
}

#[test]
fn a_reply_of_megabytes_is_read_and_an_error_about_it_stays_a_line() {
    let long = "é".repeat(1_000_000);
    for body in [
        long.clone(),
        json!(long).to_string(),
        json!({ "movedEndpoints": long, "conferences": long }).to_string(),
        json!({ "name": long, "version": 1, "os": "" }).to_string(),
        json!({ long.clone(): {}, "drain": long }).to_string(),
        json!({ "bridge_selector": { "bridge": { "b": { "endpoints": long } } } }).to_string(),
        json!([{ "conferenceId": long }]).to_string(),
    ] {
        for status in [
            OK,
            StatusCode::BAD_REQUEST,
            StatusCode::INTERNAL_SERVER_ERROR,
        ] {
            check_all(status, body.as_bytes());
        }
        for source in bridge::Source::ALL {
            let error = source
                .read(body.as_bytes(), &[])
                .expect_err("no statistics");
            let cause =
                std::error::Error::source(&error).map_or(String::new(), ToString::to_string);
            assert!(
                error.to_string().len() + cause.len() < 1200,
                "{}",
                cause.len()
            );
        }
    }
    let people = json!({ "a@b": { "colibri_session_manager": { "sessions": { "jvb1": { "participants": vec!["p"; 100_000] } } } } });
    let conferences =
        jicofo::conferences_full(OK, people.to_string().as_bytes()).expect("conferences");
    assert_eq!(conferences["a@b"].bridges["jvb1"].len(), 100_000);
}

#[test]
fn an_input_of_the_fuzz_targets_begins_with_its_status() {
    assert_eq!(
        replies::split(b"404\nx"),
        (StatusCode::NOT_FOUND, &b"x"[..])
    );
    assert_eq!(replies::split(b"404"), (OK, &b"404"[..]));
    assert_eq!(replies::split(b"099\n{}"), (OK, &b"099\n{}"[..]));
    assert_eq!(replies::split(b"{}"), (OK, &b"{}"[..]));
}
