//! One set-up, running: a Jitsi of its own in a namespace of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::{BridgeConfig, JicofoConfig, Load};
use http::Request;
use laboratory::load::{self, Schedule};
use laboratory::mocks::{MockJitsi, Namespaces};
use laboratory::{Hpa, Laboratory, quick};
use serde_json::Value;
use tokio::sync::watch::{self, Receiver, Sender};
use tokio::time::sleep;
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
/// How long what takes seconds may take: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// Between two questions what the HPA wants.
const ASK: Duration = Duration::from_secs(1);

/// A set-up that runs. Dropping it ends its bridges.
pub(crate) struct Column {
    pub(crate) set_up: SetUp,
    jitsi: MockJitsi,
    hpa: Arc<Hpa>,
    /// The size that the HPA wants. Asked for beside all else: whoever shows it never waits for the API server.
    wanted: Receiver<Option<i32>>,
    _asking: AbortOnDropHandle<()>,
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
        let hpa = Arc::new(Hpa::known(lab, namespace, NAME));
        let (sender, wanted) = watch::channel(None);
        let asking = tokio::spawn(ask(Arc::clone(&hpa), sender));
        Ok(Self {
            set_up,
            jitsi,
            hpa,
            wanted,
            _asking: AbortOnDropHandle::new(asking),
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

    /// Waits until the adapter tells the stress of the first bridges: what an HPA asks for in vain it tells in events, and of an
    /// HPA that tells many Kubernetes soon takes no more.
    pub(crate) async fn until_measured(&self, lab: &Laboratory) -> Result<()> {
        let name = self.set_up.namespace();
        let mut wanted = vec![(self.set_up.stress(), START.unsigned_abs() as usize)];
        if self.set_up == SetUp::Pool {
            wanted.push((self.set_up.committed(), 1));
        }
        for (path, wanted) in wanted {
            laboratory::eventually(
                &format!("the adapter tells the stress of {name}"),
                PATIENCE,
                || async {
                    let request = Request::get(&path).body(Vec::new())?;
                    let told: Value = lab.client().request(request).await?;
                    let items = told["items"].as_array().map_or(0, Vec::len);
                    ensure!(items == wanted, "{path} has {items} items");
                    Ok(())
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Lets people come and go, from now on.
    pub(crate) fn play(&self, schedule: Schedule) -> AbortOnDropHandle<()> {
        let jitsi = self.jitsi.clone();
        AbortOnDropHandle::new(tokio::spawn(
            async move { load::play(&jitsi, &schedule).await },
        ))
    }

    /// Lets people come and go for as long as what is returned is held, about as many at each moment.
    pub(crate) fn play_on(&self) -> AbortOnDropHandle<()> {
        let jitsi = self.jitsi.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            for seed in 1.. {
                load::play(&jitsi, &day::afterwards(seed)).await;
            }
        }))
    }

    /// Looks at everything: how it stands, and what has happened since the last look.
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
            wanted: *self.wanted.borrow(),
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

    /// What came of it all.
    pub(crate) async fn outcome(&self) -> Result<Outcome> {
        let name = self.set_up.namespace();
        let announced = || rescales(&self.hpa);
        let rescales = laboratory::eventually(
            &format!("the API server tells what the HPA of {name} announced"),
            PATIENCE,
            announced,
        )
        .await?;
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

/// The changes of size that an HPA announced.
async fn rescales(hpa: &Hpa) -> Result<Vec<Rescale>> {
    let events = hpa.events("SuccessfulRescale").await?;
    let read = events.iter().filter_map(|message| Rescale::parse(message));
    Ok(read.collect())
}

/// Asks again and again what the HPA wants. An answer that does not come leaves what was known.
async fn ask(hpa: Arc<Hpa>, sender: Sender<Option<i32>>) {
    while !sender.is_closed() {
        // Before its first look the HPA says 0.
        if let Ok(wanted @ 1..) = hpa.desired().await {
            sender.send_replace(Some(wanted));
        }
        sleep(ASK).await;
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
