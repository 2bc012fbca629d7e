//! One set-up, running: a Jitsi of its own in a namespace of its own.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::{BridgeConfig, JicofoConfig, Load};
use laboratory::load::{self, Schedule};
use laboratory::mocks::{MockJitsi, Namespaces};
use laboratory::{Hpa, Laboratory, quick};
use tokio_util::task::AbortOnDropHandle;

use crate::day;
use crate::outcome::{Outcome, Sample, Seen};
use crate::pace::Pace;
use crate::rescale::Rescale;
use crate::setup::{NAME, START, SetUp};
use crate::sightings::Sightings;
use crate::story::{Happening, Story};
use crate::table::Cell;

/// What each person adds to a bridge's stress.
pub(crate) const PERSON: f64 = 0.01;
/// How long the first bridges may take to be there: it takes seconds, but the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// A set-up that runs. Dropping it ends its bridges.
pub(crate) struct Column {
    pub(crate) set_up: SetUp,
    jitsi: MockJitsi,
    hpa: Hpa,
    sightings: Sightings,
    story: Story,
    samples: Vec<Sample>,
}

impl Column {
    /// Starts jicofo and the bridges, and not the HPA yet.
    pub(crate) async fn start(
        lab: &Laboratory,
        set_up: SetUp,
        houses: &Namespaces,
        pace: &Pace,
    ) -> Result<Self> {
        let namespace = set_up.namespace();
        // The controller has one jicofo; nobody asks those of others.
        let jicofo = (set_up == SetUp::Pool).then(|| lab.network().jicofo());
        let jitsi = MockJitsi::start(JicofoConfig::default(), bridge(pace), jicofo).await?;
        houses.give(namespace, jitsi.clone());
        lab.namespace(namespace).await?;
        let sightings = Sightings::follow(lab.client(), namespace);
        lab.put(&set_up.workload(pace)?)
            .await
            .with_context(|| format!("cannot apply what runs the bridges of {namespace}"))?;
        Ok(Self {
            set_up,
            jitsi,
            hpa: Hpa::known(lab, namespace, NAME),
            sightings,
            story: Story::default(),
            samples: Vec::new(),
        })
    }

    /// Waits until the first bridges take people.
    pub(crate) async fn until_serving(&mut self) -> Result<()> {
        let (name, wanted) = (self.set_up.namespace(), START.unsigned_abs() as usize);
        let jitsi = &self.jitsi;
        laboratory::eventually(
            &format!("{wanted} bridges of {name} serve"),
            PATIENCE,
            || async {
                let inside =
                    jitsi.look(|model| model.bridges().filter(|(_, one)| one.in_brewery()).count());
                ensure!(inside == wanted, "{inside} do");
                Ok(())
            },
        )
        .await?;
        // That they were started is no news.
        self.look(Duration::ZERO);
        self.samples.clear();
        Ok(())
    }

    /// Lets people come and go, from now on.
    pub(crate) fn play(&self, schedule: Schedule) -> AbortOnDropHandle<()> {
        let jitsi = self.jitsi.clone();
        AbortOnDropHandle::new(tokio::spawn(
            async move { load::play(&jitsi, &schedule).await },
        ))
    }

    /// Looks at everything but the HPA: how it stands, and what has happened since the last look.
    pub(crate) fn look(&mut self, time: Duration) -> (Cell, Vec<Happening>) {
        let news = self.sightings.take();
        let happened = news.iter().flat_map(|seen| self.story.saw(seen)).collect();
        let ledger = self.jitsi.look(|model| {
            for (name, bridge) in model.bridges() {
                self.story
                    .looked(name, bridge.in_brewery(), bridge.local_endpoints());
            }
            model.ledger().clone()
        });
        let tally = self.story.tally();
        self.samples.push(Sample {
            time,
            people: ledger.people,
            tally,
        });
        let cell = Cell {
            wanted: None,
            tally,
            cut: ledger.disturbed_by_cut,
            moved: ledger.disturbed - ledger.disturbed_by_cut,
            undisturbed: ledger.came - ledger.disturbed,
            taken_back: self.story.counts().taken_back,
        };
        (cell, happened)
    }

    /// How many people there are.
    pub(crate) fn people(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.people)
    }

    /// The changes of size that the HPA announced.
    pub(crate) async fn rescales(&self) -> Result<Vec<Rescale>> {
        let events = self.hpa.events("SuccessfulRescale").await?;
        let read = events.iter().filter_map(|message| Rescale::parse(message));
        Ok(read.collect())
    }

    /// What came of it all.
    pub(crate) async fn outcome(&self) -> Result<Outcome> {
        let rescales = self.rescales().await?;
        let (ledger, lost_bridges, now) = self
            .jitsi
            .with(|model, now| (model.ledger().clone(), model.lost_bridges(), now));
        Ok(Outcome::of(Seen {
            ledger: &ledger,
            now,
            lost_bridges: lost_bridges.context("jicofo does not run")?,
            counts: self.story.counts(),
            samples: &self.samples,
            rescales,
            person: PERSON,
            back: day::RETURN,
        }))
    }
}

/// How each bridge is set up.
fn bridge(pace: &Pace) -> BridgeConfig {
    BridgeConfig {
        load: Load::PerEndpoint {
            idle: PERSON,
            each: PERSON,
        },
        boot: pace.boot.mul_f64(0.6),
        brewery_join: pace.boot,
        sample_interval: pace.sample,
        presence_interval: pace.presence,
        shutting_down_delay: pace.shutdown_delay,
        ..quick()
    }
}
