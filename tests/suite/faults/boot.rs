//! Many bridges that start at the same time, while people keep coming.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use jiff::Timestamp;
use laboratory::{Bridges, Hpa, Laboratory};

use super::asked;
use super::reader::Reader;
use super::stage::laboratory;

/// One person is a tenth of a bridge.
const PERSON: f64 = 0.1;
const TARGET: f64 = 0.4;
const MOST: i32 = 60;
/// After the first people, a conference of two begins this often: a bridge more every 8 s.
const RISE: Duration = Duration::from_secs(4);
const RISES: u32 = 3;
const PATIENCE: Duration = Duration::from_mins(2);

/// How many bridges somebody would ask for who knew where everybody is.
fn needed(people: u32) -> i32 {
    (f64::from(people) * PERSON / TARGET - 1e-9).ceil() as i32
}

fn join(bridges: &Bridges, room: u32, people: u32) {
    bridges.jitsi().with(|model, now| {
        for person in 0..people {
            model.join(
                &format!("room{room}"),
                &format!("person{person} of {room}"),
                now,
            );
        }
    });
}

async fn until_within_one(lab: &Laboratory, hpa: &Hpa, needed: i32) -> Result<()> {
    lab.eventually("the HPA wants enough", PATIENCE, || async {
        let desired = hpa.desired().await?;
        ensure!(
            desired.abs_diff(needed) <= 1,
            "it wants {desired} of {needed}"
        );
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_bridges_booting_at_once_under_a_rising_load_neither_stop_nor_inflate_it()
-> Result<()> {
    println!(
        "shortened: HPA sync 1 s (15 s), scale-down window 0 (600 s), --interval 500 ms (5 s), --stress-unknown-for 4 s (20 s), \
         the bridge's boot 0.5 s (2 s), its brewery 2 s (6 s), its sampler 1.5 s (10 s)"
    );
    let lab = laboratory().start().await?;
    let bridges = lab
        .bridges(4)
        .load(Load::PerEndpoint {
            idle: 0.0,
            each: PERSON,
        })
        .configure(|bridge| {
            bridge.boot = Duration::from_millis(500);
            bridge.brewery_join = Duration::from_secs(2);
            bridge.sample_interval = Duration::from_millis(1_500);
            // What real bridges say before their first sample, and what their start itself costs.
            bridge.stress_placeholder = 1.111;
            bridge.stress_of_start = 0.1;
        })
        .start()
        .await?;
    let _adapters = lab
        .adapter()
        .flags(&["--interval=500ms", "--stress-unknown-for=4s"])
        .start()
        .await?;
    let reader = Reader::new(&lab).await?;
    reader.until_told(&bridges).await?;
    let hpa = || {
        lab.hpa(&bridges)
            .between(4, MOST)
            .scale_down_window(Duration::ZERO)
            .scale_up_by(MOST)
    };
    let by_pods = hpa().on_pods("stress_level", "400m").start().await?;
    let by_total = hpa()
        .on_a_stand_in("by-total", 4)
        .on_deployment("stress_level_total", "400m")
        .start()
        .await?;
    for hpa in [&by_pods, &by_total] {
        hpa.until("ScalingActive", "True", "ValidMetricFound")
            .await?;
    }

    // Everybody comes at nine: 96 people on four bridges, where 24 should be.
    let nine = Timestamp::now();
    let mut people = 96;
    for room in 0..4 {
        join(&bridges, room, people / 4);
    }
    for hpa in [&by_pods, &by_total] {
        until_within_one(&lab, hpa, needed(people)).await?;
    }
    let mut furthest = 0;
    for room in 4..4 + RISES {
        people += 2;
        // A busy machine is no faster load: the last ones have been heard of.
        for hpa in [&by_pods, &by_total] {
            until_within_one(&lab, hpa, needed(people)).await?;
        }
        join(&bridges, room, 2);
        let end = tokio::time::Instant::now() + RISE;
        while tokio::time::Instant::now() < end {
            for hpa in [&by_pods, &by_total] {
                let desired = hpa.desired().await?;
                let apart = desired.abs_diff(needed(people));
                ensure!(
                    apart <= 1,
                    "{} bridges are needed for {people} people, and the HPA wants {desired}",
                    needed(people)
                );
                furthest = furthest.max(apart);
            }
            reader.total().await.context("the total was refused")?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    println!("never further than {furthest} from what full knowledge would ask");
    for hpa in [&by_pods, &by_total] {
        hpa.until_desired(needed(people)).await?;
    }
    let asked = asked::since(&lab, nine)?;
    ensure!(!asked.is_empty());
    ensure!(asked.iter().all(|asked| asked.code == 200), "{asked:?}");
    lab.stop().await
}
