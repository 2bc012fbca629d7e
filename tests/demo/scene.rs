//! Sets the scene, plays the load, and tells what happened.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use bridge::model::Load;
use laboratory::load::{self, Profile};
use laboratory::{Bridges, Hpa, Laboratory};
use tokio::time::{Instant, sleep};

use crate::chart::chart;
use crate::pace::Pace;
use crate::table::{HEADINGS, Row};
use crate::verdict::{Rescale, Verdict};
use crate::watch;

/// How many bridges there are at the start, and never fewer.
const START: i32 = 2;
/// How many there are at most.
const MOST: i32 = 12;
/// After the load the HPA still has its scale-down window and a few steps before it.
const EVENING: Duration = Duration::from_secs(20);
/// Between two lines of the table.
const LINE: Duration = Duration::from_secs(2);
/// Between two looks, where the last line is rewritten in place.
const LOOK: Duration = Duration::from_millis(500);

/// Plays it all; the verdict is about the HPA alone.
pub(crate) async fn play(people: u32, seed: u64, live: bool, keep: bool) -> Result<Verdict> {
    println!("{}", Pace::DEMO.header(&Pace::PRODUCTION));
    let pace = Pace::DEMO;
    let started = Instant::now();
    let lab = Laboratory::builder()
        .hpa_sync_period(pace.hpa_sync)
        .start()
        .await?;
    println!(
        "Kubernetes {} is up after {:.1} s: kube-apiserver, kube-controller-manager and etcd, all real",
        laboratory::kubernetes_version(),
        started.elapsed().as_secs_f64()
    );
    let bridges = lab
        .bridges(START.unsigned_abs())
        .load(Load::PerEndpoint {
            idle: 0.01,
            each: 0.01,
        })
        .configure(|bridge| {
            bridge.sample_interval = pace.sample;
            bridge.presence_interval = pace.presence;
            bridge.boot = pace.boot.mul_f64(0.6);
            bridge.brewery_join = pace.boot;
        })
        .start()
        .await?;
    let interval = format!("--interval={}", humantime::format_duration(pace.scrape));
    let unknown = format!(
        "--stress-unknown-for={}",
        humantime::format_duration(pace.stress_unknown)
    );
    let _adapters = lab
        .adapter()
        .replicas(2)
        .flags(&[&interval, &unknown])
        .start()
        .await?;
    let hpa = lab
        .hpa(&bridges)
        .between(START, MOST)
        .scale_down_window(pace.scale_down_window)
        .start()
        .await?;
    println!(
        "{START} mock bridges run, 2 replicas of jvb-adapter are aggregated and found available after {:.1} s",
        started.elapsed().as_secs_f64()
    );
    println!(
        "the HPA keeps the average stress_level at 0.40, between {START} and {MOST} bridges; each person is 0.01\n"
    );

    let rows = perform(&bridges, &hpa, people, seed, live, &pace).await?;
    println!("\n{}", chart(&rows));
    let verdict = judge(&hpa).await?;
    report(&bridges, &verdict);
    if keep {
        look_around(&lab).await?;
    }
    lab.stop().await?;
    Ok(verdict)
}

/// Plays the load and prints the table; what was printed is returned.
async fn perform(
    bridges: &Bridges,
    hpa: &Hpa,
    people: u32,
    seed: u64,
    live: bool,
    pace: &Pace,
) -> Result<Vec<Row>> {
    let schedule = Profile::morning(people, pace.day).schedule(seed);
    let width = if live { terminal_width() } else { 160 };
    println!("{}", HEADINGS.join("\n"));
    let jitsi = bridges.jitsi().clone();
    let player = tokio::spawn(async move { load::play(&jitsi, &schedule).await });
    let (start, end) = (Instant::now(), pace.day + EVENING);
    let (mut rows, mut next, mut last_said) = (Vec::new(), Duration::ZERO, String::new());
    while start.elapsed() < end {
        let mut row = watch::row(bridges, hpa, start.elapsed()).await?;
        let said = said(hpa).await?;
        if live {
            row.said.clone_from(&said);
            print!("\r\x1b[2K{}", row.render(width));
            std::io::stdout().flush()?;
        }
        if start.elapsed() >= next {
            // What was said before is not said again.
            row.said = if said == last_said {
                String::new()
            } else {
                said.clone()
            };
            last_said = said;
            println!(
                "{}{}",
                if live { "\r\x1b[2K" } else { "" },
                row.render(width)
            );
            rows.push(row);
            next += LINE;
        }
        sleep(LOOK).await;
    }
    if live {
        print!("\r\x1b[2K");
    }
    player.await.context("the load ended badly")?;
    Ok(rows)
}

/// What the HPA said last: its last change of size, or why it cannot tell.
async fn said(hpa: &Hpa) -> Result<String> {
    let rescales = hpa.events("SuccessfulRescale").await?;
    match hpa.condition("ScalingActive").await {
        Ok((status, reason, message)) if status != "True" => Ok(format!("{reason}: {message}")),
        _ => Ok(rescales
            .last()
            .and_then(|message| Rescale::parse(message))
            .map(|rescale| rescale.to_string())
            .unwrap_or_default()),
    }
}

async fn judge(hpa: &Hpa) -> Result<Verdict> {
    let events = hpa.events("SuccessfulRescale").await?;
    let rescales: Vec<Rescale> = events
        .iter()
        .filter_map(|message| Rescale::parse(message))
        .collect();
    Ok(Verdict::of(START, &rescales))
}

fn report(bridges: &Bridges, verdict: &Verdict) {
    let cut = bridges.jitsi().look(|model| model.ledger().cut);
    println!(
        "{}: {verdict}",
        if verdict.succeeded() {
            "done"
        } else {
            "failed"
        }
    );
    match cut {
        0 => println!("nobody was cut off: this time the bridges that went happened to be empty"),
        1 => {
            println!(
                "one person was cut off: a plain Deployment kills bridges with people on them"
            );
        }
        _ => println!(
            "{cut} times a person was cut off: a plain Deployment kills bridges with people on them"
        ),
    }
}

async fn look_around(lab: &Laboratory) -> Result<()> {
    println!("\nit goes on running; look around in another terminal:\n");
    println!("  export KUBECONFIG={}", lab.kubeconfig().display());
    println!("  alias kubectl={}", laboratory::kubectl_path()?.display());
    println!("  kubectl get hpa,pods -n jitsi");
    println!(
        "  kubectl get --raw '/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level'\n"
    );
    println!("Ctrl-C ends it and leaves nothing behind");
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for Ctrl-C")
}

/// The terminal's width, or that of a usual one.
fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(120, |(width, _)| usize::from(width.0))
}
