//! Which slot a new bridge gets.

use scaler_api::BridgePoolSpec;
use scaler_api::spec::Slots;

use super::stage::{Stage, spec, uid};
use crate::{Action, effects};

fn slotted(replicas: u32) -> BridgePoolSpec {
    let mut slotted = spec(replicas);
    slotted.max_replicas = Some(4);
    slotted.slots = Some(Slots {
        first_port: 10_000,
        count: 9,
    });
    slotted
}

/// The slots of the bridges that are to be started now.
fn given(stage: &mut Stage) -> Vec<Option<u32>> {
    let plan = stage.decide();
    effects(&mut stage.world, &plan, stage.now);
    let decisions = plan.decisions.iter();
    let given = decisions.filter_map(|decision| match &decision.action {
        Action::Create(mark) => Some(mark.after.slot),
        _ => None,
    });
    given.collect()
}

#[test]
fn a_slot_is_not_given_again_while_the_creation_of_its_pod_is_under_way() {
    let mut stage = Stage::empty(slotted(2));
    stage.scale(2);
    assert_eq!(given(&mut stage), [Some(0), Some(1)]);
    stage.scale(3);
    assert_eq!(given(&mut stage), [Some(2)]);
}

#[test]
fn a_pod_that_cannot_be_understood_holds_its_slot() {
    let mut stage = Stage::empty(slotted(1));
    stage.seconds(3);
    stage.annotate("n1", "bridgetender.dev/intent", Some("sleep"));
    assert!(stage.world.pods()[&uid("n1")].pod.marks.is_err());
    stage.scale(2);
    assert_eq!(given(&mut stage), [Some(1)]);
}
