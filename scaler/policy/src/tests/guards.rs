//! Each guard by itself: what it keeps from happening does not happen, and happens when it is off.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use scaler_api::spec::{NodeSignal, OnDeadline};
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{BridgePoolSpec, Limit, State};

use super::lost::node;
use super::nodes::leaving;
use super::stage::{Journal, START, Stage, one_warm, pool, secs, spec, uid, wide};
use crate::guards::{Guard, Guards};
use crate::invariants::Invariant;
use crate::life;
use crate::plan::Transition as T;
use crate::world::{Marks, Owner, Presence};

/// A stage on which one guard may be off.
#[derive(Default)]
struct Play {
    off: Option<Guard>,
    journal: Journal,
}

impl Play {
    fn without(guard: Guard) -> Self {
        Self {
            off: Some(guard),
            ..Self::default()
        }
    }

    fn stage(&self, spec: BridgePoolSpec) -> Stage {
        self.of(Stage::new(spec))
    }

    fn of(&self, mut stage: Stage) -> Stage {
        stage.journal = Rc::clone(&self.journal);
        match self.off {
            Some(guard) => stage.without(guard),
            None => stage,
        }
    }

    fn outdated(&self, bridges: u32) -> Stage {
        self.of(Stage::outdated(bridges))
    }

    /// Two bridges, of which the second drains.
    fn draining(&self, people: u64) -> Stage {
        let mut stage = self.of(Stage::one_too_many([100, people]));
        stage.second();
        stage
    }

    /// The same, past its deadline.
    fn overdue(&self, on_deadline: OnDeadline) -> Stage {
        let mut spec = spec(2);
        spec.drain.deadline = scaler_api::Duration::from_secs(20);
        spec.drain.on_deadline = on_deadline;
        let mut stage = self.of(Stage::one_too_many_of(spec, [100, 3]));
        stage.seconds(18);
        stage
    }
}

fn broken(stage: &Stage, invariant: Invariant) -> bool {
    stage
        .broken
        .iter()
        .any(|violation| violation.invariant == invariant)
}

/// Whether harm is done, with this guard on or off.
type Harm = fn(&Play) -> bool;

const TABLE: [(Guard, Harm); 48] = [
    (Guard::AckOfThisRun, |play| {
        let mut stage = play.draining(0);
        stage.seconds(3);
        stage.restart("b1");
        // It restarts draining by configuration, and nobody has confirmed that.
        stage.actor("b1").flags.drain = true;
        stage.second();
        !stage.life("b1").contains(&T::Redrain)
    }),
    (Guard::SettleTime, |play| {
        let mut stage = play.draining(0);
        stage.seconds(10);
        stage.when(T::Remove).is_some()
    }),
    (Guard::SettleLooks, |play| {
        let mut slow = spec(2);
        slow.drain.settle = scaler_api::Duration::from_secs(4);
        slow.evidence.removal_samples = 30;
        let mut stage = play.of(Stage::one_too_many_of(slow, [9, 0]));
        stage.seconds(15);
        stage.when(T::Remove).is_some()
    }),
    (Guard::RemovalFreshness, |play| {
        let mut stage = play.draining(0);
        stage.until("it has been empty for 14 s", |stage| {
            let empty = stage.world.pods()[&uid("b1")].live.empty;
            empty.is_some_and(|empty| empty.last.since(empty.since) >= secs(14))
        });
        stage.now += secs(1);
        stage.look();
        stage.now += secs(5);
        stage.act();
        stage.when(T::Remove).is_some()
    }),
    (Guard::ConferencesCount, |play| {
        let mut stage = play.draining(0);
        stage.actor("b1").conferences = 1;
        stage.seconds(60);
        stage.when(T::Remove).is_some()
    }),
    (Guard::EmptyInBrewery, |play| {
        let mut stage = play.draining(0);
        stage.actor("b1").joined = false;
        stage.seconds(60);
        stage.when(T::Remove).is_some()
    }),
    (Guard::WatchedLongEnough, |play| {
        let mut stage = play.draining(0);
        stage.seconds(5);
        stage.lead_anew();
        stage.seconds(60);
        stage.when(T::Remove).is_some()
    }),
    (Guard::KubeletHeard, |play| {
        let mut stage = play.stage(spec(1));
        stage.boots = false;
        stage.scale(2);
        stage.seconds(2);
        // The node was cut off before its kubelet could tell that the new bridge runs.
        node(&mut stage, "n1", false);
        stage.scale(1);
        stage.seconds(5);
        stage.times(T::Delete) > 0
    }),
    (Guard::ProofBeforeDelete, |play| {
        let mut stage = play.draining(0);
        stage.until_decided(T::ShutDown);
        stage.people("b1", 2);
        stage.seconds(20);
        stage.times(T::Delete) > 0
    }),
    (Guard::ShutdownBeforeDelete, |play| {
        let mut stage = play.draining(0);
        stage.seconds(60);
        !stage.life("b1").contains(&T::ShutDown)
    }),
    (Guard::PresencesBeforeDelete, |play| {
        let mut stage = play.draining(0);
        stage.seconds(60);
        let told = stage.when(T::ShutDown).unwrap();
        stage.when(T::Delete).unwrap().since(told) < secs(10)
    }),
    (Guard::DeleteFenced, |play| {
        let mut stage = play.draining(0);
        stage.seconds(60);
        broken(&stage, Invariant::I2)
    }),
    (Guard::PatchFenced, |play| {
        broken(&play.draining(0), Invariant::I9)
    }),
    (Guard::ActiveFloor, |play| {
        let mut stage = play.stage(wide(2));
        leaving(&mut stage, &["b0", "b1"], NodeSignal::Cordon);
        stage.second();
        stage.in_state(State::DrainRequested) > 1
    }),
    (Guard::RevisionFloor, |play| {
        let mut stage = play.outdated(1);
        // A new bridge that is counted and takes nothing yet makes the pool one too large.
        let mut marks = Marks::new(
            "new",
            IntentReason::ScaleUp,
            START - Duration::from_hours(1),
        );
        marks.pinned = true;
        stage.respec(|pool| pool.spec.min_active = 1);
        stage.put("b1", &marks, START - Duration::from_hours(1));
        stage.annotate("b1", "bridgetender.dev/pinned", Some("true"));
        stage.actor("b1").joined = false;
        stage.active("b2", "older");
        stage.people("b2", 1);
        stage.scale(1);
        stage.respec(|pool| pool.spec.update.paused = true);
        stage.second();
        stage.times(T::Drain) > 0
    }),
    (Guard::ConcurrentDrains, |play| {
        let mut narrow = spec(4);
        narrow.drain.max_concurrent = Limit::Count(1);
        let mut stage = play.stage(narrow);
        for name in ["b0", "b1", "b2", "b3"] {
            stage.people(name, 5);
        }
        stage.look();
        stage.scale(1);
        stage.seconds(5);
        stage.times(T::Drain) > 1
    }),
    (Guard::FreshnessOfVictims, |play| {
        let mut stage = play.stage(wide(4));
        stage.seconds(2);
        stage.actor("b1").answers = false;
        for name in ["b0", "b2", "b3"] {
            stage.annotate(name, "bridgetender.dev/pinned", Some("true"));
        }
        stage.seconds(12);
        stage.scale(3);
        stage.second();
        stage.times(T::Drain) > 0
    }),
    (Guard::UnknownIsBusy, |play| {
        let mut stage = play.draining(0);
        stage.seconds(3);
        // The last thing that is written down is that it was empty; since then nobody has heard of it.
        stage.now += secs(11);
        stage.world.hear(stage.now);
        stage.world.touch();
        let marks = stage.marks("b1").clone();
        assert!(marks.zero_since.is_some());
        let scene = crate::scene::Scene::new(&stage.world, stage.now);
        let sight = scene
            .sights
            .iter()
            .find(|sight| sight.pod.uid == uid("b1"))
            .unwrap();
        crate::scene::proven_empty(&stage.world, sight, stage.now).is_ok()
    }),
    (Guard::DeadlineSetOnce, |play| {
        let mut stage = play.draining(3);
        stage.seconds(5);
        let before = stage.marks("b1").deadline;
        stage.restart("b1");
        stage.people("b1", 3);
        stage.seconds(3);
        stage.marks("b1").deadline != before
    }),
    (Guard::MassEmpty, |play| {
        let mut stage = play.draining(9);
        stage.seconds(3);
        stage.people("b0", 0);
        stage.people("b1", 0);
        stage.seconds(30);
        stage.times(T::Remove) > 0
    }),
    (Guard::MassUnhealthy, |play| {
        let mut stage = play.stage(wide(4));
        for name in ["b0", "b1", "b2"] {
            stage.actor(name).healthy = false;
        }
        stage.look();
        stage.scale(2);
        stage.second();
        stage.times(T::Drain) > 0
    }),
    (Guard::JicofoPresent, |play| {
        let mut stage = play.overdue(OnDeadline::Move);
        stage.world.observe_jicofo(Presence::Away(stage.now));
        stage.seconds(10);
        stage.times(T::Expel) > 0
    }),
    (Guard::MoveTarget, |play| {
        let mut stage = play.overdue(OnDeadline::Move);
        stage.actor("b0").stress = 1.2;
        stage.seconds(10);
        stage.times(T::Expel) > 0
    }),
    (Guard::MovePace, |play| {
        let mut stage = play.overdue(OnDeadline::Move);
        stage.seconds(4);
        stage.times(T::ShutDown) > 0
    }),
    (Guard::SurgeFirst, |play| {
        let mut stage = play.outdated(2);
        stage.boots = false;
        stage.seconds(10);
        stage.times(T::Drain) > 0
    }),
    (Guard::CreationsExpected, |play| {
        let mut stage = play.stage(spec(1));
        stage.scale(2);
        for _ in 0..3 {
            let plan = stage.decide();
            crate::effects(&mut stage.world, &plan, stage.now);
            stage.world.touch();
        }
        stage.times(T::Create) > 1
    }),
    (Guard::ProtectionOnRescue, |play| {
        let mut stage = play.stage(one_warm(2));
        stage.scale(1);
        stage.seconds(40);
        stage.scale(2);
        stage.seconds(2);
        ["b0", "b1"]
            .iter()
            .any(|name| stage.marks(name).intent == Intent::Active && !stage.marks(name).protected)
    }),
    (Guard::Pinned, |play| {
        let mut stage = play.stage(wide(2));
        stage.annotate("b0", "bridgetender.dev/pinned", Some("true"));
        stage.annotate("b1", "bridgetender.dev/pinned", Some("true"));
        stage.scale(1);
        stage.second();
        stage.times(T::Drain) > 0
    }),
    (Guard::MinLifetime, |play| {
        let mut stage = play.stage(wide(1));
        stage.scale(3);
        stage.seconds(5);
        stage.annotate("b0", "bridgetender.dev/pinned", Some("true"));
        stage.scale(2);
        stage.second();
        stage.times(T::Drain) > 0
    }),
    (Guard::BreweryJoined, |play| {
        let mut stage = play.stage(spec(2));
        stage.restart("b1");
        stage.actor("b1").joined = false;
        stage.seconds(2);
        stage.state("b1") == State::Active
    }),
    (Guard::SurgeUncounted, |play| {
        let mut stage = play.outdated(2);
        stage.boots = false;
        stage.second();
        stage.counted() > 2
    }),
    (Guard::DrainAfterRestart, |play| {
        let mut stage = play.draining(3);
        stage.seconds(3);
        stage.restart("b1");
        stage.seconds(30);
        !stage.actor("b1").flags.drain
    }),
    (Guard::Ceiling, |play| {
        let mut capped = spec(2);
        capped.max_replicas = Some(2);
        let mut stage = play.stage(capped);
        stage.scale(4);
        stage.second();
        stage.counted() > 2
    }),
    (Guard::WatchAlive, |play| {
        let mut stage = play.stage(wide(2));
        stage.now += secs(600);
        stage.look();
        stage.scale(1);
        stage.act();
        stage.times(T::Drain) > 0
    }),
    (Guard::ClocksAgree, |play| {
        let mut stage = play.overdue(OnDeadline::Kill);
        stage.world.observe_skew(-3_600_000);
        stage.seconds(10);
        stage.times(T::Remove) > 0
    }),
    (Guard::RescueFirst, |play| {
        let mut stage = play.draining(3);
        stage.seconds(3);
        stage.scale(2);
        stage.second();
        stage.times(T::Create) > 0
    }),
    (Guard::OwnPodsOnly, |play| {
        let mut stage = play.stage(wide(2));
        stage.change("b1", |object| object.pod.owner = Owner::Other);
        stage.second();
        stage.counted() == 2 && stage.objects.len() == 2
    }),
    (Guard::OldEventsIgnored, |play| {
        let mut stage = play.stage(wide(3));
        for name in ["b0", "b1", "b2"] {
            stage.people(name, 5);
        }
        stage.look();
        let old: Vec<_> = stage
            .objects
            .values()
            .map(|object| object.pod.clone())
            .collect();
        stage.scale(2);
        stage.second();
        for pod in old {
            stage.world.observe_pod(pod, stage.now);
        }
        stage.counted() == 3
    }),
    (Guard::ListFirst, |play| {
        let mut stage = play.stage(spec(2));
        stage.people("b0", 9);
        stage.people("b1", 2);
        stage.look();
        let old: Vec<_> = stage
            .objects
            .values()
            .map(|object| object.pod.clone())
            .collect();
        stage.scale(1);
        stage.second();
        stage.lead_anew();
        // The cache that it begins with is of before the drain.
        for pod in old {
            stage.world.observe_pod(pod, stage.now);
        }
        stage.look();
        let before = stage.times(T::Drain);
        stage.decide();
        stage.times(T::Drain) > before
    }),
    (Guard::OneAtATime, |play| {
        let mut stage = play.of(Stage::one_too_many([9, 0]));
        let plan = stage.decide();
        crate::effects(&mut stage.world, &plan, stage.now);
        stage.world.touch();
        !stage.decide().decisions.is_empty()
    }),
    (Guard::BegunIsKeptUp, |play| {
        let mut stage = play.stage(spec(2));
        stage.people("b0", 9);
        stage.people("b1", 2);
        stage.look();
        stage.actor("b1").obeys = false;
        stage.scale(1);
        stage.second();
        stage.lead_anew();
        stage.actor("b1").obeys = true;
        stage.seconds(20);
        !stage.actor("b1").flags.drain
    }),
    (Guard::ModeKept, |play| {
        let mut stage = play.stage(spec(2));
        stage.actor("b0").flags.drain = true;
        stage.seconds(3);
        stage.actor("b0").flags.drain
    }),
    (Guard::ServersClock, |play| {
        let mut stage = play.stage(spec(2));
        stage.people("b0", 9);
        stage.people("b1", 2);
        stage.look();
        // The API server is ahead of this controller.
        stage.world.observe_skew(-90_000);
        stage.scale(1);
        stage.second();
        let patience = stage.world.pool().spec.drain.deadline.get();
        stage.marks("b1").deadline.unwrap() < stage.now + patience + secs(90)
    }),
    (Guard::MalformedCounts, |play| {
        let mut stage = play.stage(spec(2));
        stage.annotate("b1", "bridgetender.dev/intent-since", Some("whenever"));
        stage.second();
        stage.times(T::Create) > 0
    }),
    (Guard::PoolHeld, |play| {
        let mut held = spec(2);
        held.deletion_policy = scaler_api::spec::DeletionPolicy::Drain;
        let mut stage = play.stage(held);
        stage.people("b0", 9);
        stage.second();
        let now = stage.now;
        stage.respec(|pool| pool.deletion = Some(now));
        stage.seconds(5);
        stage.times(T::ReleasePool) > 0
    }),
    (Guard::StatusPaced, |play| {
        let mut stage = play.stage(spec(2));
        stage.seconds(20);
        let before = statuses(&stage);
        for _ in 0..20 {
            stage.world.touch();
            stage.second();
        }
        statuses(&stage) > before + 4
    }),
    (Guard::StatusCorrected, |play| {
        let mut stage = play.stage(spec(2));
        stage.seconds(20);
        let before = statuses(&stage);
        let mut pool = stage.world.pool().clone();
        pool.status.replicas = 7;
        stage.world.observe_pool(pool);
        stage.seconds(10);
        statuses(&stage) == before
    }),
    (Guard::Paused, |play| {
        let mut stage = play.stage(wide(2));
        stage.respec(|pool| pool.spec.paused = true);
        stage.scale(1);
        stage.second();
        stage.times(T::Drain) > 0
    }),
];

/// How often the status was written.
fn statuses(stage: &Stage) -> usize {
    let written =
        |request: &&crate::Request| matches!(request.call, crate::Call::PatchStatus { .. });
    stage.sent.iter().filter(written).count()
}

#[test]
fn each_guard_keeps_its_harm_away_and_is_missed_when_it_is_off() {
    let mut wrong = Vec::new();
    for (guard, harm) in TABLE {
        if harm(&Play::default()) {
            wrong.push(format!("{guard:?} is on, and the harm is done"));
        }
        if !harm(&Play::without(guard)) {
            wrong.push(format!("{guard:?} is off, and nothing happens"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Guards of what is written, sent or believed: without them the same is decided, as far as their scene goes.
const NOT_OF_DECISIONS: [Guard; 9] = [
    Guard::DeleteFenced,
    Guard::PatchFenced,
    Guard::UnknownIsBusy,
    Guard::DeadlineSetOnce,
    Guard::ProtectionOnRescue,
    Guard::OldEventsIgnored,
    Guard::ServersClock,
    Guard::StatusPaced,
    Guard::StatusCorrected,
];

/// What is decided more often, less often or at another moment without this guard.
fn differences(guard: Guard, harm: Harm) -> BTreeSet<T> {
    let [on, off] = [Play::default(), Play::without(guard)];
    harm(&on);
    harm(&off);
    let decided = |play: &Play, by: T| -> Vec<_> {
        let journal = play.journal.borrow();
        journal.iter().filter(|one| one.1 == by).cloned().collect()
    };
    let differs = |by: &T| decided(&on, *by) != decided(&off, *by);
    T::ALL.into_iter().filter(differs).collect()
}

/// `docs/policy.md` names each guard where it holds something back.
#[test]
fn each_guard_is_told_of_a_decision_that_its_scene_shows_to_be_another_one_without_it() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let page = pages::read(&page);
    let rows = pages::rows(&page, "transition");
    let mut wrong = Vec::new();
    for (guard, harm) in TABLE {
        let name = format!("`{guard:?}`");
        let told = |by: &T| {
            let by = format!("**{}**", life::name(*by));
            rows.iter()
                .any(|row| row[0] == by && row[3].contains(&name))
        };
        let told: BTreeSet<T> = T::ALL.into_iter().filter(told).collect();
        let shown = differences(guard, harm);
        let of_none = NOT_OF_DECISIONS.contains(&guard);
        if of_none && !shown.is_empty() {
            wrong.push(format!("{name} is of decisions, too: {shown:?}"));
        }
        if !of_none && told.is_disjoint(&shown) {
            wrong.push(format!(
                "{name} is told of {told:?}, and holds back {shown:?}"
            ));
        }
        if !page.contains(&name) {
            wrong.push(format!("{name} is not told of"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_guard_is_in_the_table_and_has_a_bit_of_its_own() {
    let table: Vec<Guard> = TABLE.iter().map(|(guard, _)| *guard).collect();
    assert_eq!(table, Guard::ALL);
    for guard in Guard::ALL {
        let off = Guards::without(guard);
        assert!(
            Guard::ALL
                .iter()
                .all(|other| off.on(*other) == (*other != guard))
        );
    }
}

#[test]
fn all_guards_are_on() {
    let world = crate::World::new(pool(spec(1)), crate::world::Tuning::default(), START);
    assert!(Guard::ALL.iter().all(|guard| world.guards.on(*guard)));
}
