//! The real HPA scales bridges on what the adapter says.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use laboratory::{Bridges, Hpa, HpaBuilder, Laboratory};

/// How long an event may take that is told within a second on an idle machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// One person is a tenth of a bridge: few people make a test.
const PERSON: Load = Load::PerEndpoint {
    idle: 0.0,
    each: 0.1,
};

/// Conferences of `size` people each; they go to the least loaded bridge.
fn meet(bridges: &Bridges, conferences: usize, size: usize) {
    bridges.jitsi().with(|model, now| {
        for conference in 0..conferences {
            for person in 0..size {
                model.join(
                    &format!("room{conference}@conference.meet.local"),
                    &format!("c{conference}p{person}"),
                    now,
                );
            }
        }
    });
}

fn part(bridges: &Bridges, conferences: usize, size: usize) {
    bridges.jitsi().with(|model, now| {
        for conference in 0..conferences {
            for person in 0..size {
                model.leave(
                    &format!("room{conference}@conference.meet.local"),
                    &format!("c{conference}p{person}"),
                    now,
                );
            }
        }
    });
}

/// 16 people are 1.6 of stress: four bridges at 0.4 each. When all have gone, one is left.
async fn scales_up_and_down(
    lab: &Laboratory,
    bridges: &Bridges,
    hpa: HpaBuilder<'_>,
) -> Result<Hpa> {
    let hpa = hpa.start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    meet(bridges, 4, 4);
    hpa.until_desired(4).await?;
    bridges.until_ready(4).await?;
    // Events are told a moment after what they tell of.
    lab.eventually("the rescale is told", PATIENCE, || async {
        let events = hpa.events("SuccessfulRescale").await?;
        ensure!(
            events.iter().any(|said| said.starts_with("New size: 4")),
            "{events:?}"
        );
        Ok(())
    })
    .await?;
    part(bridges, 4, 4);
    hpa.until_desired(1).await?;
    bridges.until_ready(1).await?;
    Ok(hpa)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hpa_scales_bridges_up_and_down_on_their_stress_with_v1beta2() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(PERSON).start().await?;
    let _adapters = lab.adapter().start().await?;
    scales_up_and_down(
        &lab,
        &bridges,
        lab.hpa(&bridges).on_pods("stress_level", "400m"),
    )
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hpa_scales_bridges_up_and_down_on_a_total_of_their_deployment_with_v1beta1_alone()
-> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(PERSON).start().await?;
    let _adapters = lab.adapter().versions(&["v1beta1"]).start().await?;
    let hpa = lab
        .hpa(&bridges)
        .on_deployment("stress_level_total", "400m");
    scales_up_and_down(&lab, &bridges, hpa).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hpa_scales_bridges_up_and_down_on_an_external_metric() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(PERSON).start().await?;
    let _adapters = lab.adapter().external(true).start().await?;
    let hpa = lab.hpa(&bridges).on_external("stress_level_total", "400m");
    scales_up_and_down(&lab, &bridges, hpa).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hpa_scales_on_people_too() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(1).load(PERSON).start().await?;
    let _adapters = lab.adapter().versions(&["v1beta1"]).start().await?;
    let hpa = lab.hpa(&bridges).on_pods("participants", "4");
    scales_up_and_down(&lab, &bridges, hpa).await?;
    lab.stop().await
}

/// Everything at its production value but the size of the load: HPA sync 15 s, scrape 5 s, sampler 10 s, stress unknown 20 s,
/// boot 6 s, a scale-down window of 60 s instead of 600 s.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes about five minutes at production's own pace; `make test-long` runs it"]
async fn the_hpa_scales_bridges_up_and_down_at_productions_own_pace() -> Result<()> {
    let lab = Laboratory::builder()
        .hpa_sync_period(Duration::from_secs(15))
        .start()
        .await?;
    let real = bridge::model::BridgeConfig::default();
    let bridges = lab
        .bridges(2)
        .configure(|config| *config = real)
        .load(PERSON)
        .start()
        .await?;
    let _adapters = lab
        .adapter()
        .replicas(2)
        .flags(&["--interval=5s", "--stress-unknown-for=20s"])
        .start()
        .await?;
    let hpa = lab
        .hpa(&bridges)
        .scale_down_window(Duration::from_mins(1))
        .start()
        .await?;
    let patience = Duration::from_mins(4);
    lab.eventually("the HPA finds a valid metric", patience, || async {
        let (status, reason, message) = hpa.condition("ScalingActive").await?;
        ensure!(
            status == "True" && reason == "ValidMetricFound",
            "{reason}: {message}"
        );
        Ok(())
    })
    .await?;
    meet(&bridges, 4, 4);
    for size in [4, 1] {
        let started = std::time::Instant::now();
        lab.eventually(
            &format!("the HPA wants {size} bridges"),
            patience,
            || async {
                let desired = hpa.desired().await?;
                ensure!(desired == size, "it wants {desired}");
                Ok(())
            },
        )
        .await?;
        println!(
            "{size} bridges wanted {:.1} s after the people's change",
            started.elapsed().as_secs_f64()
        );
        part(&bridges, 4, 4);
    }
    lab.stop().await
}
