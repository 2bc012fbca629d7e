//! A day at an office, in minutes: thirty bridges come and go, and nobody notices.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::{Jitsi, Videobridge};
use laboratory::load::{Profile, play};
use laboratory::{Bridge, Pool};
use serde_json::json;

use super::committed;
use super::stage::PATIENCE;

/// More people than thirty bridges carry at 0.4 each, so that the HPA wants all thirty.
const PEOPLE: u32 = 1400;
const PERSON: f64 = 0.01;

const LENGTH: Duration = Duration::from_secs(70);

/// In the middle of the peak the day waits until all bridges are there, however busy the machine.
const NOON: f64 = 0.6;

/// On so many bridges a meeting of two begins when all bridges are there, and goes on when everybody else has gone home: more
/// bridges than stay, and not more people than two carry.
const LATE: u32 = 15;

/// More than are ever begun until so many bridges have one, however few bridges jicofo prefers.
const MEETINGS: usize = 5_000;

/// How many people there are on each bridge.
fn people(jitsi: &Jitsi, bridges: &[Bridge]) -> Vec<u32> {
    let all = bridges.iter().map(|bridge| jitsi.bridge(&bridge.name));
    all.map(|bridge| bridge.map_or(0, Videobridge::local_endpoints))
        .collect()
}

/// Begins the late meetings, each on another bridge: their names. Bridges that came last have nobody on them, and jicofo puts all
/// that begins there, so that those would be the bridges that stay. What it puts on a bridge that has a meeting is over at once.
fn begin_late(pool: &Pool, bridges: &[Bridge]) -> Result<Vec<String>> {
    pool.jitsi().with(|jitsi, now| {
        let mut meetings = BTreeMap::new();
        for n in 0..MEETINGS {
            if meetings.len() == LATE as usize {
                break;
            }
            let (meeting, before) = (format!("late{n}"), people(jitsi, bridges));
            for person in 0..2 {
                jitsi.join(&meeting, &format!("{meeting}-{person}"), now);
            }
            let after = people(jitsi, bridges);
            let place = (0..bridges.len()).find(|at| after[*at] > before[*at]);
            match place {
                Some(place) if !meetings.contains_key(&place) => {
                    meetings.insert(place, meeting);
                }
                _ => {
                    for person in 0..2 {
                        jitsi.leave(&meeting, &format!("{meeting}-{person}"), now);
                    }
                }
            }
        }
        ensure!(
            meetings.len() == LATE as usize,
            "jicofo puts meetings on {} bridges alone",
            meetings.len()
        );
        Ok(meetings.into_values().collect())
    })
}

/// How many people are on bridges that drain.
fn on_draining(pool: &Pool, bridges: &[Bridge]) -> u32 {
    let draining = bridges.iter().filter(|bridge| bridge.intent == "drain");
    draining.map(|bridge| pool.people(&bridge.name)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_morning_and_an_evening_with_thirty_bridges_and_the_real_hpa_cut_nobody() -> Result<()> {
    let spec = json!({ "drain": { "maxConcurrent": 30 } });
    let (stage, _adapters) = committed::stage(2, PERSON, &spec).await?;
    let (pool, scalers) = (&stage.pool, &stage.scalers);
    let hpa = stage.lab.pool_hpa()?.between(2, 30);
    let hpa = hpa.pace(Duration::from_secs(3), 3, 2).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;

    let day = Profile::morning(PEOPLE, LENGTH).schedule(7);
    let [morning, evening] = day.split(LENGTH.mul_f64(NOON));
    play(pool.jitsi(), &morning).await;
    hpa.until_desired(30).await?;
    let bridges = pool.until_active(30).await?;
    let late = begin_late(pool, &bridges)?;
    play(pool.jitsi(), &evening).await;
    let small = || async {
        let wanted = hpa.desired().await?;
        ensure!(wanted == 2, "{}", hpa.told().await?);
        Ok(())
    };
    let lab = &stage.lab;
    lab.eventually("the HPA wants two bridges", PATIENCE, small)
        .await?;
    // The others wait for whoever is still on them: all but two of the late meetings at the least.
    let bridges = pool
        .until("bridges drain with people on them", |status, bridges| {
            status["replicas"] == 2 && on_draining(pool, bridges) >= 2 * (LATE - 2)
        })
        .await?;
    let (drained_with, waiting) = (on_draining(pool, &bridges), bridges.len() - 2);
    for meeting in &late {
        pool.leave(meeting, 2);
    }
    // That all of them are empty at once might be an outage, until it has been so for long.
    stage.until_told("MassEmpty", "TooManyAtOnce").await?;
    pool.until_active(2).await?;

    let (starts, drains, removals) = (
        scalers.decided("Create")?,
        scalers.decided("Drain")?,
        scalers.decided("Delete")?,
    );
    println!(
        "{PEOPLE} people: thirty bridges of {starts} started, {drains} drained, of which {waiting} waited for {drained_with} people, \
         {removals} removed"
    );
    ensure!(starts >= 30 && drains >= 28 && removals >= 28);
    stage.unharmed().await
}
