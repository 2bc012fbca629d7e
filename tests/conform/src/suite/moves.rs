//! Moves of people by jicofo: of nobody from nowhere, and of nobody from a bridge on which nobody is.

use bridge::jicofo::request::{move_endpoint, move_endpoints, move_fraction, path};

use super::{get, post};
use crate::expect::{Body, Expected, Want, json, plain, status};
use crate::step::{Given, Step};

const RECORDED: &str = "recorded: 5-jicofo";
const NOBODY: &str = "moves people of the bridge, if somebody has come to it meanwhile";

fn none_moved() -> Expected {
    json(vec![
        ("/movedEndpoints", Want::Exactly(0)),
        ("/conferences", Want::Exactly(0)),
    ])
}

pub(super) fn steps() -> Vec<Step> {
    let mut steps = refusals();
    let moves = of_this_bridge().into_iter().chain(of_a_fraction());
    steps.extend(moves.map(|step| {
        step.given(Given::ThisBridge)
            .given(Given::Idle)
            .changes(NOBODY)
    }));
    steps
}

/// Moves of nobody from nowhere.
fn refusals() -> Vec<Step> {
    vec![
        Step::jicofo(
            [
                "move-root",
                "There is nothing at /move-endpoints itself",
                RECORDED,
            ],
            |to| get(&to.jicofo, "/move-endpoints"),
            status(404).body(Body::Empty),
        ),
        Step::jicofo(
            [
                "move-endpoint-of-no-conference",
                "A move of an endpoint names its conference",
                RECORDED,
            ],
            |to| get(&to.jicofo, path::MOVE_ENDPOINT),
            plain(400, "Bad request: Missing parameter: conference"),
        ),
        Step::jicofo(
            [
                "move-no-endpoint",
                "A move of an endpoint names it",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!("{}?conference={}", path::MOVE_ENDPOINT, to.room),
                )
            },
            plain(400, "Bad request: Missing parameter: endpoint"),
        ),
        Step::jicofo(
            [
                "move-endpoint-of-bad-conference",
                "A conference that is no address is a 400",
                RECORDED,
            ],
            |to| move_endpoint(&to.jicofo, "@", &to.endpoint, None),
            plain(400, "Bad request: Invalid parameter: conference ID"),
        ),
        Step::jicofo(
            [
                "move-endpoint-of-unknown-conference",
                "An unknown conference is a 500",
                RECORDED,
            ],
            |to| move_endpoint(&to.jicofo, &to.room, &to.endpoint, None),
            plain(500, "Not found: Conference not found"),
        ),
        Step::jicofo(
            [
                "move-of-no-bridge",
                "A move of endpoints names their bridge",
                RECORDED,
            ],
            |to| get(&to.jicofo, path::MOVE_ENDPOINTS),
            plain(400, "Bad request: Missing parameter: bridge"),
        ),
        Step::jicofo(
            [
                "move-of-unknown-bridge",
                "An unknown bridge is a 500",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!("{}?bridge={}", path::MOVE_ENDPOINTS, to.stranger),
                )
            },
            plain(500, "Not found: Bridge not found"),
        ),
        Step::jicofo(
            [
                "move-fraction-of-no-bridge",
                "A move of a fraction names its bridge",
                RECORDED,
            ],
            |to| get(&to.jicofo, path::MOVE_FRACTION),
            plain(400, "Bad request: Missing parameter: bridge"),
        ),
    ]
}

/// Moves of a bridge on which nobody is.
fn of_this_bridge() -> Vec<Step> {
    vec![
        Step::jicofo(
            ["move-by-post", "A move is a GET: POST is a 405", RECORDED],
            |to| {
                post(
                    &to.jicofo,
                    &format!("{}?bridge={}", path::MOVE_ENDPOINTS, to.nick()),
                )
            },
            status(405).body(Body::Empty),
        ),
        Step::jicofo(
            [
                "move-by-address",
                "A bridge is named by its address in the brewery",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!("{}?bridge={}", path::MOVE_ENDPOINTS, to.member()),
                )
            },
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-by-nick",
                "A bridge is named by its nickname, too",
                RECORDED,
            ],
            |to| move_endpoints(&to.jicofo, to.nick(), None, 5),
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-bad-number",
                "A number that is none is a 500",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!(
                        "{}?bridge={}&numEndpoints=five",
                        path::MOVE_ENDPOINTS,
                        to.nick()
                    ),
                )
            },
            plain(500, r#"For input string: "five""#),
        ),
        Step::jicofo(
            [
                "move-fewer-than-none",
                "A number below 0 moves nobody and is no error",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!(
                        "{}?bridge={}&numEndpoints=-3",
                        path::MOVE_ENDPOINTS,
                        to.nick()
                    ),
                )
            },
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-of-unknown-conference",
                "An unknown conference of a known bridge is a 500",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!(
                        "{}?bridge={}&conference={}",
                        path::MOVE_ENDPOINTS,
                        to.nick(),
                        to.elsewhere
                    ),
                )
            },
            plain(500, "Not found: Conference not found"),
        ),
    ]
}

/// Moves of a fraction of the people on a bridge on which nobody is.
fn of_a_fraction() -> Vec<Step> {
    vec![
        Step::jicofo(
            ["move-fraction", "A fraction of nobody is nobody", RECORDED],
            |to| move_fraction(&to.jicofo, to.nick(), 0.5),
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-fraction-default",
                "A fraction need not be named",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!("{}?bridge={}", path::MOVE_FRACTION, to.nick()),
                )
            },
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-fraction-absurd",
                "A fraction of two is no error",
                RECORDED,
            ],
            |to| move_fraction(&to.jicofo, to.nick(), 2.0),
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-fraction-negative",
                "A fraction below 0 is no error",
                RECORDED,
            ],
            |to| move_fraction(&to.jicofo, to.nick(), -1.0),
            none_moved(),
        ),
        Step::jicofo(
            [
                "move-fraction-bad-number",
                "A fraction that is no number is a 500",
                RECORDED,
            ],
            |to| {
                get(
                    &to.jicofo,
                    &format!("{}?bridge={}&fraction=half", path::MOVE_FRACTION, to.nick()),
                )
            },
            plain(500, r#"For input string: "half""#),
        ),
    ]
}
