use super::*;

fn spec(json: &str) -> Spec {
    serde_json::from_str(json).unwrap()
}

fn policy(fields: &str) -> Policy {
    let json = format!(
        r#"{{"scaleTargetRef": {{"kind": "BridgePool", "name": "jvb"}}, "maxReplicas": 9{fields}}}"#
    );
    Policy::try_from(spec(&json)).unwrap()
}

#[test]
fn nothing_given_is_eighty_percent_of_the_requested_cpu_and_at_least_one() {
    let policy = policy("");
    assert_eq!((policy.min, policy.max), (1, 9));
    assert!(policy.behavior.is_none());
    let [metric] = policy.metrics.as_slice() else {
        panic!("{:?}", policy.metrics);
    };
    assert!(metric.source.is_cpu());
    assert_eq!(metric.target, Target::Utilization(80));
}

#[test]
fn a_behavior_of_nothing_is_filled_in_but_for_the_window_downwards() {
    let Behavior { up, down } = policy(r#", "behavior": {}"#).behavior.unwrap();
    assert_eq!(up.window, Some(Duration::ZERO));
    assert_eq!(
        up.rates,
        [rate(RateType::Pods, 4), rate(RateType::Percent, 100)]
    );
    assert_eq!(down.window, None);
    assert_eq!(down.rates, [rate(RateType::Percent, 100)]);
    assert_eq!((up.select, down.select), (Select::Max, Select::Max));
    assert_eq!((up.tolerance, down.tolerance), (None, None));
}

#[test]
fn each_field_of_a_rule_is_overridden_alone_and_the_rates_as_a_whole() {
    let behavior = policy(
        r#", "behavior": {
            "scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}], "tolerance": "70m"},
            "scaleDown": {"stabilizationWindowSeconds": 600, "selectPolicy": "Min"}}"#,
    );
    let Behavior { up, down } = behavior.behavior.unwrap();
    assert_eq!(up.rates.len(), 1);
    assert_eq!(up.window, Some(Duration::ZERO));
    assert_eq!(up.tolerance, Some(70.0 * 1e-3));
    assert_eq!(down.window, Some(Duration::from_mins(10)));
    assert_eq!(down.select, Select::Min);
    assert_eq!(down.rates, [rate(RateType::Percent, 100)]);
}

#[test]
fn an_average_comes_first_except_for_an_object() {
    let both = r#""target": {"type": "Value", "value": "3", "averageValue": "2"}"#;
    let policy = policy(&format!(
        r#", "metrics": [
            {{"type": "External", "external": {{"metric": {{"name": "m"}}, {both}}}}},
            {{"type": "Object", "object": {{"metric": {{"name": "m"}}, "describedObject": {{"kind": "K", "name": "n"}}, {both}}}}},
            {{"type": "Resource", "resource": {{"name": "memory",
                "target": {{"type": "Utilization", "averageUtilization": 60, "averageValue": "1Ki"}}}}}},
            {{"type": "ContainerResource", "containerResource": {{"name": "cpu", "container": "jvb",
                "target": {{"type": "Utilization", "averageUtilization": 60}}}}}}]"#
    ));
    let targets: Vec<_> = policy.metrics.iter().map(|metric| metric.target).collect();
    assert_eq!(
        targets,
        [
            Target::Average(2_000),
            Target::Value(3_000),
            Target::Average(1_024_000),
            Target::Utilization(60)
        ]
    );
}

#[test]
fn what_a_metric_lacks_is_named() {
    for (metric, told) in [
        (r#"{"type": "Pods"}"#, "metrics[0] of type Pods lacks pods"),
        (
            r#"{"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue"}}}"#,
            "metrics[0] of type Pods lacks target.averageValue",
        ),
        (
            r#"{"type": "Object", "object": {"metric": {"name": "m"}, "describedObject": {"kind": "K", "name": "n"},
                "target": {"type": "Value", "averageValue": "1"}}}"#,
            "metrics[0] of type Object lacks target.value",
        ),
    ] {
        let json = format!(
            r#"{{"scaleTargetRef": {{"kind": "K", "name": "n"}}, "maxReplicas": 9, "metrics": [{metric}]}}"#
        );
        let error = Policy::try_from(spec(&json)).unwrap_err();
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn a_field_that_nobody_here_knows_is_refused() {
    let json = r#"{"scaleTargetRef": {"kind": "K", "name": "n"}, "maxReplicas": 9, "syncPeriodSeconds": 3}"#;
    let error = serde_json::from_str::<Spec>(json).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("unknown field `syncPeriodSeconds`"),
        "{error}"
    );
}
