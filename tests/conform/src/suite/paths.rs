//! The other paths of a bridge that are read.

use bridge::request::{drain_state, health, path, version};

use super::{JSON, get};
use crate::expect::{Body, Header, Want, json, nothing, page, status};
use crate::step::{Given, Step, Wait};

const RECORDED: &str = "recorded: 2-stats";

pub(super) fn steps() -> Vec<Step> {
    let mut steps = of_the_bridge();
    steps.extend(dumps());
    steps.extend(nowhere());
    steps
}

fn of_the_bridge() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "health",
                "A healthy bridge answers 200 with nothing",
                RECORDED,
            ],
            |to| health(&to.bridge),
            nothing(),
        )
        .given(Given::Healthy(true)),
        Step::bridge(
            [
                "health-bad",
                "A bridge that is not healthy answers 500 with plain text that calls itself JSON",
                "recorded: 7-default-config",
            ],
            |to| health(&to.bridge),
            status(500).header(Header::Type(JSON)).body(Body::Reason),
        )
        .given(Given::Healthy(false)),
        Step::bridge(
            [
                "health-query",
                "A query changes nothing about health",
                RECORDED,
            ],
            |to| get(&to.bridge, "/about/health?list_jvb=true"),
            nothing(),
        )
        .given(Given::Healthy(true)),
        Step::bridge(
            [
                "version",
                "A bridge calls itself JVB and tells its version",
                RECORDED,
            ],
            |to| version(&to.bridge),
            json(vec![
                ("/name", Want::Says("JVB")),
                ("/version", Want::Text),
                ("/os", Want::Text),
            ]),
        ),
        Step::bridge(
            [
                "drain-state",
                "GET /colibri/drain tells whether the bridge drains",
                RECORDED,
            ],
            |to| drain_state(&to.bridge),
            json(vec![("/drain", Want::Draining)]),
        ),
    ]
}

fn dumps() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "debug",
                "/debug tells the state, and its health, load and conferences",
                RECORDED,
            ],
            |to| get(&to.bridge, "/debug"),
            json(vec![
                ("/shutdown_state", Want::Text),
                ("/drain", Want::Draining),
                ("/time", Want::Moment),
                ("/load_management/stress", Want::Text),
                ("/conferences", Want::Object),
                ("/health/success", Want::Flag),
            ]),
        )
        .notes("time", "/time"),
        Step::bridge(
            ["debug-later", "The time in /debug goes on", RECORDED],
            |to| get(&to.bridge, "/debug"),
            json(vec![("/time", Want::Above("time"))]),
        )
        .waits(Wait::Presence),
        Step::bridge(
            [
                "rtcstats",
                "/stats is about rtcstats and no statistics",
                RECORDED,
            ],
            |to| get(&to.bridge, "/stats"),
            json(vec![
                ("/conferences", Want::Object),
                ("/stress_level", Want::Absent),
            ]),
        ),
        Step::bridge(
            [
                "feature-redirect",
                "A feature in /debug/stats is found below jvb, by a redirect",
                RECORDED,
            ],
            |to| get(&to.bridge, "/debug/stats/rtcstats"),
            status(302)
                .header(Header::Location("/debug/stats/jvb/rtcstats"))
                .body(Body::Empty),
        ),
    ]
}

fn nowhere() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "no-such-path",
                "An unknown path is a 404 with a page",
                RECORDED,
            ],
            |to| get(&to.bridge, "/nope"),
            page(404),
        ),
        Step::bridge(
            ["root", "There is nothing at the root", RECORDED],
            |to| get(&to.bridge, "/"),
            page(404),
        ),
        Step::bridge(
            [
                "colibri-one",
                "The conferences of the first colibri are gone",
                RECORDED,
            ],
            |to| get(&to.bridge, "/colibri/conferences"),
            page(404),
        ),
        Step::bridge(
            ["colibri-two", "Conferences cannot be listed: 501", RECORDED],
            |to| get(&to.bridge, "/colibri/v2/conferences"),
            page(501),
        )
        .given(Given::ColibriRest(true)),
        Step::bridge(
            [
                "shutdown-get",
                "A shutdown is a POST: GET is a 405",
                "recorded: 3-drain",
            ],
            |to| get(&to.bridge, path::SHUTDOWN),
            status(405)
                .header(Header::Allow(&["POST", "OPTIONS"]))
                .header(Header::Type("text/html"))
                .body(Body::Page),
        )
        .given(Given::ShutdownRest(true)),
        Step::bridge(
            [
                "shutdown-get-off",
                "In a default configuration there is no /colibri/shutdown",
                "recorded: 7-default-config, with POST",
            ],
            |to| get(&to.bridge, path::SHUTDOWN),
            page(404),
        )
        .given(Given::ShutdownRest(false)),
    ]
}
