//! Each rule that plans are held against, with plans that it alone must find wrong.

use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{Limit, State, annotations};

use super::stage::{START, Stage, pool, secs, spec, uid, wide};
use crate::effects::{Call, effects};
use crate::invariants::{Invariant, Violation, broken_by, request_violations, rules, violations};
use crate::plan::{Action, Decision, Evidence, Mark, Plan, PodRef, Transition as T};
use crate::world::{Command, Marks};

/// A plan of the stage's world that does this, right or wrong.
fn plan(stage: &mut Stage, decisions: Vec<Decision>) -> Plan {
    stage.world.touch();
    let mut plan = stage.decide();
    plan.decisions = decisions;
    plan
}

fn decision(stage: &Stage, name: &str, transition: T, action: Action) -> Decision {
    let marks = stage.marks(name);
    Decision {
        transition,
        pod: Some(PodRef {
            uid: uid(name),
            name: name.to_owned(),
            revision: marks.revision.clone(),
        }),
        from: stage.state(name),
        to: State::Gone,
        why: marks.reason,
        evidence: Evidence::default(),
        action,
    }
}

fn mark(stage: &Stage, name: &str, transition: T, change: impl FnOnce(&mut Marks)) -> Decision {
    let mut after = stage.marks(name).clone();
    change(&mut after);
    let resource_version = stage.objects[&uid(name)].pod.resource_version.clone();
    let mark = Mark {
        resource_version,
        after,
    };
    decision(stage, name, transition, Action::Mark(Box::new(mark)))
}

/// Chooses a bridge because there are too many, as it should be done but for `change`.
fn drained(stage: &Stage, name: &str, change: impl FnOnce(&mut Marks)) -> Decision {
    let deadline = stage.now + secs(3600);
    mark(stage, name, T::Drain, |after| {
        after.intent = Intent::Drain;
        after.reason = IntentReason::ScaleDown;
        after.counted = false;
        after.deadline = Some(deadline);
        change(after);
    })
}

fn deleted(stage: &Stage, name: &str, version: Option<&str>) -> Decision {
    let there = &stage.objects[&uid(name)].pod.resource_version;
    let action = Action::Delete {
        resource_version: version.unwrap_or(there).to_owned(),
        not_after: None,
    };
    decision(stage, name, T::Delete, action)
}

/// Two bridges, of which the second one is about to be deleted.
fn about_to_be_deleted() -> Stage {
    let mut stage = Stage::one_too_many([100, 0]);
    stage.until_decided(T::ShutDown);
    stage.look();
    stage
}

/// Two bridges, of which the second one drains with people on it, until in 20 s.
fn draining() -> Stage {
    let mut spec = spec(2);
    spec.drain.deadline = scaler_api::Duration::from_secs(20);
    let mut stage = Stage::one_too_many_of(spec, [100, 3]);
    stage.seconds(3);
    stage
}

/// The same, past its deadline: its people stay.
fn past_its_deadline(then: OnDeadline) -> Stage {
    let mut stage = draining();
    stage.respec(|pool| pool.spec.drain.on_deadline = then);
    // Longer ago than a command may go unheard: it was heard.
    stage.now += secs(120);
    stage.world.hear(stage.now);
    stage.look();
    stage
}

/// What is written of the second one from now on, as its deadline has passed.
fn intend(stage: &mut Stage, intent: &str) {
    stage.annotate("b1", annotations::INTENT.name(), Some(intent));
    let reason = annotations::INTENT_REASON.name();
    stage.annotate("b1", reason, Some("DeadlinePassed"));
}

/// The second one is marked for its removal, whoever is on it.
fn removed_at_once(stage: &mut Stage) -> Plan {
    let removed = mark(stage, "b1", T::Remove, |after| {
        after.intent = Intent::Remove;
        after.reason = IntentReason::DeadlinePassed;
        after.protected = false;
        after.safe_to_evict = true;
    });
    plan(stage, vec![removed])
}

/// The second one is marked for its removal, and is deleted, whoever is on it.
fn deleted_at_once(stage: &mut Stage) -> Plan {
    intend(stage, "remove");
    let deletion = deleted(stage, "b1", None);
    plan(stage, vec![deletion])
}

/// A stage and plans that are wrong on it.
type Wrong = fn() -> (Stage, Vec<Plan>);

/// In the order of the rules.
const TABLE: [(Invariant, Wrong); 17] = [
    (Invariant::I1, || {
        let mut stage = about_to_be_deleted();
        stage.people("b1", 2);
        stage.look();
        let decisions = vec![deleted(&stage, "b1", None)];
        let plans = vec![plan(&mut stage, decisions)];
        (stage, plans)
    }),
    (Invariant::I1, || {
        let mut stage = past_its_deadline(OnDeadline::Move);
        // Its people are to be moved, and have not had the time for it.
        intend(&mut stage, "expel");
        let plans = vec![removed_at_once(&mut stage)];
        (stage, plans)
    }),
    (Invariant::I2, || {
        let mut stage = about_to_be_deleted();
        let older = vec![deleted(&stage, "b1", Some("1"))];
        let plans = vec![plan(&mut stage, older)];
        (stage, plans)
    }),
    (Invariant::I3, || {
        let mut stage = draining();
        let tell = |stage: &Stage, name, command| {
            vec![decision(stage, name, T::Reassert, Action::Tell(command))]
        };
        let room = "room".to_owned();
        let moved = Action::Move { room, endpoints: 3 };
        let wrong = [
            tell(&stage, "b0", Command::Drain),
            tell(&stage, "b1", Command::Undrain),
            tell(&stage, "b1", Command::Shutdown),
            vec![decision(&stage, "b1", T::Move, moved)],
        ];
        let plans = wrong.map(|decisions| plan(&mut stage, decisions)).into();
        (stage, plans)
    }),
    (Invariant::I6, || {
        let mut stage = Stage::new(wide(3));
        stage.actor("b1").answers = false;
        stage.seconds(11);
        let silent = vec![drained(&stage, "b1", |_| {})];
        let plans = vec![plan(&mut stage, silent)];
        (stage, plans)
    }),
    (Invariant::I6, || {
        let mut stage = Stage::new(wide(3));
        stage.now += secs(200);
        stage.look();
        let blind = vec![drained(&stage, "b1", |_| {})];
        let plans = vec![plan(&mut stage, blind)];
        (stage, plans)
    }),
    (Invariant::I7, || {
        let mut stage = draining();
        let longer = |after: &mut Marks| after.deadline = after.deadline.map(|at| at + secs(60));
        let wrong = [
            mark(&stage, "b1", T::Settle, longer),
            mark(&stage, "b1", T::Rescue, |after| {
                after.intent = Intent::Active;
                after.reason = IntentReason::Rescued;
            }),
            drained(&stage, "b0", |after| after.deadline = None),
            drained(&stage, "b0", |after| after.deadline = Some(START - secs(1))),
        ];
        stage.respec(|pool| {
            pool.spec.min_active = 0;
            pool.spec.drain.max_concurrent = Limit::Count(9);
        });
        let plans = wrong
            .map(|decision| plan(&mut stage, vec![decision]))
            .into();
        (stage, plans)
    }),
    (Invariant::I7, || {
        let mut stage = draining();
        stage.world.observe_skew(-3_600_000);
        stage.world.hear(stage.now);
        let expelled = vec![mark(&stage, "b1", T::Expel, |after| {
            after.intent = Intent::Expel;
            after.reason = IntentReason::DeadlinePassed;
        })];
        let plans = vec![plan(&mut stage, expelled)];
        (stage, plans)
    }),
    (Invariant::I8, || {
        let mut stage = Stage::new(wide(3));
        let counted = vec![drained(&stage, "b1", |after| after.counted = true)];
        let mut marks = Marks::new("new", IntentReason::Surge, stage.now);
        marks.creation = Some("one".to_owned());
        let resource_version = String::new();
        let born = Mark {
            resource_version,
            after: marks,
        };
        let mut born = decision(&stage, "b1", T::Create, Action::Create(Box::new(born)));
        born.pod = None;
        let plans = [counted, vec![born]];
        let plans = plans.map(|decisions| plan(&mut stage, decisions)).into();
        (stage, plans)
    }),
    (Invariant::I9, || {
        let mut stage = Stage::new(wide(3));
        let mut older = drained(&stage, "b1", |_| {});
        if let Action::Mark(mark) = &mut older.action {
            mark.resource_version = "1".to_owned();
        }
        let plans = vec![plan(&mut stage, vec![older])];
        (stage, plans)
    }),
    (Invariant::I10, || {
        let mut stage = draining();
        let wrong = [
            mark(&stage, "b1", T::Settle, |after| after.protected = false),
            mark(&stage, "b1", T::Remove, |after| {
                after.intent = Intent::Remove;
                after.protected = false;
            }),
            mark(&stage, "b1", T::Rescue, |after| {
                after.intent = Intent::Active;
                after.reason = IntentReason::Rescued;
                after.deadline = None;
                after.protected = false;
            }),
        ];
        let plans = wrong
            .map(|decision| plan(&mut stage, vec![decision]))
            .into();
        (stage, plans)
    }),
    (Invariant::I12, || {
        let mut stage = about_to_be_deleted();
        stage.respec(|pool| pool.spec.paused = true);
        let shut_down = Action::Tell(Command::Shutdown);
        let wrong = [
            drained(&stage, "b0", |_| {}),
            deleted(&stage, "b1", None),
            decision(&stage, "b1", T::ShutDown, shut_down),
        ];
        stage.respec(|pool| pool.spec.min_active = 0);
        let plans = wrong
            .map(|decision| plan(&mut stage, vec![decision]))
            .into();
        (stage, plans)
    }),
    (Invariant::I4, || {
        let mut both = wide(2);
        both.min_active = 2;
        let mut stage = Stage::new(both);
        // One that has not confirmed that it takes conferences may take some.
        stage.annotate("b1", annotations::DRAIN_ACKED.name(), None);
        let wrong = ["b0", "b1"].map(|name| vec![drained(&stage, name, |_| {})]);
        let plans = wrong.map(|decisions| plan(&mut stage, decisions)).into();
        (stage, plans)
    }),
    (Invariant::I4, || {
        let mut stage = Stage::outdated(1);
        stage.active("b1", "older");
        stage.active("b2", "older");
        stage.people_everywhere(3);
        stage.look();
        stage.respec(|pool| pool.spec.update.paused = true);
        let last = vec![drained(&stage, "b0", |_| {})];
        let plans = vec![plan(&mut stage, last)];
        (stage, plans)
    }),
    (Invariant::I5, || {
        let mut narrow = spec(4);
        narrow.drain.max_concurrent = Limit::Count(1);
        let mut stage = Stage::new(narrow);
        let two = ["b0", "b1"].map(|name| drained(&stage, name, |_| {}));
        let plans = vec![plan(&mut stage, two.into())];
        (stage, plans)
    }),
    (Invariant::I8, || {
        let mut stage = Stage::new(spec(2));
        let wrong = [1, 3].map(|told| {
            let mut plan = plan(&mut stage, Vec::new());
            plan.tally.as_mut().unwrap().counted = told;
            plan
        });
        (stage, wrong.into())
    }),
    (Invariant::I11, || {
        let mut stage = draining();
        let again = mark(&stage, "b1", T::Drain, |_| {});
        let tell = decision(&stage, "b0", T::Reassert, Action::Tell(Command::Undrain));
        let wrong = [vec![again], vec![tell.clone(), tell]];
        let plans = wrong.map(|decisions| plan(&mut stage, decisions)).into();
        (stage, plans)
    }),
];

#[test]
fn each_rule_notices_the_plan_that_breaks_it() {
    let told: Vec<Invariant> = TABLE.iter().map(|(invariant, _)| *invariant).collect();
    assert_eq!(told, rules());
    for (place, (invariant, wrong)) in TABLE.into_iter().enumerate() {
        let (stage, plans) = wrong();
        for (number, plan) in plans.into_iter().enumerate() {
            let found = violations(&stage.world, &plan);
            let which = format!("{invariant:?}, rule {place}, plan {number}: {found:#?}");
            assert_eq!(broken_by(&stage.world, &plan), [place].into(), "{which}");
            assert!(
                found
                    .iter()
                    .all(|violation| violation.invariant == invariant),
                "{which}"
            );
        }
    }
}

/// At its deadline a bridge with people on it goes by this plan: `Kill` alone lets that pass.
fn only_kill_may(to: fn(&mut Stage) -> Plan) {
    for (then, broken) in [
        (OnDeadline::Move, vec![Invariant::I1]),
        (OnDeadline::Wait, vec![Invariant::I1]),
        (OnDeadline::Kill, vec![]),
    ] {
        let mut stage = past_its_deadline(then);
        let plan = to(&mut stage);
        let found = violations(&stage.world, &plan);
        let found: Vec<Invariant> = found.iter().map(|violation| violation.invariant).collect();
        assert_eq!(found, broken, "{then:?}");
    }
}

#[test]
fn i1_notices_that_people_are_cut_at_the_deadline_although_they_shall_be_moved() {
    only_kill_may(removed_at_once);
}

#[test]
fn i1_notices_a_deletion_at_the_deadline_of_people_that_nobody_tried_to_move() {
    only_kill_may(deleted_at_once);
}

#[test]
fn a_deletion_by_a_leader_that_has_just_begun_to_watch_is_noticed() {
    let mut stage = about_to_be_deleted();
    let decisions = vec![deleted(&stage, "b1", None)];
    for (watched, broken) in [(120, vec![]), (119, vec![Invariant::I1])] {
        stage
            .world
            .observe_answers(stage.now - secs(watched), stage.now);
        let plan = plan(&mut stage, decisions.clone());
        let found = violations(&stage.world, &plan);
        let found: Vec<_> = found.iter().map(|violation| violation.invariant).collect();
        assert_eq!(found, broken, "watched for {watched} s");
    }
}

#[test]
fn a_status_that_selects_what_is_not_counted_is_noticed() {
    let mut stage = Stage::new(spec(2));
    stage.scale(3);
    let plan = stage.decide();
    let mut requests = effects(&mut stage.world, &plan, stage.now);
    assert_eq!(request_violations(&requests), []);
    let told = requests
        .iter_mut()
        .find_map(|request| match &mut request.call {
            Call::PatchStatus { status, .. } => Some(status),
            _ => None,
        });
    told.unwrap().selector = format!("bridgetender.dev/pool={}", pool(spec(2)).name);
    let found: Vec<Violation> = request_violations(&requests);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].invariant, Invariant::I8);
}

#[test]
fn a_patch_that_does_not_name_the_uid_of_what_it_changes_is_noticed() {
    let mut stage = Stage::one_too_many([9, 0]);
    let plan = stage.decide();
    let mut requests = effects(&mut stage.world, &plan, stage.now);
    let mut patches = 0;
    for request in &mut requests {
        if let Call::PatchPod { body, .. } | Call::PatchStatus { body, .. } = &mut request.call {
            patches += 1;
            body["metadata"]["uid"].take();
        }
    }
    let found = request_violations(&requests);
    assert_eq!((patches, found.len()), (2, 2), "{found:#?}");
    assert!(found.iter().all(|found| found.invariant == Invariant::I9));
}
