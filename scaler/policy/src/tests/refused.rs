//! The API server refuses what is decided about a bridge: a webhook, a policy or a missing right is in the way.

use scaler_api::State;

use super::stage::{Stage, uid};
use crate::plan::Transition as T;
use crate::{Call, Outcome, Request};

const SAID: &str = "admission webhook \"pods.example.org\" denied the request";

/// For so many seconds whatever `is` of this kind is refused.
fn refuse(stage: &mut Stage, seconds: u32, is: impl Fn(&Request) -> bool) {
    for _ in 0..seconds {
        stage.tick();
        loop {
            let plan = stage.decide();
            stage.carry_out(&plan, |request| {
                is(request).then(|| Outcome::Refused(SAID.to_owned()))
            });
            if plan.decisions.is_empty() {
                break;
            }
        }
    }
}

fn patches_b1(request: &Request) -> bool {
    matches!(&request.call, Call::PatchPod { uid: of, .. } if *of == uid("b1"))
}

fn deletes(request: &Request) -> bool {
    matches!(request.call, Call::DeletePod { .. })
}

/// Two bridges are wanted, and the second drains.
fn one_to_take_back() -> Stage {
    let mut stage = Stage::one_too_many([9, 3]);
    stage.seconds(5);
    assert_eq!(stage.state("b1"), State::Draining);
    stage.scale(2);
    stage
}

#[test]
fn a_draining_bridge_that_cannot_be_taken_back_is_no_reason_not_to_start_another() {
    let mut stage = one_to_take_back();
    refuse(&mut stage, 1, patches_b1);
    assert_eq!(stage.counted(), 1, "it is not taken back");
    refuse(&mut stage, 60, patches_b1);
    assert_eq!(stage.times(T::Create), 1);
    assert_eq!((stage.state("n1"), stage.counted()), (State::Active, 2));
    assert!(stage.times(T::Rescue) <= 4, "{}", stage.times(T::Rescue));
    assert_eq!(stage.state("b1"), State::Draining);
    stage.seconds(60);
    assert_eq!(
        stage.condition("ScalingLimited").reason,
        "AsExpected",
        "it is not needed any more"
    );
}

#[test]
fn one_refusal_is_waited_out_and_told() {
    let mut stage = one_to_take_back();
    refuse(&mut stage, 1, patches_b1);
    let told = stage.condition("ScalingLimited");
    assert_eq!(told.reason, "WriteRefused");
    for words in ["b1", SAID, "jvb-scaler"] {
        assert!(told.message.contains(words), "{}", told.message);
    }
    stage.seconds(12);
    assert_eq!((stage.state("b1"), stage.counted()), (State::Active, 2));
    assert_eq!(stage.times(T::Create), 0);
    assert_eq!(stage.condition("ScalingLimited").reason, "AsExpected");
}

#[test]
fn a_deletion_that_is_refused_is_repeated_ever_later_and_told() {
    let mut stage = Stage::one_too_many([9, 0]);
    stage.until_in("b1", State::Removing);
    refuse(&mut stage, 300, deletes);
    assert_eq!(stage.state("b1"), State::Removing);
    let times = stage.times(T::Delete);
    assert!((5..=14).contains(&times), "{times}");
    let told = stage.condition("ScalingLimited");
    assert_eq!(told.reason, "WriteRefused", "{}", told.message);
    stage.seconds(40);
    assert_eq!(stage.state("b1"), State::Gone);
    assert_eq!(stage.condition("ScalingLimited").reason, "AsExpected");
}
