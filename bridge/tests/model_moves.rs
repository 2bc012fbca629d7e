//! Jicofo's moves: what they report, and where people really are afterwards.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use bridge::model::{Jitsi, Load};
use deployment::{after, conference, deployed, drain, jicofo, moved, octo, people, single};
use http::{Request, StatusCode};

/// A conference of four and one of two on the same bridge, which then drains; another bridge is idle.
fn two_conferences(config: bridge::model::JicofoConfig) -> Jitsi {
    let mut jitsi = deployed(config, &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.5));
    conference(&mut jitsi, "big", 4, after(60.0));
    conference(&mut jitsi, "small", 2, after(60.0));
    assert_eq!(people(&jitsi), [6, 0]);
    drain(&mut jitsi, "a", true, after(61.0));
    jitsi.advance(after(70.0));
    jitsi
}

#[test]
fn a_whole_conference_moves_off_a_draining_bridge() {
    let mut jitsi = two_conferences(single());
    let path = "move-endpoints?bridge=a&conference=big@conference.meet.local&numEndpoints=4";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (4, 1));
    assert_eq!(people(&jitsi), [2, 0], "on the way");
    jitsi.advance(after(70.8));
    assert_eq!(people(&jitsi), [2, 4]);
    assert_eq!(
        (
            jitsi.ledger().moved,
            jitsi.ledger().lost_media_millis(after(71.0))
        ),
        (4, 3200)
    );
}

#[test]
fn without_relays_a_part_of_a_conference_is_invited_back_to_the_same_bridge_and_counts_as_moved() {
    let mut jitsi = two_conferences(single());
    let path = "move-endpoints?bridge=a&conference=big@conference.meet.local&numEndpoints=3";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (3, 1));
    jitsi.advance(after(71.0));
    assert_eq!(people(&jitsi), [6, 0]);
    assert_eq!(jitsi.ledger().moved, 3, "with their media interrupted");
}

#[test]
fn with_relays_a_part_of_a_conference_leaves_a_draining_bridge() {
    let mut jitsi = two_conferences(octo());
    let path = "move-endpoint?conference=big@conference.meet.local&endpoint=big-1";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (1, 1));
    jitsi.advance(after(71.0));
    assert_eq!(people(&jitsi), [5, 1]);
}

#[test]
fn without_a_better_target_people_are_invited_back_and_count_as_moved() {
    let mut jitsi = deployed(single(), &["a"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    assert_eq!(
        moved(
            &mut jitsi,
            "move-fraction?bridge=a&fraction=1.0",
            after(40.0)
        ),
        (2, 1)
    );
    jitsi.advance(after(41.0));
    assert_eq!(people(&jitsi), [2]);
    let bridge = jitsi.bridge("a").expect("it runs");
    assert_eq!(bridge.conferences(), 1);
}

#[test]
fn even_an_undrained_bridge_takes_nobody_when_all_are_overloaded_and_one_holds_the_conference() {
    let mut jitsi = deployed(octo(), &["a", "b"]);
    conference(&mut jitsi, "talk", 2, after(31.0));
    for nick in ["a", "b"] {
        jitsi.set_load(nick, Load::Measured(1.11));
    }
    assert_eq!(
        moved(
            &mut jitsi,
            "move-fraction?bridge=a&fraction=0.5",
            after(60.0)
        ),
        (1, 1)
    );
    jitsi.advance(after(61.0));
    assert_eq!(people(&jitsi), [2, 0]);
}

#[test]
fn without_a_conference_the_largest_are_taken_first() {
    let mut jitsi = deployed(single(), &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.5));
    conference(&mut jitsi, "ant", 2, after(60.0));
    conference(&mut jitsi, "bee", 4, after(60.0));
    drain(&mut jitsi, "a", true, after(61.0));
    let path = "move-endpoints?bridge=a&numEndpoints=5";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (5, 2));
    jitsi.advance(after(71.0));
    assert_eq!(
        people(&jitsi),
        [2, 4],
        "all of the large one, and a part of the small one in vain"
    );
}

#[test]
fn a_bridge_may_be_named_by_its_address_and_one_endpoint_is_the_default() {
    let mut jitsi = two_conferences(octo());
    let path = "move-endpoints?bridge=jvbbrewery%40internal.auth.meet.local/a";
    assert_eq!(moved(&mut jitsi, path, after(70.0)), (1, 1));
    let path = "move-endpoint?conference=big@conference.meet.local&endpoint=big-3&bridge=b";
    assert_eq!(
        moved(&mut jitsi, path, after(71.0)),
        (0, 0),
        "it is not on that bridge"
    );
}

#[test]
fn a_fraction_is_rounded_and_may_be_absurd() {
    let count = |fraction: &str| {
        let mut jitsi = two_conferences(octo());
        let path = format!("move-fraction?bridge=a&fraction={fraction}");
        moved(&mut jitsi, &path, after(70.0)).0
    };
    let mut jitsi = two_conferences(octo());
    assert_eq!(
        moved(&mut jitsi, "move-fraction?bridge=a", after(70.0)).0,
        1,
        "0.1 of 6"
    );
    assert_eq!(count("0.5"), 3);
    assert_eq!(count("0.05"), 0);
    assert_eq!(count("2"), 6);
    assert_eq!(count("-1"), 0);
}

#[test]
fn what_is_unknown_or_no_number_is_an_error_of_jicofos_own() {
    let mut jitsi = two_conferences(single());
    let mut ask = |path: &str| {
        let (status, text) = jicofo(&mut jitsi, &format!("/move-endpoints/{path}"), after(70.0));
        (
            status.as_u16(),
            text.as_str().unwrap_or_default().to_owned(),
        )
    };
    for (path, status, text) in [
        (
            "move-endpoints?bridge=z",
            500,
            "Not found: Bridge not found",
        ),
        ("move-fraction?bridge=z", 500, "Not found: Bridge not found"),
        (
            "move-endpoint?conference=z@z&endpoint=e",
            500,
            "Not found: Conference not found",
        ),
        (
            "move-endpoint?conference=z&endpoint=e",
            400,
            "Bad request: Invalid parameter: conference ID",
        ),
        (
            "move-endpoints?bridge=a&numEndpoints=1.5",
            500,
            "For input string: \"1.5\"",
        ),
        (
            "move-fraction?bridge=a&fraction=NaN",
            500,
            "Cannot round NaN value.",
        ),
        (
            "move-endpoints",
            400,
            "Bad request: Missing parameter: bridge",
        ),
    ] {
        assert_eq!(ask(path), (status, text.to_owned()), "{path}");
    }
}

#[test]
fn a_move_is_a_get_and_nothing_else() {
    let mut jitsi = two_conferences(single());
    let request =
        Request::post("http://127.0.0.1:8888/move-endpoints/move-fraction?bridge=a&fraction=1")
            .body(Vec::new())
            .expect("a request");
    let reply = jitsi
        .jicofo_request(&request, after(70.0))
        .expect("a reply");
    assert_eq!(reply.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(people(&jitsi), [6, 0]);
}

#[test]
fn the_dump_tells_which_bridge_has_whom() {
    let mut jitsi = two_conferences(octo());
    jitsi.join("small", "late", after(70.0));
    let (_, dump) = jicofo(&mut jitsi, "/debug/conferences-full", after(71.0));
    let read = bridge::jicofo::reply::conferences_full(StatusCode::OK, dump.to_string().as_bytes());
    let conferences = read.expect("readable");
    let small = &conferences["small@conference.meet.local"];
    let text = format!("{small:?}");
    for expected in ["\"a\"", "\"b\"", "small-0", "small-1", "late"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
