//! When to decide again if nothing changes before.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;

use crate::step::draft::Draft;
use crate::step::{expel, grow};

/// The next moment at which something is due. A step beyond what is due costs a little; one that is missed costs the resync.
pub(super) fn next(draft: &Draft<'_, '_>) -> Time {
    const BRIEF: Duration = Duration::from_millis(500);
    let now = draft.now;
    let spec = draft.spec();
    let tuning = &draft.world.tuning;
    let mut wake = now + tuning.resync;
    let mut at = |time: Time| {
        if time > now {
            wake = wake.min(time);
        }
    };
    for sight in draft.sights() {
        if sight.state.draining() || sight.state == State::Removing {
            if let Some(deadline) = sight.marks.deadline {
                at(draft.world.local_time(deadline));
            }
            if let Some(since) = sight.live.shutting_down_since {
                at(since + tuning.presence_interval * 2);
                at(since + spec.drain.shutdown_timeout.get());
            }
            if let Some(zero_since) = sight.marks.zero_since {
                at(draft.world.local_time(zero_since) + spec.drain.settle.get());
                if let Some(since) = draft.world.asking_since {
                    at(since + tuning.mass_window);
                }
            }
        }
        if sight.state == State::Expelling {
            if let Some(since) = expel::moving_since(draft, sight) {
                let over = since + spec.drain.expel_timeout.get();
                at(over);
                at(over + spec.drain.shutdown_timeout.get());
            }
            at(now + spec.drain.move_interval.get().max(BRIEF));
        }
    }
    for stumbled in draft.world.memory.stumbled.values() {
        at(stumbled.until);
    }
    for refusal in draft.world.memory.refusals.values() {
        at(refusal.until);
    }
    for sent in draft.world.outstanding.commands.values() {
        at(*sent + tuning.request_timeout);
    }
    if draft.retry {
        at(now + tuning.command_retry);
    }
    if draft.left.counted < draft.left.wanted {
        at(grow::create_at(draft));
    }
    wake
}
