//! The numbers of Kubernetes' own tests, `replica_calculator_test.go` and `horizontal_test.go`: one row, one line.
//!
//! There each pod has two containers with the usage that a row gives, and each requests 1.0; a percentage is the same for one.

use std::time::Duration;

use hpa::Class;
use hpa::inputs::{Phase, Pod, Selector};

use crate::case::{
    Answer, Case, RUNNING, ago, case, controller, cpu, deleting, external, hot, in_phase, object,
    of_pods, pods, policy, unready,
};

const WIDE: &str = r#""minReplicas": 1, "maxReplicas": 1000"#;

/// What the only metric of a case asks for, and reports.
#[track_caller]
fn asks(row: &str, mut case: Case, replicas: i32, reported: i64) {
    let result = case.sync();
    assert_eq!(result.proposals, [Some(replicas)], "{row}: {result:?}");
    assert_eq!(result.reported, [Some(reported)], "{row}: {result:?}");
}

#[track_caller]
fn fails(row: &str, mut case: Case) {
    let result = case.sync();
    assert_eq!(result.proposals, [None], "{row}: {result:?}");
    assert!(result.failed, "{row}");
}

fn of_cpu(target: i32, replicas: i32, usage: &[i64]) -> Case {
    case(policy(&cpu(target), WIDE), replicas, of_pods(usage))
}

fn with(kinds: &[(usize, Pod)]) -> Vec<Pod> {
    let kinds = kinds.iter();
    kinds.flat_map(|(count, pod)| vec![*pod; *count]).collect()
}

fn requesting(mut case: Case, requests: &[i64]) -> Case {
    case.requests = requests.iter().copied().map(Some).collect();
    case
}

#[test]
fn a_utilization() {
    let three = [300, 500, 700];
    asks("A1", of_cpu(30, 3, &three), 5, 50);
    for first in [unready(), hot()] {
        let pods = with(&[(1, first), (2, RUNNING)]);
        asks("A3, A4", of_cpu(30, 3, &three).with_pods(pods), 4, 60);
        let pods = with(&[(1, RUNNING), (2, first)]);
        asks("A5", of_cpu(30, 3, &[400, 500, 700]).with_pods(pods), 3, 40);
    }
    for gone in [in_phase(Phase::Failed), deleting()] {
        let pods = with(&[(2, RUNNING), (2, gone)]);
        asks("A6, A7", of_cpu(30, 2, &[500, 700]).with_pods(pods), 4, 60);
    }
    let five = [100, 300, 500, 250, 250];
    asks("A8", of_cpu(50, 5, &five), 3, 28);
    for last in [unready(), hot()] {
        let pods = with(&[(3, RUNNING), (2, last)]);
        asks("A9", of_cpu(50, 5, &five).with_pods(pods), 2, 30);
    }
    let pods = with(&[(1, RUNNING), (4, in_phase(Phase::Pending))]);
    asks("A10", of_cpu(50, 5, &[100]).with_pods(pods), 1, 10);
    for gone in [in_phase(Phase::Failed), deleting()] {
        let pods = with(&[(5, RUNNING), (2, gone)]);
        asks("A11", of_cpu(50, 5, &five).with_pods(pods), 3, 28);
    }
    let uneven = requesting(of_cpu(100, 3, &[1_010, 1_030, 1_020]), &[900, 1_000, 1_100]);
    asks("A12", uneven, 3, 102);
    let mut unknown = of_cpu(100, 4, &[4_000, 9_500, 3_000, 7_000]);
    unknown.answers = vec![Answer::Pods(
        [4_000, 9_500, 3_000, 7_000].map(Some).to_vec(),
        vec![3_200, 2_000],
    )];
    asks("A13", unknown, 24, 587);
    let mut foreign = of_cpu(100, 1, &[]);
    foreign.answers = vec![Answer::Pods(vec![None], vec![2_000])];
    fails("A14", foreign);
    for (row, target, replicas) in [("A15", 56, 9), ("A16", 55, 10)] {
        let requests = [400, 200, 310, 290, 302, 298, 301, 299, 300, 300];
        let flat = requesting(of_cpu(target, 10, &[150; 10]), &requests);
        asks(row, flat, replicas, 50);
    }
}

#[test]
fn a2_of_one_container_alone() {
    let metric = r#"{"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "two",
        "target": {"type": "Utilization", "averageUtilization": 30}}}"#;
    let mut case = case(policy(metric, WIDE), 3, of_pods(&[300, 500, 700]));
    let result = case.sync();
    assert_eq!(
        (result.proposals[0], result.reported[0]),
        (Some(5), Some(50))
    );
    assert_eq!(
        result.events,
        [
            "Normal SuccessfulRescale New size: 5; reason: cpu container resource utilization (percentage of request) above target"
        ]
    );
}

#[test]
fn a_tolerances_per_direction() {
    for (usage, tolerances, replicas) in [
        (
            [909, 1_010, 1_111],
            r#""scaleUp": {"tolerance": "0"}, "scaleDown": {"tolerance": "0"}"#,
            4,
        ),
        (
            [1_890, 1_910, 1_900],
            r#""scaleUp": {"tolerance": "2.0"}"#,
            3,
        ),
        (
            [1_100, 1_080, 1_090],
            r#""scaleUp": {"tolerance": "0.08"}, "scaleDown": {"tolerance": "2.0"}"#,
            4,
        ),
        ([660, 640, 650], r#""scaleDown": {"tolerance": "0.36"}"#, 3),
        ([660, 640, 650], r#""scaleDown": {"tolerance": "0.34"}"#, 2),
    ] {
        let fields = format!(r#"{WIDE}, "behavior": {{{tolerances}}}"#);
        let case = case(policy(&cpu(100), &fields), 3, of_pods(&usage));
        let mut case = requesting(case, &[900, 1_000, 1_100]);
        assert_eq!(
            case.sync().proposals,
            [Some(replicas)],
            "{usage:?} {tolerances}"
        );
    }
}

/// With a tolerance of 1 % upwards.
fn narrow(mut case: Case, metric: &str) -> Case {
    let fields = format!(r#"{WIDE}, "behavior": {{"scaleUp": {{"tolerance": "0.01"}}}}"#);
    case.policy = policy(metric, &fields);
    case
}

#[test]
fn b_of_pods() {
    let of = |replicas, values: &[i64], target| {
        case(policy(&pods(target), WIDE), replicas, of_pods(values))
    };
    asks("B1", of(3, &[20_000, 10_000, 30_000], 15_000), 4, 20_000);
    let one = of(3, &[50_000, 10_000, 30_000], 15_000);
    asks(
        "B2",
        one.with_pods(with(&[(1, unready()), (2, RUNNING)])),
        6,
        30_000,
    );
    let two = of(3, &[50_000, 15_000, 30_000], 15_000);
    asks(
        "B3",
        two.with_pods(with(&[(1, RUNNING), (2, unready())])),
        7,
        31_666,
    );
    asks("B4", of(5, &[12_000; 5], 20_000), 3, 12_000);
    asks("B5", of(3, &[20_000, 21_000, 21_000], 20_000), 3, 20_666);
    let narrow = narrow(of(3, &[20_000, 21_000, 21_000], 20_000), &pods(20_000));
    asks("B6", narrow, 4, 20_666);
    asks("B7", of(5, &[20_000, 19_000, 21_000], 20_000), 5, 20_000);
    let surge = of(2, &[10_000, 10_000], 17_000);
    asks("B8", surge.with_pods(with(&[(3, RUNNING)])), 2, 10_000);
}

#[test]
fn b_of_objects_and_from_outside() {
    let of = |metric: &str, replicas, ready, value| {
        case(policy(metric, WIDE), replicas, Answer::Values(vec![value]))
            .with_pods(vec![RUNNING; ready])
    };
    let (value, average) = ("Value", "AverageValue");
    asks("B9", of(&object(value, 15_000), 3, 3, 20_000), 4, 20_000);
    asks("B10", of(&object(value, 10_000), 3, 1, 50_000), 5, 50_000);
    asks("B11", of(&object(value, 20_000), 5, 5, 12_000), 3, 12_000);
    asks("B12", of(&object(value, 20_000), 3, 3, 20_666), 3, 20_666);
    asks("B13", of(&object(average, 5_000), 3, 0, 20_000), 4, 6_667);
    asks("B14", of(&object(average, 2_000), 5, 0, 6_000), 3, 1_200);
    asks("B15", of(&object(average, 5_000), 4, 0, 20_166), 4, 5_042);
    for (row, metric, replicas, value, asked, reported) in [
        ("B12", object(value, 20_000), 3, 20_666, 4, 20_666),
        ("B16", object(average, 5_000), 4, 20_208, 5, 5_052),
    ] {
        let case = of(&metric, replicas, replicas.unsigned_abs() as usize, value);
        asks(row, narrow(case, &metric), asked, reported);
    }
    asks("B17", of(&external(value, 4_400), 3, 1, 8_600), 2, 8_600);
    asks("B18", of(&external(value, 14_334), 5, 5, 8_600), 3, 8_600);
    asks("B19", of(&external(value, 8_888), 3, 3, 8_600), 3, 8_600);
    asks("B20", of(&external(average, 2_150), 3, 0, 8_600), 4, 2_867);
    asks("B21", of(&external(average, 2_867), 5, 0, 8_600), 3, 1_720);
    asks("B22", of(&external(average, 2_900), 3, 0, 8_600), 3, 2_867);
    asks(
        "B23",
        of(&object(value, 1), 3, 3, i64::MAX),
        i32::MAX,
        i64::MAX,
    );
}

#[test]
fn b_from_zero() {
    // Up to 1.35 a smallest size of zero is enough.
    for (row, value, target, replicas) in [("B24", 20_000, 15_000, 2), ("B25", 1_000, 1_000, 1)] {
        let fields = r#""minReplicas": 0, "maxReplicas": 1000"#;
        let policy = policy(&object("Value", target), fields);
        let mut case = case(policy, 0, Answer::Values(vec![value]));
        case.controller = controller(Class::From133);
        asks(row, case, replicas, value);
    }
}

#[test]
fn b_a_tolerance_per_direction_holds_in_the_whole_controller() {
    // B26 and B27, of test/integration/podautoscaler.
    let metric = external("AverageValue", 100_000);
    let rules = |rules: &str| format!(r#"{WIDE}, "behavior": {{{rules}}}"#);
    let up = rules(r#""scaleUp": {"tolerance": "0.05"}"#);
    let down = rules(r#""scaleDown": {"tolerance": "0.5", "stabilizationWindowSeconds": 0}"#);
    for (fields, replicas, value, size) in [
        (&up, 35, 3_700_000, 37),
        (&up, 37, 3_800_000, 37),
        (&down, 37, 1_000_000, 10),
        (&down, 10, 800_000, 10),
    ] {
        let mut case = case(
            policy(&metric, fields),
            replicas,
            Answer::Values(vec![value]),
        );
        assert_eq!(case.sync().size, size, "{replicas} with {value}");
    }
}

#[test]
fn c_missing_samples() {
    let of = |target, replicas, samples: &[Option<i64>], pods: &[Pod]| {
        let answer = Answer::Pods(samples.to_vec(), Vec::new());
        case(policy(&cpu(target), WIDE), replicas, answer).with_pods(pods.to_vec())
    };
    let four = [RUNNING; 4];
    asks(
        "C1",
        of(100, 4, &[Some(400), Some(95), None, None], &four),
        3,
        24,
    );
    for (row, usage, replicas) in [("C2", 1_000, 2), ("C3", 1_900, 2), ("C4", 600, 2)] {
        let percent = usage / 10;
        asks(
            row,
            of(100, 2, &[Some(usage), None], &[RUNNING; 2]),
            replicas,
            percent,
        );
    }
    for first in [unready(), hot()] {
        let pods = [first, RUNNING, RUNNING];
        asks("C5", of(50, 3, &[Some(100), Some(450), None], &pods), 3, 45);
        asks(
            "C6",
            of(50, 3, &[Some(100), Some(2_000), None], &pods),
            4,
            200,
        );
        let pods = [first, RUNNING, RUNNING, RUNNING];
        let samples = [Some(100), Some(100), Some(100), None];
        asks("C7", of(50, 4, &samples, &pods), 3, 10);
        let uneven = of(300, 4, &[Some(200), Some(100), Some(100), None], &pods);
        asks(
            "C8",
            requesting(uneven, &[1_000, 1_000, 2_000, 2_000]),
            2,
            6,
        );
    }
    asks(
        "C9",
        of(50, 2, &[Some(100), Some(100), None], &[RUNNING; 3]),
        2,
        10,
    );
    fails("C10", of(100, 4, &[None; 4], &four));
    let mut bare = of(100, 1, &[Some(200)], &[RUNNING]);
    bare.requests = vec![None];
    fails("C11", bare);
}

/// A whole sync: the size that comes out, and a condition.
#[track_caller]
fn ends(row: &str, mut case: Case, size: i32, condition: &str) {
    let result = case.sync();
    assert_eq!(result.size, size, "{row}: {result:?}");
    assert!(result.conditions.contains(condition), "{row}: {result:?}");
}

fn range(metric: &str, min: i32, max: i32) -> hpa::Policy {
    policy(
        metric,
        &format!(r#""minReplicas": {min}, "maxReplicas": {max}"#),
    )
}

#[test]
fn e_the_whole_controller() {
    /// The size was found so long ago that it is forgotten.
    fn settled(mut case: Case) -> Case {
        case.selector = Selector::Empty;
        case.sync_at(ago(3_600));
        case.selector = Selector::Good;
        case
    }
    let of_cpu = |target, min, max, replicas, usage: &[i64]| {
        case(range(&cpu(target), min, max), replicas, of_pods(usage))
    };
    let within = "ScalingLimited=False/DesiredWithinRange";
    ends("E1", of_cpu(30, 2, 6, 3, &[300, 500, 700]), 5, within);
    let many = "ScalingLimited=True/TooManyReplicas";
    let few = "ScalingLimited=True/TooFewReplicas";
    let per_pod = case(
        range(&pods(15_000), 2, 6),
        3,
        of_pods(&[50_000, 15_000, 30_000]),
    );
    ends("E2", per_pod, 6, many);
    let uneven = [900, 1_000, 1_100];
    let low = requesting(of_cpu(90, 2, 5, 3, &[10, 95, 10]), &uneven);
    ends("E3", settled(low), 2, few);
    let idle = requesting(of_cpu(90, 0, 5, 3, &[0, 0, 0]), &uneven);
    ends("E4", settled(idle), 0, within);
    let idle = requesting(of_cpu(90, 2, 5, 3, &[0, 0, 0]), &uneven);
    ends("E5", settled(idle), 2, few);
    let off = "ScalingActive=False/ScalingDisabled";
    ends("E6", of_cpu(90, 3, 5, 0, &[]), 0, off);
    let put = "AbleToScale=True/SucceededRescale";
    ends("E7", of_cpu(90, 3, 5, 2, &[]), 3, put);
    ends("E8", of_cpu(90, 3, 5, 10, &[]), 5, put);
    let high = requesting(of_cpu(90, 2, 5, 3, &[8_000, 9_500, 1_000]), &uneven);
    ends("E9", high, 5, many);
    // Four are wanted, and one pod is there.
    let one = of_cpu(50, 1, 5, 4, &[200]).with_pods([RUNNING]);
    ends("E10", settled(requesting(one, &[200])), 2, within);
    let rate = r#", "behavior": {"scaleUp": {"policies": [{"type": "Percent", "value": 700, "periodSeconds": 60}]}}"#;
    for (row, max, size, condition) in [
        ("E11", 100, 24, "ScalingLimited=True/ScaleUpLimit"),
        ("E12", 20, 20, many),
    ] {
        let fields = format!(r#""minReplicas": 1, "maxReplicas": {max}{rate}"#);
        let fast = case(policy(&cpu(10), &fields), 3, of_pods(&[100, 200, 300]));
        ends(row, requesting(fast, &[100; 3]), size, condition);
    }
    let mut surge = of_cpu(50, 1, 8, 4, &[500; 5]).with_pods(vec![RUNNING; 5]);
    surge.replicas = (4, 5);
    let ready = "AbleToScale=True/ReadyForNewScale";
    // Five pods at the target: as many as are, by the spec.
    ends("E13", surge, 4, ready);
    let fresh = of_cpu(50, 2, 6, 5, &[100, 300, 500, 250, 250]);
    ends("E14", fresh, 5, "AbleToScale=True/ScaleDownStabilized");
}

#[test]
fn e_the_whole_controller_when_something_fails() {
    let of = |metrics: &str, min, max, replicas, answers: Vec<Answer>| {
        let mut case = case(range(metrics, min, max), replicas, Answer::Failed);
        case.answers = answers;
        case
    };
    let both = format!("{}, {}", cpu(30), external("Value", 1_000));
    let up = of_pods(&[300, 400, 500]);
    let result = of(&both, 2, 6, 3, vec![up, Answer::Failed]).sync();
    assert_eq!((result.size, result.failed), (4, true), "E16: {result:?}");
    assert_eq!(
        result.events,
        [
            "Warning FailedGetExternalMetric",
            "Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target"
        ]
    );
    let both = format!("{}, {}", cpu(50), external("Value", 1_000));
    for broken in [Answer::Failed, Answer::Values(Vec::new())] {
        let down = of_pods(&[100, 300, 500, 250, 250]);
        let case = of(&both, 2, 6, 5, vec![down, broken]);
        ends(
            "E17",
            case,
            5,
            "ScalingActive=False/FailedGetExternalMetric",
        );
    }
    let mut stuck = requesting(of(&cpu(100), 1, 5, 3, vec![of_pods(&[150; 3])]), &[100; 3]);
    stuck.writable = false;
    ends("E18", stuck, 3, "AbleToScale=False/FailedUpdateScale");
    let mut nothing = of(
        &external("Value", 14_400),
        0,
        6,
        5,
        vec![Answer::Values(vec![0])],
    );
    nothing.controller.flags.downscale_stabilization = Duration::ZERO;
    nothing.sync_at(ago(60));
    ends("E19", nothing, 0, "AbleToScale=True/SucceededRescale");
    let average = of(
        &external("AverageValue", 2_200),
        2,
        6,
        4,
        vec![Answer::Values(vec![8_600])],
    );
    ends("E20", average, 4, "AbleToScale=True/ReadyForNewScale");
}

#[test]
fn e15_a_recommendation_from_before_holds() {
    let mut case = case(range(&cpu(100), 1, 5), 10, of_pods(&[50; 3])).with_pods([RUNNING; 3]);
    case.requests = vec![Some(100); 3];
    // Ten was found ten minutes ago, four were asked for a minute ago.
    case.policy = range(&cpu(100), 1, 20);
    case.answers = vec![Answer::Failed];
    case.sync_at(ago(600));
    case.replicas = (4, 4);
    case.answers = vec![of_pods(&[100; 3])];
    case.sync_at(ago(60));
    case.policy = range(&cpu(100), 1, 5);
    case.answers = vec![of_pods(&[50; 3])];
    ends("E15", case, 4, "AbleToScale=True/ScaleDownStabilized");
}
