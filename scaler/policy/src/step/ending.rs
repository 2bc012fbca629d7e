//! The end of a pool.

use scaler_api::State;
use scaler_api::spec::DeletionPolicy;
use scaler_api::state::{Intent, IntentReason};

use crate::guards::Guard;
use crate::plan::{Action, Transition};
use crate::step::draft::Draft;
use crate::step::upkeep::restored;
use crate::world::Owner;

/// Holds the pool while its bridges shall drain first, lets it go when none is left that names it as its owner, and lets its pods go without it where that
/// is wanted.
pub(super) fn hold(draft: &mut Draft<'_, '_>) {
    let pool = &draft.world.pool;
    let policy = pool.spec.deletion_policy;
    if policy == DeletionPolicy::Orphan {
        for sight in draft.all() {
            // What is marked wrongly is put right first.
            if draft.free(sight)
                && sight.pod.owner == Owner::Pool
                && restored(draft, sight).is_none()
            {
                let (to, why) = (sight.state, sight.marks.reason);
                draft.decide(sight, Transition::Orphan, to, why, Action::Own(false));
            }
        }
    }
    if draft
        .world
        .outstanding
        .pool
        .is_some_and(|at| draft.now.since(at) <= draft.world.tuning.request_timeout)
    {
        return;
    }
    let own = draft
        .scene
        .sights
        .iter()
        .any(|sight| sight.pod.owner == Owner::Pool);
    let left = match policy {
        DeletionPolicy::Drain => {
            let there = !draft.scene.sights.is_empty()
                || !draft.scene.frozen.is_empty()
                || !draft.world.outstanding.creates.is_empty()
                || !draft.world.owned_known;
            there && draft.world.guards.on(Guard::PoolHeld)
        }
        DeletionPolicy::Now => false,
        DeletionPolicy::Orphan => own || !draft.world.owned_known,
    };
    let wanted = match pool.deletion {
        Some(_) => left && !pool.released,
        None => policy == DeletionPolicy::Drain,
    };
    // A finalizer can be set only on an object that is not being deleted.
    if pool.held() && !wanted {
        let action = Action::Hold(false);
        let why = match pool.deletion {
            Some(_) => IntentReason::PoolDeleted,
            None => IntentReason::DeletionPolicy,
        };
        draft.decide_pool(Transition::ReleasePool, State::Gone, why, action);
    } else if !pool.held() && wanted && pool.deletion.is_none() {
        let action = Action::Hold(true);
        draft.decide_pool(
            Transition::HoldPool,
            State::Gone,
            IntentReason::DeletionPolicy,
            action,
        );
    }
}

/// Drains every bridge of a pool that is being deleted; no floor and no number at once holds.
pub(super) fn drain_all(draft: &mut Draft<'_, '_>) {
    if draft.spec().deletion_policy != DeletionPolicy::Drain {
        return;
    }
    for sight in draft.all() {
        if draft.free(sight) && sight.marks.intent == Intent::Active && sight.state != State::Failed
        {
            draft.drain(sight, IntentReason::PoolDeleted);
        }
    }
}
