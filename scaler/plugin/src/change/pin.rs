//! A bridge left alone, or no longer.

use scaler_api::State;
use scaler_api::annotations::PINNED;

use super::drain::{TRUE, because, leaves};
use super::{Change, Subject};

/// Have it left alone.
pub fn pin(subject: &Subject<'_>) -> Change {
    let bridge = subject.bridge;
    let name = &bridge.name;
    if bridge.pinned {
        return subject.nothing(&format!("{name} is pinned already."));
    }
    if leaves(bridge.state) {
        return subject.nothing(&format!(
            "{name} is on its way out already, which pinning does not call off: it is {:?}.",
            bridge.state
        ));
    }
    if bridge.state == State::Warm {
        return subject.nothing(&format!(
            "{name} is a spare: nobody is on it, and it is woken or removed as the pool needs. Only bridges that serve are pinned."
        ));
    }
    let mut said = vec![format!(
        "{name} is left alone: it is not drained to make the pool smaller or newer, nor when its node leaves."
    )];
    if bridge.state.draining() {
        let call_off = if bridge.drain_requested {
            "; undrain does"
        } else {
            ""
        };
        said.push(format!(
            "It drains now, {}; pinning does not call that off{call_off}.",
            if bridge.drain_requested {
                "because somebody asked for it"
            } else {
                because(bridge.why)
            }
        ));
    } else if bridge.drain_requested {
        said.push(
            "Its drain, which was asked for and has not begun, waits until it is unpinned."
                .to_owned(),
        );
    }
    subject.annotate(PINNED.name(), TRUE, said)
}

/// No longer have it left alone.
pub fn unpin(subject: &Subject<'_>) -> Change {
    let bridge = subject.bridge;
    let name = &bridge.name;
    if !bridge.pinned {
        return subject.nothing(&format!("{name} is not pinned."));
    }
    let mut said = vec![format!("{name} may be drained again, like any other.")];
    let tally = &subject.report.tally;
    if bridge.drain_requested && bridge.state.countable() {
        said.push("Its drain was asked for, and begins now.".to_owned());
    } else if tally.counted > tally.wanted {
        said.push(format!(
            "{} are counted and {} are wanted: it may be drained now.",
            tally.counted, tally.wanted
        ));
    }
    subject.annotate(PINNED.name(), None, said)
}
