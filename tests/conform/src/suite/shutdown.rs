//! The end of a bridge: what is refused, a graceful shutdown of one on which nobody is, and that it leaves.

use bridge::jicofo::request::debug;
use bridge::request::{drain, health, path, shutdown, stats};
use bridge::source::Source;
use http::Request;

use super::metrics::as_metrics;
use super::{JSON, post, with};
use crate::expect::{Body, Expected, Header, Want, json, nothing, page, status};
use crate::known::Names;
use crate::step::{Command, Connection, Given, Step, Wait};

const RECORDED: &str = "recorded: 3-drain";
const DEFAULTS: &str = "recorded: 7-default-config";
const REFUSED: &str = "the bridge leaves, where it is not refused";
const LEAVES: &str = "the bridge leaves for good";

fn asked(to: &Names, body: &str) -> Request<Vec<u8>> {
    with(post(&to.bridge, path::SHUTDOWN), JSON, body)
}

fn bad(text: &'static str) -> Expected {
    status(400)
        .header(Header::Type("text/plain"))
        .body(Body::Has(text))
}

pub(super) fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let refusals = refusals().into_iter();
    steps.extend(refusals.map(|step| step.given(Given::ShutdownRest(true)).ends(REFUSED)));
    steps.extend(elsewhere());
    let ending = shuts_down().into_iter().chain(has_gone());
    steps.extend(ending.map(|step| step.given(Given::ShutdownRest(true))));
    steps
}

fn refusals() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "shutdown-without-body",
                "A shutdown without a body is a 500",
                RECORDED,
            ],
            |to| post(&to.bridge, path::SHUTDOWN),
            page(500),
        ),
        Step::bridge(
            [
                "shutdown-without-json",
                "An empty body that calls itself JSON is a 500",
                RECORDED,
            ],
            |to| asked(to, ""),
            page(500),
        ),
        Step::bridge(
            [
                "shutdown-empty-object",
                "A shutdown says whether it is graceful: 400",
                RECORDED,
            ],
            |to| asked(to, "{}"),
            bad("Missing required creator property 'graceful-shutdown'"),
        ),
        Step::bridge(
            ["shutdown-bad-json", "JSON that is none is a 400", RECORDED],
            |to| asked(to, "{nope"),
            bad("Unexpected character"),
        ),
        Step::bridge(
            ["shutdown-form", "A form is a 415", RECORDED],
            |to| {
                with(
                    post(&to.bridge, path::SHUTDOWN),
                    "application/x-www-form-urlencoded",
                    "graceful-shutdown=true",
                )
            },
            page(415),
        ),
        Step::bridge(
            [
                "shutdown-unknown-field",
                "Another field does not replace the one that is missing: 400",
                RECORDED,
            ],
            |to| asked(to, r#"{"force-shutdown":true}"#),
            bad("Missing required creator property 'graceful-shutdown'"),
        ),
        Step::bridge(
            [
                "shutdown-no-flag",
                "A text that is neither true nor false is a 400",
                RECORDED,
            ],
            |to| asked(to, r#"{"graceful-shutdown":"maybe"}"#),
            bad(r#"only "true" or "false" recognized"#),
        ),
    ]
}

fn elsewhere() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "shutdown-graceful-path",
                "There is no /colibri/graceful-shutdown",
                RECORDED,
            ],
            |to| post(&to.bridge, "/colibri/graceful-shutdown"),
            page(404),
        )
        .ends(REFUSED),
        Step::bridge(
            [
                "shutdown-force-path",
                "There is no /colibri/force-shutdown",
                RECORDED,
            ],
            |to| post(&to.bridge, "/colibri/force-shutdown"),
            page(404),
        )
        .ends(REFUSED),
        Step::bridge(
            [
                "shutdown-off",
                "In a default configuration no shutdown is taken",
                DEFAULTS,
            ],
            |to| shutdown(&to.bridge, true),
            page(404),
        )
        .given(Given::ShutdownRest(false))
        .ends(REFUSED),
    ]
}

fn shuts_down() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "shutdown-not-yet",
                "What was refused, or never asked, has not shut the bridge down",
                RECORDED,
            ],
            |to| stats(Source::MetricsJson, &to.bridge),
            as_metrics(),
        )
        .given(Given::Leaving(false))
        .notes("people", "/local_endpoints")
        .on(Connection::Kept),
        Step::bridge(
            [
                "shutdown-graceful",
                "A graceful shutdown is 200 with nothing",
                RECORDED,
            ],
            |to| shutdown(&to.bridge, true),
            nothing(),
        )
        .given(Given::Idle)
        .ends(LEAVES)
        .commands(Command::Shutdown(true)),
        Step::bridge(
            [
                "shutdown-told",
                "A bridge on which nobody is says at once that it shuts down, gracefully",
                RECORDED,
            ],
            |to| stats(Source::MetricsJson, &to.bridge),
            as_metrics(),
        )
        .given(Given::Leaving(true)),
        Step::bridge(
            [
                "shutdown-health",
                "A bridge that shuts down is healthy",
                RECORDED,
            ],
            |to| health(&to.bridge),
            nothing(),
        )
        .given(Given::Healthy(true))
        .given(Given::Leaving(true)),
        Step::bridge(
            [
                "shutdown-again",
                "A shutdown may be asked for again",
                RECORDED,
            ],
            |to| shutdown(&to.bridge, true),
            nothing(),
        )
        .given(Given::Leaving(true))
        .ends(LEAVES)
        .commands(Command::Shutdown(true)),
        Step::bridge(
            [
                "shutdown-drain",
                "A bridge that shuts down takes drain mode, too",
                RECORDED,
            ],
            |to| drain(&to.bridge),
            nothing(),
        )
        .given(Given::Leaving(true))
        .ends(LEAVES)
        .commands(Command::Drain(true)),
        Step::jicofo(
            [
                "shutdown-seen",
                "jicofo learns with the next presence that the bridge shuts down",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            json(vec![
                (
                    "/bridge_selector/bridge/{bridge}/graceful-shutdown",
                    Want::Graceful,
                ),
                (
                    "/bridge_selector/bridge/{bridge}/shutting-down",
                    Want::ShuttingDown,
                ),
            ]),
        )
        .given(Given::ThisBridge)
        .given(Given::Leaving(true))
        .waits(Wait::Presence),
    ]
}

fn has_gone() -> Vec<Step> {
    vec![
        Step::bridge(
            [
                "shutdown-exit",
                "A minute later the bridge has gone",
                RECORDED,
            ],
            |to| health(&to.bridge),
            Expected::Nobody,
        )
        .given(Given::Leaving(true))
        .waits(Wait::Exit),
        Step::bridge(
            [
                "shutdown-connections",
                "Connections that were open to it have ended with it",
                "the system closes what a process leaves open",
            ],
            |to| stats(Source::MetricsJson, &to.bridge),
            Expected::Nobody,
        )
        .given(Given::Gone)
        .waits(Wait::Presence)
        .on(Connection::Again),
        Step::jicofo(
            [
                "shutdown-forgotten",
                "jicofo knows the bridge no more",
                RECORDED,
            ],
            |to| debug(&to.jicofo),
            json(vec![("/bridge_selector/bridge/{bridge}", Want::Absent)]),
        )
        .given(Given::Gone)
        .waits(Wait::Presence),
    ]
}
