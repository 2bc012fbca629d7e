//! A controller that is killed, at chance and in the middle of each thing that it does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::ListParams;
use laboratory::mocks::Fault;
use rand::seq::SliceRandom as _;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scaler_api::annotations::{DRAIN_ACKED, INTENT, INTENT_REASON};
use scaler_api::state::{Intent, IntentReason};

use super::leading::forget_lease;
use super::stage::{PATIENCE, Stage};

/// How often the controller is killed, and how often at most: a kill that came too late for what it was to hit is repeated.
const KILLS: usize = 20;
const MOST_KILLS: usize = 40;

/// So many of the kills are to hit each kind of work.
const EACH: usize = 2;

/// How many people are in each meeting.
const PEOPLE: u32 = 2;

/// How many bridges there are at most.
const MOST: u32 = 6;

/// What a controller is in the middle of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Work {
    /// A bridge drains.
    Drain,
    /// One is to be removed, and its pod is not deleted yet.
    Remove,
    /// One is taken back, and has not confirmed that it serves.
    Rescue,
    /// One was started, and does not serve yet.
    Create,
}

impl Work {
    const ALL: [Self; 4] = [Self::Drain, Self::Remove, Self::Rescue, Self::Create];

    /// What is under way with this bridge, by what is written on its pod: the next controller knows nothing else.
    fn of(pod: &Pod) -> Result<Option<Self>> {
        let notes = pod.annotations();
        let acked = DRAIN_ACKED.read(notes)?;
        let serves = acked.is_some_and(|acked| acked.drain == Some(false));
        Ok(match INTENT.read(notes)?.context("a pod of no intent")? {
            Intent::Drain => Some(Self::Drain),
            Intent::Remove if pod.metadata.deletion_timestamp.is_none() => Some(Self::Remove),
            Intent::Active if serves => None,
            Intent::Active if INTENT_REASON.read(notes)? == Some(IntentReason::Rescued) => {
                Some(Self::Rescue)
            }
            Intent::Active => Some(Self::Create),
            _ => None,
        })
    }
}

/// What is under way with all bridges.
async fn under_way(stage: &Stage) -> Result<BTreeSet<Work>> {
    let pods = stage.pool.pods().list(&ListParams::default()).await?;
    let works = pods.items.iter().map(Work::of);
    let works: Result<Vec<Option<Work>>> = works.collect();
    Ok(works?.into_iter().flatten().collect())
}

/// Waits until such work is under way. Some lasts for a few hundredths of a second.
async fn until_under_way(stage: &Stage, work: Work) -> Result<()> {
    const BETWEEN: Duration = Duration::from_millis(10);
    let began = Instant::now();
    loop {
        let there = under_way(stage).await?;
        if there.contains(&work) {
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "{work:?} is never under way, but {there:?}"
        );
        tokio::time::sleep(BETWEEN).await;
    }
}

/// All bridges do what they are told, or none does.
async fn obey(stage: &Stage, obey: bool) -> Result<()> {
    for bridge in stage.pool.bridges().await? {
        let fault = (!obey).then_some(Fault::Deaf);
        stage.pool.jitsi().break_bridge(&bridge.name, fault);
    }
    Ok(())
}

/// The seed of a run: another one each time, unless one is given in `BRIDGETENDER_SEED`.
fn seed() -> Result<u64> {
    let given = std::env::var("BRIDGETENDER_SEED").ok();
    let seed = match given {
        Some(given) => given.parse().context("BRIDGETENDER_SEED is a number")?,
        None => u64::try_from(jiff::Timestamp::now().as_millisecond())?,
    };
    println!("BRIDGETENDER_SEED={seed} does the same again, as far as the machine is as fast");
    Ok(seed)
}

/// The pool and its people, while controllers come and go.
struct Play {
    stage: Stage,
    chance: ChaCha8Rng,
    meetings: Vec<String>,
}

impl Play {
    /// Brings such work about, and returns in the middle of it.
    async fn aim(&mut self, work: Work) -> Result<()> {
        let stage = &self.stage;
        match work {
            Work::Create => {
                // More than there are, so that it is not enough to take those back that drain.
                let there = stage.pool.bridges().await?.len();
                stage.scale(u32::try_from(there)? + 1).await?;
            }
            Work::Drain | Work::Remove => {
                self.end_meetings();
                let stage = &self.stage;
                stage.scale(3).await?;
                stage
                    .pool
                    .until("three serve", |status, _| status["active"] == 3)
                    .await?;
                stage.scale(1).await?;
            }
            Work::Rescue => {
                self.end_meetings();
                let stage = &self.stage;
                stage.scale(3).await?;
                stage.pool.until_active(3).await?;
                self.meetings = stage.fill(PEOPLE).await?;
                stage.scale(1).await?;
                stage.pool.until_draining(2).await?;
                // It is in the middle of it until they say that they serve.
                obey(stage, false).await?;
                stage.scale(3).await?;
            }
        }
        until_under_way(&self.stage, work).await
    }

    /// Something happens, and some time passes.
    async fn idle(&mut self, round: usize) -> Result<()> {
        // Few meetings, so that some bridges are empty, and some of those that drain are removed.
        if self.chance.random_bool(0.5) {
            let meeting = format!("meeting-{round}");
            self.stage.pool.join(&meeting, PEOPLE);
            self.meetings.push(meeting);
        }
        if self.meetings.len() > 3 {
            let ended = self.chance.random_range(0..self.meetings.len());
            let ended = self.meetings.remove(ended);
            self.stage.pool.leave(&ended, PEOPLE);
        }
        let size = self.chance.random_range(1..=MOST);
        self.stage.scale(size).await?;
        let pause = Duration::from_millis(self.chance.random_range(0..2_500_u64));
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn end_meetings(&mut self) {
        self.stage.empty(&self.meetings, PEOPLE);
        self.meetings.clear();
    }

    /// Kills the controller: in the middle of what. Then starts the next one.
    async fn kill(&mut self) -> Result<BTreeSet<Work>> {
        let stage = &mut self.stage;
        stage.scalers.kill(0)?;
        let hit = under_way(stage).await?;
        obey(stage, true).await?;
        // One in four waits for the Lease of the dead one: so long nobody looks after the pool.
        if self.chance.random_range(0..4_u32) > 0 {
            forget_lease(stage).await?;
        }
        stage.scalers.start(0)?;
        stage.scalers.until_one_leads().await?;
        Ok(hit)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_killed_at_any_moment_is_gone_on_for_by_the_next_one() -> Result<()> {
    let mut play = Play {
        chance: ChaCha8Rng::seed_from_u64(seed()?),
        stage: Stage::of_programs(MOST, 1).await?,
        meetings: Vec::new(),
    };
    let mut aims: Vec<Option<Work>> = vec![None; KILLS - EACH * Work::ALL.len()];
    aims.extend(Work::ALL.into_iter().flat_map(|work| [Some(work); EACH]));
    aims.shuffle(&mut play.chance);
    let (mut kills, mut hits) = (0, BTreeMap::<Work, usize>::new());
    while let Some(aim) = aims.pop() {
        match aim {
            Some(work) => play.aim(work).await?,
            None => play.idle(kills).await?,
        }
        let hit = play.kill().await?;
        let moment = aim.map_or("at chance".to_owned(), |work| format!("at a {work:?}"));
        println!(
            "kill {kills} {moment}: in the middle of {hit:?}, with {} meetings",
            play.meetings.len()
        );
        if aim.is_some_and(|work| !hit.contains(&work)) {
            aims.push(aim);
        }
        for work in hit {
            *hits.entry(work).or_default() += 1;
        }
        kills += 1;
        ensure!(kills < MOST_KILLS, "kills come too late: {hits:?}");
    }
    play.end_meetings();
    let stage = play.stage;
    stage.scale(2).await?;
    stage.pool.until_active(2).await?;
    let removed = stage.removals()?;
    let removed = removed.iter().filter(|removal| {
        let answer = removal.response_status.as_ref();
        answer.is_some_and(|answer| answer.code == 200)
    });
    let removed = removed.count();
    println!("{kills} kills hit {hits:?}; {removed} bridges were removed");
    ensure!(kills >= KILLS && removed > 0);
    for work in Work::ALL {
        ensure!(hits.get(&work) >= Some(&EACH), "{work:?}: {hits:?}");
    }
    stage.unharmed().await
}
