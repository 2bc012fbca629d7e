use super::stage::Stage;

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
