//! Bridges that answer late, because they are full.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use jiff::Timestamp;
use laboratory::History;
use laboratory::mocks::Fault;

use super::asked;
use super::reader::Reader;
use super::stage::laboratory;

/// As slow as the design wants to stand.
const SLOW: Fault = Fault::Slow(Duration::from_secs(5));
/// The first questions of the HPA after the bridges became full.
const SYNCS: usize = 2;
/// An answer that was under way is 5 s old, the next one takes 5 s more; and the machine may be busy.
const TRUTH: Duration = Duration::from_mins(2);

/// Each bridge should have 0.6. If the slow half were left out, the other would come to 0.5 each of all: nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn all_full_and_half_answering_after_5_s_scales_up_within_two_syncs() -> Result<()> {
    println!(
        "shortened: HPA sync 6 s (15 s), --interval 1 s (5 s), --stress-unknown-for 1 s (20 s)"
    );
    let lab = laboratory()
        .hpa_sync_period(Duration::from_secs(6))
        .start()
        .await?;
    let bridges = lab.bridges(4).load(Load::Measured(0.6)).start().await?;
    bridges.break_some(2, &SLOW).await?;
    let _adapters = lab
        .adapter()
        .flags(&["--interval=1s", "--stress-unknown-for=1s"])
        .start()
        .await?;
    Reader::new(&lab).await?.until_told(&bridges).await?;
    let hpa = || lab.hpa(&bridges).between(1, 20);
    let by_pods = hpa().on_pods("stress_level", "600m").start().await?;
    let by_total = hpa()
        .on_a_stand_in("by-total", 4)
        .on_deployment("stress_level_total", "600m")
        .start()
        .await?;
    for hpa in [&by_pods, &by_total] {
        hpa.until("ScalingActive", "True", "ValidMetricFound")
            .await?;
        ensure!(hpa.desired().await? == 4);
    }
    let histories = [by_pods.history(), by_total.history()];

    let full = Timestamp::now();
    bridges.jitsi().load_all(Load::Measured(1.0));
    // Those that are added are idle, so that 4.0 is the whole truth: seven bridges at 0.6.
    bridges
        .jitsi()
        .configure_bridges(|bridge| bridge.load = Load::Measured(0.0));
    for (hpa, history) in [&by_pods, &by_total].into_iter().zip(&histories) {
        lab.eventually("the HPA wants what all bridges need", TRUTH, || async {
            let desired = hpa.desired().await?;
            ensure!(desired == 7, "it wants {desired}");
            Ok(())
        })
        .await?;
        // And never more than that.
        ensure!(history.wishes().iter().all(|wish| wish.size <= 7));
    }
    let asked = asked::since(&lab, full)?;
    for (history, of_total) in histories.iter().zip([false, true]) {
        let up = first_above(history, 4)?;
        let syncs = asked
            .iter()
            .filter(|asked| asked.of_total == of_total && asked.at <= up)
            .count();
        ensure!(
            syncs <= SYNCS,
            "it scaled up only at the HPA's look number {syncs}"
        );
        println!("scaled up at look number {syncs}, of the total: {of_total}");
    }
    ensure!(asked.iter().all(|asked| asked.code == 200), "{asked:?}");
    lab.stop().await
}

fn first_above(history: &History, size: i32) -> Result<Timestamp> {
    let wishes = history.wishes();
    let up = wishes.iter().find(|wish| wish.size > size);
    Ok(up.context("it never scaled up")?.at)
}
