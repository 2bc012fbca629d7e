//! What has no known outcome is asked about, before anything more is decided about it.

use scaler_api::State;
use scaler_api::state::IntentReason;

use crate::plan::{Action, Transition};
use crate::step::draft::Draft;

/// Reads pods whose last write has no known outcome, and lists all where a creation has none.
pub(super) fn inquire(draft: &mut Draft<'_, '_>) {
    let outstanding = &draft.world.outstanding;
    let timeout = draft.world.tuning.request_timeout;
    let lost = |at| draft.now.since(at) > timeout;
    let asked = |at: Option<&bridge::Time>| at.is_some_and(|at| !lost(*at));
    let write_lost = |uid| {
        outstanding
            .writes
            .get(uid)
            .is_some_and(|write| write.unknown || lost(write.at))
            || outstanding
                .deletes
                .get(uid)
                .is_some_and(|delete| delete.unknown || lost(delete.at))
            || outstanding.missing.contains(uid)
            || outstanding.reads.get(uid).is_some_and(|at| lost(*at))
    };
    let to_read: Vec<_> = draft
        .sights()
        .filter(|sight| write_lost(&sight.pod.uid) && !asked(outstanding.reads.get(&sight.pod.uid)))
        .collect();
    let owned_unknown = draft.world.pool.deletion.is_some() && !draft.world.owned_known;
    let to_list = (!draft.world.listed
        || owned_unknown
        || outstanding
            .creates
            .values()
            .any(|create| create.unknown || lost(create.at)))
        && !asked(outstanding.list.as_ref());
    for sight in to_read {
        draft.decide(
            sight,
            Transition::Inquire,
            sight.state,
            sight.marks.reason,
            Action::Read,
        );
    }
    if to_list {
        draft.decide_pool(
            Transition::Inquire,
            State::Pending,
            IntentReason::ScaleUp,
            Action::List,
        );
    }
}
