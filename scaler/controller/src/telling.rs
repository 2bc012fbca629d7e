//! What was decided, told: a line of the decision log, events of Kubernetes, metrics.

mod decisions;
mod events;

use std::sync::Arc;

use bridge::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use scaler_policy::world::Pool;
use scaler_policy::{Action, Decision, Plan, Transition};
use tracing::error;

pub(crate) use decisions::DecisionLog;
pub(crate) use events::{Events, LeftAlone, announce};

use crate::shared::Shared;
use crate::transport::Failure;

/// The number of a decision in the decision log: from 1 on, in each run of the program.
pub(crate) type Number = u64;

/// Whoever tells what was decided.
pub(crate) struct Teller {
    shared: Arc<Shared>,
    log: DecisionLog,
    events: Events,
    /// The number of the decision that was told last.
    last: Number,
}

impl Teller {
    /// Writes into this log, and sends these events.
    pub(crate) fn new(shared: Arc<Shared>, log: DecisionLog, events: Events) -> Self {
        Self {
            shared,
            log,
            events,
            last: 0,
        }
    }

    /// Tells of a pool that it is left alone, and why.
    pub(crate) fn left_alone(&mut self, pool: &ObjectMeta, reason: LeftAlone, why: &str) {
        if !self.events.left_alone(pool, reason, why) {
            self.shared.telemetry.event_dropped();
        }
    }

    /// Tells of a pool that no pod can be made of its template, and why.
    pub(crate) fn unmade(&mut self, pool: &Pool, why: &str) {
        if !self.events.unmade(pool, why) {
            self.shared.telemetry.event_dropped();
        }
    }

    /// Tells the decisions of a plan about a pool that are so: the number of each that is written down.
    pub(crate) fn tell(
        &mut self,
        pool: &Pool,
        plan: &Plan,
        so: impl Fn(&Decision) -> bool,
    ) -> Vec<Option<Number>> {
        let decisions = plan.decisions.iter();
        decisions
            .map(|decision| so(decision).then(|| self.tell_one(pool, plan, decision))?)
            .collect()
    }

    fn tell_one(&mut self, pool: &Pool, plan: &Plan, decision: &Decision) -> Option<Number> {
        let kind = format!("{:?}", decision.transition);
        self.shared.telemetry.decided(kind);
        // Questions decide nothing.
        if decision.transition == Transition::Inquire || decision.action == Action::AskRooms {
            return None;
        }
        self.last += 1;
        complain(self.log.write(self.last, pool, plan, decision));
        if let Some(weight) = decision.weight()
            && !self.events.tell(pool, plan, decision, weight)
        {
            self.shared.telemetry.event_dropped();
        }
        Some(self.last)
    }

    /// Tells that a decision that was written down came to this instead of being carried out.
    pub(crate) fn failed(&mut self, number: Number, pool: &Pool, failure: &Failure<'_>, at: Time) {
        complain(self.log.write_failure(number, pool, failure, at));
    }
}

fn complain(written: std::io::Result<()>) {
    if let Err(error) = written {
        error!("a decision could not be written down: {error}");
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use scaler_api::cases;
    use serde_json::json;

    use super::*;
    use crate::observe;

    #[tokio::test]
    async fn a_template_without_a_pod_is_told_on_its_pool_as_a_warning() {
        let metadata =
            json!({ "name": "jvb", "namespace": "jitsi", "uid": "u", "resourceVersion": "1" });
        let pool = cases::pool(&json!({ "metadata": metadata }));
        let pool = observe::pool(&serde_json::from_value(pool).unwrap()).unwrap();
        let shared = Arc::new(Shared::new());
        let log = DecisionLog::open(Path::new("/dev/null"), Arc::clone(&shared)).unwrap();
        let (events, mut told) = Events::new();
        let mut teller = Teller::new(shared, log, events);
        teller.unmade(&pool, "spec.sidecar is native");
        let event = told.try_recv().expect("no event tells it").event;
        let note = event.note.unwrap_or_default();
        assert_eq!(event.reason, "InjectionRefused", "{note}");
        assert!(note.ends_with("spec.sidecar is native"), "{note}");
    }
}
