//! A world, seen at a moment: the state of each bridge, and how many there are of what.

mod breakers;
mod crowding;
mod evidence;
mod sight;

use bridge::Time;
use scaler_api::State;
use scaler_api::state::IntentReason;

pub(crate) use breakers::Breakers;
pub(crate) use crowding::Crowding;
pub use evidence::Doubt;
pub(crate) use evidence::proven_empty;
pub(crate) use sight::{Leaving, Sight, forced};

use self::breakers::Watch;
use crate::guards::Guard;
use crate::plan::Tally;
use crate::world::{Frozen, Owner, Pod, World};

/// A world, seen at a moment.
pub(crate) struct Scene<'w> {
    pub(crate) world: &'w World,
    pub(crate) now: Time,
    /// The same by the API server's clock.
    pub(crate) clock: Time,
    /// The pods that can be decided about, in the order of their UIDs.
    pub(crate) sights: Vec<Sight<'w>>,
    /// Which of them do not simply serve as they should.
    pub(crate) restless: Vec<usize>,
    /// The pods that cannot be understood.
    pub(crate) frozen: Vec<(&'w Pod, &'w Frozen)>,
    pub(crate) tally: Tally,
    /// How many of the counted are so by what is not answered yet.
    pub(crate) promised: u32,
    pub(crate) breakers: Breakers,
    /// The number of the pool's revision, where bridges of it were seen.
    pub(crate) revision: Option<usize>,
    /// How many bridges of each revision take conferences and answer, by its number.
    active_by_revision: Vec<u32>,
}

impl<'w> Scene<'w> {
    pub(crate) fn new(world: &'w World, now: Time) -> Self {
        let mut scene = Self {
            world,
            now,
            clock: world.server_time(now),
            sights: Vec::with_capacity(world.pods().len()),
            restless: Vec::new(),
            frozen: Vec::new(),
            tally: Tally {
                wanted: world.pool.wanted(world.guards.on(Guard::Ceiling)),
                ..Tally::default()
            },
            promised: 0,
            breakers: Breakers::default(),
            revision: world.revisions().get(&world.pool.revision),
            active_by_revision: vec![0; world.revisions().given()],
        };
        let mut watch = Watch::default();
        for known in world.pods().values() {
            if known.pod.owner == Owner::Other && world.guards.on(Guard::OwnPodsOnly) {
                continue;
            }
            match Sight::new(world, known, scene.sights.len(), scene.revision, now) {
                Ok(sight) => {
                    watch.see(world, &sight, now);
                    scene.add(sight);
                }
                Err(why) => scene.freeze(&known.pod, why),
            }
        }
        scene.expect();
        scene.breakers = watch.breakers(world, now);
        scene
    }

    fn add(&mut self, sight: Sight<'w>) {
        count(&mut self.tally, &sight);
        let was = sight.pod.marks.as_ref().is_ok_and(|marks| marks.counted);
        self.promised += u32::from(sight.counted() && !was);
        if let Some(revision) = sight.revision {
            self.active_by_revision[revision] += u32::from(sight.taker);
        }
        if !sight.at_rest() {
            self.restless.push(sight.place);
        }
        self.sights.push(sight);
    }

    /// How many bridges of a revision take conferences and answer.
    pub(crate) fn takers(&self, revision: Option<usize>) -> u32 {
        revision.map_or(0, |revision| self.active_by_revision[revision])
    }

    /// What cannot be understood may be a bridge that drains.
    fn freeze(&mut self, pod: &'w Pod, why: &'w Frozen) {
        let alive = pod.deletion.is_none() && self.world.guards.on(Guard::MalformedCounts);
        self.tally.counted += u32::from(why.counted && alive && !pod.phase.is_over());
        self.tally.draining_chosen += u32::from(!why.counted && alive);
        self.tally.unknown += 1;
        self.frozen.push((pod, why));
    }

    /// Pods that are being created count as if they were there.
    fn expect(&mut self) {
        if !self.world.guards.on(Guard::CreationsExpected) {
            return;
        }
        for create in self.world.outstanding.creates.values() {
            let surge = create.marks.reason == IntentReason::Surge;
            self.tally.counted += u32::from(create.marks.counted);
            self.promised += u32::from(create.marks.counted);
            self.tally.surge += u32::from(!create.marks.counted && surge);
        }
    }

    /// Since when a bridge has been trying to serve, as far as this controller can tell, by its own clock. A restart, a new leader
    /// and a confirmation that somebody forged give it the whole time anew.
    pub(crate) fn trying_since(&self, sight: &Sight<'_>) -> Time {
        let written = self
            .world
            .local_time(sight.up_since().max(sight.marks.since));
        let known = self.world.pods().get(&sight.pod.uid);
        let seen = known.and_then(|known| known.unsettled_since);
        let answered = sight.live.run_since;
        // One that seems to serve and does not began now.
        let seen = seen.or(answered).unwrap_or(self.now);
        written.max(seen).max(answered.unwrap_or(written))
    }

    /// Whether a bridge other than `but` can take people who are moved.
    pub(crate) fn target(&self, but: &Sight<'_>) -> bool {
        let most = self.world.pool.spec.capacity.max_stress;
        self.sights.iter().any(|other| {
            other.pod.uid != but.pod.uid
                && other.state == State::Active
                && other.fresh
                && other.leaving != Some(Leaving::Interrupted)
                && other.live.last.is_some_and(|look| {
                    look.healthy != Some(false)
                        && !look.flags.drain
                        && !look.flags.shutting_down
                        && look.joined
                        && look.stress.is_none_or(|stress| stress < most)
                })
        })
    }
}

fn count(tally: &mut Tally, sight: &Sight<'_>) {
    let is = u32::from;
    let counted = sight.counted();
    let going = matches!(
        sight.state,
        State::Deleting | State::Preempted | State::Failed
    );
    tally.counted += is(counted);
    tally.ready += is(counted && sight.pod.ready);
    tally.active += is(sight.state == State::Active);
    tally.active_counted += is(sight.counted_taker);
    tally.draining += is(sight.state.draining());
    tally.draining_chosen += is(sight.chosen);
    tally.warm += is(sight.state == State::Warm);
    let should_answer = sight.pod.running().is_some() || sight.unreachable;
    tally.unknown += is(!sight.fresh && should_answer && !going);
    tally.updated += is(counted && !sight.outdated);
    tally.outdated += is(sight.outdated && !going);
    tally.surge += is(sight.surge());
    if sight.state.draining() {
        let since = sight.marks.since;
        tally.oldest_drain = Some(tally.oldest_drain.map_or(since, |oldest| oldest.min(since)));
    }
}
