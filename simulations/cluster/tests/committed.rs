//! What the exact HPA makes of a pool at constant load, step by step, by what it is told of the bridges that drain.

use std::time::Duration;

use bridge::Time;
use bridge::totals::{MIN_COVERAGE, Part};
use cluster::scaling::{average_of_pods, committed};
use hpa::inputs::{Phase, Pod, Reading, Sample, Samples, Scale, Selector};
use hpa::{Class, Controller, Flags, Gates, Inputs, Policy, State, sync};
use scaler_api::committed::{Committed, Standing};
use serde_json::{Value, json};

/// Thirty-two bridges with 12 of stress, evenly, of which each shall have a half: 24 are needed.
const BEGINNING: usize = 32;
const STRESS: f64 = 12.0 / 32.0;
const TARGET: u64 = 500;

/// What the HPA is told.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// Of each counted pod its stress.
    OwnOfPods,
    /// Of each counted pod its stress and its share.
    CommittedOfPods,
    /// Of the pool the total.
    CommittedOfPool,
}

fn policy(told: Told) -> Policy {
    let metric: Value = match told {
        Told::OwnOfPods | Told::CommittedOfPods => average_of_pods(TARGET),
        Told::CommittedOfPool => committed(TARGET),
    };
    let manifest = json!({
        "scaleTargetRef": { "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "pool" },
        "minReplicas": 1, "maxReplicas": 100, "metrics": [metric], "behavior": {},
    });
    let spec: hpa::Spec = serde_json::from_value(manifest).expect("a case of this test");
    Policy::try_from(spec).expect("a case of this test")
}

fn milli(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

/// The sizes that the HPA sets, an hour from one to the next, while nobody comes and nobody goes.
fn sizes(told: Told) -> Vec<usize> {
    let controller = Controller {
        class: Class::From136,
        gates: Gates {
            scale_to_zero: false,
            configurable_tolerance: true,
        },
        flags: Flags::default(),
    };
    let policy = policy(told);
    let mut state = State::default();
    let mut sizes = vec![BEGINNING];
    for hour in 1..=24 {
        let now = Time::default() + Duration::from_hours(hour);
        let counted = sizes[sizes.len() - 1];
        let said = Part::Said {
            value: STRESS,
            at: now,
        };
        // What is not counted drains: its people stay.
        let all: Committed = (0..BEGINNING)
            .map(|bridge| {
                let standing = if bridge < counted {
                    Standing::Counted
                } else {
                    Standing::Apart
                };
                (standing, said)
            })
            .collect();
        let share = match told {
            Told::OwnOfPods => 0.0,
            _ => all.share(MIN_COVERAGE).expect("a case of this test"),
        };
        let sample = Sample {
            milli: milli(STRESS + share),
            at: now,
            window: Duration::from_secs(10),
        };
        let samples = Samples {
            of_pods: vec![Some(sample); counted],
            ..Samples::default()
        };
        let total = [milli(all.total(MIN_COVERAGE).expect("a case of this test"))];
        let pod = Pod {
            phase: Phase::Running,
            deleting: false,
            started: None,
            ready: None,
        };
        let reading = match told {
            Told::CommittedOfPool => Reading::Values(&total),
            _ => Reading::Pods {
                samples: &samples,
                requests: &[],
            },
        };
        let replicas = i32::try_from(counted).expect("a case of this test");
        let inputs = Inputs {
            controller: &controller,
            policy: &policy,
            scale: Some(Scale {
                spec_replicas: replicas,
                status_replicas: replicas,
                selector: Selector::Good,
            }),
            pods: &vec![pod; counted],
            readings: &[reading],
            writable: true,
        };
        // The first look is at a size that somebody else set: it holds for as long as the window.
        let put = sync(&mut state, &inputs, now).put;
        sizes.extend(put.map(|size| usize::try_from(size).expect("a case of this test")));
    }
    sizes
}

#[test]
fn with_the_load_of_draining_bridges_the_hpa_holds_and_without_it_it_goes_on_and_on() {
    for (told, steps) in [
        (Told::OwnOfPods, vec![32, 24, 18, 14, 11, 9, 7, 6, 5, 4, 3]),
        (Told::CommittedOfPods, vec![32, 24]),
        (Told::CommittedOfPool, vec![32, 24]),
    ] {
        assert_eq!(sizes(told), steps, "{told:?}");
    }
}
