//! What a jicofo tells.

use bridge::jicofo::request::{conferences_full, debug, health, pins, stats, version};
use http::Method;

use super::{JSON, accepting, get, raw};
use crate::expect::{Body, Expected, Exposition, Field, Header, Want, json, plain, status};
use crate::step::{Given, Step, Wait};

const RECORDED: &str = "recorded: 5-jicofo";
const METRICS: &str = "/metrics";

fn text(open_metrics: bool) -> Expected {
    let (essence, version) = if open_metrics {
        ("application/openmetrics-text", "1.0.0")
    } else {
        ("text/plain", "0.0.4")
    };
    let reply = status(200)
        .header(Header::Type(essence))
        .header(Header::Version(version));
    reply.body(Body::Exposition(Exposition {
        open_metrics,
        readable: false,
        names: &[
            "jitsi_jicofo_bridge_selector_bridge_count",
            "jitsi_jicofo_bridge_selector_bridge_count_operational",
            "jitsi_jicofo_bridge_selector_lost_bridges_total",
            "jitsi_jicofo_participants_moved_total",
            "jitsi_jicofo_conferences",
        ],
    }))
}

/// What jicofo tells of each bridge.
fn of_this_bridge() -> Vec<Field> {
    vec![
        ("/bridge_selector/bridge/{bridge}/drain", Want::Flag),
        (
            "/bridge_selector/bridge/{bridge}/graceful-shutdown",
            Want::Flag,
        ),
        ("/bridge_selector/bridge/{bridge}/shutting-down", Want::Flag),
        ("/bridge_selector/bridge/{bridge}/operational", Want::Flag),
        ("/bridge_selector/bridge/{bridge}/overloaded", Want::Flag),
        ("/bridge_selector/bridge/{bridge}/healthy", Want::Flag),
        ("/bridge_selector/bridge/{bridge}/endpoints", Want::Count),
        ("/bridge_selector/bridge/{bridge}/version", Want::Text),
    ]
}

pub(super) fn steps() -> Vec<Step> {
    let mut steps = metrics();
    steps.extend(told());
    steps.extend(dumps());
    steps
}

fn metrics() -> Vec<Step> {
    vec![
        Step::jicofo(
            [
                "jicofo-metrics-json",
                "jicofo tells its metrics as JSON",
                RECORDED,
            ],
            |to| accepting(get(&to.jicofo, METRICS), Some(JSON)),
            json(vec![
                ("/bridge_selector_bridge_count", Want::Count),
                ("/bridge_selector_bridge_count_operational", Want::Count),
                ("/bridge_selector_lost_bridges_total", Want::Count),
                ("/participants_moved_total", Want::Count),
                ("/conferences", Want::Count),
                ("/version", Want::Text),
            ]),
        ),
        Step::jicofo(
            [
                "jicofo-metrics-open-metrics",
                "jicofo tells its metrics as OpenMetrics",
                RECORDED,
            ],
            |to| {
                accepting(
                    get(&to.jicofo, METRICS),
                    Some("application/openmetrics-text"),
                )
            },
            text(true),
        ),
        Step::jicofo(
            [
                "jicofo-metrics-text",
                "jicofo tells its metrics as text 0.0.4",
                RECORDED,
            ],
            |to| accepting(get(&to.jicofo, METRICS), Some("text/plain")),
            text(false),
        ),
        Step::jicofo(
            [
                "jicofo-metrics-any",
                "Whoever takes anything gets OpenMetrics of jicofo",
                RECORDED,
            ],
            |to| accepting(get(&to.jicofo, METRICS), Some("*/*")),
            text(true),
        ),
        Step::jicofo(
            [
                "jicofo-metrics-without-accept",
                "jicofo, unlike a bridge, needs no Accept header",
                RECORDED,
            ],
            |to| accepting(get(&to.jicofo, METRICS), None),
            text(true),
        ),
        Step::jicofo(
            [
                "jicofo-metrics-html",
                "Whoever takes text/html alone gets a 500 that names what jicofo has",
                RECORDED,
            ],
            |to| accepting(get(&to.jicofo, METRICS), Some("text/html")),
            plain(
                500,
                "Supported media types are application/openmetrics-text, text/plain and application/json",
            ),
        ),
    ]
}

fn told() -> Vec<Step> {
    vec![
        Step::jicofo(
            [
                "jicofo-version",
                "jicofo calls itself JiCoFo and tells its version",
                RECORDED,
            ],
            |to| version(&to.jicofo),
            json(vec![
                ("/name", Want::Says("JiCoFo")),
                ("/version", Want::Text),
                ("/os", Want::Text),
            ]),
        ),
        Step::jicofo(
            [
                "jicofo-health",
                "A jicofo with a bridge is healthy and says OK",
                RECORDED,
            ],
            |to| health(&to.jicofo),
            plain(200, "OK"),
        )
        .given(Given::JicofoHealth(true))
        .given(Given::Bridges(true)),
        Step::jicofo(
            [
                "jicofo-health-without-bridges",
                "A jicofo without a bridge is not healthy, and says why",
                "recorded: 6-conference D2",
            ],
            |to| health(&to.jicofo),
            status(500).body(Body::Reason),
        )
        .given(Given::JicofoHealth(true))
        .given(Given::Bridges(false)),
        Step::jicofo(
            [
                "jicofo-health-off",
                "Without health checks jicofo has no health",
                "facts of jicofo's source: it is 404 unless enabled",
            ],
            |to| health(&to.jicofo),
            status(404).body(Body::Any),
        )
        .given(Given::JicofoHealth(false)),
        Step::jicofo(
            [
                "jicofo-stats",
                "jicofo counts its bridges, and what their failures cost",
                RECORDED,
            ],
            |to| stats(&to.jicofo),
            json(vec![
                ("/bridge_selector/bridge_count", Want::Count),
                ("/bridge_selector/operational_bridge_count", Want::Count),
                ("/bridge_selector/in_shutdown_bridge_count", Want::Count),
                ("/bridge_selector/lost_bridges", Want::Count),
                ("/bridge_failures/participants_moved", Want::Count),
                ("/bridge_failures/bridges_removed", Want::Count),
                ("/conferences", Want::Count),
                ("/participants", Want::Count),
                ("/largest_conference", Want::Count),
                ("/version", Want::Text),
            ]),
        ),
        Step::jicofo(
            [
                "jicofo-rtcstats",
                "/rtcstats is about conferences that rtcstats follow",
                RECORDED,
            ],
            |to| get(&to.jicofo, "/rtcstats"),
            json(vec![]),
        ),
        Step::jicofo(
            ["jicofo-pins", "GET /pin lists pins", RECORDED],
            |to| pins(&to.jicofo),
            status(200).header(Header::Type(JSON)).body(Body::Pins),
        ),
        Step::jicofo(
            [
                "jicofo-no-such-path",
                "An unknown path is a 404 with nothing",
                RECORDED,
            ],
            |to| get(&to.jicofo, "/nope"),
            status(404).body(Body::Empty),
        ),
    ]
}

fn dumps() -> Vec<Step> {
    vec![
        Step::jicofo(
            [
                "jicofo-debug",
                "/debug tells how jicofo sees each bridge, by its address in the brewery",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            json(vec![
                ("/bridge_selector/strategy", Want::Text),
                ("/bridge_selector/bridge", Want::Object),
            ]),
        ),
        Step::jicofo(
            [
                "jicofo-debug-bridge",
                "jicofo tells of a bridge whether it drains, shuts down and may be chosen",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            json(of_this_bridge()),
        )
        .given(Given::ThisBridge),
        Step::jicofo(
            [
                "jicofo-debug-stress",
                "jicofo has of a bridge the stress that the bridge itself tells",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            json(vec![(
                "/bridge_selector/bridge/{bridge}/stress",
                Want::Noted("stress"),
            )]),
        )
        .given(Given::ThisBridge)
        .beside("metrics-json")
        .waits(Wait::Presence),
        Step::jicofo(
            [
                "jicofo-debug-full",
                "/debug?full=true tells of conferences, too",
                RECORDED,
            ],
            |to| get(&to.jicofo, "/debug?full=true"),
            json(vec![
                ("/focus_manager", Want::Object),
                ("/bridge_selector/bridge", Want::Object),
            ]),
        ),
        Step::jicofo(
            [
                "jicofo-conferences",
                "/debug/conferences lists rooms",
                RECORDED,
            ],
            |to| get(&to.jicofo, "/debug/conferences"),
            status(200).header(Header::Type(JSON)).body(Body::List),
        ),
        Step::jicofo(
            [
                "jicofo-conferences-full",
                "/debug/conferences-full has an entry for each room",
                "bridge/src/jicofo/reply.rs",
            ],
            |to| conferences_full(&to.jicofo),
            json(vec![]),
        ),
        Step::jicofo(
            [
                "jicofo-conference-unknown",
                "An unknown conference is an empty object and no error",
                RECORDED,
            ],
            |to| get(&to.jicofo, &format!("/debug/conference/{}", to.elsewhere)),
            status(200).header(Header::Type(JSON)).body(Body::Is("{}")),
        ),
        Step::jicofo(
            [
                "jicofo-conference-bad",
                "A conference that is no address is a 400",
                RECORDED,
            ],
            |to| raw(Method::GET, &to.jicofo, "/debug/conference/nope"),
            plain(400, "Bad request: Invalid conference ID"),
        ),
    ]
}
