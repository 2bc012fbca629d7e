//! What was decided, told: a line of the decision log, events of Kubernetes, metrics.

mod decisions;
mod events;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use scaler_policy::world::Pool;
use scaler_policy::{Action, Decision, Plan, Transition};
use tracing::error;

pub(crate) use decisions::DecisionLog;
pub(crate) use events::{Events, LeftAlone, announce};

use crate::shared::Shared;

/// Whoever tells what was decided.
pub(crate) struct Teller {
    shared: Arc<Shared>,
    log: DecisionLog,
    events: Events,
}

impl Teller {
    /// Writes into this log, and sends these events.
    pub(crate) fn new(shared: Arc<Shared>, log: DecisionLog, events: Events) -> Self {
        Self {
            shared,
            log,
            events,
        }
    }

    /// Tells of a pool that it is left alone, and why.
    pub(crate) fn left_alone(&mut self, pool: &ObjectMeta, reason: LeftAlone, why: &str) {
        if !self.events.left_alone(pool, reason, why) {
            self.shared.telemetry.event_dropped();
        }
    }

    /// Tells these decisions of a plan about a pool.
    pub(crate) fn tell<'a>(
        &mut self,
        pool: &Pool,
        plan: &Plan,
        decisions: impl IntoIterator<Item = &'a Decision>,
    ) {
        for decision in decisions {
            let kind = format!("{:?}", decision.transition);
            self.shared.telemetry.decided(kind);
            // Questions decide nothing.
            if decision.transition == Transition::Inquire || decision.action == Action::AskRooms {
                continue;
            }
            if let Err(error) = self.log.write(pool, plan, decision) {
                error!("a decision could not be written down: {error}");
            }
            if let Some(weight) = decision.weight()
                && !self.events.tell(pool, plan, decision, weight)
            {
                self.shared.telemetry.event_dropped();
            }
        }
    }
}

/// What was decided, in a sentence.
fn sentence(plan: &Plan, decision: &Decision) -> String {
    let dry = if plan.dry_run {
        "dry run, not done: "
    } else {
        ""
    };
    format!("{dry}{}", decision.sentence())
}
