//! A constant load, and an HPA that has nothing to do.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use jiff::Timestamp;
use laboratory::{Adapters, Bridges, Builder, History, Hpa, Laboratory, Link};

use super::asked;
use super::reader::Reader;

/// What each bridge measures and what the HPA wants each to have.
const CONSTANT: Load = Load::Measured(0.4);
const TARGET: &str = "400m";
const TARGET_MILLI: i64 = 400;

/// Half as much: half the bridges would do.
const FALLEN: Load = Load::Measured(0.2);

/// Of the production values in brackets.
const SHORTENED: &str = "shortened: HPA sync 1 s (15 s), scale-down window 0 (600 s), tolerance 1 % (10 %), \
    --interval 500 ms (5 s), --deadline 1 s (10 s), --max-age 3 s (30 s), --hold-last 6 s (5 min), --stress-unknown-for 1 s (20 s), \
    the bridge's sampler 0.5 s (10 s)";
const FLAGS: [&str; 5] = [
    "--interval=500ms",
    "--deadline=1s",
    "--max-age=3s",
    "--hold-last=6s",
    "--stress-unknown-for=1s",
];

/// Long enough for all that can happen to a silent bridge: its value is too old (3 s), is held no longer (6 s), and the HPA looks
/// once more, and again.
pub(super) const LONG: Duration = Duration::from_millis(7_500);

/// How long something may take that takes seconds on an idle machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// A laboratory in which no mistake is too small for the HPA, and which writes down what the HPA asks.
pub(super) fn laboratory() -> Builder {
    Laboratory::builder()
        .audit_log(true)
        .controller_manager_flag("--horizontal-pod-autoscaler-tolerance=0.01")
}

/// Bridges, adapters, and HPAs: one that scales the bridges by the average of their pods, and one that scales a stand-in by the
/// total of their Deployment.
pub(super) struct Stage<'a> {
    pub(super) lab: &'a Laboratory,
    pub(super) bridges: Bridges,
    pub(super) adapters: Adapters,
    pub(super) reader: Reader,
    scalers: Vec<Scaler>,
    size: u32,
    since: Timestamp,
}

/// An HPA, and all that it wanted.
struct Scaler {
    hpa: Hpa,
    history: History,
    of_total: bool,
}

/// How a stage differs from the usual one.
#[derive(Clone, Copy, Default)]
pub(super) struct Setting<'a> {
    /// How many adapters there are.
    pub(super) adapters: u8,
    /// Further flags of theirs.
    pub(super) flags: &'a [&'a str],
    /// How they reach the API server.
    pub(super) link: Option<&'a Link>,
    /// There is no HPA that scales a stand-in.
    pub(super) pods_alone: bool,
}

impl<'a> Stage<'a> {
    /// So many bridges with a constant load, which are just right.
    pub(super) async fn of(lab: &'a Laboratory, size: u32, setting: Setting<'_>) -> Result<Self> {
        println!("{SHORTENED}");
        let bridges = lab.bridges(size).load(CONSTANT).start().await?;
        let mut adapters = lab
            .adapter()
            .replicas(setting.adapters.max(1))
            .flags(&FLAGS)
            .flags(setting.flags);
        if let Some(link) = setting.link {
            adapters = adapters.through(link);
        }
        let adapters = adapters.start().await?;
        let reader = Reader::new(lab).await?;
        reader.until_told(&bridges).await?;
        let hpa = || {
            lab.hpa(&bridges)
                .between(1, 40)
                .scale_down_window(Duration::ZERO)
        };
        let mut hpas = vec![hpa().on_pods("stress_level", TARGET).start().await?];
        if !setting.pods_alone {
            hpas.push(
                hpa()
                    .on_a_stand_in("by-total", i32::try_from(size)?)
                    .on_deployment("stress_level_total", TARGET)
                    .start()
                    .await?,
            );
        }
        let scalers = hpas.into_iter().zip([false, true]);
        let stage = Self {
            lab,
            bridges,
            adapters,
            reader,
            scalers: scalers
                .map(|(hpa, of_total)| Scaler {
                    history: hpa.history(),
                    hpa,
                    of_total,
                })
                .collect(),
            size,
            since: Timestamp::now(),
        };
        stage.until_answered(true).await?;
        Ok(stage)
    }

    /// Waits until every HPA finds its metric; or, where `answered` is false, until none does.
    pub(super) async fn until_answered(&self, answered: bool) -> Result<()> {
        for Scaler { hpa, of_total, .. } in &self.scalers {
            let (status, reason) = match (answered, of_total) {
                (true, _) => ("True", "ValidMetricFound"),
                (false, false) => ("False", "FailedGetPodsMetric"),
                (false, true) => ("False", "FailedGetObjectMetric"),
            };
            hpa.until("ScalingActive", status, reason).await?;
        }
        Ok(())
    }

    /// Looks for so long that every value that is told was said: each bridge's is the constant one, and a total is that of all, or
    /// not told. Returns how often the total was told and how often not.
    pub(super) async fn looks(&self, length: Duration) -> Result<(u32, u32)> {
        let end = tokio::time::Instant::now() + length;
        let total = i64::from(self.size) * TARGET_MILLI;
        let (mut told, mut refused) = (0, 0);
        while tokio::time::Instant::now() < end {
            // A question that is not answered at all is answered by the HPA's holding.
            for (name, milli) in self.reader.stress().await.unwrap_or_default() {
                ensure!(
                    milli == TARGET_MILLI,
                    "nobody said that {name} has a stress of {milli}m"
                );
            }
            match self.reader.total().await {
                Ok(milli) => {
                    told += 1;
                    ensure!(
                        !self.of_total() || milli == total,
                        "the total is {total}m and was told to be {milli}m"
                    );
                }
                Err(_) => refused += 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok((told, refused))
    }

    /// Whether the load is constant also in the total.
    fn of_total(&self) -> bool {
        self.scalers.iter().any(|scaler| scaler.of_total)
    }

    /// Waits until each HPA was answered at least so often since `since`: neither ever wanted another size.
    pub(super) async fn was_steady(&self, since: Timestamp, answers: usize) -> Result<()> {
        for Scaler { of_total, .. } in &self.scalers {
            let what = format!("the HPA is answered {answers} times");
            let often = || async {
                let asked = asked::since(self.lab, since)?;
                let of_one: Vec<_> = asked
                    .iter()
                    .filter(|asked| asked.of_total == *of_total)
                    .collect();
                let answered = of_one.iter().filter(|asked| asked.code == 200).count();
                ensure!(answered >= answers, "{of_one:?}");
                Ok((answered, of_one.len()))
            };
            let (answered, of) = self.lab.eventually(&what, PATIENCE, often).await?;
            println!(
                "{}: the HPA was answered {answered} times of {of}",
                if *of_total { "total" } else { "pods" },
            );
        }
        for Scaler { hpa, history, .. } in &self.scalers {
            history.is_always(i32::try_from(self.size)?)?;
            let rescales = hpa.events("SuccessfulRescale").await?;
            ensure!(rescales.is_empty(), "{rescales:?}");
        }
        Ok(())
    }

    /// Since the stage was set: see [`was_steady`](Self::was_steady).
    pub(super) async fn was_always_steady(&self, answers: usize) -> Result<()> {
        self.was_steady(self.since, answers).await
    }

    /// Everybody is well again and half the load goes: now both HPAs scale in.
    pub(super) async fn falls(self) -> Result<()> {
        let jitsi = self.bridges.jitsi();
        for name in self.bridges.names().await? {
            jitsi.break_bridge(&name, None);
        }
        jitsi.load_all(FALLEN);
        // A pod that goes takes its load with it: what remains is always half as much as it should be.
        for Scaler { hpa, .. } in &self.scalers {
            self.lab
                .eventually("the HPA scales in with the load", PATIENCE, || async {
                    let desired = hpa.desired().await?;
                    ensure!(
                        desired <= i32::try_from(self.size.div_ceil(2))?,
                        "it wants {desired}"
                    );
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}
