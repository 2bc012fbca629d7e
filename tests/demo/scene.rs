//! Sets the scene, plays the load, and tells what happened.

use std::time::Duration;

use anyhow::{Context, Result};
use bridge::model::Load;
use humantime::format_duration;
use laboratory::load::{self, Profile};
use laboratory::{Adapters, Bridges, Hpa, Laboratory};
use tokio::time::{Instant, sleep};

use crate::chart::chart;
use crate::pace::Pace;
use crate::screen::Screen;
use crate::table::{Row, Table};
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

/// Everything that runs for the demo, in the order in which it ends.
pub(crate) struct Stage {
    hpa: Hpa,
    _adapters: Adapters,
    bridges: Bridges,
    lab: Laboratory,
}

impl Stage {
    /// Starts the control plane, the bridges, the adapter and the HPA.
    pub(crate) async fn set(screen: &Screen) -> Result<Self> {
        // A missing program is told before anything else.
        laboratory::kubectl_path()?;
        screen.line(&Pace::DEMO.header(&Pace::PRODUCTION))?;
        let pace = Pace::DEMO;
        let started = Instant::now();
        let lab = Laboratory::builder()
            .hpa_sync_period(pace.hpa_sync)
            // The header has told it.
            .tells(false)
            .start()
            .await?;
        let up = started.elapsed().as_secs_f64();
        screen.say(&format!(
            "Kubernetes {} is up after {up:.1} s: kube-apiserver, kube-controller-manager and etcd, all real",
            lab.client().apiserver_version().await?.git_version
        ))?;
        let person = Load::PerEndpoint {
            idle: 0.01,
            each: 0.01,
        };
        let bridges = lab
            .bridges(START.unsigned_abs())
            .load(person)
            .configure(|bridge| {
                bridge.sample_interval = pace.sample;
                bridge.presence_interval = pace.presence;
                bridge.boot = pace.boot.mul_f64(0.6);
                bridge.brewery_join = pace.boot;
            })
            .start()
            .await?;
        let interval = format!("--interval={}", format_duration(pace.scrape));
        let unknown = format!(
            "--stress-unknown-for={}",
            format_duration(pace.stress_unknown)
        );
        let adapters = lab
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
        screen.say(&format!(
            "{START} mock bridges run, 2 replicas of jvb-adapter are aggregated and found available after {:.1} s",
            started.elapsed().as_secs_f64()
        ))?;
        screen.say(&format!(
            "the HPA keeps the average stress_level at 0.40, between {START} and {MOST} bridges; each person is 0.01\n"
        ))?;
        Ok(Self {
            hpa,
            _adapters: adapters,
            bridges,
            lab,
        })
    }

    /// Plays the day, shows it, and judges the HPA by its own events.
    pub(crate) async fn perform(&self, people: u32, seed: u64, screen: &Screen) -> Result<Verdict> {
        let day = Pace::DEMO.day;
        let schedule = Profile::morning(people, day).schedule(seed);
        let jitsi = self.bridges.jitsi().clone();
        let player = tokio::spawn(async move { load::play(&jitsi, &schedule).await });
        let rows = self.watch(day + EVENING, screen).await?;
        player.await.context("the load ended badly")?;
        screen.line("")?;
        screen.line(&chart(&rows, screen.width()))?;
        let verdict = self.judge().await?;
        screen.say(&self.summary(&verdict))?;
        Ok(verdict)
    }

    /// Prints the table for so long, and returns its lines.
    async fn watch(&self, length: Duration, screen: &Screen) -> Result<Vec<Row>> {
        let mut table = Table::new(screen.width());
        screen.line(&table.headings())?;
        let start = Instant::now();
        let (mut rows, mut next, mut last_said) = (Vec::new(), Duration::ZERO, String::new());
        while start.elapsed() < length {
            let mut row = watch::row(&self.bridges, &self.hpa, start.elapsed()).await?;
            let said = self.said().await?;
            row.said.clone_from(&said);
            let wide = Table::new(screen.width());
            if !wide.has_columns_of(&table) {
                screen.line(&wide.headings())?;
            }
            table = wide;
            screen.flash(&table.row(&row))?;
            if start.elapsed() >= next {
                // What was said before is not said again.
                if said == last_said {
                    row.said.clear();
                }
                last_said = said;
                screen.line(&table.row(&row))?;
                rows.push(row);
                next += LINE;
            }
            sleep(LOOK).await;
        }
        screen.flash("")?;
        Ok(rows)
    }

    /// What the HPA said last: its last change of size, or why it cannot tell.
    async fn said(&self) -> Result<String> {
        match self.hpa.condition("ScalingActive").await {
            Ok((status, reason, message)) if status != "True" => Ok(format!("{reason}: {message}")),
            _ => Ok(self
                .rescales()
                .await?
                .last()
                .map_or_else(String::new, ToString::to_string)),
        }
    }

    async fn rescales(&self) -> Result<Vec<Rescale>> {
        let events = self.hpa.events("SuccessfulRescale").await?;
        Ok(events
            .iter()
            .filter_map(|message| Rescale::parse(message))
            .collect())
    }

    async fn judge(&self) -> Result<Verdict> {
        Ok(Verdict::of(START, &self.rescales().await?))
    }

    fn summary(&self, verdict: &Verdict) -> String {
        let done = if verdict.succeeded() {
            "done"
        } else {
            "failed"
        };
        let people = match self.bridges.jitsi().look(|model| model.ledger().cut) {
            0 if verdict.succeeded() => {
                "nobody was cut off: this time the bridges that went happened to be empty"
            }
            0 => return format!("{done}: {verdict}"),
            1 => "one person was cut off: a plain Deployment kills bridges with people on them",
            cut => {
                return format!(
                    "{done}: {verdict}\n{cut} times a person was cut off: a plain Deployment kills bridges with people on them"
                );
            }
        };
        format!("{done}: {verdict}\n{people}")
    }

    /// Says how to look around, and waits for Ctrl-C.
    pub(crate) async fn look_around(&self, screen: &Screen) -> Result<()> {
        let kubeconfig = self.lab.kubeconfig();
        let kubectl = laboratory::kubectl_path()?;
        screen.line(&format!(
            "
it goes on running; look around in another terminal:

  export KUBECONFIG='{}'
  alias kubectl=\"'{}'\"
  kubectl get hpa,pods -n jitsi
  kubectl get --raw '/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level'

Ctrl-C ends it and leaves nothing behind",
            kubeconfig.display(),
            kubectl.display()
        ))?;
        tokio::signal::ctrl_c()
            .await
            .context("cannot wait for Ctrl-C")
    }

    /// Ends everything.
    pub(crate) async fn strike(self) -> Result<()> {
        let Self {
            hpa: _,
            _adapters: adapters,
            bridges,
            lab,
        } = self;
        drop((adapters, bridges));
        lab.stop().await
    }
}
