//! Waiting for what must become true, with a deadline and a message.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// How long to wait between two looks.
const BETWEEN: Duration = Duration::from_millis(50);

/// What must not be seen even once: an error that ends the wait of [`eventually`] at once.
#[derive(Debug)]
pub struct Never(pub String);

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Never {}

/// Looks until `look` succeeds and returns what it found. An error of `look` means "not yet", and says what was seen instead; but
/// for [`Never`], which no waiting mends.
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
/// When the time is up: with `what` and the last thing that was seen. At once with [`Never`].
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
            Ok(Err(error)) if error.is::<Never>() => {
                return Err(error.context(format!("while waiting until {what}")));
            }
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

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[tokio::test]
    async fn what_must_never_be_seen_ends_the_wait_however_it_is_wrapped() {
        let mut looks = 0;
        let ended = eventually("all is well", LONG, || {
            looks += 1;
            let look = looks;
            async move {
                ensure!(look > 1, "not yet");
                ensure!(look > 2, Never(format!("a lie in look {look}")));
                Ok(())
            }
        })
        .await
        .unwrap_err();
        assert_eq!(
            format!("{ended:#}"),
            "while waiting until all is well: a lie in look 2"
        );
        let wrapped =
            || async { Err::<(), _>(anyhow!(Never("a lie".into())).context("in a list")) };
        let ended = eventually("all is well", LONG, wrapped).await.unwrap_err();
        assert!(format!("{ended:#}").contains("in a list: a lie"));
    }
}
