//! The deadline: whoever is still on a draining bridge is moved, waited for, or cut off, as the operator chose.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;
use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::guards::Guard;
use crate::plan::{Action, Transition};
use crate::scene::{Leaving, Sight, proven_empty};
use crate::step::draft::Draft;
use crate::step::removal::{presences, shut_down, two_presences, without_shutdown};
use crate::world::{Presence, Room};

/// What happens at and after the deadline.
pub(super) fn expel(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if !draft.free(sight) {
            continue;
        }
        match sight.state {
            State::DrainRequested | State::Draining | State::Settling if draft.overdue(sight) => {
                deadline(draft, sight);
            }
            State::Expelling => expelling(draft, sight),
            _ => {}
        }
    }
}

fn deadline<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    match draft.on_deadline(sight) {
        OnDeadline::Wait => {
            let message = format!(
                "{} is past its deadline and waits until the last person leaves",
                sight.pod.name
            );
            draft.finding(ConditionType::ScalingLimited, Reason::DeadlineWait, message);
        }
        OnDeadline::Kill => draft.remove(sight, Transition::Remove, IntentReason::DeadlinePassed),
        OnDeadline::Move if can_move(draft, sight) => {
            let after = draft.intend(sight, Intent::Expel, IntentReason::DeadlinePassed);
            draft.mark(sight, Transition::Expel, State::Expelling, after);
        }
        OnDeadline::Move => {}
    }
}

/// Whether people can be moved: jicofo is there, and another bridge takes them. How long that has been so is remembered.
pub(super) fn can_move<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) -> bool {
    let movable = jicofo_and_target(draft, sight);
    draft.plan.movable.push(((**sight.uid).clone(), movable));
    movable
}

/// Since when people have been moved off a bridge, or could have been: only such time counts against them.
pub(super) fn moving_since(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> Option<Time> {
    let since = draft.world.memory.movable_since.get(&**sight.uid)?;
    Some(draft.world.local_time(sight.marks.since).max(*since))
}

fn jicofo_and_target<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) -> bool {
    if draft.scene.breakers.jicofo_away {
        let message = format!(
            "{} is past its deadline, and jicofo does not answer: nobody is moved",
            sight.pod.name
        );
        draft.finding(ConditionType::ScalingLimited, Reason::NoTarget, message);
        return false;
    }
    let target = draft
        .world
        .guards
        .hold(Guard::MoveTarget, draft.scene.target(sight));
    if !target {
        let message = format!(
            "{} is past its deadline, and no other bridge can take its people",
            sight.pod.name
        );
        draft.finding(ConditionType::ScalingLimited, Reason::NoTarget, message);
    }
    target
}

fn expelling<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    if sight.down {
        draft.remove(sight, Transition::Remove, IntentReason::DeadlinePassed);
        return;
    }
    if proven_empty(draft.world, sight, draft.now).is_ok() && !draft.scene.breakers.holds_removals()
    {
        draft.remove(sight, Transition::Remove, IntentReason::Empty);
        return;
    }
    let drain = &draft.spec().drain;
    let overdue = draft.overdue(sight);
    if let Some(since) = sight.live.shutting_down_since {
        let empty = sight.fresh && sight.live.last.is_some_and(|look| look.empty());
        let timed_out = draft.now.since(since) >= drain.shutdown_timeout.get();
        if overdue && (empty && presences(draft, sight) || timed_out) {
            draft.remove(sight, Transition::Remove, IntentReason::DeadlinePassed);
        }
        return;
    }
    if !can_move(draft, sight) {
        return;
    }
    let since = moving_since(draft, sight);
    let elapsed = since.map_or(Duration::ZERO, |since| draft.now.since(since));
    let expel_over = elapsed >= drain.expel_timeout.get();
    if expel_over && elapsed >= drain.expel_timeout.get() + drain.shutdown_timeout.get() && overdue
    {
        draft.remove(sight, Transition::Remove, IntentReason::DeadlinePassed);
        return;
    }
    if sight
        .live
        .last
        .is_some_and(|look| sight.fresh && look.empty())
    {
        // Nobody is left to be moved; it settles.
        return;
    }
    let at_once = sight.leaving == Some(Leaving::Interrupted)
        || matches!(draft.world.jicofo.presence, Presence::NotWatched)
        || !draft.world.guards.on(Guard::MovePace);
    if (expel_over || at_once) && !without_shutdown(draft, sight) {
        shut_down(draft, sight);
        return;
    }
    // jicofo would invite people back to a bridge that does not drain.
    if sight.acked && !matches!(draft.world.jicofo.presence, Presence::NotWatched) {
        move_one(draft, sight);
    }
}

/// Has jicofo move one conference, if the last one was long enough ago. What it answers is not believed: only the bridge's own
/// count of people is, and a conference that stays is asked again and then left to the shutdown.
fn move_one<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    let world = draft.world;
    let timeout = world.tuning.request_timeout;
    let asked = world
        .outstanding
        .jicofo
        .is_some_and(|at| draft.now.since(at) <= timeout);
    let planned = draft
        .plan
        .decisions
        .iter()
        .any(|decision| matches!(decision.action, Action::Move { .. } | Action::AskRooms));
    let pause = draft.spec().drain.move_interval.get();
    let moved_just_now = world
        .memory
        .moved_at
        .is_some_and(|at| draft.now.since(at) < pause);
    if asked || planned || moved_just_now {
        return;
    }
    // A list of before the last move, or an old one, tells of conferences that have left.
    let listed = world
        .jicofo
        .rooms_at
        .filter(|at| draft.now.since(*at) <= world.tuning.rooms_freshness);
    if listed.is_none() || world.memory.moved_at >= listed {
        draft.decide(
            sight,
            Transition::Inquire,
            sight.state,
            sight.marks.reason,
            Action::AskRooms,
        );
        return;
    }
    let tried = world.memory.moves.get(&sight.pod.uid);
    let attempts = |room: &Room| {
        tried
            .and_then(|tried| tried.get(&room.name))
            .copied()
            .unwrap_or(0)
    };
    let next = world
        .jicofo
        .rooms
        .get(&sight.pod.name)
        .into_iter()
        .flatten()
        .filter(|room| room.endpoints > 0 && attempts(room) < world.tuning.move_attempts)
        .min_by_key(|room| (attempts(room), room.endpoints, room.name.as_str()));
    if let Some(room) = next {
        let action = Action::Move {
            room: room.name.clone(),
            endpoints: room.endpoints,
        };
        draft.decide(
            sight,
            Transition::Move,
            sight.state,
            sight.marks.reason,
            action,
        );
    } else if !without_shutdown(draft, sight) && patient(draft) {
        // All were asked, and people are still here: they refuse to leave one by one.
        shut_down(draft, sight);
    }
}

/// Whether the last move was long enough ago for people to have arrived elsewhere.
fn patient(draft: &Draft<'_, '_>) -> bool {
    let moved = draft.world.memory.moved_at;
    moved.is_none_or(|at| draft.now.since(at) >= two_presences(draft))
}
