//! A pool of mock bridges with the pace of production, and the controller as a process of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bridge::model::BridgeConfig;
use kube::Client;
use laboratory::{Laboratory, Pool, Process};
use serde_json::json;

use super::eyes::Eyes;
use super::pace::Pace;
use crate::candidate::filled;
use crate::results::{SCALER, Subject};
use crate::usage::Usage;

/// How long a pool may take to have another size.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// The controller as it is shipped, but for what a bench on one machine needs.
const FLAGS: [&str; 6] = [
    "--bind={address}",
    "--kubeconfig={kubeconfig}",
    "--jicofo={jicofo}",
    "--decision-log={decisions}",
    "--lease-namespace=bridgetender",
    "--loopback-bridges",
];

/// For a run that measures nothing.
const HURRIED: [&str; 3] = [
    "--interval=500ms",
    "--interval-closely=200ms",
    "--presence-interval=300ms",
];

/// A bridge with production's pace, but for its start.
fn as_in_production() -> BridgeConfig {
    BridgeConfig {
        colibri_rest: true,
        shutdown_rest: true,
        jvm_start: Duration::from_millis(50),
        boot: Duration::from_millis(100),
        brewery_join: Duration::from_millis(300),
        ..BridgeConfig::default()
    }
}

/// A laboratory with a pool and a controller.
pub(super) struct Stage {
    pub(super) lab: Laboratory,
    pub(super) pool: Pool,
    pub(super) eyes: Eyes,
    process: Process,
    /// Who writes the size.
    hpa: Client,
}

impl Stage {
    /// A pool of so many bridges, which the controller is yet to start.
    pub(super) async fn set(program: &Path, bridges: u32, pace: &Pace) -> Result<Self> {
        let lab = Laboratory::builder()
            // The others have nothing to do here, and would take time.
            .controllers("garbage-collector-controller,disruption-controller")
            .start()
            .await?;
        let pool = lab
            .pool(bridges)
            .spec(&json!({
                "drain": { "settle": pace.settle, "maxConcurrent": "25%" },
                "evidence": { "freshness": "10s", "removalFreshness": "2s" },
            }))
            .configure(|bridge| {
                if !pace.hurried {
                    *bridge = as_in_production();
                }
            })
            .start()
            .await?;
        let address = lab.network().scaler(0);
        let file = |path: &Path| path.display().to_string();
        let known = [
            ("{address}", address.to_string()),
            ("{kubeconfig}", file(&lab.scaler_kubeconfig().await?)),
            ("{jicofo}", lab.network().jicofo().to_string()),
            ("{decisions}", file(&lab.folder().join("decisions.jsonl"))),
        ];
        let known = known
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let hurried = if pace.hurried { &HURRIED[..] } else { &[] };
        let flags = FLAGS.iter().chain(hurried).map(|flag| filled(flag, &known));
        let flags: Vec<String> = flags.collect();
        let process = lab.run(SCALER, program, &flags)?;
        let hpa = lab.client_of(&lab.hpa_kubeconfig()?).await?;
        let eyes = Eyes::open(pool.pods());
        Ok(Self {
            lab,
            pool,
            eyes,
            process,
            hpa,
        })
    }

    /// The controller, as it stands in the report.
    pub(super) fn subject(&self) -> Result<Subject> {
        Ok(Subject {
            name: SCALER.to_owned(),
            command: format!("{SCALER} {}", FLAGS.join(" ")),
            open_files: self.usage().open_files()?,
            pushed: false,
        })
    }

    /// What the controller uses.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.process.id())
    }

    /// Writes the size, as an HPA does: the moment before it did.
    pub(super) async fn write(&self, size: u32) -> Result<Instant> {
        for _ in 0..10 {
            let began = Instant::now();
            if self.pool.write_scale(&self.hpa, size).await? {
                return Ok(began);
            }
        }
        anyhow::bail!("the size could not be written: the pool is written all the time")
    }

    /// Waits until so many take conferences, and no other pods are there.
    pub(super) async fn until_active(&mut self, number: u32) -> Result<()> {
        self.process.check()?;
        let pool = &self.pool;
        let what = format!("{number} bridges take conferences");
        self.lab
            .eventually(&what, PATIENCE, || async {
                let status = pool.object().await?.status.context("no status yet")?;
                let told = (status.active, status.replicas, status.draining);
                ensure!(
                    told == (number, number, 0),
                    "active, counted, draining: {told:?}"
                );
                Ok(())
            })
            .await?;
        let pods = number as usize;
        self.eyes
            .until(&what, PATIENCE, |seen| seen.pods == pods)
            .await?;
        Ok(())
    }

    /// Two people on each bridge, so that none is removed for being empty.
    pub(super) fn fill(&self, bridges: u32) {
        for n in 0..bridges * 2 {
            let (free, all) = self.pool.jitsi().look(|jitsi| {
                let all = jitsi
                    .bridges()
                    .filter(|(_, bridge)| bridge.exit().is_none());
                all.fold((0, 0), |(free, all), (_, bridge)| {
                    (free + u32::from(bridge.local_endpoints() == 0), all + 1)
                })
            });
            if free == 0 && all > 0 {
                return;
            }
            self.pool.join(&format!("room-{bridges}-{n}"), 2);
        }
    }

    /// Ends the controller, then the laboratory.
    pub(super) async fn end(self) -> Result<()> {
        let Self {
            lab,
            pool,
            eyes,
            process,
            ..
        } = self;
        process.terminate().await?;
        drop((eyes, pool));
        lab.stop().await
    }
}
