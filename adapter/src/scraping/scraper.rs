//! Asks every bridge, again and again.
//!
//! One loop owns all bridges and starts a task for each question, of which there are only as many as may be under way at once.
//! A task and a timer for each bridge would cost ten thousand of both while nothing happens; here a bridge that is not being
//! asked is a record, an entry in the agenda and an idle socket.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reach::{Failure, Loopback, Probe};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::scraping::question::{BRISK, Done, Place, ask, tell};
use crate::scraping::refresh::{Freshness, Round, Step};
use crate::scraping::schedule::{Agenda, Fortune, Lane};
use crate::scraping::target::Target;
use crate::shared::Shared;
use crate::telling::{Pod, Sample, Ticket};

#[cfg(test)]
mod tests;

/// The loop wakes at least this often, to show that it lives.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A bridge that took so long for its last answer, or failed by its deadline, dawdles until it does not.
const DAWDLES: Duration = Duration::from_secs(1);

/// Of all questions that may be under way at once, so many in a hundred may be to bridges that dawdle. The others are asked within
/// moments however many of those hang, and hold their places for as long.
const DAWDLERS: usize = 75;

/// How bridges are asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pace {
    /// Time between two questions to one bridge.
    pub interval: Duration,
    /// Time for a whole answer.
    pub deadline: Duration,
    /// How many bridges may be asked at the same time.
    pub in_flight: NonZeroUsize,
    /// How many questions may start in a second.
    pub per_second: NonZeroU32,
    /// Whether bridges are asked on addresses of this machine.
    pub loopback: Loopback,
    /// When a read has bridges asked.
    pub freshness: Freshness,
}

/// What the watch of pods tells the loop.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// The pod is there.
    Seen(Ticket),
    /// The pod is gone.
    Gone(Arc<Pod>),
    /// All pods that were there at the start have been told.
    Synced,
}

/// The loop.
pub(crate) struct Scraper {
    shared: Arc<Shared>,
    pace: Pace,
    limiter: Arc<DefaultDirectRateLimiter>,
    targets: HashMap<Box<str>, Target>,
    agenda: Agenda,
    running: JoinSet<Done>,
    /// Turns for questions that are not slow.
    turns: Arc<Semaphore>,
    /// Places for questions to bridges that dawdle.
    dawdlers: Arc<Semaphore>,
    synced: bool,
    round_over: bool,
}

impl Scraper {
    /// Knows no bridge yet.
    pub(crate) fn new(shared: Arc<Shared>, pace: Pace) -> Self {
        let dawdlers = pace.in_flight.get().saturating_mul(DAWDLERS) / 100;
        Self {
            shared,
            pace,
            limiter: Arc::new(RateLimiter::direct(Quota::per_second(pace.per_second))),
            targets: HashMap::new(),
            agenda: Agenda::default(),
            running: JoinSet::new(),
            turns: Arc::new(Semaphore::new(BRISK)),
            dawdlers: Arc::new(Semaphore::new(dawdlers.clamp(1, Semaphore::MAX_PERMITS))),
            synced: false,
            round_over: false,
        }
    }

    /// Asks until `shutdown`, or until nobody tells of pods any more.
    pub(crate) async fn run(
        mut self,
        mut pods: UnboundedReceiver<Change>,
        mut rounds: Receiver<Round>,
        shutdown: CancellationToken,
    ) {
        loop {
            let now = self.shared.clock.now();
            self.shared.health.beat(now);
            self.start_due(now);
            self.note_first_round();
            let crowded = self.turns.available_permits() == 0;
            let wait = match self.next_due() {
                Some(due) if !crowded => due.since(now).min(HEARTBEAT),
                _ => HEARTBEAT,
            };
            let turns = Arc::clone(&self.turns);
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = turns.acquire(), if crowded => {}
                change = pods.recv() => match change {
                    Some(change) => self.apply(change),
                    None => return,
                },
                Some(round) = rounds.recv() => self.begin(round),
                Some(ended) = self.running.join_next_with_id() => match ended {
                    Ok((question, done)) => self.finish(question, done),
                    Err(error) => self.lose(&error),
                },
                () = sleep(wait) => {}
            }
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Seen(ticket) => self.see(ticket),
            Change::Gone(pod) => self.drop_target(&pod.uid),
            Change::Synced => {
                self.synced = true;
                self.shared.health.pods_synced(self.shared.clock.now());
            }
        }
    }

    fn see(&mut self, ticket: Ticket) {
        let uid = &ticket.pod.uid;
        let Some(address) = ticket.pod.address.filter(|_| ticket.pod.is_alive()) else {
            return self.drop_target(uid);
        };
        if let Some(target) = self.targets.get_mut(uid)
            && target.ticket.is_of_same_process(&ticket)
            && target.ticket.pod.address == Some(address)
        {
            target.ticket = ticket;
            return;
        }
        let uid = uid.clone();
        self.drop_target(&uid);
        let now = self.shared.clock.now();
        let target = Target::new(ticket, address, self.pace.loopback, now);
        self.agenda.enter(target.lane, now, &uid);
        self.targets.insert(uid, target);
    }

    /// Asks on behalf of a reader. When nobody holds `waiting` any more, the reader waits no longer.
    fn begin(&mut self, round: Round) {
        let now = self.shared.clock.now();
        for ticket in round.bridges {
            let uid = &ticket.pod.uid;
            let Some(target) = self.targets.get_mut(uid) else {
                continue;
            };
            match self.pace.freshness.take(target.seen(), now) {
                Step::Leave => continue,
                Step::Await => {}
                Step::Ask if target.due <= now => {}
                Step::Ask => {
                    target.due = now;
                    self.agenda.enter(target.lane, now, uid);
                }
            }
            target.hold(&round.waiting);
        }
    }

    /// Closes the connection, or breaks off the question that is under way.
    fn drop_target(&mut self, uid: &str) {
        if let Some(Target {
            probe: Err(question),
            ..
        }) = self.targets.remove(uid)
        {
            question.abort();
        }
    }

    /// When somebody is due who may be asked then.
    fn next_due(&self) -> Option<Time> {
        if self.running.len() >= self.pace.in_flight.get() {
            return None;
        }
        let dawdling = self.agenda.first(Lane::Dawdling);
        let dawdling = dawdling.filter(|_| self.dawdlers.available_permits() > 0);
        let prompt = self.agenda.first(Lane::Prompt);
        prompt.into_iter().chain(dawdling).min()
    }

    fn start_due(&mut self, now: Time) {
        for lane in [Lane::Prompt, Lane::Dawdling] {
            self.start_due_of(lane, now);
        }
    }

    fn start_due_of(&mut self, lane: Lane, now: Time) {
        while self.running.len() < self.pace.in_flight.get() {
            // Asked for first: what is taken out of the agenda is asked.
            let Some(place) = self.place(lane) else {
                return;
            };
            let Some((due, uid)) = self.agenda.due(lane, now) else {
                return;
            };
            let Some(target) = self
                .targets
                .get_mut(&uid)
                .filter(|target| target.due == due && target.lane == lane)
            else {
                continue;
            };
            if let Ok(probe) = &mut target.probe {
                let anew = probe.anew();
                let probe = std::mem::replace(probe, anew);
                let question = ask(
                    place,
                    Arc::clone(&self.shared),
                    Arc::clone(&self.limiter),
                    target.ticket.clone(),
                    probe,
                    self.pace.deadline,
                );
                target.probe = Err(self.running.spawn(question));
                target.asked = now;
            }
        }
    }

    /// What a question to a bridge of this lane needs, if there is any left.
    fn place(&self, lane: Lane) -> Option<Place> {
        let dawdling = match lane {
            Lane::Prompt => None,
            Lane::Dawdling => Some(Arc::clone(&self.dawdlers).try_acquire_owned().ok()?),
        };
        let turn = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        Some(Place { turn, dawdling })
    }

    fn finish(&mut self, question: Id, done: Done) {
        let Done {
            ticket,
            probe,
            result,
            at,
            took,
        } = done;
        let telemetry = &self.shared.telemetry;
        let class = match &result {
            Ok(_) => "ok",
            Err(failure) => failure.class(),
        };
        telemetry.scraped(class, took);
        if let Ok(answer) = &result {
            for nonsense in &answer.stats.nonsense {
                telemetry.nonsense(&nonsense.key);
            }
        }
        let uid = &ticket.pod.uid;
        // One that was broken off may have ended before it heard: it was to another process, or at another address.
        let Some(target) = self
            .targets
            .get_mut(uid)
            .filter(|target| target.is_asked(question))
        else {
            return;
        };
        let dawdles = took >= DAWDLES || matches!(result, Err(Failure::Timeout));
        target.lane = if dawdles {
            Lane::Dawdling
        } else {
            Lane::Prompt
        };
        if target.last != Some(class) {
            tell(&ticket.pod, &result, probe.address());
            target.last = Some(class);
        }
        if let Ok(answer) = result {
            target.fortune = Fortune::WELL;
            target.answered = Some(at);
            let sample = Sample {
                stats: answer.stats,
                at,
                bridge_clock: answer.bridge_clock,
            };
            self.shared.store_mut().answered(&ticket, &sample);
        } else {
            target.fortune.fail();
            self.shared.store_mut().failed(&ticket, class);
        }
        let now = self.shared.clock.now();
        target.rest(probe, uid, self.pace.interval, now);
        self.agenda.enter(target.lane, target.due, uid);
    }

    /// A question ended without an answer of ours: it was broken off because its bridge is gone, or it met a bug. A bug in
    /// reading what one bridge says must not keep that bridge from being asked for ever.
    fn lose(&mut self, lost: &JoinError) {
        if !lost.is_panic() {
            return;
        }
        let Some((uid, target)) = self
            .targets
            .iter_mut()
            .find(|(_, target)| target.is_asked(lost.id()))
        else {
            return;
        };
        let pod = &target.ticket.pod;
        error!(namespace = %pod.namespace, pod = %pod.name, "asking a bridge met a bug");
        let Some(address) = pod.address else {
            return;
        };
        target.fortune.fail();
        self.shared.store_mut().failed(&target.ticket, "bug");
        let now = self.shared.clock.now();
        target.rest(
            Probe::new(address, self.pace.loopback),
            uid,
            self.pace.interval,
            now,
        );
        self.agenda.enter(target.lane, target.due, uid);
    }

    /// Once everybody who was there at the start has been asked, there is something to say.
    fn note_first_round(&mut self) {
        if self.synced && !self.round_over {
            let asked = |target: &Target| target.fortune != Fortune::default();
            // Looked through at each turn, but only until the first round is over.
            self.round_over = self.targets.values().all(asked);
            if self.round_over {
                self.shared.health.first_round_over();
            }
        }
    }
}
