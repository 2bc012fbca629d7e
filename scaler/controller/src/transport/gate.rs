//! How fast the API server is asked, and what steps back when it has too much to do.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bridge::Time;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use kube::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::Writing;
use crate::shared::Shared;

/// How long it is left alone when it says that it has too much to do, and not for how long. Its own fair queuing says 1 s.
const RESPITE: Duration = Duration::from_secs(1);

/// So many requests may leave at once, in seconds' worth of requests: a scale decision is one request for each bridge.
const BURST: u32 = 2;

/// Events are told at this part of the pace of requests.
const EVENTS: u32 = 10;

/// Where every request to the API server passes that is about a pool. The Lease does not: who leads must not wait for the led.
pub(crate) struct Gate {
    shared: Arc<Shared>,
    places: Semaphore,
    pace: DefaultDirectRateLimiter,
    events: DefaultDirectRateLimiter,
    /// Until when the API server wants to be left alone, in milliseconds.
    held_until: AtomicI64,
}

impl Gate {
    /// Open.
    pub(crate) fn new(writing: Writing, shared: Arc<Shared>) -> Self {
        let rate = writing.per_second;
        let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST - 1));
        let events = NonZeroU32::new(rate.get() / EVENTS).unwrap_or(NonZeroU32::MIN);
        Self {
            shared,
            places: Semaphore::new(writing.in_flight),
            pace: RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)),
            events: RateLimiter::direct(Quota::per_second(events).allow_burst(rate)),
            held_until: AtomicI64::new(i64::MIN),
        }
    }

    /// A place for a request that must not leave later than this; none when there is none in time.
    pub(super) async fn enter(&self, not_after: Time) -> Option<SemaphorePermit<'_>> {
        let patience = not_after.since(self.shared.clock.now());
        let entered = async {
            let place = self.places.acquire().await.ok()?;
            self.pace.until_ready().await;
            self.respite().await;
            Some(place)
        };
        tokio::time::timeout(patience, entered).await.ok()?
    }

    /// Whether the API server wants to be left alone: what can as well be written another time is not written now.
    pub(super) fn is_held(&self) -> bool {
        !self.held().is_zero()
    }

    /// Returns when an event may be told.
    pub(crate) async fn enter_with_event(&self) {
        self.events.until_ready().await;
        self.respite().await;
    }

    /// What the API server failed with: whether it has too much to do.
    pub(super) fn heed(&self, error: &Error) {
        let Error::Api(status) = error else { return };
        let busy = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if busy.iter().any(|code| code.as_u16() == status.code) {
            let told = status
                .details
                .as_ref()
                .map_or(0, |details| details.retry_after_seconds);
            let pause = RESPITE.max(Duration::from_secs(told.into()));
            let until = self.shared.clock.now() + pause;
            self.held_until
                .fetch_max(until.as_millis(), Ordering::Relaxed);
        }
    }

    async fn respite(&self) {
        loop {
            let held = self.held();
            if held.is_zero() {
                return;
            }
            tokio::time::sleep(held).await;
        }
    }

    /// For how long the API server wants to be left alone.
    fn held(&self) -> Duration {
        let until = Time::from_millis(self.held_until.load(Ordering::Relaxed));
        until.since(self.shared.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn gate(in_flight: usize, per_second: u32) -> Gate {
        let writing = Writing {
            timeout: Duration::from_secs(5),
            in_flight,
            per_second: NonZeroU32::new(per_second).unwrap(),
        };
        Gate::new(writing, Arc::new(Shared::new()))
    }

    fn soon(gate: &Gate) -> Time {
        gate.shared.clock.now() + Duration::from_millis(50)
    }

    fn failure(code: u16) -> Error {
        Error::Api(Box::new(Status::failure("why", "reason").with_code(code)))
    }

    #[tokio::test]
    async fn a_request_waits_no_longer_than_it_may() {
        let gate = gate(1, 1000);
        let place = gate.enter(soon(&gate)).await.unwrap();
        assert!(gate.enter(soon(&gate)).await.is_none());
        drop(place);
        assert!(gate.enter(soon(&gate)).await.is_some());
    }

    #[tokio::test]
    async fn a_burst_is_followed_by_the_pace() {
        let gate = gate(16, 2);
        for _ in 0..4 {
            assert!(gate.enter(soon(&gate)).await.is_some());
        }
        assert!(gate.enter(soon(&gate)).await.is_none());
    }

    #[tokio::test]
    async fn an_api_server_with_too_much_to_do_is_left_alone() {
        let gate = gate(16, 1000);
        gate.heed(&failure(409));
        assert!(!gate.is_held());
        gate.heed(&failure(429));
        assert!(gate.is_held());
        assert!(gate.enter(soon(&gate)).await.is_none());
        let later = gate.shared.clock.now() + RESPITE * 2;
        assert!(gate.enter(later).await.is_some());
    }
}
