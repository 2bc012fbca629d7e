//! Startup, liveness and readiness probes of one run of a container.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Container, Probe};
use tokio::time::{Instant, MissedTickBehavior};

use super::Shared;
use super::action::Action;
use super::runtime::PodHandle;

/// Whom to probe.
#[derive(Clone)]
pub(super) struct Prober {
    pub(super) shared: Arc<Shared>,
    pub(super) pod: PodHandle,
    pub(super) container: Arc<Container>,
    /// When the container was started: initial delays count from there.
    pub(super) since: Instant,
}

impl Prober {
    /// Probes for ever and calls `turn` whenever as many results in a row as the thresholds ask for say the same; ends when it
    /// breaks.
    pub(super) async fn watch(
        &self,
        probe: &Probe,
        mut turn: impl FnMut(Result<(), String>) -> ControlFlow<()>,
    ) {
        let successes_needed = probe.success_threshold.unwrap_or(1).max(1);
        let failures_needed = probe.failure_threshold.unwrap_or(3).max(1);
        let (mut successes, mut failures) = (0, 0);
        tokio::time::sleep_until(self.since + seconds(probe.initial_delay_seconds, 0)).await;
        let mut ticks = tokio::time::interval(seconds(probe.period_seconds, 10));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let result = self.once(probe).await.map_err(|error| format!("{error:#}"));
            (successes, failures) = match &result {
                Ok(()) => (successes + 1, 0),
                Err(_) => (0, failures + 1),
            };
            let settled = successes >= successes_needed || failures >= failures_needed;
            if settled && turn(result).is_break() {
                return;
            }
        }
    }

    async fn once(&self, probe: &Probe) -> Result<()> {
        let action = Action::from(probe);
        let performed = action.perform(&*self.shared.runtime, &self.pod, &self.container);
        tokio::time::timeout(seconds(probe.timeout_seconds, 1), performed).await?
    }
}

/// A field in seconds; Kubernetes' API server fills defaults in, they are repeated for safety only.
fn seconds(field: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(field.map_or(default, |seconds| seconds.try_into().unwrap_or(0)))
}
