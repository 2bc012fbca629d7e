//! How far our clock is from the API server's.
//!
//! Deadlines are written and read by the API server's clock, so that the next leader goes on where this one stopped, whatever
//! the clocks of their machines say.

use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use http::Request;
use kube::client::Body;
use reach::date;
use tracing::{info, warn};

use crate::shared::Shared;

/// The API server tells whole seconds.
const RESOLUTION: Duration = Duration::from_secs(1);

/// By how many milliseconds our clock is ahead; `None` when the API server does not say.
pub(crate) async fn measure(
    client: &kube::Client,
    timeout: Duration,
    shared: &Shared,
) -> Option<i64> {
    // Everybody may ask for it.
    let request = Request::get("/version").body(Body::empty()).ok()?;
    let asked = shared.clock.now();
    let reply = tokio::time::timeout(timeout, client.send(request))
        .await
        .ok()?
        .ok()?;
    let took = shared.clock.now().since(asked);
    let theirs = date(reply.headers())? + RESOLUTION / 2;
    Some(ahead(asked + took / 2, theirs))
}

fn ahead(ours: Time, theirs: Time) -> i64 {
    ours.as_millis().saturating_sub(theirs.as_millis())
}

/// The pause before it is measured again while it is not known: no deadline is acted upon without it.
const RETRY: Duration = Duration::from_secs(1);

/// Tells the skew as soon as it is known, and again whenever it changed by more than can be seen in whole seconds.
pub(crate) async fn follow(
    client: kube::Client,
    every: Duration,
    timeout: Duration,
    shared: Arc<Shared>,
    mut known: Option<i64>,
    tell: impl Fn(i64),
) {
    loop {
        let pause = if known.is_some() { every } else { RETRY };
        tokio::time::sleep(pause).await;
        let Some(now) = measure(&client, timeout, &shared).await else {
            continue;
        };
        let differs = |known: i64| now.abs_diff(known) > RESOLUTION.as_millis() as u64;
        if known.is_none_or(differs) {
            if let Some(known) = known {
                warn!("our clock is ahead of the API server's by {now} ms, and was by {known} ms");
            } else {
                info!("our clock is ahead of the API server's by {now} ms");
            }
            known = Some(now);
            tell(now);
        }
    }
}
