//! Facts that `replica_calculator_test.go` (`TestGroupPods`) states, and edges of the rules.

use std::time::Duration;

use super::*;
use crate::inputs::Ready;

/// Long after everything.
const NOW: Time = Time::from_millis(10_000_000);

fn flags() -> Flags {
    Flags {
        cpu_initialization_period: Duration::from_mins(2),
        initial_readiness_delay: Duration::from_secs(10),
        ..Flags::default()
    }
}

fn ago(seconds: u64) -> Time {
    NOW - Duration::from_secs(seconds)
}

/// A running pod that started and turned ready, or not ready, so long ago.
fn pod(started: u64, status: Status, since: u64) -> Pod {
    Pod {
        phase: Phase::Running,
        deleting: false,
        started: Some(ago(started)),
        ready: Some(Ready {
            status,
            since: ago(since),
        }),
    }
}

fn sample(age: u64, window: u64) -> Sample {
    Sample {
        milli: 7,
        at: ago(age),
        window: Duration::from_secs(window),
    }
}

fn group(cpu: bool, pod: Pod, sample: Option<Sample>) -> Group {
    Grouping::new(cpu, &flags(), NOW).of(&pod, sample.as_ref())
}

const READY: Group = Group::Ready(7);

#[test]
fn the_first_rule_that_fits_holds() {
    let running = pod(600, Status::True, 590);
    let phase = |phase| Pod { phase, ..running };
    let deleting = Pod {
        deleting: true,
        ..running
    };
    let pending_and_deleting = Pod {
        phase: Phase::Pending,
        ..deleting
    };
    let some = Some(sample(0, 30));
    for (title, pod, sample, expected) in [
        ("running", running, some, READY),
        ("without a sample", running, None, Group::Missing),
        ("pending", phase(Phase::Pending), some, Group::Unready),
        ("failed", phase(Phase::Failed), some, Group::Ignored),
        ("succeeded", phase(Phase::Succeeded), some, READY),
        ("deleting", deleting, some, Group::Ignored),
        (
            "deleting and pending",
            pending_and_deleting,
            some,
            Group::Ignored,
        ),
        ("deleting, without a sample", deleting, None, Group::Ignored),
        (
            "pending, without a sample",
            phase(Phase::Pending),
            None,
            Group::Unready,
        ),
    ] {
        assert_eq!(group(true, pod, sample), expected, "{title}");
    }
}

#[test]
fn a_young_pod_counts_for_cpu_one_window_after_it_turned_ready() {
    let since_30 = pod(60, Status::True, 30);
    assert_eq!(group(true, since_30, Some(sample(0, 30))), READY);
    assert_eq!(group(true, since_30, Some(sample(0, 60))), Group::Unready);
    // The sample's moment decides, not now.
    assert_eq!(group(true, since_30, Some(sample(1, 30))), Group::Unready);
    let never = pod(60, Status::False, 30);
    assert_eq!(group(true, never, Some(sample(0, 30))), Group::Unready);
    let nobody_knows = pod(60, Status::Unknown, 30);
    assert_eq!(group(true, nobody_knows, Some(sample(0, 30))), READY);
}

#[test]
fn youth_ends_with_the_initialization_period() {
    // Ready for a second: a young pod's sample would not count.
    for (started, expected) in [(119, Group::Unready), (120, READY), (121, READY)] {
        let pod = pod(started, Status::True, 1);
        assert_eq!(group(true, pod, Some(sample(0, 60))), expected, "{started}");
    }
}

#[test]
fn an_old_pod_that_was_never_ready_does_not_count_for_cpu() {
    // Started 600 s ago, not ready since so long after its start; 10 s is the limit, and not within it.
    for (after, expected) in [
        (6, Group::Unready),
        (9, Group::Unready),
        (10, READY),
        (60, READY),
    ] {
        let pod = pod(600, Status::False, 600 - after);
        assert_eq!(group(true, pod, Some(sample(0, 60))), expected, "{after}");
    }
    let ready = pod(600, Status::True, 595);
    assert_eq!(group(true, ready, Some(sample(0, 60))), READY);
}

#[test]
fn an_old_sample_of_an_old_pod_is_believed() {
    assert_eq!(
        group(true, pod(180, Status::True, 170), Some(sample(120, 60))),
        READY
    );
}

#[test]
fn what_is_not_known_of_a_start_leaves_a_pod_out_for_cpu_alone() {
    let known = pod(600, Status::True, 590);
    let no_condition = Pod {
        ready: None,
        ..known
    };
    let no_start = Pod {
        started: None,
        ..known
    };
    for pod in [no_condition, no_start] {
        assert_eq!(group(true, pod, Some(sample(0, 60))), Group::Unready);
        assert_eq!(group(false, pod, Some(sample(0, 60))), READY);
    }
    // A custom metric counts whoever runs and says something.
    assert_eq!(
        group(false, pod(60, Status::False, 30), Some(sample(0, 60))),
        READY
    );
}

#[test]
fn serving_is_running_and_ready_also_while_it_is_deleted() {
    let ready = pod(600, Status::True, 590);
    let pods = [
        ready,
        Pod {
            deleting: true,
            ..ready
        },
        pod(600, Status::False, 590),
        pod(600, Status::Unknown, 590),
        Pod {
            phase: Phase::Pending,
            ..ready
        },
        Pod {
            phase: Phase::Succeeded,
            ..ready
        },
        Pod {
            ready: None,
            ..ready
        },
    ];
    assert_eq!(serving(&pods), 2);
}
