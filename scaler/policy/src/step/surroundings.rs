//! Others who have a say about the pool's bridges, and would undo or hinder what is done.

use scaler_api::status::{ConditionType, Reason};

use crate::step::draft::Draft;
use crate::world::Autoscaler;

/// Adds what an operator should know of them.
pub(super) fn find(draft: &mut Draft<'_, '_>) {
    let surroundings = &draft.world.surroundings;
    if !surroundings.budgets.is_empty() {
        let message = format!(
            "PodDisruptionBudgets besides the pool's own cover its bridges: {}. With two of them every eviction fails, and no node can be \
             drained: delete them, or set protect.disruptionBudget to false",
            surroundings.budgets.join(", ")
        );
        draft.finding(ConditionType::ForeignPdb, Reason::SecondPdb, message);
    }
    if let Some(why) = &surroundings.budget_not_kept {
        let message = format!(
            "the pool's own PodDisruptionBudget is not as it should be, and bridges with people may be evicted: {why}"
        );
        draft.finding(ConditionType::ForeignPdb, Reason::BudgetNotKept, message);
    }
    for (condition, what, unread) in [
        (
            ConditionType::ForeignPdb,
            "PodDisruptionBudgets",
            &surroundings.budgets_unread,
        ),
        (
            ConditionType::HpaSelectorMode,
            "HorizontalPodAutoscalers",
            &surroundings.autoscalers_unread,
        ),
    ] {
        if let Some(why) = unread {
            let message = format!("the {what} of the namespace cannot be read: {why}");
            draft.finding(condition, Reason::NotRead, message);
        }
    }
    if let [_, _, ..] = &surroundings.autoscalers[..] {
        let message = format!(
            "more than one HorizontalPodAutoscaler scales this pool: {}. Each of them refuses to: delete all but one",
            names(surroundings.autoscalers.iter())
        );
        draft.finding(ConditionType::HpaSelectorMode, Reason::SecondHpa, message);
    }
    let owners = surroundings
        .autoscalers
        .iter()
        .filter(|one| one.follows_owners);
    let owners = names(owners);
    if !owners.is_empty() {
        let message = format!(
            "{owners} counts the bridges that drain, because its selectionStrategy is OwnerReferences: set it to LabelSelector"
        );
        draft.finding(
            ConditionType::HpaSelectorMode,
            Reason::OwnerReferences,
            message,
        );
    }
    size(draft);
}

fn size(draft: &mut Draft<'_, '_>) {
    let (spec, autoscalers) = (draft.spec(), &draft.world.surroundings.autoscalers);
    let above = |one: &&Autoscaler| spec.max_replicas.is_some_and(|most| one.most > most);
    if let (Some(one), Some(most)) = (autoscalers.iter().find(above), spec.max_replicas) {
        let message = format!(
            "the HorizontalPodAutoscaler {} may ask for {} bridges and maxReplicas allows {most}: lower its maxReplicas, or raise spec.maxReplicas",
            one.name, one.most
        );
        draft.finding(
            ConditionType::ScalingLimited,
            Reason::HpaAboveMaxReplicas,
            message,
        );
    }
    let off = |one: &&Autoscaler| one.least > 0 && spec.replicas == 0;
    if let Some(one) = autoscalers.iter().find(off) {
        let message = format!(
            "the HorizontalPodAutoscaler {} does nothing while spec.replicas is 0: kubectl scale bp/{} --replicas={} turns it on again",
            one.name, draft.world.pool.name, one.least
        );
        draft.finding(ConditionType::ScalingLimited, Reason::HpaDisabled, message);
    }
}

fn names<'a>(autoscalers: impl Iterator<Item = &'a Autoscaler>) -> String {
    let names: Vec<&str> = autoscalers.map(|one| one.name.as_str()).collect();
    names.join(", ")
}
