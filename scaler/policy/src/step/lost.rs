//! Bridges that are lost without our doing: deleted by somebody else, ended, never come up, or out of sight.

use scaler_api::State;
use scaler_api::spec::DeletionPolicy;
use scaler_api::state::{Intent, IntentReason};

use crate::plan::{Action, Transition};
use crate::scene::Sight;
use crate::step::draft::Draft;
use crate::step::upkeep::serves;
use crate::world::{Marks, Owner};

/// A bridge that somebody else deleted is not counted any more, so that another one takes its place at once.
pub(super) fn uncount(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if sight.state == State::Preempted && sight.marks.counted && !sight.writing {
            let after = Marks {
                counted: false,
                ..sight.marks.clone()
            };
            draft.mark(sight, Transition::Preempt, State::Preempted, after);
        }
    }
}

/// Bridges that ended, that do not come up, or that an operator wants gone at once are cleared away.
pub(super) fn clear(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if !draft.free(sight) {
            continue;
        }
        if sight.marks.force && sight.state != State::Removing {
            draft.remove(sight, Transition::Remove, IntentReason::Operator);
        } else if sight.state == State::Failed && sight.down {
            draft.remove(sight, Transition::StartFailed, IntentReason::Failed);
        } else if start_failed(draft, sight) {
            if sight.ever_ran {
                draft.drain(sight, IntentReason::Failed);
            } else {
                draft.remove(sight, Transition::StartFailed, IntentReason::Failed);
            }
        }
    }
}

/// Whether a bridge takes too long to take conferences. While many are out of order none of them is at fault; nor is one that says
/// that it serves, so that only writing it down fails, or whose kubelet says so while it does not answer here.
fn start_failed(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    matches!(sight.state, State::Pending | State::Starting)
        && sight.marks.intent == Intent::Active
        && !draft.scene.breakers.mass_unhealthy
        && !draft.scene.breakers.jicofo_away
        && !may_serve(draft, sight)
        && draft.now.since(draft.scene.trying_since(sight))
            > draft.spec().update.progress_deadline.get()
}

fn may_serve(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    match sight.live.last.filter(|_| sight.fresh) {
        Some(look) => serves(draft, sight, &look),
        None => sight.state == State::Starting && sight.pod.ready,
    }
}

/// A bridge that does not answer is replaced once somebody else misses it too. It is kept all the same, and counts as busy.
pub(super) fn replace(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        if draft.free(sight) && sight.counted() && missed(draft, sight) {
            let after = Marks {
                counted: false,
                ..sight.marks.clone()
            };
            draft.mark(sight, Transition::Uncount, sight.state, after);
            draft.uncount(sight);
        } else if draft.free(sight)
            && sight.pod.owner == Owner::Nobody
            && draft.world.pool.deletion.is_none()
        {
            adopt(draft, sight);
        }
    }
}

/// Whether a bridge does not answer, and somebody else misses it, too.
pub(super) fn missed(draft: &Draft<'_, '_>, sight: &Sight<'_>) -> bool {
    let down = sight.pod.node.is_some() && sight.node.is_none_or(|node| !node.ready);
    // Without any node known, nodes are not watched.
    let node_gone = !draft.world.nodes.unwatched() && down;
    draft.spec().evidence.replace_unreachable
        && sight.unreachable
        && (node_gone || draft.world.jicofo.lost(&sight.pod.name))
}

/// A pod that bears the pool's label and has no owner is taken up, unless pods of this pool shall have none.
fn adopt<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    if draft.spec().deletion_policy != DeletionPolicy::Orphan {
        let (to, why) = (sight.state, sight.marks.reason);
        draft.decide(sight, Transition::Adopt, to, why, Action::Own(true));
    }
}
