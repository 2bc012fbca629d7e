//! How often one user may ask: a user in a loop shall cost other users neither answers nor time.
//!
//! The limit lies before authorization, so that it protects the questions to the API server as well.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::access::User;
use crate::serving::Status;

#[cfg(test)]
mod tests;

/// Whoever has waited for so long since their last request is as new: users that are at rest are forgotten each time that so many
/// requests have been counted. So no more are remembered than this and those who asked in the last seconds.
const CLEAN_EVERY: usize = 1024;

/// One line of log for this time, however many requests are refused.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Members may do everything on the cluster anyway, and the API server's own probes come as one of them.
const MASTERS: &str = "system:masters";

/// As whom the API server itself asks: for discovery, and for OpenAPI. Refused, it would take the adapter for broken, and with it
/// the metrics of every user.
const API_SERVER: [&str; 2] = ["system:kube-aggregator", "system:aggregator"];

/// How often one user may ask.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct UserQuota {
    /// Requests a second in the long run; without it as many as they like.
    pub per_second: Option<NonZeroU32>,
    /// Requests that may come at once after a rest.
    pub burst: NonZeroU32,
    /// Users without a limit, besides the API server itself and `system:masters`.
    pub unlimited: BTreeSet<String>,
}

/// By a digest of the name: a name may be as long as a header.
type Users<C> = RateLimiter<u64, HashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts requests by user.
#[derive(Debug)]
pub(crate) struct UserLimit<C: Clock = DefaultClock> {
    quota: UserQuota,
    users: Option<Users<C>>,
    digest: RandomState,
    counted: AtomicUsize,
    telling: DefaultDirectRateLimiter,
    clock: C,
}

impl UserLimit {
    /// Nobody has asked yet.
    pub(crate) fn new(quota: UserQuota) -> Self {
        Self::with_clock(quota, DefaultClock::default())
    }
}

impl<C: Clock + Clone> UserLimit<C> {
    fn with_clock(quota: UserQuota, clock: C) -> Self {
        let each = |per_second| Quota::per_second(per_second).allow_burst(quota.burst);
        let limited = |quota| RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        let now_and_then = Quota::with_period(TELL_EVERY)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(NonZeroU32::MIN);
        Self {
            users: quota.per_second.map(each).map(limited),
            quota,
            digest: RandomState::new(),
            counted: AtomicUsize::new(0),
            telling: RateLimiter::direct(now_and_then),
            clock,
        }
    }

    /// Counts one request of this user.
    ///
    /// # Errors
    /// 429 for one that has asked too often, with the time after which the next request is answered.
    pub(crate) fn admit(&self, user: &User) -> Result<(), Status> {
        let Some(users) = self.users.as_ref().filter(|_| !self.is_unlimited(user)) else {
            return Ok(());
        };
        let counted = self.counted.fetch_add(1, Ordering::Relaxed);
        if counted % CLEAN_EVERY == CLEAN_EVERY - 1 {
            users.retain_recent();
        }
        let early = match users.check_key(&self.digest.hash_one(&user.name)) {
            Ok(()) => return Ok(()),
            Err(early) => early,
        };
        if self.telling.check().is_ok() {
            tracing::warn!(
                user = user.name,
                "a user asks more often than --user-requests-per-second allows, and is refused with 429"
            );
        }
        Err(Status::too_many_requests(
            format!(
                "the user {:?} asks more than {} times a second; hint: ask less often and share what was read, or let the \
                 operator raise the adapter's --user-requests-per-second or name the user in --unlimited-users",
                user.name,
                self.quota.per_second.map_or(0, NonZeroU32::get)
            ),
            early.wait_time_from(self.clock.now()),
        ))
    }

    /// Whether this user may ask as often as they like, whatever the quota.
    pub(crate) fn is_unlimited(&self, user: &User) -> bool {
        API_SERVER.contains(&user.name.as_str())
            || self.quota.unlimited.contains(&user.name)
            || user.groups.iter().any(|group| group == MASTERS)
    }
}
