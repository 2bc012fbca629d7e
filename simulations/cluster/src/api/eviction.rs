//! What a PodDisruptionBudget with an integer `minAvailable` allows.

use scaler_policy::world::Phase;

use super::object::Pod;
use super::request::Refusal;
use super::server::ApiServer;

/// Whether a pod may be evicted now (kubernetes: `pkg/registry/core/pod/storage/eviction.go`).
///
/// # Errors
/// [`Refusal::TooMany`] when its budget forbids it, [`Refusal::Internal`] when two cover it.
pub(super) fn allowed(api: &ApiServer, pod: &Pod) -> Result<(), Refusal> {
    // Whoever does not run yet, or no longer, is evicted without being asked for.
    if pod.ended() || pod.phase == Phase::Pending || pod.meta.deleted.is_some() {
        return Ok(());
    }
    let mut budgets = api.pdbs().filter(|pdb| pod.selected(&pdb.selector));
    let Some(pdb) = budgets.next() else {
        return Ok(());
    };
    if budgets.next().is_some() {
        return Err(Refusal::Internal);
    }
    let healthy = api
        .pods()
        .filter(|other| {
            other.selected(&pdb.selector) && other.ready && other.meta.deleted.is_none()
        })
        .count();
    // IfHealthyBudget, the default: one that is not ready may go only while the others suffice.
    let left = healthy.saturating_sub(usize::from(pod.ready));
    if left >= pdb.min_available as usize {
        Ok(())
    } else {
        Err(Refusal::TooMany)
    }
}
