//! Nothing is waited for without an end: a test that hangs would keep all others from being told of.

use std::time::Duration;

/// Long enough for anything on this machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// What comes of `awaited`, which must come soon.
///
/// # Panics
/// When it does not: with `what` was awaited.
pub(crate) async fn soon<T>(what: &str, awaited: impl Future<Output = T>) -> T {
    let came = tokio::time::timeout(SOON, awaited).await;
    came.unwrap_or_else(|_| panic!("waited {SOON:?} in vain for {what}"))
}
