//! Pins of conferences to a version of bridges, which jicofo has.

use std::time::Duration;

use bridge::jicofo::request::{path, pin, pins, unpin};

use super::{JSON, post, with};
use crate::expect::{Body, Header, nothing, plain, status};
use crate::step::{Command, Step};

const RECORDED: &str = "recorded: 5-jicofo";
const PIN: &str = "a pin of a room that nobody is in, for a minute";
const NO_PIN: &str = "a pin, where it is not refused";

pub(super) fn steps() -> Vec<Step> {
    let listed = || status(200).header(Header::Type(JSON)).body(Body::Pins);
    vec![
        Step::jicofo(
            [
                "pin-set",
                "A conference is pinned to a version for some minutes",
                RECORDED,
            ],
            |to| pin(&to.jicofo, &to.room, &to.version, Duration::from_mins(1)),
            nothing(),
        )
        .changes(PIN)
        .commands(Command::Pin(true)),
        Step::jicofo(
            ["pin-listed", "A pin is listed", RECORDED],
            |to| pins(&to.jicofo),
            listed(),
        ),
        Step::jicofo(
            [
                "pin-without-version",
                "A pin without a version is a 400",
                RECORDED,
            ],
            |to| {
                with(
                    post(&to.jicofo, path::PIN),
                    JSON,
                    r#"{"conferenceId":"room1"}"#,
                )
            },
            status(400)
                .header(Header::Type("text/plain"))
                .body(Body::Has("Failed to convert request body")),
        )
        .changes(NO_PIN),
        Step::jicofo(
            [
                "pin-of-bad-conference",
                "A conference that is no address cannot be pinned: 400",
                RECORDED,
            ],
            |to| pin(&to.jicofo, "@@", "x", Duration::from_mins(1)),
            plain(400, "Bad request: Invalid conference ID"),
        )
        .changes(NO_PIN),
        Step::jicofo(
            ["pin-remove", "A pin is removed", RECORDED],
            |to| unpin(&to.jicofo, &to.room),
            nothing(),
        )
        .changes(PIN)
        .commands(Command::Pin(false)),
        Step::jicofo(
            ["pin-gone", "A pin that was removed is not listed", RECORDED],
            |to| pins(&to.jicofo),
            listed(),
        ),
        Step::jicofo(
            [
                "pin-remove-again",
                "That there is no pin to remove is no error",
                RECORDED,
            ],
            |to| unpin(&to.jicofo, &to.room),
            nothing(),
        )
        .changes(PIN)
        .commands(Command::Pin(false)),
        Step::jicofo(
            [
                "pin-remove-nothing",
                "To remove the pin of no conference is a 500",
                RECORDED,
            ],
            |to| with(post(&to.jicofo, path::UNPIN), JSON, "{}"),
            status(500)
                .header(Header::Type("text/plain"))
                .body(Body::Has("Failed to convert request body")),
        )
        .changes(NO_PIN),
    ]
}
