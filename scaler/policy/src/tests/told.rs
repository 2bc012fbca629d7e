//! What a pool's status tells of what is done.

use scaler_api::State;
use scaler_api::spec::DeletionPolicy;

use scaler_api::state::IntentReason;

use super::stage::{Stage, secs, spec, uid};
use crate::life::{Way, knows, ways};
use crate::plan::{Action, Decision, Evidence, Plan, PodRef, Transition as T};
use crate::world::{Presence, Surroundings};

/// A decision of this kind that leads from there to there.
fn decision(transition: T, from: State, to: State) -> Decision {
    let of_no_bridge = matches!(transition, T::Create | T::HoldPool | T::ReleasePool);
    Decision {
        transition,
        pod: (!of_no_bridge).then(|| PodRef {
            uid: uid("b1"),
            name: "b1".to_owned(),
            revision: "new".to_owned(),
        }),
        from,
        to,
        why: IntentReason::ScaleDown,
        evidence: Evidence {
            counted: 4,
            wanted: 3,
            active: 2,
            ..Evidence::default()
        },
        action: match transition {
            T::Move => Action::Move {
                room: "physics".to_owned(),
                endpoints: 7,
            },
            _ => Action::Read,
        },
    }
}

#[test]
fn each_transition_is_told_in_a_sentence_of_its_own() {
    let mut told = String::new();
    for by in T::ALL {
        let led = ways().into_iter().filter(|way| way.by == by);
        let ends: std::collections::BTreeMap<State, State> =
            led.map(|way| (way.to, way.from)).collect();
        let mut leads: Vec<(State, State)> =
            ends.into_iter().map(|(to, from)| (from, to)).collect();
        let stays = Way {
            from: State::Active,
            to: State::Active,
            by,
        };
        if leads.is_empty() || knows(stays) {
            leads.push((State::Active, State::Active));
        }
        for (from, to) in leads {
            let decision = decision(by, from, to);
            let weight = decision
                .weight()
                .map_or("-".to_owned(), |weight| format!("{weight:?}"));
            let line = format!(
                "{by:?}, {from:?} to {to:?}: {weight}\n    {}\n",
                decision.sentence()
            );
            told.push_str(&line);
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_takes_people_off_a_bridge_says_how_many_there_were() {
    let mut stage = Stage::new(spec(2));
    stage.people("b1", 5);
    stage.tick();
    let now = stage.now;
    stage.change("b1", |object| object.pod.deletion = Some(now + secs(60)));
    let plan = stage.decide();
    let mut lost = plan
        .decisions
        .iter()
        .filter(|one| one.transition == T::Preempt);
    let sentence = lost.next().unwrap().sentence();
    assert!(
        sentence.contains("deleted b1, with 5 people on it"),
        "{sentence}"
    );
}

/// What was decided last, as the status tells it: why, and what.
fn last(stage: &Stage) -> (String, String) {
    let last = stage.world.pool().status.last_decision.clone().unwrap();
    (last.reason, last.message)
}

#[test]
fn a_pool_that_is_held_is_not_told_as_one_that_is_deleted() {
    let mut spec = spec(1);
    spec.deletion_policy = DeletionPolicy::Drain;
    // Of a pool that is paused nothing else is decided.
    spec.paused = true;
    let mut stage = Stage::empty(spec);
    let plans = std::iter::repeat_with(|| {
        stage.tick();
        stage.act()
    });
    let holds = |plan: &Plan| {
        plan.decisions
            .iter()
            .any(|one| one.transition == T::HoldPool)
    };
    let plan = plans.take(10).find(holds).unwrap();
    let tally = plan.tally.clone().unwrap();
    let told = crate::status::status(&stage.world, &plan, &tally, stage.now);
    let told = told.last_decision.unwrap();
    let (reason, message) = (told.reason, told.message);
    assert_eq!(reason, "DeletionPolicy");
    assert!(
        message.starts_with("HoldPool: the pool is held"),
        "{message}"
    );
}

#[test]
fn a_bridge_that_somebody_else_deletes_is_what_was_decided_last() {
    let mut stage = Stage::new(spec(2));
    // Nothing takes its place, which would be told after it.
    stage.respec(|pool| pool.spec.paused = true);
    stage.second();
    let now = stage.now;
    stage.change("b1", |object| object.pod.deletion = Some(now + secs(60)));
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Preempted);
    let (_, message) = last(&stage);
    assert!(message.starts_with("Preempt: "), "{message}");
}

#[test]
fn what_is_decided_while_the_status_waits_is_told_when_it_comes() {
    let mut stage = Stage::one_too_many([8, 3]);
    stage.until_in("b1", State::Draining);
    let (_, message) = last(&stage);
    assert!(message.starts_with("Drain: "), "{message}");
    stage.seconds(10);
    let (_, message) = last(&stage);
    assert!(message.starts_with("Acknowledge: "), "{message}");
}

#[test]
fn a_bridge_is_being_taken_back_until_it_serves() {
    let mut stage = Stage::one_too_many([8, 3]);
    stage.until_in("b1", State::Draining);
    let told = |stage: &Stage| stage.condition("RescueActive");
    assert_eq!(told(&stage).status, "False");
    stage.actor("b1").obeys = false;
    stage.scale(2);
    for _ in 0..30 {
        stage.second();
        assert_eq!(stage.state("b1"), State::Starting);
        assert_eq!(told(&stage).status, "True");
        assert!(told(&stage).message.contains("b1"));
    }
    stage.actor("b1").obeys = true;
    stage.until_in("b1", State::Active);
    assert_eq!(told(&stage).status, "False");
    // One that is started anew was taken back long ago.
    stage.restart("b1");
    stage.actor("b1").joined = false;
    stage.second();
    assert_eq!(stage.state("b1"), State::Starting);
    assert_eq!(told(&stage).status, "False");
}

#[test]
fn a_bridge_that_does_not_answer_is_not_being_started() {
    let mut stage = Stage::new(spec(2));
    stage.actor("b1").answers = false;
    stage.seconds(60);
    assert!(stage.marks("b1").counted);
    assert_eq!(stage.condition("Progressing").status, "False");
    let told = stage.condition("BridgesUnknown");
    assert!(told.message.contains("b1"), "{}", told.message);
}

#[test]
fn what_drains_is_told_with_its_names_and_why() {
    let mut stage = Stage::outdated(2);
    stage.until_decided(T::Drain);
    let told = stage.condition("Draining");
    assert_eq!(told.reason, "Updating", "{}", told.message);
    assert!(
        told.message.contains("b0") || told.message.contains("b1"),
        "{}",
        told.message
    );
}

#[test]
fn a_pool_below_its_floor_says_how_far() {
    let mut stage = Stage::new(spec(1));
    stage.respec(|pool| pool.spec.min_active = 3);
    stage.boots = false;
    stage.second();
    let told = stage.condition("Available");
    assert_eq!(told.status, "False");
    assert!(told.message.contains('3'), "{:?}", told.message);
}

#[test]
fn bridges_that_are_unhealthy_are_not_told_as_a_watch_that_is_silent() {
    let mut stage = Stage::new(spec(4));
    for name in ["b0", "b1", "b2", "b3"] {
        stage.actor(name).healthy = false;
    }
    stage.second();
    assert_eq!(stage.condition("MetricsStale").status, "False");
    let told = stage.condition("BridgesUnknown");
    assert_eq!((&*told.status, &*told.reason), ("True", "MassUnhealthy"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn conditions_come_and_go_with_what_they_tell_of() {
    type Does = fn(&mut Stage);
    let table: [(&str, Does, Does); 11] = [
        (
            "Available",
            |stage| stage.respec(|pool| pool.spec.min_active = 9),
            |stage| stage.respec(|pool| pool.spec.min_active = 1),
        ),
        (
            "Progressing",
            |stage| {
                stage.boots = false;
                stage.scale(5);
                stage.second();
            },
            |stage| {
                stage.scale(4);
                stage.seconds(5);
            },
        ),
        (
            "Draining",
            |stage| {
                stage.people_everywhere(3);
                stage.scale(3);
                stage.seconds(2);
            },
            |stage| {
                stage.scale(4);
                stage.seconds(3);
            },
        ),
        (
            "ScalingLimited",
            |stage| {
                stage.respec(|pool| (pool.spec.max_replicas, pool.spec.replicas) = (Some(4), 5));
            },
            |stage| stage.scale(4),
        ),
        (
            "MetricsStale",
            |stage| stage.now += secs(600),
            Stage::second,
        ),
        (
            "BridgesUnknown",
            |stage| {
                stage.actor("b1").answers = false;
                stage.seconds(60);
            },
            |stage| {
                stage.actor("b1").answers = true;
                stage.second();
            },
        ),
        (
            "ForeignPDB",
            |stage| {
                stage.world.observe_surroundings(Surroundings {
                    budgets: vec!["theirs".to_owned()],
                    ..Surroundings::default()
                });
            },
            |stage| stage.world.observe_surroundings(Surroundings::default()),
        ),
        (
            "Paused",
            |stage| stage.respec(|pool| pool.spec.paused = true),
            |stage| stage.respec(|pool| pool.spec.paused = false),
        ),
        (
            "MassEmpty",
            |stage| {
                stage.people_everywhere(20);
                stage.second();
                stage.people_everywhere(0);
                stage.second();
            },
            |stage| stage.seconds(600),
        ),
        (
            "JicofoAway",
            |stage| {
                let now = stage.now;
                stage.world.observe_jicofo(Presence::Away(now));
                stage.seconds(60);
            },
            |stage| {
                stage.world.observe_jicofo(Presence::Here([].into()));
                stage.second();
            },
        ),
        (
            "ClockSkew",
            |stage| stage.world.observe_skew(3_600_000),
            |stage| stage.world.observe_skew(0),
        ),
    ];
    for (condition, comes, goes) in table {
        let mut stage = Stage::new(spec(4));
        stage.second();
        let without = stage.condition(condition).status;
        comes(&mut stage);
        let with = stage.condition(condition).status;
        assert_ne!(with, without, "{condition} does not come");
        goes(&mut stage);
        assert_eq!(
            stage.condition(condition).status,
            without,
            "{condition} stays"
        );
    }
}
