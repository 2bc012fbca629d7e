//! How long to wait between attempts to watch.

use std::time::Duration;

use kube::runtime::utils::Backoff;

/// How long to wait between attempts to watch: doubled up to a limit.
#[derive(Debug)]
pub(super) struct Patience {
    failures: u32,
    longest: Duration,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(200);

    /// Waits for no longer than this.
    pub(super) const fn up_to(longest: Duration) -> Self {
        Self {
            failures: 0,
            longest,
        }
    }
}

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = Self::FIRST.saturating_mul(1 << self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        Some(wait.min(self.longest))
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_to_its_limit_and_starts_again() {
        let mut patience = Patience::up_to(Duration::from_secs(5));
        let waits: Vec<u128> = patience
            .by_ref()
            .take(7)
            .map(|wait| wait.as_millis())
            .collect();
        assert_eq!(waits, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        patience.reset();
        assert_eq!(patience.next(), Some(Patience::FIRST));
    }
}
