//! The pool's status, made of a plan.

use std::collections::BTreeMap;

use bridge::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use scaler_api::labels::counted_selector;
use scaler_api::status::{BridgePoolStatus, ConditionType, LastDecision, Reason, meta_time};

use crate::plan::{Finding, Plan, Tally};
use crate::world::{Memory, Pool, World};

/// The conditions that are told of every pool, each with its reason while there is nothing to tell.
const TOLD: [(ConditionType, Reason); 16] = [
    (ConditionType::Available, Reason::BelowMinActive),
    (ConditionType::Progressing, Reason::AsExpected),
    (ConditionType::Draining, Reason::AsExpected),
    (ConditionType::ScalingLimited, Reason::AsExpected),
    (ConditionType::RescueActive, Reason::AsExpected),
    (ConditionType::MetricsStale, Reason::AsExpected),
    (ConditionType::BridgesUnknown, Reason::AsExpected),
    (ConditionType::ForeignPdb, Reason::AsExpected),
    (ConditionType::UpdateStalled, Reason::AsExpected),
    (ConditionType::Paused, Reason::AsExpected),
    (ConditionType::HpaSelectorMode, Reason::AsExpected),
    (ConditionType::MassEmpty, Reason::AsExpected),
    (ConditionType::JicofoAway, Reason::AsExpected),
    (ConditionType::ClockSkew, Reason::AsExpected),
    (ConditionType::TemplateInvalid, Reason::AsExpected),
    (ConditionType::Supported, Reason::AsExpected),
];

/// The status that a plan gives a pool; conditions of others are kept. `now` is by the API server's clock.
pub(crate) fn status(world: &World, plan: &Plan, tally: &Tally, now: Time) -> BridgePoolStatus {
    let pool = &world.pool;
    let before = &pool.status;
    let told = before.last_decision.as_ref();
    BridgePoolStatus {
        replicas: tally.counted,
        selector: counted_selector(&pool.name),
        ready_replicas: tally.ready,
        active: tally.active,
        draining: tally.draining,
        warm: tally.warm,
        unknown: tally.unknown,
        updated_replicas: tally.updated,
        outdated: tally.outdated,
        oldest_drain: tally.oldest_drain.map(meta_time),
        observed_generation: Some(pool.generation),
        current_revision: Some(pool.revision.clone()),
        // One of an earlier plan too, where the status had to wait.
        last_decision: (world.memory.last_decision.as_ref())
            // The same decision, told again in a dry run, is no news.
            .filter(|new| told.is_none_or(|old| old.message != new.message))
            .or(told)
            .cloned(),
        controller: world.keeper.clone(),
        conditions: conditions(pool, plan, tally, now),
    }
}

/// What of a plan is told as what was decided last.
pub(crate) fn last(plan: &Plan, now: Time) -> Option<LastDecision> {
    let decision = plan
        .decisions
        .iter()
        .rev()
        .find(|decision| decision.weight().is_some())?;
    Some(LastDecision {
        time: meta_time(now),
        reason: format!("{:?}", decision.why),
        message: format!("{:?}: {}", decision.transition, decision.sentence()),
    })
}

fn conditions(pool: &Pool, plan: &Plan, tally: &Tally, now: Time) -> Vec<Condition> {
    let mut found: BTreeMap<ConditionType, Vec<&Finding>> = BTreeMap::new();
    for finding in &plan.findings {
        found.entry(finding.condition).or_default().push(finding);
    }
    let before = &pool.status.conditions;
    let foreign = before
        .iter()
        .filter(|condition| TOLD.iter().all(|(told, _)| told.name() != condition.type_));
    let ours = TOLD.iter().map(|(told, otherwise)| {
        let findings = found.get(told).map_or(&[][..], Vec::as_slice);
        // A pool is supported unless something is found; of all others something found makes them true.
        let holds = findings.is_empty() == (*told == ConditionType::Supported);
        // What could not be read is neither so nor not.
        let unread = !findings.is_empty()
            && findings
                .iter()
                .all(|finding| finding.reason == Reason::NotRead);
        let status = match (unread, holds) {
            (true, _) => "Unknown",
            (false, true) => "True",
            (false, false) => "False",
        };
        let messages: Vec<&str> = findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        let mut condition = Condition {
            type_: told.name().to_owned(),
            status: status.to_owned(),
            reason: findings
                .first()
                .map_or(*otherwise, |finding| finding.reason)
                .to_string(),
            message: if *told == ConditionType::Available && findings.is_empty() {
                format!(
                    "{} counted bridges take conferences, and minActive is {}",
                    tally.active_counted, pool.spec.min_active
                )
            } else {
                messages.join("; ")
            },
            observed_generation: Some(pool.generation),
            last_transition_time: meta_time(now),
        };
        let old = before
            .iter()
            .find(|old| old.type_ == condition.type_ && old.status == condition.status);
        if let Some(old) = old {
            condition.last_transition_time = old.last_transition_time.clone();
        }
        condition
    });
    foreign.cloned().chain(ours).collect()
}

/// The count of a status, by which the HPA scales.
pub(crate) fn count(status: &BridgePoolStatus) -> (u32, String) {
    (status.replicas, status.selector.clone())
}

/// When a status is to be written, if at all: at once when the count is another one than was written last, and otherwise not too
/// often, because each write makes an HPA's write of the size fail that was under way. One that was not taken is not repeated at once.
pub(crate) fn due(
    before: &BridgePoolStatus,
    after: &BridgePoolStatus,
    memory: &Memory,
    now: Time,
    pause: std::time::Duration,
) -> Option<Time> {
    if before == after {
        return None;
    }
    let last = memory.status_count.clone();
    let waits = memory.status_refused || last.unwrap_or_else(|| count(before)) == count(after);
    let again = memory.status_at.filter(|_| waits).map(|at| at + pause);
    Some(again.unwrap_or(now))
}
