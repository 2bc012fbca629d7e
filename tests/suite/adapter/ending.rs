//! Replicas that end while the API server reads.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use laboratory::Laboratory;

use super::readers::Readers;

/// What `--shutdown-delay` is here: long enough for a busy machine to see that a replica is not ready.
const DELAY: Duration = Duration::from_secs(6);

/// A rollout: each of two replicas ends in turn, as with SIGTERM, while readers read, and is started anew. As a Deployment does it,
/// the next one ends only when this one is ready again.
async fn roll(flags: &[&str]) -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let mut adapters = lab
        .adapter()
        .replicas(2)
        .flags(&["--shutdown-delay=6s"])
        .flags(flags)
        .start()
        .await?;
    let readers = Readers::start(&lab, 8).await?;
    readers.more(100).await?;
    for n in [0, 1] {
        adapters.until_ready(n, true).await?;
    }
    for n in [0, 1, 0] {
        // As a Service does, the balancer gives it no new connections once it has seen that it is not ready, and leaves open ones
        // where they are.
        let before = Instant::now();
        adapters.terminate(n).await?;
        ensure!(before.elapsed() >= DELAY, "it did not wait");
        readers.more(100).await?;
        adapters.start(n)?;
        adapters.until_ready(n, true).await?;
        readers.more(100).await?;
    }
    let reads = readers.stop().await?;
    ensure!(reads >= 700, "{reads} reads are no load");
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_under_load_loses_no_read() -> Result<()> {
    roll(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_under_load_loses_no_read_without_http2_either() -> Result<()> {
    roll(&["--http1-only"]).await
}
