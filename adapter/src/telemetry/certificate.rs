//! How the serving certificate fares, for the metrics.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use bridge::Time;

/// How the serving certificate fares.
#[derive(Debug, Default)]
pub(crate) struct CertificateState {
    expires: AtomicI64,
    broken: AtomicBool,
}

impl CertificateState {
    /// Until when the certificate in use is good, in seconds since 1970.
    pub(crate) fn expires(&self, at: i64) {
        self.expires.store(at, Ordering::Relaxed);
    }

    /// Whether what should replace it cannot be used.
    pub(crate) fn broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }

    /// The seconds left at `now`, and whether the replacement is broken.
    pub(super) fn at(&self, now: Time) -> (i64, bool) {
        let now = now.as_millis().div_euclid(1000);
        let left = self.expires.load(Ordering::Relaxed) - now;
        (left, self.broken.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_shrinks_and_goes_below_nothing() {
        let state = CertificateState::default();
        state.expires(100);
        assert_eq!(state.at(Time::from_millis(40_500)), (60, false));
        state.broken(true);
        assert_eq!(state.at(Time::from_millis(101_000)), (-1, true));
    }
}
