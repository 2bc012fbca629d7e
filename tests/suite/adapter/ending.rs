//! Replicas that end while the API server reads.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use laboratory::Laboratory;
use tokio::net::TcpStream;

use super::readers::Readers;

/// What `--shutdown-delay` is here.
const DELAY: Duration = Duration::from_secs(1);

/// A rollout: each of two replicas ends in turn, as with SIGTERM, while readers read, and is started anew.
async fn roll(flags: &[&str]) -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let mut adapters = lab
        .adapter()
        .replicas(2)
        .flags(&["--shutdown-delay=1s"])
        .flags(flags)
        .start()
        .await?;
    let readers = Readers::start(&lab, 8).await?;
    readers.more(100).await;
    let addresses = [adapters.address(0), adapters.address(1)];
    for n in [0, 1, 0] {
        // As a Service does, the balancer gives it new connections meanwhile, and leaves open ones where they are.
        let before = Instant::now();
        adapters.terminate(n).await?;
        ensure!(before.elapsed() >= DELAY, "it did not wait");
        readers.more(100).await;
        adapters.start(n)?;
        while TcpStream::connect(addresses[n]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        readers.more(100).await;
    }
    let reads = readers.stop().await?;
    ensure!(reads >= 700, "{reads} reads are no load");
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "its balancer gives a restarted replica connections before /readyz is good, which answers 503 until then; to be mended"]
async fn a_rollout_under_load_loses_no_read() -> Result<()> {
    roll(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "its balancer gives a restarted replica connections before /readyz is good, which answers 503 until then; to be mended"]
async fn a_rollout_under_load_loses_no_read_without_http2_either() -> Result<()> {
    roll(&["--http1-only"]).await
}
