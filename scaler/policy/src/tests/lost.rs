use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use scaler_api::State;
use scaler_api::spec::{DeletionPolicy, OnDeadline};

use super::stage::{Stage, secs, spec, uid};
use crate::plan::Transition as T;
use crate::world::{Container, Node, Owner, Phase, Presence, Running};
use crate::{Call, Outcome};

#[test]
fn a_bridge_that_somebody_else_deleted_is_replaced_at_once() {
    let mut stage = Stage::new(spec(2));
    let now = stage.now;
    stage.change("b1", |object| object.pod.deletion = Some(now + secs(60)));
    stage.second();
    assert_eq!(stage.state("b1"), State::Preempted);
    assert!(!stage.marks("b1").counted);
    assert_eq!(stage.times(T::Create), 1);
    assert!(!stage.life("b1").contains(&T::Delete));
}

#[test]
fn a_silent_bridge_is_kept_counted_while_nobody_else_misses_it() {
    let mut stage = Stage::new(spec(2));
    stage.actor("b1").answers = false;
    stage.seconds(300);
    assert!(stage.marks("b1").counted);
    assert_eq!(stage.times(T::Create), 0);
}

#[test]
fn a_silent_bridge_that_jicofo_lost_is_replaced_and_kept() {
    let mut stage = Stage::new(spec(2));
    stage.people("b1", 4);
    stage.second();
    stage.actor("b1").answers = false;
    for _ in 0..40 {
        stage.second();
        stage.world.observe_jicofo(crate::world::Presence::Here(
            ["b0".to_owned(), "n1".to_owned()].into(),
        ));
        stage.act();
    }
    assert!(!stage.marks("b1").counted);
    assert_eq!(stage.times(T::Create), 1);
    stage.seconds(600);
    assert!(
        stage.objects.contains_key(&super::stage::uid("b1")),
        "unknown is busy"
    );
}

#[test]
fn a_bridge_that_comes_back_into_sight_is_drained_when_it_is_one_too_many() {
    let mut stage = Stage::new(spec(2));
    node(&mut stage, "b1", false);
    stage.actor("b1").answers = false;
    stage.seconds(40);
    assert_eq!(stage.times(T::Uncount), 1);
    node(&mut stage, "b1", true);
    stage.actor("b1").answers = true;
    stage.seconds(60);
    assert_eq!(stage.in_state(State::Active), 2);
    assert_eq!(stage.counted(), 2);
}

fn node_is(stage: &mut Stage, ready: bool) {
    stage.world.observe_node(
        Node {
            name: "node".to_owned(),
            zone: String::new(),
            ready,
            signals: std::collections::BTreeSet::new(),
        },
        stage.now,
    );
}

/// This bridge is on a node that is ready or not.
pub(super) fn node(stage: &mut Stage, name: &str, ready: bool) {
    node_is(stage, ready);
    stage.change(name, |object| object.pod.node = Some("node".to_owned()));
}

#[test]
fn a_bridge_that_crashes_again_and_again_is_replaced() {
    let mut stage = Stage::new(spec(2));
    stage.change("b1", |object| {
        let container = object.pod.container.as_mut().unwrap();
        container.restarts = 7;
        container.running = Running::Waiting;
    });
    stage.seconds(30);
    assert_eq!(stage.state("b1"), State::Gone);
    assert_eq!(stage.in_state(State::Active), 2);
}

#[test]
fn an_active_bridge_that_restarts_is_starting_until_it_has_joined() {
    let mut stage = Stage::new(spec(1));
    stage.restart("b0");
    stage.actor("b0").joined = false;
    stage.second();
    assert_eq!(stage.state("b0"), State::Starting);
    assert!(stage.marks("b0").counted);
}

#[test]
fn a_pod_of_another_owner_is_not_touched() {
    let mut stage = Stage::new(spec(1));
    stage.active("alien", "new");
    stage.change("alien", |object| object.pod.owner = Owner::Other);
    stage.seconds(30);
    assert!(stage.life("alien").is_empty());
    assert_eq!(stage.counted(), 1);
}

#[test]
fn a_pod_without_an_owner_is_taken_up() {
    let mut stage = Stage::new(spec(1));
    stage.change("b0", |object| object.pod.owner = Owner::Nobody);
    stage.second();
    assert_eq!(
        stage.objects[&super::stage::uid("b0")].pod.owner,
        Owner::Pool
    );
}

#[test]
fn a_pod_is_given_to_a_pool_that_is_there_alone_and_keeps_whoever_else_owns_it() {
    let mut stage = Stage::new(spec(1));
    let other = OwnerReference {
        api_version: "example.org/v1".to_owned(),
        kind: "Tenant".to_owned(),
        name: "school".to_owned(),
        uid: "tenant".to_owned(),
        ..OwnerReference::default()
    };
    stage.change("b0", |object| {
        object.pod.owner = Owner::Nobody;
        object.pod.co_owners = vec![other];
    });
    // The pool was deleted meanwhile, which its watch has not told.
    let plan = stage.decide();
    let asked = std::cell::RefCell::new(Vec::new());
    stage.carry_out(&plan, |request| match &request.call {
        Call::PatchPod { owner, body, .. } => {
            let owners = &body["metadata"]["ownerReferences"];
            let uids = [0, 1].map(|n| owners[n]["uid"].as_str().unwrap_or_default().to_owned());
            asked.borrow_mut().push((owner.clone(), uids));
            Some(Outcome::Refused("it is gone".to_owned()))
        }
        _ => None,
    });
    let uids = ["pool-uid", "tenant"].map(str::to_owned);
    assert_eq!(asked.into_inner(), [(Some(uid("pool-uid")), uids)]);
    stage.seconds(5);
    assert_eq!(stage.times(T::Adopt), 1, "not again at once");
}

#[test]
fn a_bridge_that_restarts_after_long_service_has_the_whole_time_to_come_up() {
    let mut stage = Stage::new(spec(2));
    stage.change("b1", |object| {
        object.pod.container.as_mut().unwrap().running = Running::Waiting;
    });
    stage.seconds(5);
    assert_eq!(stage.state("b1"), State::Pending);
    stage.restart("b1");
    stage.actor("b1").joined = false;
    stage.seconds(500);
    assert_eq!(stage.times(T::StartFailed), 0);
    stage.seconds(110);
    assert_eq!(stage.times(T::StartFailed), 1);
}

#[test]
fn a_forged_confirmation_makes_no_failed_start() {
    let mut stage = Stage::new(spec(2));
    let forged = r#"{"containerID":"other","startup_time":1,"drain":false}"#;
    for name in ["b0", "b1"] {
        stage.annotate(name, "bridgetender.dev/drain-acked", Some(forged));
        stage.actor(name).joined = false;
    }
    stage.seconds(60);
    assert_eq!(stage.times(T::StartFailed), 0);
    assert_eq!(
        stage.in_state(State::Active),
        2,
        "they were seen in their brewery before"
    );
}

#[test]
fn a_new_leader_misses_nobody_before_it_has_looked() {
    let mut stage = Stage::new(spec(2));
    node(&mut stage, "b0", false);
    stage.lead_anew();
    node(&mut stage, "b0", false);
    for _ in 0..3 {
        stage.act();
    }
    assert_eq!(stage.times(T::Uncount), 0);
}

#[test]
fn a_bridge_whose_kubelet_is_cut_off_may_run_whatever_was_said_of_it_last() {
    // (how it was seen last, whether it is removed although its node is out of touch)
    type Seen = fn(&mut super::stage::Object);
    let cases: [(&str, Seen, bool); 3] = [
        (
            "it never ran",
            |object| {
                object.pod.container = None;
                object.pod.phase = Phase::Pending;
            },
            false,
        ),
        (
            "it crashes again and again",
            |object| {
                let container = object.pod.container.as_mut().unwrap();
                container.restarts = 7;
                container.running = Running::Waiting;
            },
            false,
        ),
        (
            "it ended for good",
            |object| object.pod.phase = Phase::Failed,
            true,
        ),
    ];
    for (what, seen, removed) in cases {
        let mut stage = Stage::new(spec(2));
        stage.change("b1", |object| {
            object.pod.ready = false;
            seen(object);
        });
        stage.actor("b1").answers = false;
        node(&mut stage, "b1", false);
        stage.scale(1);
        stage.seconds(30);
        assert_eq!(stage.state("b1") == State::Gone, removed, "{what}");
        node_is(&mut stage, true);
        stage.seconds(30);
        assert_eq!(
            stage.state("b1"),
            State::Gone,
            "{what}, and its node is back"
        );
    }
}

#[test]
fn a_start_has_not_failed_where_only_this_controller_does_not_know_that_it_serves() {
    // (whether it answers, whether it joined, whether its kubelet says that it is Ready, whether it is drained for that)
    for (answers, joined, ready, drained) in [
        (true, true, false, false),
        (true, false, true, true),
        (false, true, true, false),
        (false, true, false, true),
    ] {
        let mut stage = Stage::new(spec(2));
        stage.restart("b1");
        stage.change("b1", |object| object.pod.ready = ready);
        stage.actor("b1").answers = answers;
        stage.actor("b1").joined = joined;
        for _ in 0..700 {
            stage.tick();
            let plan = stage.decide();
            // No patch of it is taken, as while its watch is stalled.
            stage.carry_out(&plan, |request| match &request.call {
                Call::PatchPod { body, .. } => {
                    let acked = &body["metadata"]["annotations"]["bridgetender.dev/drain-acked"];
                    acked.is_string().then_some(Outcome::Conflict)
                }
                _ => None,
            });
        }
        let case = format!("answers {answers}, joined {joined}, ready {ready}");
        assert_eq!(stage.times(T::StartFailed) > 0, drained, "{case}");
    }
}

#[test]
fn no_start_has_failed_while_jicofo_is_away() {
    let mut stage = Stage::new(spec(2));
    stage.restart("b1");
    stage.actor("b1").joined = false;
    let now = stage.now;
    stage.world.observe_jicofo(Presence::Away(now));
    stage.seconds(700);
    assert_eq!(stage.times(T::StartFailed), 0);
    stage.world.observe_jicofo(Presence::Here([].into()));
    stage.seconds(2);
    assert_eq!(stage.times(T::StartFailed), 1);
}

#[test]
fn where_nodes_are_not_watched_none_of_them_is_missed() {
    let mut stage = Stage::new(spec(2));
    stage.change("b1", |object| object.pod.node = Some("node".to_owned()));
    stage.actor("b1").answers = false;
    stage.seconds(60);
    assert_eq!(stage.times(T::Uncount), 0);
    // Once one is known, all are watched, and this one is not there.
    stage.world.observe_node(
        Node {
            name: "other".to_owned(),
            zone: String::new(),
            ready: true,
            signals: [].into(),
        },
        stage.now,
    );
    stage.second();
    assert_eq!(stage.times(T::Uncount), 1);
}

/// The container of a bridge on a node of which nothing is heard waits, as far as anybody knows.
fn waits_out_of_sight(stage: &mut Stage, name: &str, restarts: u32) {
    node(stage, name, false);
    stage.change(name, |object| {
        object.pod.container = Some(Container {
            id: String::new(),
            running: Running::Waiting,
            restarts,
        });
    });
}

fn soon(replicas: u32) -> scaler_api::BridgePoolSpec {
    let mut soon = spec(replicas);
    soon.drain.deadline = scaler_api::Duration::from_mins(10);
    soon
}

#[test]
fn a_bridge_that_waits_on_a_node_that_is_lost_is_told_replaced_and_goes_by_its_deadline() {
    let mut stage = Stage::new(soon(2));
    stage.boots = false;
    stage.scale(3);
    stage.second();
    waits_out_of_sight(&mut stage, "n1", 0);
    stage.boots = true;
    stage.seconds(20);
    assert_eq!(stage.condition("BridgesUnknown").status, "False");
    stage.seconds(20);
    let told = stage.condition("BridgesUnknown");
    assert_eq!(told.reason, "Unreachable", "{}", told.message);
    assert!(told.message.contains("n1"), "{}", told.message);
    assert_eq!(stage.world.pool().status.unknown, 1);
    assert_eq!(stage.in_state(State::Active), 3, "replaced");
    stage.seconds(1800);
    assert_eq!(stage.state("n1"), State::Gone);
}

#[test]
fn a_bridge_that_did_not_stay_up_on_a_node_that_is_lost_does_not_hold_its_pool_for_ever() {
    for running in [Running::Waiting, Running::Terminated] {
        let mut draining = soon(2);
        draining.deletion_policy = DeletionPolicy::Drain;
        draining.drain.on_deadline = OnDeadline::Kill;
        let mut stage = Stage::new(draining);
        stage.second();
        waits_out_of_sight(&mut stage, "b1", 7);
        stage.change("b1", |object| {
            object.pod.container.as_mut().unwrap().running = running;
        });
        stage.second();
        let now = stage.now;
        stage.respec(|pool| pool.deletion = Some(now));
        stage.seconds(500);
        assert_eq!(stage.state("b1"), State::DrainRequested, "unknown is busy");
        stage.seconds(200);
        assert_eq!(stage.state("b1"), State::Gone);
        assert!(!stage.world.pool().held());
    }
}
