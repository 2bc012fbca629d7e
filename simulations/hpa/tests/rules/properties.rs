//! What holds for any HPA, whatever happens.

use std::time::Duration;

use crate::case::{Answer, Case, case, controller, external, of_pods, pods, policy};
use hpa::Class;
use proptest::prelude::*;

/// Whether there are rules for rates and windows.
fn fields(behavior: bool) -> String {
    let behavior = if behavior {
        r#", "behavior": {"scaleUp": {"stabilizationWindowSeconds": 30},
            "scaleDown": {"stabilizationWindowSeconds": 120, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}}"#
    } else {
        ""
    };
    format!(r#""minReplicas": 2, "maxReplicas": 40{behavior}"#)
}

fn classes() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::UpTo132),
        Just(Class::From133),
        Just(Class::From136)
    ]
}

/// A sync every 15 s with the size that the one before has left.
fn follow(case: &mut Case, values: &[i64]) -> Vec<i32> {
    let mut now = crate::case::ago(86_400);
    let mut sizes = Vec::new();
    for value in values {
        case.answers = vec![Answer::Values(vec![*value])];
        let size = case.sync_at(now).size;
        case.replicas = (size, size);
        sizes.push(size);
        now += Duration::from_secs(15);
    }
    sizes
}

proptest! {
    #[test]
    fn a_size_within_its_range_stays_there(
        class in classes(), behavior: bool, start in 2..=40, values in prop::collection::vec(0_i64..100_000, 1..60),
    ) {
        let policy = policy(&external("AverageValue", 1_000), &fields(behavior));
        let mut case = case(policy, start, Answer::Failed);
        case.controller = controller(class);
        for size in follow(&mut case, &values) {
            prop_assert!((2..=40).contains(&size), "{size}");
        }
    }

    #[test]
    fn more_usage_never_asks_for_fewer(
        class in classes(), usage in prop::collection::vec(0_i64..3_000, 1..30), which: prop::sample::Index, more in 1_i64..3_000,
    ) {
        let count = i32::try_from(usage.len()).unwrap_or(0);
        let asked = |usage: &[i64]| {
            let mut case = case(policy(&pods(700), &fields(false)), count.max(2), of_pods(usage));
            case.pods.truncate(usage.len());
            case.controller = controller(class);
            case.sync().proposals[0]
        };
        let mut higher = usage.clone();
        higher[which.index(usage.len())] += more;
        prop_assert!(asked(&higher) >= asked(&usage));
    }

    #[test]
    fn within_tolerance_nothing_flaps(
        class in classes(), behavior: bool, size in 5..=30, wobble in prop::collection::vec(-9_i64..=9, 1..60),
    ) {
        let policy = policy(&external("AverageValue", 1_000), &fields(behavior));
        let mut case = case(policy, size, Answer::Failed);
        case.controller = controller(class);
        let values: Vec<_> = wobble.iter().map(|percent| i64::from(size) * (1_000 + 10 * percent)).collect();
        prop_assert!(follow(&mut case, &values).iter().all(|now| *now == size));
    }

    #[test]
    fn a_load_that_stays_ends_at_a_size_that_stays(
        class in classes(), behavior: bool, start in 2..=40, value in 0_i64..60_000,
    ) {
        let policy = policy(&external("AverageValue", 1_000), &fields(behavior));
        let mut case = case(policy, start, Answer::Failed);
        case.controller = controller(class);
        // Two pods a minute, and the longest window: 20 minutes and 5.
        let sizes = follow(&mut case, &[value; 110]);
        let last = sizes[sizes.len() - 1];
        prop_assert!(sizes[100..].iter().all(|size| *size == last), "{sizes:?}");
    }

    #[test]
    fn a_failed_metric_never_scales_in(
        class in classes(), behavior: bool, start in 2..=40, values in prop::collection::vec(0_i64..60_000, 1..40),
    ) {
        let metrics = format!("{}, {}", external("AverageValue", 1_000), pods(1_000));
        let mut case = case(policy(&metrics, &fields(behavior)), start, Answer::Failed);
        case.controller = controller(class);
        let mut now = crate::case::ago(86_400);
        for value in values {
            case.answers = vec![Answer::Values(vec![value]), Answer::Failed];
            let before = case.replicas.0;
            let result = case.sync_at(now);
            prop_assert!(result.size >= before, "{result:?}");
            prop_assert!(result.failed);
            case.replicas = (result.size, result.size);
            now += Duration::from_secs(15);
        }
    }
}
