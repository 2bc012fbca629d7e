//! Where arithmetic, gates and versions trap whoever writes an HPA anew. Percents (T2, T3), windows (T6) and quantities (T8, T9)
//! are tested beside their code.

use crate::case::{Answer, NOW, case, controller, cpu, external, object, of_pods, pods, policy};
use hpa::Class;
use hpa::inputs::{Reading, Selector};

const WIDE: &str = r#""minReplicas": 1, "maxReplicas": 1000"#;
const ZERO: &str = r#""minReplicas": 0, "maxReplicas": 1000"#;
const CLASSES: [Class; 3] = [Class::UpTo132, Class::From133, Class::From136];

#[test]
fn t1_a_ratio_is_a_float_and_its_product_is_rounded_up() {
    for (usage, target, ready, floats, exact) in [
        (66, 30, 25, 56, 55),
        (62, 30, 15, 32, 31),
        (70, 30, 27, 64, 63),
        (35, 30, 54, 64, 63),
    ] {
        let values = vec![usage; ready];
        let policy = policy(&pods(target), WIDE);
        let mut case = case(policy, i32::try_from(ready).unwrap_or(0), of_pods(&values));
        assert_eq!(
            case.sync().proposals,
            [Some(floats)],
            "{usage}/{target}, not {exact}"
        );
    }
}

#[test]
fn t4_exactly_a_tenth_above_scales_up_to_1_32_alone() {
    // 1.1 - 1.0 is more than 0.1 as floats; 1.0 + 0.1 is 1.1. A tenth below is within in both.
    for (value, target) in [(55, 50), (66, 60), (88, 80), (110, 100)] {
        let proposals = CLASSES.map(|class| {
            let mut case = case(policy(&pods(target), WIDE), 10, of_pods(&[value; 10]));
            case.controller = controller(class);
            case.sync().proposals[0]
        });
        let expected = [Some(11), Some(10), Some(10)];
        assert_eq!(proposals, expected, "{value}/{target}");
    }
    for class in CLASSES {
        let mut case = case(policy(&pods(100), WIDE), 10, of_pods(&[90; 10]));
        case.controller = controller(class);
        assert_eq!(case.sync().proposals, [Some(10)], "{class:?}");
    }
}

#[test]
fn t5_utilization_is_a_whole_percentage() {
    // 65.9 % of 60 % would be 1.098; cut off it is 65/60. At 66 % exactly it is 1.1, which is within since 1.33.
    let mut case = case(policy(&cpu(60), WIDE), 10, of_pods(&[659; 10]));
    case.controller = controller(Class::UpTo132);
    let result = case.sync();
    assert_eq!(
        (result.proposals[0], result.reported[0]),
        (Some(10), Some(65))
    );
    case.answers = vec![of_pods(&[660; 10])];
    assert_eq!(case.sync().proposals, [Some(11)]);
}

#[test]
fn t7_what_no_i32_holds_is_capped_or_is_the_smallest() {
    let sized = |metric: &str, class, answer: &Answer| {
        let mut case = case(policy(metric, WIDE), 3, answer.clone());
        case.controller = controller(class);
        case.sync().proposals[0]
    };
    let huge = Answer::Values(vec![i64::MAX / 2]);
    for (metric, sizes) in [
        (external("Value", 1), [i32::MIN, i32::MAX, i32::MAX]),
        (external("AverageValue", 1), [i32::MIN, i32::MAX, i32::MAX]),
        (object("Value", 1), [i32::MIN, i32::MAX, i32::MAX]),
        (object("AverageValue", 1), [i32::MIN; 3]),
    ] {
        let proposals = CLASSES.map(|class| sized(&metric, class, &huge));
        assert_eq!(proposals, sizes.map(Some), "{metric}");
    }
    let per_pod = of_pods(&[i64::MAX / 4; 3]);
    assert_eq!(
        CLASSES.map(|class| sized(&pods(1), class, &per_pod)),
        [Some(i32::MIN); 3]
    );
}

#[test]
fn a_negative_series_asks_for_everything_since_1_33() {
    let metric = external("AverageValue", 1_000);
    let proposals = CLASSES.map(|class| {
        let mut case = case(
            policy(&metric, WIDE),
            3,
            Answer::Values(vec![5_000, -6_000, 7_000]),
        );
        case.controller = controller(class);
        case.sync().proposals[0]
    });
    assert_eq!(proposals, [Some(6), Some(i32::MAX), Some(i32::MAX)]);
}

#[test]
fn a_tolerance_of_the_hpa_counts_since_1_33_where_the_gate_is_on() {
    let fields = format!(r#"{WIDE}, "behavior": {{"scaleUp": {{"tolerance": "0.5"}}}}"#);
    for (class, gate, size) in [
        (Class::UpTo132, true, 14),
        (Class::From133, true, 10),
        (Class::From133, false, 14),
        (Class::From136, true, 10),
    ] {
        let mut case = case(policy(&pods(100), &fields), 10, of_pods(&[140; 10]));
        case.controller = controller(class);
        case.controller.gates.configurable_tolerance = gate;
        assert_eq!(case.sync().proposals, [Some(size)], "{class:?} {gate}");
    }
}

#[test]
fn a_container_that_a_pod_lacks_fails_the_metric_up_to_1_32() {
    let metric = r#"{"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "jvb",
        "target": {"type": "AverageValue", "averageValue": "1"}}}"#;
    for class in CLASSES {
        let mut case = case(policy(metric, WIDE), 2, Answer::Failed);
        case.controller = controller(class);
        let sample = hpa::inputs::Sample {
            milli: 1_000,
            at: crate::case::NOW,
            window: std::time::Duration::from_mins(1),
        };
        let samples = hpa::inputs::Samples {
            of_pods: vec![Some(sample), None],
            foreign: Vec::new(),
            lacks_container: true,
        };
        let readings = [Reading::Pods {
            samples: &samples,
            requests: &[],
        }];
        let inputs = hpa::Inputs {
            controller: &case.controller,
            policy: &case.policy,
            scale: Some(hpa::inputs::Scale {
                spec_replicas: 2,
                status_replicas: 2,
                selector: Selector::Good,
            }),
            pods: &case.pods,
            readings: &readings,
            writable: true,
        };
        let outcome = hpa::sync(&mut case.state, &inputs, crate::case::NOW);
        assert_eq!(outcome.failed, class == Class::UpTo132, "{class:?}");
    }
}

#[test]
fn without_pods_there_is_an_answer_only_where_pods_do_not_matter() {
    let foreign = || Answer::Pods(Vec::new(), vec![900]);
    let values = || Answer::Values(vec![9_000]);
    let within = || Answer::Values(vec![1_050]);
    for (metric, answer, replicas) in [
        (pods(100), foreign(), None),
        (cpu(50), foreign(), None),
        (object("Value", 1_000), values(), None),
        (external("Value", 1_000), values(), None),
        (object("Value", 1_000), within(), Some(3)),
        (object("AverageValue", 1_000), values(), Some(9)),
        (external("AverageValue", 1_000), values(), Some(9)),
    ] {
        let mut case = case(policy(&metric, WIDE), 3, answer).with_pods([]);
        assert_eq!(case.sync().proposals, [replicas], "{metric}");
    }
}

#[test]
fn zero_is_a_pause_unless_the_hpa_itself_went_there() {
    // A metric that asks for three, at size zero, by class, gate and whether the condition says that it was the HPA.
    let metric = external("AverageValue", 1_000);
    for (class, gate, own, fields, size) in [
        (Class::UpTo132, false, false, ZERO, 3),
        (Class::From133, false, false, ZERO, 3),
        (Class::From136, false, true, ZERO, 0),
        (Class::From136, true, false, ZERO, 0),
        (Class::From136, true, true, ZERO, 3),
        (Class::UpTo132, true, true, WIDE, 0),
        (Class::From136, true, true, WIDE, 3),
        (Class::From136, true, false, WIDE, 0),
    ] {
        let mut case = case(policy(&metric, fields), 0, Answer::Values(vec![3_000]));
        case.controller = controller(class);
        case.controller.gates.scale_to_zero = gate;
        if own {
            let condition = "ScaledToZero=True/ScaledToZero".parse();
            case.state = hpa::State::with_conditions(condition);
        }
        let result = case.sync();
        assert_eq!(result.size, size, "{class:?} {gate} {own}: {result:?}");
        let paused = result
            .conditions
            .contains("ScalingActive=False/ScalingDisabled");
        assert_eq!(paused, size == 0, "{class:?} {gate} {own}: {result:?}");
    }
}

#[test]
fn a_smallest_size_that_was_raised_while_at_zero_is_reached_at_once() {
    // Without behavior it is a limit like others, and no reason is told; with it the past would hold the size at zero.
    let slow = r#""behavior": {"scaleUp": {"stabilizationWindowSeconds": 60}}, "#;
    for (behavior, reason) in [
        ("", ""),
        (slow, "Current number of replicas below Spec.MinReplicas"),
    ] {
        let fields = format!(r#"{behavior}"minReplicas": 3, "maxReplicas": 9"#);
        let policy = policy(&external("AverageValue", 1_000), &fields);
        let mut case = case(policy, 0, Answer::Values(vec![0]));
        case.controller.gates.scale_to_zero = true;
        case.state = hpa::State::with_conditions("ScaledToZero=True/ScaledToZero".parse());
        let result = case.sync();
        assert_eq!(result.size, 3);
        let event = format!("Normal SuccessfulRescale New size: 3; reason: {reason}");
        assert_eq!(result.events, [event]);
        let condition = "ScaledToZero=False/NotScaledToZero";
        assert!(result.conditions.contains(condition), "{result:?}");
    }
}

#[test]
fn a_selector_that_is_not_good_stops_before_any_metric() {
    for (selector, event, condition) in [
        (Selector::Empty, "SelectorRequired", "InvalidSelector"),
        (Selector::Unreadable, "InvalidSelector", "InvalidSelector"),
        (
            Selector::Ambiguous,
            "AmbiguousSelector",
            "AmbiguousSelector",
        ),
    ] {
        let mut case = case(policy(&pods(100), WIDE), 3, of_pods(&[300; 3]));
        case.selector = selector;
        let result = case.sync();
        assert!(
            result.failed && result.proposals.is_empty() && result.size == 3,
            "{result:?}"
        );
        assert_eq!(
            result.events,
            [
                format!("Warning {event}"),
                "Warning FailedComputeMetricsReplicas".to_owned()
            ]
        );
        assert_eq!(
            result.conditions,
            format!("AbleToScale=True/SucceededGetScale ScalingActive=False/{condition}")
        );
    }
}

#[test]
fn outside_its_range_a_size_is_set_without_a_look_at_metrics() {
    for (replicas, size, cause) in [
        (12, 9, "above Spec.MaxReplicas"),
        (1, 2, "below Spec.MinReplicas"),
    ] {
        let policy = policy(&pods(100), r#""minReplicas": 2, "maxReplicas": 9"#);
        let mut case = case(policy, replicas, Answer::Failed);
        let result = case.sync();
        assert!(!result.failed && result.proposals.is_empty(), "{result:?}");
        assert_eq!(result.size, size);
        assert_eq!(
            result.events,
            [format!(
                "Normal SuccessfulRescale New size: {size}; reason: Current number of replicas {cause}"
            )]
        );
        assert_eq!(result.conditions, "AbleToScale=True/SucceededRescale");
    }
}

#[test]
fn a_restart_protects_the_size_and_then_forgets() {
    let mut case = case(policy(&pods(100), WIDE), 10, of_pods(&[10; 10]));
    assert_eq!(
        case.sync_at(crate::case::ago(600)).size,
        10,
        "the size as it was found"
    );
    assert_eq!(
        case.sync_at(crate::case::ago(299)).size,
        1,
        "five minutes later it is forgotten"
    );
    case.state.restart();
    assert_eq!(
        case.sync_at(crate::case::ago(280)).size,
        10,
        "a fresh controller finds it anew"
    );
}

#[test]
fn a_pod_without_a_sample_is_filled_in_only_where_the_others_ask_for_another_size() {
    // Two of four pods have no sample. At the target exactly nothing is assumed of them; above it they are idle, and below it they use
    // what is wanted of each, or of the CPU all that they request.
    for (usage, sizes) in [
        (100, [4, 4]),
        (101, [4, 4]),
        (300, [6, 6]),
        (99, [4, 4]),
        (50, [3, 4]),
    ] {
        let answer = Answer::Pods(vec![Some(usage), Some(usage), None, None], Vec::new());
        let proposals = [pods(100), cpu(10)].map(|metric| {
            let mut case = case(policy(&metric, WIDE), 4, answer.clone());
            case.sync().proposals[0]
        });
        assert_eq!(proposals, sizes.map(Some), "{usage}");
    }
}

#[test]
fn a_change_of_size_is_told_in_whole_seconds() {
    let mut case = case(policy(&pods(100), WIDE), 1, of_pods(&[200]));
    let now = NOW + std::time::Duration::from_millis(987);
    assert_eq!(case.sync_at(now).scaled_at, Some(NOW));
}

#[test]
fn without_behavior_no_change_is_remembered_for_a_rate_that_comes_later() {
    let limited = r#", "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]}}"#;
    for (before, size) in [("", 8), (limited, 5)] {
        let mut case = case(
            policy(&external("AverageValue", 100), &format!("{WIDE}{before}")),
            1,
            Answer::Values(vec![400]),
        );
        assert_eq!(case.sync_at(crate::case::ago(15)).size, 4);
        case.policy = policy(&external("AverageValue", 100), &format!("{WIDE}{limited}"));
        case.replicas = (4, 4);
        case.answers = vec![Answer::Values(vec![10_000])];
        assert_eq!(case.sync().size, size, "{before}");
    }
}
