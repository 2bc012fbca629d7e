use std::time::Duration;

use scaler_api::State;
use scaler_api::state::IntentReason;
use scaler_api::status::Reason;

use super::stage::{Stage, one_warm, spec, wide};
use crate::plan::Transition as T;
use crate::world::Phase;
use crate::{Call, Outcome, Request, effects, fold};

fn creates(request: &Request) -> bool {
    matches!(request.call, Call::CreatePod { .. })
}

/// Two bridges, of which the second drains.
fn draining() -> Stage {
    let mut stage = Stage::one_too_many([9, 3]);
    stage.seconds(5);
    stage
}

#[test]
fn a_new_bridge_is_counted_and_protected_from_birth() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.boots = false;
    stage.second();
    assert_eq!(stage.state("n1"), State::Pending);
    let marks = stage.marks("n1");
    assert!(marks.counted && marks.protected && !marks.safe_to_evict);
    assert_eq!(stage.counted(), 2);
}

#[test]
fn health_alone_does_not_make_a_bridge_take_conferences() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.second();
    assert_eq!(stage.state("n1"), State::Starting);
    stage.actor("n1").joined = false;
    let mut late = Stage::empty(spec(1));
    late.active("b0", "new");
    late.restart("b0");
    late.actor("b0").joined = false;
    late.seconds(30);
    assert_eq!(
        late.state("b0"),
        State::Starting,
        "it has not joined its brewery"
    );
    late.actor("b0").joined = true;
    late.seconds(2);
    assert_eq!(late.state("b0"), State::Active);
}

#[test]
fn a_bridge_that_left_its_brewery_again_stays_active() {
    let mut stage = Stage::new(spec(1));
    stage.actor("b0").joined = false;
    stage.seconds(5);
    assert_eq!(stage.state("b0"), State::Active);
}

#[test]
fn a_bridge_born_draining_is_undrained() {
    let mut stage = Stage::new(spec(1));
    stage.restart("b0");
    stage.actor("b0").flags.drain = true;
    stage.seconds(3);
    assert!(!stage.actor("b0").flags.drain);
    assert_eq!(stage.state("b0"), State::Active);
}

#[test]
fn a_draining_bridge_is_taken_back_before_one_is_started() {
    let mut stage = draining();
    assert_eq!(stage.state("b1"), State::Draining);
    stage.scale(2);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Active);
    assert_eq!(stage.times(T::Create), 0);
    assert_eq!(stage.times(T::Rescue), 1);
    let marks = stage.marks("b1");
    assert!(marks.counted && marks.protected);
    assert_eq!((marks.deadline, marks.zero_since), (None, None));
}

#[test]
fn a_new_leader_looks_at_a_draining_bridge_before_it_starts_another() {
    let led_anew = |answers| {
        let mut stage = draining();
        stage.lead_anew();
        stage.scale(2);
        stage.actor("b1").answers = answers;
        // The list of the pods comes before the first look.
        for _ in 0..5 {
            stage.act();
        }
        assert_eq!((stage.times(T::Rescue), stage.times(T::Create)), (0, 0));
        stage.seconds(2);
        (stage.times(T::Rescue), stage.times(T::Create))
    };
    assert_eq!(led_anew(true), (1, 0));
    assert_eq!(
        led_anew(false),
        (0, 1),
        "one that is silent is not waited for"
    );
}

#[test]
fn a_new_drain_after_a_rescue_has_the_whole_time() {
    let mut stage = draining();
    let first = stage.marks("b1").deadline.unwrap();
    stage.scale(2);
    stage.seconds(5);
    stage.scale(1);
    stage.seconds(5);
    assert!(stage.marks("b1").deadline.unwrap() > first);
}

#[test]
fn a_full_bridge_is_not_worth_taking_back() {
    let mut stage = draining();
    stage.actor("b1").stress = 0.9;
    stage.second();
    stage.scale(2);
    stage.seconds(3);
    assert_eq!((stage.times(T::Rescue), stage.times(T::Create)), (0, 1));
}

#[test]
fn a_bridge_that_is_about_to_be_removed_can_still_be_taken_back() {
    let mut stage = Stage::one_too_many([9, 0]);
    stage.until_in("b1", State::Settling);
    stage.seconds(13);
    stage.scale(2);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Active);
    assert_eq!(stage.times(T::Create), 0);
}

#[test]
fn a_warm_bridge_is_woken_before_one_is_started() {
    let mut stage = Stage::new(one_warm(2));
    stage.scale(1);
    stage.seconds(40);
    assert_eq!(stage.in_state(State::Warm), 1);
    stage.scale(2);
    stage.seconds(3);
    assert_eq!((stage.times(T::Wake), stage.times(T::Create)), (1, 0));
    assert_eq!(stage.in_state(State::Active), 2);
}

#[test]
fn flapping_costs_no_starts_and_cuts_nobody() {
    let mut stage = Stage::new(wide(10));
    stage.people_everywhere(5);
    stage.second();
    stage.scale(3);
    stage.seconds(30);
    assert_eq!(stage.in_state(State::Active), 3);
    stage.scale(10);
    stage.seconds(5);
    assert_eq!(stage.in_state(State::Active), 10);
    assert_eq!((stage.times(T::Create), stage.times(T::Delete)), (0, 0));
}

#[test]
fn a_creation_without_a_reply_is_not_repeated() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    let plan = stage.decide();
    // It succeeded, but nobody heard of it: the stage has the pod and the world does not.
    stage.carry_out_and_lose(&plan, creates);
    stage.seconds(20);
    assert_eq!(
        stage.objects.len(),
        2,
        "found by its label, and not started twice"
    );
    assert_eq!(stage.times(T::Create), 1);
}

#[test]
fn a_creation_that_failed_without_a_reply_is_made_good() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        creates(request).then_some(Outcome::Unknown)
    });
    stage.seconds(20);
    assert_eq!(stage.objects.len(), 2);
}

#[test]
fn refused_creations_are_repeated_ever_later_and_told() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    for _ in 0..300 {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| {
            creates(request).then(|| Outcome::Refused("exceeded quota".to_owned()))
        });
    }
    assert!(
        (4..=7).contains(&stage.times(T::Create)),
        "{}",
        stage.times(T::Create)
    );
    assert!(stage.finding(Reason::CreationRefused));
}

#[test]
fn a_start_that_takes_too_long_has_failed() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.boots = false;
    stage.second();
    assert_eq!(stage.times(T::Create), 1);
    stage.seconds(600);
    assert_eq!(stage.times(T::StartFailed), 0, "it has ten minutes");
    stage.second();
    assert_eq!(stage.times(T::StartFailed), 1);
    stage.seconds(3);
    assert_eq!(stage.state("n1"), State::Gone);
    assert_eq!(stage.times(T::Create), 1, "not at once");
    stage.seconds(15);
    assert_eq!(stage.times(T::Create), 2);
}

#[test]
fn a_bridge_that_does_not_join_its_brewery_in_time_is_replaced_and_drained() {
    let mut stage = Stage::new(spec(2));
    stage.restart("b1");
    stage.actor("b1").joined = false;
    stage.seconds(602);
    assert_eq!(stage.marks("b1").reason, IntentReason::Failed);
    assert!(!stage.marks("b1").counted);
    stage.seconds(60);
    assert_eq!(stage.in_state(State::Active), 2);
    assert_eq!(stage.state("b1"), State::Gone, "nobody was on it");
}

#[test]
fn max_replicas_holds_and_is_told() {
    let mut capped = spec(2);
    capped.max_replicas = Some(2);
    let mut stage = Stage::new(capped);
    stage.scale(5);
    stage.seconds(3);
    assert_eq!(stage.counted(), 2);
    assert!(stage.finding(Reason::MaxReplicas));
}

#[test]
fn each_bridge_gets_a_slot_of_its_own_until_there_is_none() {
    let mut slots = spec(0);
    slots.replicas = 3;
    slots.max_replicas = Some(3);
    slots.slots = Some(scaler_api::spec::Slots {
        first_port: 10_000,
        count: 2,
    });
    let mut stage = Stage::empty(slots);
    stage.seconds(3);
    let slots: Vec<_> = stage
        .objects
        .values()
        .map(|object| object.labels["bridgetender.dev/slot"].clone())
        .collect();
    assert_eq!(slots, ["0", "1"]);
    assert!(stage.finding(Reason::SlotsExhausted));
}

#[test]
fn a_finished_bridge_is_cleared_away_and_replaced() {
    let mut stage = Stage::new(spec(2));
    stage.change("b1", |object| object.pod.phase = Phase::Failed);
    stage.seconds(20);
    assert_eq!(stage.state("b1"), State::Gone);
    assert_eq!(stage.in_state(State::Active), 2);
}

#[test]
fn a_bridge_about_which_something_is_under_way_is_waited_for_and_none_is_started() {
    let mut stage = Stage::one_too_many([9, 3]);
    let plan = stage.decide();
    crate::effects(&mut stage.world, &plan, stage.now);
    stage.scale(2);
    assert!(
        stage.decide().decisions.is_empty(),
        "the drain is under way and can be called off in a moment"
    );
}

#[test]
fn what_is_wrong_is_the_reason_of_a_condition_whatever_somebody_wanted_besides() {
    let mut wide = spec(1);
    wide.min_active = 3;
    let mut stage = Stage::new(wide);
    for _ in 0..3 {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| {
            creates(request).then(|| Outcome::Refused("exceeded quota".to_owned()))
        });
    }
    assert!(stage.finding(Reason::MinActive));
    let limited = stage.condition("ScalingLimited");
    assert_eq!(limited.reason, "CreationRefused", "{}", limited.message);
}

#[test]
fn a_template_that_the_api_server_takes_no_pod_of_is_told_until_it_is_another_one() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.tick();
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        creates(request).then(|| Outcome::Invalid("spec.containers: Required value".to_owned()))
    });
    let told = stage.condition("TemplateInvalid");
    assert_eq!(told.reason, "TemplateRefused");
    assert!(told.message.contains("Required value"), "{}", told.message);
    assert!(stage.finding(Reason::CreationRefused), "it waits, too");
    stage.respec(|pool| pool.revision = "newer".to_owned());
    assert_eq!(stage.condition("TemplateInvalid").status, "False");
}

#[test]
fn a_template_that_cannot_get_its_sidecar_is_told_until_it_is_another_one() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.tick();
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        creates(request).then(|| Outcome::Unmade("spec.sidecar is native".to_owned()))
    });
    let told = stage.condition("TemplateInvalid");
    assert_eq!(told.reason, "InjectionRefused");
    assert!(told.message.contains("is native"), "{}", told.message);
    let limited = stage.condition("ScalingLimited");
    assert_eq!(limited.reason, "CreationRefused");
    assert!(
        limited.message.contains("TemplateInvalid"),
        "{}",
        limited.message
    );
    stage.respec(|pool| pool.revision = "newer".to_owned());
    assert_eq!(stage.condition("TemplateInvalid").status, "False");
}

#[test]
fn the_answers_of_one_burst_are_one_refusal() {
    let mut stage = Stage::new(spec(1));
    stage.scale(9);
    stage.tick();
    let plan = stage.decide();
    let requests = effects(&mut stage.world, &plan, stage.now);
    assert!(requests.iter().filter(|request| creates(request)).count() > 2);
    for request in requests.iter().filter(|request| creates(request)) {
        stage.now += Duration::from_millis(10);
        let refused = Outcome::Refused("exceeded quota".to_owned());
        fold(&mut stage.world, request, refused, stage.now);
    }
    let times = stage
        .world
        .memory()
        .refused
        .as_ref()
        .map(|(times, ..)| *times);
    assert_eq!(times, Some(1));
}

#[test]
fn creations_that_were_turned_away_for_now_are_asked_for_again_at_once() {
    let mut stage = Stage::new(spec(1));
    stage.scale(4);
    stage.tick();
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        creates(request).then_some(Outcome::Throttled)
    });
    assert!(!stage.finding(Reason::CreationRefused));
    stage.second();
    assert_eq!(stage.objects.len(), 4);
}

#[test]
fn refused_creations_are_told_only_while_a_bridge_is_missing() {
    let mut stage = Stage::new(spec(1));
    stage.scale(2);
    stage.tick();
    let plan = stage.decide();
    stage.carry_out(&plan, |request| {
        creates(request).then(|| Outcome::Refused("exceeded quota".to_owned()))
    });
    assert!(stage.finding(Reason::CreationRefused));
    stage.scale(1);
    assert!(!stage.finding(Reason::CreationRefused));
}
