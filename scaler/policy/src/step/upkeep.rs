//! What was begun is kept up: bridges are told again what they did not follow, and what they confirm is written down.
//!
//! All of it continues while the pool is paused.

use scaler_api::State;
use scaler_api::annotations::DrainAcked;
use scaler_api::state::Intent;

use crate::guards::Guard;
use crate::plan::{Action, Transition};
use crate::scene::Sight;
use crate::step::draft::Draft;
use crate::world::{Command, Look, Marks, backoff};

/// Writes down what bridges confirmed: that they take conferences, that they drain, that they are empty or no longer so.
pub(super) fn acknowledge(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if !draft.free(sight) {
            continue;
        }
        if let Some(after) = restored(draft, sight) {
            draft.mark(sight, Transition::Reassert, sight.state, after);
            continue;
        }
        let Some(look) = sight
            .live
            .last
            .filter(|_| sight.fresh && sight.state != State::Failed)
        else {
            unsettle(draft, sight);
            continue;
        };
        match sight.marks.intent {
            Intent::Active if !sight.acked && serves(draft, sight, &look) => {
                let after = acked(draft, sight, false);
                draft.mark(sight, Transition::Activate, State::Active, after);
            }
            Intent::Active => {}
            _ if !sight.acked && hidden(&look) => {
                let after = acked(draft, sight, true);
                let transition = if drained_before(sight) {
                    Transition::Redrain
                } else {
                    Transition::Acknowledge
                };
                let to = if sight.state == State::DrainRequested {
                    State::Draining
                } else {
                    sight.state
                };
                draft.mark(sight, transition, to, after);
            }
            _ if sight.acked && sight.marks.zero_since.is_none() && sight.live.empty.is_some() => {
                let after = Marks {
                    zero_since: Some(draft.clock),
                    ..sight.marks.clone()
                };
                let to = if sight.state == State::Draining {
                    State::Settling
                } else {
                    sight.state
                };
                draft.mark(sight, Transition::Settle, to, after);
            }
            _ => unsettle(draft, sight),
        }
    }
}

/// What a bridge's marks should be where somebody changed them against its intent.
pub(super) fn restored(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> Option<Marks> {
    let marks = sight.marks;
    let people = matches!(marks.intent, Intent::Active | Intent::Drain | Intent::Expel);
    let drains = matches!(marks.intent, Intent::Drain | Intent::Expel);
    let protected = marks.protected || people && draft.world.guards.on(Guard::ProtectionOnRescue);
    let safe_to_evict = !protected;
    let counted = marks.counted && marks.intent == Intent::Active;
    let deadline = match marks.deadline {
        None if drains => Some(draft.deadline(marks.reason)),
        Some(_) if marks.intent == Intent::Active => None,
        deadline => deadline,
    };
    let are = (
        marks.protected,
        marks.safe_to_evict,
        marks.counted,
        marks.deadline,
    );
    let differ = are != (protected, safe_to_evict, counted, deadline);
    // Without the label nothing would tell of it, and neither budget nor HPA would see it.
    (differ || !sight.pod.labelled).then(|| Marks {
        counted,
        protected,
        safe_to_evict,
        deadline,
        ..marks.clone()
    })
}

/// A bridge that was empty and is no longer seen to be so begins anew.
fn unsettle<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    if sight.state == State::Settling && (sight.live.empty.is_none() || !sight.fresh) {
        let after = Marks {
            zero_since: None,
            ..sight.marks.clone()
        };
        draft.mark(sight, Transition::Unsettle, State::Draining, after);
    }
}

/// Whether a bridge takes conferences: healthy, not hidden, and known to jicofo since its start.
pub(super) fn serves(draft: &Draft<'_, '_>, sight: &Sight<'_>, look: &Look) -> bool {
    look.healthy != Some(false)
        && !look.flags.drain
        && !look.flags.graceful_shutdown
        && !look.flags.shutting_down
        && draft
            .world
            .guards
            .hold(Guard::BreweryJoined, sight.live.joined)
}

/// Whether an earlier run of the bridge confirmed this drain.
pub(super) fn drained_before(sight: &Sight<'_>) -> bool {
    (sight.marks.acked.as_ref()).is_some_and(|acked| acked.drain == Some(true))
}

const fn hidden(look: &Look) -> bool {
    look.flags.drain || look.flags.shutting_down
}

fn acked(draft: &Draft<'_, '_>, sight: &Sight<'_>, drain: bool) -> Marks {
    let run = sight.live.run.as_ref();
    let restarted = drain && drained_before(sight) && sight.marks.deadline.is_some();
    let deadline = if draft.world.guards.on(Guard::DeadlineSetOnce) || !restarted {
        sight.marks.deadline
    } else {
        Some(draft.deadline(sight.marks.reason))
    };
    Marks {
        acked: run.map(|run| DrainAcked {
            container_id: run.container.clone(),
            startup_time: run.startup,
            drain: Some(drain),
            joined: sight.live.joined,
        }),
        zero_since: None,
        deadline,
        ..sight.marks.clone()
    }
}

/// Tells bridges again what they do not follow: a restart, or somebody else, may have changed it.
pub(super) fn command(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        let going = matches!(sight.state, State::Failed | State::Pending);
        if !draft.free(sight) || going || sight.pod.running().is_none() {
            continue;
        }
        let flags = sight
            .live
            .last
            .filter(|_| sight.fresh)
            .map(|look| look.flags);
        if flags.is_some_and(|flags| flags.shutting_down || flags.graceful_shutdown) {
            continue;
        }
        let drains = flags.map(|flags| flags.drain);
        let (command, wrong) = match sight.marks.intent {
            // One that takes conferences is told only when it says that it does not; silence is no reason.
            Intent::Active => (Command::Undrain, drains == Some(true)),
            _ => (
                Command::Drain,
                drains.map_or(!sight.acked, |drains| !drains),
            ),
        };
        let restarted = drained_before(sight) && !sight.acked && command == Command::Drain;
        if !wrong || left_alone(draft, sight, restarted) {
            continue;
        }
        if may_tell(draft, sight, command) {
            let transition = match (command, sight.acked) {
                _ if restarted => Transition::Redrain,
                (_, true) => Transition::Reassert,
                (Command::Undrain, _) => Transition::Activate,
                _ => Transition::Acknowledge,
            };
            let (to, why) = (sight.state, sight.marks.reason);
            draft.decide(sight, transition, to, why, Action::Tell(command));
        } else {
            draft.retry = true;
        }
    }
}

/// Whether a guard that is off leaves a bridge as it is: as it restarted, as an earlier leader left it, or as somebody made it.
fn left_alone(draft: &Draft<'_, '_>, sight: &Sight<'_>, restarted: bool) -> bool {
    let guards = draft.world.guards;
    let begun_here = draft.world.outstanding.has_written(&sight.pod.uid);
    restarted && !guards.on(Guard::DrainAfterRestart)
        || !sight.acked && !begun_here && !guards.on(Guard::BegunIsKeptUp)
        || sight.acked && !guards.on(Guard::ModeKept)
}

/// Whether a command is not under way, and was not given just now.
pub(super) fn may_tell(draft: &Draft<'_, '_>, sight: &Sight<'_>, command: Command) -> bool {
    let world = draft.world;
    let under_way = world
        .outstanding
        .commands
        .get(&sight.pod.uid)
        .is_some_and(|at| draft.now.since(*at) <= world.tuning.request_timeout);
    let again_at = world
        .memory
        .commands
        .get(&sight.pod.uid)
        .and_then(|told| told.get(&command))
        .map(|told| {
            let tuning = &world.tuning;
            told.last + backoff(tuning.command_retry, tuning.longest_pause(), told.times)
        });
    !under_way && again_at.is_none_or(|at| at <= draft.now)
}
