//! Watching something of the API server for as long as the adapter runs.

use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt;
use kube::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{Config, Error, Event, watcher};
use serde::de::DeserializeOwned;

/// Objects come in pages of so many, so that ten thousand are never in memory as the API server tells them.
const PAGE: u32 = 250;

/// What is made of what a watch sees.
pub(super) trait Watcher<K> {
    /// Something was seen.
    fn take(&mut self, event: &Event<K>);

    /// The watch broke, and is opened anew.
    fn complain(&mut self, error: &Error);
}

/// Watches for ever, with a new watch every `watch_seconds`, or 5 s later if the API server did not end it: it has fallen silent.
/// Between attempts that fail `longest` passes at most.
pub(super) async fn follow<K>(
    api: Api<K>,
    config: Config,
    watch_seconds: u32,
    longest: Duration,
    mut watch: impl Watcher<K>,
) where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let config = config.page_size(PAGE).timeout(watch_seconds);
    let events = watcher(api, config).backoff(Patience::up_to(longest));
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => watch.take(&event),
            Err(error) => watch.complain(&error),
        }
    }
}

/// How long to wait between attempts to watch: doubled up to a limit.
#[derive(Debug)]
struct Patience {
    failures: u32,
    longest: Duration,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(200);

    /// Waits for no longer than this.
    const fn up_to(longest: Duration) -> Self {
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
