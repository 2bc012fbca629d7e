//! `/metrics` and `/colibri/stats` of a bridge: which form comes for which Accept header, and what is in it.

use bridge::request::stats;
use bridge::source::Source;
use http::Method;

use super::{JSON, accepting, get, post, raw};
use crate::expect::{Body, Expected, Exposition, Field, Header, Want, page, status};
use crate::known::Names;
use crate::step::{Given, Step};

const RECORDED: &str = "recorded: 1-metrics";

/// What a bridge tells in JSON, in any state.
pub(super) fn in_metrics() -> Vec<Field> {
    vec![
        ("/stress", Want::Stress),
        ("/drain_mode", Want::Draining),
        ("/graceful_shutdown", Want::Graceful),
        ("/shutting_down", Want::ShuttingDown),
        ("/healthy", Want::Flag),
        ("/local_endpoints", Want::Count),
        ("/current_endpoints", Want::Count),
        ("/conferences", Want::Count),
        ("/mucs_joined", Want::Count),
        ("/muc_clients_connected", Want::Count),
        ("/startup_time", Want::Moment),
        ("/conferences_by_size", Want::Object),
        ("/version", Want::Absent),
        ("/participants", Want::Absent),
    ]
}

/// The same of the other form, whose names differ.
pub(super) fn in_stats() -> Vec<Field> {
    vec![
        ("/stress_level", Want::Stress),
        ("/drain", Want::Draining),
        ("/graceful_shutdown", Want::Graceful),
        ("/shutting_down", Want::ShuttingDown),
        ("/healthy", Want::Flag),
        ("/local_endpoints", Want::Count),
        ("/participants", Want::Count),
        ("/endpoints", Want::Count),
        ("/octo_endpoints", Want::Count),
        ("/conferences", Want::Count),
        ("/mucs_joined", Want::Count),
        ("/version", Want::Text),
        ("/current_timestamp", Want::Text),
        ("/stress", Want::Absent),
        ("/drain_mode", Want::Absent),
    ]
}

pub(super) fn as_metrics() -> Expected {
    let reply = status(200).header(Header::Type(JSON));
    reply.body(Body::Statistics(Source::MetricsJson, in_metrics()))
}

pub(super) fn as_stats() -> Expected {
    let reply = status(200).header(Header::Type(JSON));
    reply.body(Body::Statistics(Source::ColibriStats, in_stats()))
}

fn text(open_metrics: bool) -> Expected {
    let (essence, version) = if open_metrics {
        ("application/openmetrics-text", "1.0.0")
    } else {
        ("text/plain", "0.0.4")
    };
    let names = &[
        "jitsi_jvb_stress",
        "jitsi_jvb_drain_mode",
        "jitsi_jvb_shutting_down",
        "jitsi_jvb_local_endpoints",
        "jitsi_jvb_startup_time",
        "jitsi_jvb_endpoints_total",
    ];
    let reply = status(200)
        .header(Header::Type(essence))
        .header(Header::Version(version));
    reply.body(Body::Exposition(Exposition {
        open_metrics,
        readable: true,
        names,
    }))
}

/// 500, whatever stands in it: some come with a page and some with nothing.
fn refused() -> Expected {
    status(500).body(Body::Any)
}

fn metrics(names: &Names, accept: Option<&'static str>) -> http::Request<Vec<u8>> {
    accepting(get(&names.bridge, Source::MetricsText.path()), accept)
}

pub(super) fn steps() -> Vec<Step> {
    let mut steps = in_every_form();
    steps.extend(refusals());
    steps.extend(of_colibri());
    steps
}

fn in_every_form() -> Vec<Step> {
    vec![
        Step::bridge(
            ["metrics-json", "/metrics as JSON tells stress, drain, people and when the bridge started, by names of its own", RECORDED],
            |to| stats(Source::MetricsJson, &to.bridge),
            as_metrics(),
        )
        .notes("stress", "/stress")
        .notes("people", "/local_endpoints"),
        Step::bridge(
            ["metrics-open-metrics", "/metrics as OpenMetrics ends with # EOF", RECORDED],
            |to| metrics(to, Some("application/openmetrics-text")),
            text(true),
        ),
        Step::bridge(
            ["metrics-text", "/metrics as text is of version 0.0.4 and has no end mark", RECORDED],
            |to| metrics(to, Some("text/plain")),
            text(false),
        ),
        Step::bridge(
            ["metrics-any", "Whoever takes anything gets OpenMetrics", RECORDED],
            |to| metrics(to, Some("*/*")),
            text(true),
        ),
        Step::bridge(
            ["metrics-preferred", "The type with the highest q wins", RECORDED],
            |to| metrics(to, Some("application/json;q=0.5, text/plain;q=0.9")),
            text(false),
        ),
        Step::bridge(
            ["metrics-as-asked-by-us", "What this project asks for text gets OpenMetrics", "bridge/src/source.rs"],
            |to| stats(Source::MetricsText, &to.bridge),
            text(true),
        ),
        Step::bridge(
            ["metrics-slash", "A slash at the end of /metrics changes nothing", RECORDED],
            |to| accepting(get(&to.bridge, "/metrics/"), Some(JSON)),
            as_metrics(),
        ),
        Step::bridge(
            ["metrics-head", "HEAD gets the head of what GET gets", RECORDED],
            |to| raw(Method::HEAD, &to.bridge, "/metrics"),
            status(200).header(Header::Type("application/openmetrics-text")).body(Body::Empty),
        ),
    ]
}

fn refusals() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "metrics-without-accept",
                "Without an Accept header /metrics is a 500",
                RECORDED,
            ],
            |to| metrics(to, None),
            refused(),
        ),
        Step::bridge(
            [
                "metrics-accept-empty",
                "With an empty Accept header /metrics is a 500",
                RECORDED,
            ],
            |to| metrics(to, Some("")),
            refused(),
        ),
        Step::bridge(
            [
                "metrics-accept-html",
                "Whoever takes text/html alone gets a 500 and no 406",
                RECORDED,
            ],
            |to| metrics(to, Some("text/html")),
            refused(),
        ),
        Step::bridge(
            [
                "metrics-accept-application",
                "application/* is no type that /metrics knows, and is a 500",
                RECORDED,
            ],
            |to| metrics(to, Some("application/*")),
            refused(),
        ),
        Step::bridge(
            [
                "metrics-accept-garbage",
                "An Accept header that is none is a 500",
                RECORDED,
            ],
            |to| metrics(to, Some("nonsense")),
            refused(),
        ),
        Step::bridge(
            ["metrics-post", "/metrics takes no POST", RECORDED],
            |to| post(&to.bridge, "/metrics"),
            status(405)
                .header(Header::Allow(&["GET", "OPTIONS"]))
                .header(Header::Type("text/html"))
                .body(Body::Page),
        )
        .changes("nothing, where it is refused"),
    ]
}

fn of_colibri() -> Vec<Step> {
    vec![
        Step::bridge(
            ["stats", "/colibri/stats tells stress, drain and people by other names, and alone the version", "recorded: 2-stats"],
            |to| stats(Source::ColibriStats, &to.bridge),
            as_stats(),
        )
        .given(Given::ColibriRest(true)),
        Step::bridge(
            ["stats-as-text", "/colibri/stats is JSON or a 406", "recorded: 2-stats"],
            |to| accepting(get(&to.bridge, Source::ColibriStats.path()), Some("text/plain")),
            status(406).body(Body::Any),
        )
        .given(Given::ColibriRest(true)),
        Step::bridge(
            ["stats-off", "In a default configuration there is no /colibri/stats", "recorded: 7-default-config"],
            |to| get(&to.bridge, Source::ColibriStats.path()),
            page(404),
        )
        .given(Given::ColibriRest(false)),
    ]
}
