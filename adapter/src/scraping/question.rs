//! One question to one bridge.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use governor::DefaultDirectRateLimiter;
use reach::{Answer, Failure, Probe};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::debug;

use crate::shared::Shared;
use crate::telling::{Pod, Ticket};

/// How many questions may be under way that are not slow. Each holds some 50 KB of buffers and state, and with so many of them
/// the processor is busy, however near the bridges are; so all bridges at once do not take more memory than this.
pub(super) const BRISK: usize = 32;

/// From then on a question is slow, and others are asked beside it.
const SLOW: Duration = Duration::from_millis(20);

/// A question that has come to its end.
pub(super) struct Done {
    pub(super) ticket: Ticket,
    pub(super) probe: Probe,
    pub(super) result: Result<Answer, Failure>,
    pub(super) at: Time,
    pub(super) took: Duration,
}

/// What a question takes from others while it is under way.
pub(super) struct Place {
    /// Until it ends or proves to be slow.
    pub(super) turn: OwnedSemaphorePermit,
    /// Until it ends, where its bridge dawdles.
    pub(super) dawdling: Option<OwnedSemaphorePermit>,
}

/// Asks one bridge once, when the pace allows it.
pub(super) async fn ask(
    Place { turn, dawdling }: Place,
    shared: Arc<Shared>,
    limiter: Arc<DefaultDirectRateLimiter>,
    ticket: Ticket,
    mut probe: Probe,
    deadline: Duration,
) -> Done {
    limiter.until_ready().await;
    let started = shared.clock.now();
    let result = {
        let mut asking = pin!(probe.ask(shared.metrics.keys(), deadline));
        let brisk = timeout(SLOW, asking.as_mut()).await;
        drop(turn);
        match brisk {
            Ok(result) => result,
            Err(_) => asking.await,
        }
    };
    drop(dawdling);
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
