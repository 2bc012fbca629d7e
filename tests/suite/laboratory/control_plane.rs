use std::time::{Duration, Instant};

use anyhow::Result;
use laboratory::Laboratory;

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_within_half_a_minute() -> Result<()> {
    let begun = Instant::now();
    let lab = Laboratory::start().await?;
    println!("started in {:.1} s", begun.elapsed().as_secs_f64());
    assert!(begun.elapsed() < Duration::from_secs(30));
    println!("{}", lab.kubectl_text(&["get", "all,ns", "-A"]).await?);
    lab.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: jitsi}")
        .await?;
    println!("{}", lab.kubectl_text(&["get", "ns"]).await?);
    let stop = Instant::now();
    lab.stop().await?;
    println!("stopped in {:.1} s", stop.elapsed().as_secs_f64());
    Ok(())
}
