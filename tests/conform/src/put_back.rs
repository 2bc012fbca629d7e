//! Puts back what the suite has changed, also when it was interrupted or failed.

use std::time::Duration;

use bridge::jicofo::request as to_jicofo;
use bridge::{jicofo, reply, request};
use reach::Failure;

use crate::ask::Asker;
use crate::known::Known;
use crate::report::PutBack;

/// How often it is tried, and how long is waited between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// What may have been changed: it is noted before the request goes out that may do so.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Touched {
    /// Drain mode.
    pub(crate) drain: bool,
    /// A pin.
    pub(crate) pin: bool,
}

/// Puts drain mode back to what it was before, and says whether that worked.
pub(crate) async fn drain(asker: &Asker, known: &Known, before: bool) -> PutBack {
    let (word, path) = if before {
        ("on", request::path::DRAIN_ENABLE)
    } else {
        ("off", request::path::DRAIN_DISABLE)
    };
    let authority = &known.names.bridge;
    let mut failed = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        failed = drain_once(asker, authority, before).await.err();
        if failed.is_none() {
            break;
        }
    }
    PutBack {
        what: format!("drain mode {word}"),
        failed,
        command: format!("curl -X POST http://{authority}{path}"),
    }
}

async fn drain_once(asker: &Asker, authority: &str, before: bool) -> Result<(), String> {
    let command = if before {
        request::drain(authority)
    } else {
        request::undrain(authority)
    };
    let answer = asker.ask(command).await.map_err(told)?;
    let done = if before { reply::drain } else { reply::undrain };
    done(answer.status(), answer.body()).map_err(|error| error.to_string())?;
    // Its word alone is not enough: it is asked.
    let answer = asker
        .ask(request::drain_state(authority))
        .await
        .map_err(told)?;
    let drains =
        reply::drain_state(answer.status(), answer.body()).map_err(|error| error.to_string())?;
    if drains == before {
        Ok(())
    } else {
        Err(format!(
            "the bridge still says that its drain mode is {}",
            if drains { "on" } else { "off" }
        ))
    }
}

/// Removes the pin of the suite's room.
pub(crate) async fn pin(asker: &Asker, known: &Known) -> PutBack {
    let (authority, room) = (&known.names.jicofo, &known.names.room);
    let answer = asker.ask(to_jicofo::unpin(authority, room)).await;
    let failed = match answer {
        Ok(answer) => jicofo::reply::unpin(answer.status(), answer.body())
            .err()
            .map(|error| error.to_string()),
        Err(failure) => Some(told(failure)),
    };
    let path = to_jicofo::path::UNPIN;
    PutBack {
        what: format!("no pin of {room}"),
        failed,
        command: format!(
            "curl -H 'Content-Type: application/json' -d '{{\"conferenceId\":\"{room}\"}}' http://{authority}{path}"
        ),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn told(failure: Failure) -> String {
    failure.to_string()
}
