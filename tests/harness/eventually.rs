//! Waiting for what must become true, with a deadline and a message.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// How long to wait between two looks.
const BETWEEN: Duration = Duration::from_millis(50);

/// Looks until `look` succeeds and returns what it found. An error of `look` means "not yet": it says what was seen instead.
///
/// ```no_run
/// # async fn example(count: impl AsyncFn() -> usize) -> anyhow::Result<()> {
/// use std::time::Duration;
///
/// laboratory::eventually("all three bridges are gone", Duration::from_secs(10), || async {
///     let left = count().await;
///     anyhow::ensure!(left == 0, "{left} are left");
///     Ok(())
/// })
/// .await
/// # }
/// ```
///
/// # Errors
/// When the time is up: with `what` and the last thing that was seen.
pub async fn eventually<T, F>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let deadline = Instant::now() + within;
    let mut seen = String::from("nothing in time");
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left.max(BETWEEN), look()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => seen = format!("{error:#}"),
            Err(_) => seen = format!("a look that took too long, and before it: {seen}"),
        }
        if Instant::now() + BETWEEN >= deadline {
            let within = humantime::format_duration(within);
            return Err(anyhow!(
                "waited {within} in vain until {what}; last seen: {seen}"
            ));
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
