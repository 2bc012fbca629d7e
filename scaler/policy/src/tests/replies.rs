use std::time::Duration;

use scaler_api::State;
use scaler_api::spec::DeletionPolicy;

use super::stage::{Stage, secs, spec, uid, wide};
use crate::plan::Transition as T;
use crate::world::{Pod, Uid};
use crate::{Call, Outcome, effects, fold};

#[test]
fn nothing_is_asked_twice_while_a_reply_is_awaited() {
    let mut stage = Stage::new(wide(4));
    stage.scale(2);
    let plan = stage.decide();
    assert_eq!(plan.decisions.len(), 2);
    effects(&mut stage.world, &plan, stage.now);
    stage.world.touch();
    assert!(stage.decide().decisions.is_empty());
    stage.scale(6);
    let plan = stage.decide();
    assert_eq!(
        plan.decisions.len(),
        2,
        "two are started, and two can be taken back in a moment"
    );
    effects(&mut stage.world, &plan, stage.now);
    stage.world.touch();
    assert!(stage.decide().decisions.is_empty());
}

#[test]
fn a_conflict_reads_the_pod_and_decides_anew() {
    let mut stage = Stage::one_too_many([9, 0]);
    let plan = stage.decide();
    // Somebody pins it in the same moment, and the event is late.
    let object = stage.objects.get_mut(&uid("b1")).unwrap();
    object
        .annotations
        .insert("bridgetender.dev/pinned".to_owned(), "true".to_owned());
    object.pod.resource_version = "777".to_owned();
    object.pod.marks =
        crate::world::Marks::read(&object.labels, &object.annotations, object.pod.created);
    stage.carry_out(&plan, |_| None);
    stage.seconds(3);
    assert_eq!(
        stage.times(T::Inquire),
        2,
        "all pods at the beginning, and this one"
    );
    assert_eq!(stage.state("b1"), State::Active);
    assert_eq!(stage.state("b0"), State::Draining);
}

#[test]
fn a_patch_without_a_known_outcome_chooses_no_second_victim() {
    let mut stage = Stage::new(spec(3));
    for name in ["b0", "b1", "b2"] {
        stage.people(name, 9);
    }
    stage.second();
    stage.scale(2);
    let plan = stage.decide();
    stage.carry_out_and_lose(&plan, |request| {
        matches!(request.call, Call::PatchPod { .. })
    });
    stage.seconds(30);
    assert_eq!(stage.times(T::Drain), 1);
    assert_eq!(stage.in_state(State::Draining), 1);
}

#[test]
fn an_event_older_than_our_own_write_is_not_believed() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 9);
    stage.people("b1", 2);
    stage.second();
    let old = stage.objects[&uid("b1")].pod.clone();
    stage.scale(1);
    stage.seconds(2);
    stage.world.observe_pod(old, stage.now);
    assert_eq!(stage.state("b1"), State::Draining);
    stage.seconds(5);
    assert_eq!(stage.times(T::Drain), 1);
}

#[test]
fn a_list_does_not_forget_pods_that_are_newer() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.seconds(2);
    let b0 = stage.objects[&uid("b0")].pod.clone();
    stage
        .world
        .observe_list(vec![b0], "2", stage.now, stage.now);
    assert_eq!(stage.world.pods().len(), 2);
}

#[test]
fn a_pod_of_the_same_name_and_another_uid_is_another_one() {
    let mut stage = Stage::new(spec(2));
    let request = crate::Request {
        call: Call::ReadPod {
            name: "b1".to_owned(),
            uid: uid("b1"),
        },
        decision: None,
        at: stage.now,
        not_after: stage.now,
    };
    let mut other = stage.objects[&uid("b1")].pod.clone();
    other.uid = uid("other");
    fold(
        &mut stage.world,
        &request,
        Outcome::Pod(Box::new(other)),
        stage.now,
    );
    assert_eq!(stage.state("b1"), State::Gone);
    assert!(!stage.world.pods().contains_key(&uid("other")));
}

#[test]
fn the_status_is_written_when_the_count_changes_and_otherwise_not_often() {
    let mut stage = Stage::new(spec(2));
    stage.seconds(60);
    let writes = |stage: &Stage| {
        stage
            .sent
            .iter()
            .filter(|r| matches!(r.call, Call::PatchStatus { .. }))
            .count()
    };
    let before = writes(&stage);
    stage.seconds(60);
    assert_eq!(writes(&stage), before, "nothing new, nothing written");
    stage.scale(3);
    stage.second();
    let status = &stage.world.pool().status;
    assert_eq!(status.replicas, 3);
    assert_eq!(
        status.selector,
        "bridgetender.dev/pool=pool,bridgetender.dev/counted=true"
    );
    assert!(status.last_decision.is_some());
    assert!(
        status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Available" && condition.status == "True")
    );
}

/// Decides and sends; the writes of the status come back for the test to answer them.
fn statuses(stage: &mut Stage) -> Vec<crate::Request> {
    stage.world.touch();
    let plan = stage.decide();
    let (statuses, others): (Vec<_>, Vec<_>) = effects(&mut stage.world, &plan, stage.now)
        .into_iter()
        .partition(|request| matches!(request.call, Call::PatchStatus { .. }));
    for request in others {
        let outcome = stage.answer(&request);
        fold(&mut stage.world, &request, outcome, stage.now);
    }
    statuses
}

#[test]
fn while_a_status_is_under_way_no_other_one_is_sent() {
    let mut stage = Stage::new(spec(2));
    stage.seconds(60);
    stage.scale(3);
    let sent = statuses(&mut stage);
    assert_eq!(sent.len(), 1);
    stage.scale(4);
    assert!(statuses(&mut stage).is_empty());
    fold(&mut stage.world, &sent[0], Outcome::Done, stage.now);
    assert_eq!(statuses(&mut stage).len(), 1, "what changed meanwhile");
}

#[test]
fn a_count_that_is_told_late_is_not_written_again_at_once() {
    let mut stage = Stage::new(spec(2));
    stage.seconds(60);
    let before = stage.world.pool().clone();
    stage.scale(3);
    stage.second();
    assert_eq!(stage.world.pool().status.replicas, 3);
    for _ in 0..3 {
        let mut late = before.clone();
        late.spec = stage.world.pool().spec.clone();
        stage.world.observe_pool(late);
        assert_eq!(stage.world.pool().status.replicas, 2);
        assert!(statuses(&mut stage).is_empty());
    }
    stage.now += stage.world.tuning().status_interval;
    assert_eq!(
        statuses(&mut stage).len(),
        1,
        "it may have been somebody else"
    );
}

#[test]
fn a_status_that_was_refused_is_not_repeated_at_once() {
    let mut stage = Stage::new(spec(2));
    stage.seconds(60);
    stage.scale(3);
    let sent = statuses(&mut stage);
    let throttled = Outcome::Refused("too many requests".to_owned());
    fold(&mut stage.world, &sent[0], throttled, stage.now);
    assert!(statuses(&mut stage).is_empty());
    let pause = stage.world.tuning().status_interval;
    assert!(stage.world.wake() <= stage.now + pause);
    stage.now += pause;
    assert_eq!(statuses(&mut stage).len(), 1);
}

#[test]
fn a_new_leader_lists_all_pods_before_it_decides_anything() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 9);
    stage.people("b1", 2);
    stage.second();
    let old = stage.objects[&uid("b1")].pod.clone();
    stage.scale(1);
    stage.seconds(2);
    stage.lead_anew();
    // The cache that it begins with is of before the drain.
    stage.world.observe_pod(old, stage.now);
    let plan = stage.decide();
    assert_eq!(plan.decisions.len(), 1, "{plan:?}");
    assert_eq!(plan.decisions[0].action, crate::Action::List);
    stage.seconds(5);
    assert_eq!(stage.times(T::Drain), 1);
    assert_eq!(stage.state("b1"), State::Draining);
}

#[test]
fn no_answer_of_before_brings_a_pod_back_that_is_gone_and_an_event_does() {
    type Answered = fn(&Stage, Pod) -> (Call, Outcome);
    let answers: [(&str, Answered); 3] = [
        ("a patch", |_, pod| {
            let call = Call::PatchPod {
                name: pod.name.clone(),
                uid: pod.uid.clone(),
                body: serde_json::Value::Null,
                owner: None,
            };
            (call, Outcome::Pod(Box::new(pod)))
        }),
        ("a read", |_, pod| {
            let call = Call::ReadPod {
                name: pod.name.clone(),
                uid: pod.uid.clone(),
            };
            (call, Outcome::Pod(Box::new(pod)))
        }),
        ("a list", |stage, pod| {
            let others = stage.objects.values().map(|object| object.pod.clone());
            let pods = others.chain([pod]).collect();
            let version = "999".to_owned();
            (Call::ListPods, Outcome::Pods { pods, version })
        }),
    ];
    for (what, answered) in answers {
        let mut stage = Stage::new(spec(2));
        let old = stage.objects.remove(&uid("b1")).unwrap().pod;
        stage.actors.remove(&uid("b1"));
        let (call, outcome) = answered(&stage, old.clone());
        let request = crate::Request {
            call,
            decision: None,
            at: stage.now,
            not_after: stage.now + secs(10),
        };
        stage.now += secs(1);
        stage.world.observe_gone(&uid("b1"), stage.now);
        stage.now += secs(1);
        fold(&mut stage.world, &request, outcome, stage.now);
        assert_eq!(stage.state("b1"), State::Gone, "{what}");
        // It lost its label for a while.
        stage.world.observe_pod(old, stage.now);
        assert_ne!(stage.state("b1"), State::Gone, "{what}");
    }
}

#[test]
fn a_list_of_afterwards_is_believed() {
    let mut stage = Stage::new(spec(2));
    let old = stage.objects[&uid("b1")].pod.clone();
    stage.world.observe_gone(&uid("b1"), stage.now);
    stage.now += secs(1);
    stage
        .world
        .observe_list(vec![old], "999", stage.now, stage.now);
    assert_eq!(stage.state("b1"), State::Active);
}

/// How many of these requests are sent within five minutes in which each has this outcome, at a step every fifth of a second.
fn sent_in_vain(mut stage: Stage, of: fn(&Call) -> bool, outcome: &Outcome) -> usize {
    let mut sent = 0;
    for step in 0..1500 {
        stage.now += Duration::from_millis(200);
        stage.world.hear(stage.now);
        if step % 5 == 0 {
            stage.look();
        }
        let plan = stage.decide();
        for request in effects(&mut stage.world, &plan, stage.now) {
            let vain = of(&request.call);
            sent += usize::from(vain);
            let outcome = if vain {
                outcome.clone()
            } else {
                stage.answer(&request)
            };
            fold(&mut stage.world, &request, outcome, stage.now);
        }
    }
    sent
}

#[test]
fn what_fails_again_and_again_is_asked_for_ever_later() {
    let patches = |call: &Call| matches!(call, Call::PatchPod { .. });
    let deletes = |call: &Call| matches!(call, Call::DeletePod { .. });
    let creates = |call: &Call| matches!(call, Call::CreatePod { .. });
    let too_few = || {
        let mut stage = Stage::new(spec(1));
        stage.scale(2);
        stage
    };
    let one_too_many = || Stage::one_too_many([9, 0]);
    let failed = Outcome::Unknown;
    for (what, most, sent) in [
        // The other bridge is tried in its place.
        ("patch", 40, sent_in_vain(one_too_many(), patches, &failed)),
        ("delete", 20, sent_in_vain(one_too_many(), deletes, &failed)),
        ("create", 12, sent_in_vain(too_few(), creates, &failed)),
    ] {
        assert!((4..=most).contains(&sent), "{sent} times: {what}");
    }
}

#[test]
fn a_finalizer_that_may_not_be_set_is_tried_again_after_a_while_and_one_that_met_another_version_at_once()
 {
    let pool = |call: &Call| matches!(call, Call::PatchPool { .. });
    let held = || {
        let mut stage = Stage::new(spec(1));
        stage.respec(|pool| pool.spec.deletion_policy = DeletionPolicy::Drain);
        stage
    };
    for outcome in [
        Outcome::Refused("you may not".to_owned()),
        Outcome::Unknown,
        Outcome::Conflict,
    ] {
        let sent = sent_in_vain(held(), pool, &outcome);
        assert!((20..=31).contains(&sent), "{sent} times: {outcome:?}");
    }
    let mut stage = held();
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        pool(&request.call).then_some(Outcome::Conflict)
    });
    stage.respec(|pool| pool.resource_version = "2".to_owned());
    stage.act();
    assert!(stage.world.pool().held());
}

/// Which pod a request is about.
fn about(call: &Call) -> Option<&Uid> {
    match call {
        Call::PatchPod { uid, .. }
        | Call::DeletePod { uid, .. }
        | Call::Bridge { uid, .. }
        | Call::MoveRoom { uid, .. }
        | Call::ReadPod { uid, .. } => Some(uid),
        _ => None,
    }
}

#[test]
fn a_request_names_the_decision_that_it_carries_out_also_where_another_came_to_nothing() {
    let plan_of = || {
        let mut stage = Stage::new(spec(4));
        for name in ["b1", "b2", "b3"] {
            stage.actor(name).flags.drain = true;
        }
        stage.look();
        let plan = stage.decide();
        let about: Vec<Uid> = plan
            .decisions
            .iter()
            .filter_map(|it| Some(it.pod.as_ref()?.uid.clone()))
            .collect();
        assert_eq!(about, ["b1", "b2", "b3"].map(uid));
        (stage, plan)
    };
    for gone in [None, Some("b1"), Some("b2"), Some("b3")] {
        let (mut stage, plan) = plan_of();
        if let Some(gone) = gone {
            stage.world.observe_gone(&uid(gone), stage.now);
        }
        let requests = effects(&mut stage.world, &plan, stage.now);
        for request in &requests {
            let of = request
                .decision
                .and_then(|place| plan.decisions[place].pod.as_ref());
            assert_eq!(of.map(|pod| &pod.uid), about(&request.call), "{request:?}");
        }
        let places: Vec<usize> = requests.iter().filter_map(|it| it.decision).collect();
        let left = (0..3).filter(|place| gone != Some(["b1", "b2", "b3"][*place]));
        assert_eq!(places, left.collect::<Vec<_>>(), "without {gone:?}");
    }
}
