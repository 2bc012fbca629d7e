//! Drain mode of a bridge, and that jicofo learns of it.

use bridge::jicofo::request::debug;
use bridge::request::{drain, drain_state, health, path, stats, undrain};
use bridge::source::Source;
use http::Method;

use super::metrics::{as_metrics, as_stats};
use super::{JSON, post, raw, with};
use crate::expect::{Body, Expected, Header, Want, json, nothing, page, status};
use crate::step::{Command, Given, Step, Wait};

const RECORDED: &str = "recorded: 3-drain";

/// What is put back.
const DRAIN: &str = "drain mode";
const REFUSED: &str = "drain mode, where it is not refused";

/// What jicofo says of this bridge's drain mode.
fn seen() -> Expected {
    json(vec![(
        "/bridge_selector/bridge/{bridge}/drain",
        Want::Draining,
    )])
}

fn not_allowed(methods: &'static [&'static str]) -> crate::expect::Reply {
    status(405).header(Header::Allow(methods))
}

pub(super) fn steps() -> Vec<Step> {
    let mut steps = refusals();
    steps.extend(on());
    steps.extend(off());
    steps
        .into_iter()
        .map(|step| step.given(Given::DrainKnown))
        .collect()
}

fn refusals() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "drain-bare-post",
                "A POST to /colibri/drain itself is a 405",
                RECORDED,
            ],
            |to| post(&to.bridge, path::DRAIN),
            not_allowed(&["GET", "OPTIONS"]).body(Body::Page),
        )
        .changes(REFUSED),
        Step::bridge(
            [
                "drain-enable-get",
                "Drain mode is not changed by GET: 405",
                RECORDED,
            ],
            |to| raw(Method::GET, &to.bridge, path::DRAIN_ENABLE),
            not_allowed(&["POST", "OPTIONS"]).body(Body::Page),
        )
        .changes(REFUSED),
        Step::bridge(
            [
                "drain-enable-put",
                "Drain mode is not changed by PUT: 405",
                RECORDED,
            ],
            |to| raw(Method::PUT, &to.bridge, path::DRAIN_ENABLE),
            not_allowed(&["POST", "OPTIONS"]).body(Body::Empty),
        )
        .changes(REFUSED),
        Step::bridge(
            [
                "drain-other-path",
                "Below /colibri/drain there is nothing but enable and disable",
                RECORDED,
            ],
            |to| post(&to.bridge, "/colibri/drain/bogus"),
            page(404),
        )
        .changes(REFUSED),
    ]
}

fn on() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "drain-enable",
                "POST /colibri/drain/enable is 200 with nothing",
                RECORDED,
            ],
            |to| drain(&to.bridge),
            nothing(),
        )
        .changes(DRAIN)
        .commands(Command::Drain(true)),
        Step::bridge(
            [
                "drain-enable-told",
                "A bridge says at once that it drains",
                RECORDED,
            ],
            |to| drain_state(&to.bridge),
            json(vec![("/drain", Want::Draining)]),
        ),
        Step::bridge(
            [
                "drain-enable-metrics",
                "/metrics says at once that it drains",
                RECORDED,
            ],
            |to| stats(Source::MetricsJson, &to.bridge),
            as_metrics(),
        ),
        Step::bridge(
            [
                "drain-enable-stats",
                "/colibri/stats says at once that it drains",
                RECORDED,
            ],
            |to| stats(Source::ColibriStats, &to.bridge),
            as_stats(),
        )
        .given(Given::ColibriRest(true)),
        Step::bridge(
            [
                "drain-enable-health",
                "A bridge that drains is healthy",
                RECORDED,
            ],
            |to| health(&to.bridge),
            nothing(),
        )
        .given(Given::Healthy(true)),
        Step::bridge(
            [
                "drain-enable-again",
                "Drain mode may be enabled again",
                RECORDED,
            ],
            |to| drain(&to.bridge),
            nothing(),
        )
        .changes(DRAIN)
        .commands(Command::Drain(true)),
        Step::bridge(
            [
                "drain-enable-body",
                "Whatever body comes with it is ignored",
                RECORDED,
            ],
            |to| with(drain(&to.bridge), JSON, r#"{"x":1}"#),
            nothing(),
        )
        .changes(DRAIN)
        .commands(Command::Drain(true)),
        Step::jicofo(
            [
                "drain-enable-seen",
                "jicofo learns with the next presence that the bridge drains",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            seen(),
        )
        .given(Given::ThisBridge)
        .waits(Wait::Presence),
    ]
}

fn off() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "drain-disable",
                "POST /colibri/drain/disable is 200 with nothing",
                RECORDED,
            ],
            |to| undrain(&to.bridge),
            nothing(),
        )
        .changes(DRAIN)
        .commands(Command::Drain(false)),
        Step::bridge(
            [
                "drain-disable-told",
                "A bridge says at once that it drains no more",
                RECORDED,
            ],
            |to| drain_state(&to.bridge),
            json(vec![("/drain", Want::Draining)]),
        ),
        Step::bridge(
            [
                "drain-disable-metrics",
                "/metrics says at once that it drains no more",
                RECORDED,
            ],
            |to| stats(Source::MetricsJson, &to.bridge),
            as_metrics(),
        ),
        Step::bridge(
            [
                "drain-disable-again",
                "Drain mode may be disabled again",
                RECORDED,
            ],
            |to| undrain(&to.bridge),
            nothing(),
        )
        .changes(DRAIN)
        .commands(Command::Drain(false)),
        Step::jicofo(
            [
                "drain-disable-seen",
                "jicofo learns with the next presence that the bridge drains no more",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            seen(),
        )
        .given(Given::ThisBridge)
        .waits(Wait::Presence),
    ]
}
