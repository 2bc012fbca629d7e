//! What the tests of several parts begin with.

use std::sync::Arc;
use std::time::Duration;

use bridge::{Stats, Time};

use crate::telling::metric::Metrics;
use crate::telling::pod::{Labels, Pod, Process};
use crate::telling::store::{Rules, Sample};

/// As without flags.
pub(crate) const RULES: Rules = Rules {
    max_age: Duration::from_secs(30),
    stress_unknown_for: Duration::from_secs(20),
    hold_last: Duration::from_mins(5),
    min_coverage: 0.5,
    full_stress: 0.8,
};

/// The built-in metrics alone.
pub(crate) fn metrics() -> Metrics {
    Metrics::new(&[]).unwrap()
}

/// A pod in the namespace `meet` whose bridge runs since then, without an address, labels or owners.
pub(crate) fn pod(name: &str, uid: &str, started: Option<Time>) -> Pod {
    Pod {
        uid: uid.into(),
        namespace: "meet".into(),
        name: name.into(),
        labels: Labels::default(),
        owners: Arc::default(),
        leaving: false,
        address: None,
        process: Some(Process {
            id: "1".into(),
            started,
        }),
    }
}

/// What a bridge said, without its own clock.
pub(crate) fn sample(stats: Stats, at: Time) -> Sample {
    Sample {
        stats,
        at,
        bridge_clock: None,
    }
}
