//! One question to one bridge.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use governor::DefaultDirectRateLimiter;
use tracing::debug;

use crate::scraping::probe::{Answer, Failure, Probe};
use crate::shared::Shared;
use crate::telling::{Pod, Ticket};

/// A question that has come to its end.
pub(super) struct Done {
    pub(super) ticket: Ticket,
    pub(super) probe: Probe,
    pub(super) result: Result<Answer, Failure>,
    pub(super) at: Time,
    pub(super) took: Duration,
}

/// Asks one bridge once, when the pace allows it.
pub(super) async fn ask(
    shared: Arc<Shared>,
    limiter: Arc<DefaultDirectRateLimiter>,
    ticket: Ticket,
    mut probe: Probe,
    deadline: Duration,
) -> Done {
    limiter.until_ready().await;
    let started = shared.clock.now();
    let result = probe.ask(shared.metrics.keys(), deadline).await;
    let at = shared.clock.now();
    Done {
        ticket,
        probe,
        result,
        at,
        took: at.since(started),
    }
}

/// Said once for each change, not at each question.
pub(super) fn tell(pod: &Pod, result: &Result<Answer, Failure>, address: SocketAddr) {
    let Pod {
        namespace, name, ..
    } = pod;
    match result {
        Ok(answer) => {
            debug!(%namespace, pod = %name, %address, source = %answer.source, "the bridge answers");
        }
        Err(failure) => {
            debug!(%namespace, pod = %name, %address, class = failure.class(), %failure, "the bridge gives no statistics");
        }
    }
}
