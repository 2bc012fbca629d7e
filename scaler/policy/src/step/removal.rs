//! The way out of a bridge that is proven to be empty.
//!
//! Empty for the settle time: its protection is taken away, which is the point of decision. Then it is told to shut down, so
//! that jicofo neither sends it anybody nor counts it as lost; then, still empty, its pod is deleted. Whatever is unknown on the
//! way makes it wait; whoever comes on the way brings it back.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;
use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};

use crate::guards::Guard;
use crate::plan::{Action, Transition};
use crate::scene::{Sight, proven_empty};
use crate::step::draft::Draft;
use crate::step::expel::can_move;
use crate::step::upkeep::{drained_before, may_tell};
use crate::world::{Command, Marks};

/// Takes bridges a step further on their way out.
pub(super) fn remove(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if !draft.free(sight) {
            continue;
        }
        match sight.state {
            State::Settling => settled(draft, sight),
            State::Warm => warm(draft, sight),
            State::Removing => removing(draft, sight),
            // Between two runs nobody is on it, and the version of the pod keeps that true.
            State::DrainRequested | State::Draining if sight.down => {
                draft.remove(sight, Transition::Remove, IntentReason::Empty);
            }
            _ => {}
        }
    }
}

/// It was empty for long enough: it is removed, or kept warm.
fn settled<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    if draft.scene.breakers.holds_removals() || proven_empty(draft.world, sight, draft.now).is_err()
    {
        return;
    }
    let keep = draft.left.warm < draft.spec().warm.min
        && !sight.outdated
        && sight.leaving.is_none()
        && !sight.marks.drain_requested
        && draft.world.pool.deletion.is_none();
    if keep {
        let after = Marks {
            protected: false,
            safe_to_evict: true,
            deadline: None,
            ..draft.intend(sight, Intent::Warm, IntentReason::Spare)
        };
        draft.mark(sight, Transition::KeepWarm, State::Warm, after);
        draft.left.warm += 1;
    } else {
        draft.remove(sight, Transition::Remove, IntentReason::Empty);
    }
}

/// A warm one goes when there are too many, and drains when somebody came all the same.
fn warm<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    let busy = sight.fresh && sight.live.last.is_some_and(|look| !look.empty());
    if busy {
        let after = Marks {
            protected: true,
            safe_to_evict: false,
            deadline: Some(draft.deadline(IntentReason::ScaleDown)),
            zero_since: None,
            ..draft.intend(sight, Intent::Drain, IntentReason::ScaleDown)
        };
        draft.mark(sight, Transition::Return, State::Draining, after);
        return;
    }
    let unwanted = draft.left.warm > draft.spec().warm.max
        || sight.outdated
        || sight.leaving.is_some()
        || sight.marks.drain_requested
        || draft.world.pool.deletion.is_some();
    let proven = proven_empty(draft.world, sight, draft.now).is_ok();
    if unwanted && proven && !draft.scene.breakers.holds_removals() {
        draft.remove(sight, Transition::Remove, IntentReason::Empty);
        draft.left.warm = draft.left.warm.saturating_sub(1);
    }
}

/// Whether it may be removed with people on it: its deadline passed, or an operator forced it. `clock` is the API server's.
pub(crate) fn licensed(marks: &Marks, clock: Time) -> bool {
    marks.force
        || marks.reason == IntentReason::DeadlinePassed
            && marks.deadline.is_some_and(|deadline| deadline <= clock)
}

fn removing<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    if sight.down {
        // The kubelet says that nothing runs: no look is needed, and the version keeps it true.
        delete(draft, sight, None);
        return;
    }
    let timed_out = deaf(draft, sight);
    let shutdown = draft.world.guards.on(Guard::ShutdownBeforeDelete);
    let known_down = presences(draft, sight);
    if licensed(sight.marks, draft.clock) {
        if held(draft, sight) {
            if sight.live.shutting_down_since.is_none() {
                back(draft, sight, Intent::Expel, State::Expelling);
            }
            return;
        }
        if timed_out
            || known_down
            || !shutdown
            || sight.unreachable
            || !draft.world.answers_for_itself(sight.pod)
            || without_shutdown(draft, sight)
        {
            delete(draft, sight, None);
        } else if sight.live.shutting_down_since.is_none() {
            shut_down(draft, sight);
        }
        return;
    }
    let restarted = !drained_before(sight) || sight.fresh && !sight.acked;
    let busy = sight.fresh && sight.live.last.is_some_and(|look| !look.empty());
    let proof = draft.world.guards.on(Guard::ProofBeforeDelete);
    if restarted && proof {
        back(draft, sight, Intent::Drain, State::DrainRequested);
    } else if busy && proof && sight.live.shutting_down_since.is_some() {
        // There is no way back from a shutdown; jicofo is moving them.
        back(draft, sight, Intent::Expel, State::Expelling);
    } else if busy && proof {
        back(draft, sight, Intent::Drain, State::Draining);
    } else if proof && sight.unreachable && no_time_left(draft, sight) {
        // It was empty, and nobody can tell any more. What becomes of it is for its deadline to say.
        if sight.live.shutting_down_since.is_some() {
            back(draft, sight, Intent::Expel, State::Expelling);
        } else {
            back(draft, sight, Intent::Drain, State::Draining);
        }
    } else if !draft.scene.breakers.holds_removals()
        && (proven_empty(draft.world, sight, draft.now).is_ok() || !proof)
    {
        let not_after = sight
            .live
            .last
            .map(|look| look.at + draft.spec().evidence.removal_freshness.get());
        if known_down || !shutdown || timed_out || without_shutdown(draft, sight) {
            delete(draft, sight, not_after);
        } else if sight.live.shutting_down_since.is_none() {
            shut_down(draft, sight);
        }
    }
}

/// Whether the deadline of its drain has passed, or it has none, as one that was warm: it gets one.
fn no_time_left(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    sight.marks.deadline.is_none() || draft.overdue(sight)
}

/// Whether people are on it who are not to be cut off, and cannot be moved at this moment: jicofo is away, or nobody takes them.
fn held<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) -> bool {
    let empty = sight.fresh && sight.live.last.is_some_and(|look| look.empty());
    let cut = sight.marks.force || draft.on_deadline(sight) == OnDeadline::Kill;
    !empty && !cut && !can_move(draft, sight)
}

/// Somebody came, nothing is proven any more, or nobody can be moved: it is protected again.
fn back<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>, intent: Intent, to: State) {
    let reason = if intent == Intent::Expel {
        IntentReason::DeadlinePassed
    } else {
        IntentReason::ScaleDown
    };
    let after = Marks {
        protected: true,
        safe_to_evict: false,
        deadline: sight.marks.deadline.or(Some(draft.deadline(reason))),
        zero_since: None,
        ..draft.intend(sight, intent, reason)
    };
    draft.mark(sight, Transition::Return, to, after);
}

pub(super) fn two_presences(draft: &Draft<'_, '_>) -> Duration {
    draft.world.tuning.presence_interval * 2
}

/// Whether jicofo must have learned by now that the bridge shuts down.
pub(super) fn presences(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    sight.live.shutting_down_since.is_some_and(|since| {
        draft.world.guards.hold(
            Guard::PresencesBeforeDelete,
            draft.now.since(since) >= two_presences(draft),
        )
    })
}

/// Whether this run of the bridge was told to shut down, again and again, and does not; or to drain, before that.
fn deaf(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    let told = draft.world.memory.commands.get(&sight.pod.uid);
    let timeout = draft.spec().drain.shutdown_timeout.get();
    // What it did not hear before its removal was decided it may hear now, and what an earlier run did not hear, this one.
    let removed = draft.world.local_time(sight.marks.since);
    let drained = sight.live.run_since.map_or(removed, |run| run.max(removed));
    let pause = draft.world.tuning.longest_pause();
    let in_vain = |command, since| {
        let told = told.and_then(|told| told.get(&command));
        // What it did not hear long ago it may hear now that it answers.
        let told = told.filter(|told| !sight.fresh || told.goes_on(draft.now, pause));
        told.is_some_and(|told| draft.now.since(told.first.max(since)) >= timeout)
    };
    // One that obeyed is waited for until jicofo knows, however short the time to obey is.
    let obeys = sight.live.shutting_down_since.is_some();
    !obeys && in_vain(Command::Shutdown, removed)
        || !sight.acked && in_vain(Command::Drain, drained)
}

pub(super) fn without_shutdown(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    draft.world.memory.without_shutdown.contains(&sight.pod.uid)
}

/// Tells a bridge to shut down, not gracefully: a graceful one refuses conferences that jicofo would send it all the same.
///
/// There is no way back, so only a bridge hears it that answered just now as the run that confirmed its drain: at the address of a
/// pod that is gone another bridge may serve. One that has not confirmed it is drained first.
pub(super) fn shut_down<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    let itself = sight.fresh && sight.acked && draft.world.answers_for_itself(sight.pod);
    if itself && may_tell(draft, sight, Command::Shutdown) {
        let (to, why) = (sight.state, sight.marks.reason);
        draft.decide(
            sight,
            Transition::ShutDown,
            to,
            why,
            Action::Tell(Command::Shutdown),
        );
    }
}

fn delete<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>, not_after: Option<Time>) {
    let action = Action::Delete {
        resource_version: sight.pod.resource_version.clone(),
        not_after,
    };
    draft.decide(
        sight,
        Transition::Delete,
        State::Deleting,
        sight.marks.reason,
        action,
    );
}
