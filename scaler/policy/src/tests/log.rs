use scaler_api::State;

use super::stage::{Stage, secs};
use crate::plan::Transition;

#[test]
fn a_decision_is_one_line_with_its_evidence() {
    let mut stage = Stage::one_too_many([9, 2]);
    let plan = stage.decide();
    let line = serde_json::to_string(&plan.decisions[0]).unwrap();
    assert!(!line.contains('\n'));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["transition"], "Drain");
    assert_eq!(line["pod"]["name"], "b1");
    assert_eq!(
        (&line["from"], &line["to"]),
        (&"Active".into(), &"DrainRequested".into())
    );
    assert_eq!(line["why"], "ScaleDown");
    assert_eq!(line["evidence"]["look"]["people"], 2);
    assert_eq!(line["evidence"]["counted"], 2);
    assert_eq!(line["evidence"]["wanted"], 1);
    assert_eq!(
        line["action"]["Mark"]["after"]["bridgetender.dev/intent"],
        "drain"
    );
}

#[test]
fn a_removal_tells_which_run_was_empty_for_how_long_and_until_when_it_might_drain() {
    let mut stage = Stage::one_too_many([9, 0]);
    stage.until_in("b1", State::Settling);
    let told = stage.until_decision(Transition::Remove).evidence;
    let live = &stage.world.pods()[&super::stage::uid("b1")].live;
    assert!(told.run.is_some());
    assert_eq!(told.run, live.run);
    let empty = told.empty.unwrap();
    assert!(
        empty.last.since(empty.since) >= secs(15) && empty.looks >= 3,
        "{empty:?}"
    );
    assert!(told.deadline.is_some());
    assert_eq!(told.deadline, stage.marks("b1").deadline);
    assert_eq!((told.counted, told.wanted, told.active), (1, 1, 1));
}
