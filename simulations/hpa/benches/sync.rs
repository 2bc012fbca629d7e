//! How many syncs a second one core does. It ends with the table of `docs/benchmarks/hpa.md`, and `make bench` has it written there.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use bridge::Time;
use criterion::Criterion;
use hpa::inputs::{Phase, Pod, Reading, Ready, Sample, Samples, Scale, Selector, Status};
use hpa::{Class, Controller, Flags, Gates, Inputs, Policy, Spec, State, sync};
use pages::measured::{self, Bench};

const BEHAVIOR: &str = r#""behavior": {
    "scaleUp": {"stabilizationWindowSeconds": 0},
    "scaleDown": {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}"#;
const PER_POD: &str = r#"{"type": "Pods", "pods": {"metric": {"name": "stress_level"},
    "target": {"type": "AverageValue", "averageValue": "400m"}}}"#;
const CPU: &str = r#"{"type": "Resource", "resource": {"name": "cpu",
    "target": {"type": "Utilization", "averageUtilization": 60}}}"#;
const TOTAL: &str = r#"{"type": "Object", "object": {"metric": {"name": "committed_stress_total"},
    "describedObject": {"kind": "BridgePool", "name": "jvb", "apiVersion": "bridgetender.dev/v1alpha1"},
    "target": {"type": "AverageValue", "averageValue": "400m"}}}"#;

const CONTROLLER: Controller = Controller {
    class: Class::From136,
    gates: Gates {
        scale_to_zero: false,
        configurable_tolerance: true,
    },
    flags: Flags {
        downscale_stabilization: Duration::from_mins(5),
        cpu_initialization_period: Duration::from_mins(5),
        initial_readiness_delay: Duration::from_secs(30),
        tolerance: 0.1,
    },
};

fn policy(metric: &str) -> Policy {
    let json = format!(
        r#"{{"scaleTargetRef": {{"kind": "BridgePool", "name": "jvb"}}, "minReplicas": 1, "maxReplicas": 5000,
            "metrics": [{metric}], {BEHAVIOR}}}"#
    );
    let spec: Spec = serde_json::from_str(&json).expect("a spec");
    Policy::try_from(spec).expect("a policy")
}

/// A day of syncs of one HPA: its size follows a load that comes and goes, so that all branches are taken. `names`: join the
/// samples to their pods by name as well.
struct Fleet {
    policy: Policy,
    pods: Vec<Pod>,
    names: Vec<String>,
    samples: Samples,
    requests: Vec<Option<i64>>,
    state: State,
    size: i32,
    now: Time,
}

impl Fleet {
    fn new(metric: &str, count: usize) -> Self {
        let start = Time::from_millis(1_000_000_000);
        let pods = (0..count).map(|index| Pod {
            // One in ten has not started yet.
            phase: if index % 10 == 9 {
                Phase::Pending
            } else {
                Phase::Running
            },
            deleting: false,
            started: Some(Time::from_millis(0)),
            ready: Some(Ready {
                status: Status::True,
                since: Time::from_millis(1_000),
            }),
        });
        Self {
            policy: policy(metric),
            pods: pods.collect(),
            names: (0..count)
                .map(|index| format!("jvb-{index:04}-x7k2p"))
                .collect(),
            samples: Samples {
                of_pods: vec![None; count],
                ..Samples::default()
            },
            requests: vec![Some(1_000); count],
            state: State::default(),
            size: i32::try_from(count).unwrap_or(i32::MAX),
            now: start,
        }
    }

    fn sync(&mut self, join: bool) -> i32 {
        self.now += Duration::from_millis(15_003);
        let wave = self.now.as_millis() / 15_003 % 240;
        let milli = 200 + (wave - 120).abs() * 4;
        let sample = Sample {
            milli,
            at: self.now,
            window: Duration::from_mins(1),
        };
        if join {
            let names = self.names.iter().map(|name| (name.as_str(), sample));
            self.samples.join(&self.names, names);
        } else if let Some(first) = self.samples.of_pods.first_mut() {
            *first = Some(sample);
        }
        let total = [milli * i64::from(self.size)];
        let reading = if self.policy.metrics[0].source.kind() == hpa::spec::SourceType::Object {
            Reading::Values(&total)
        } else {
            Reading::Pods {
                samples: &self.samples,
                requests: &self.requests,
            }
        };
        let inputs = Inputs {
            controller: &CONTROLLER,
            policy: &self.policy,
            scale: Some(Scale {
                spec_replicas: self.size,
                status_replicas: self.size,
                selector: Selector::Good,
            }),
            pods: &self.pods,
            readings: &[reading],
            writable: true,
        };
        let outcome = sync(&mut self.state, &inputs, self.now);
        self.size = outcome.put.unwrap_or(self.size);
        self.size
    }
}

/// What is measured: its name, the metric, and whether samples are joined to their pods by name as well.
const KINDS: [(&str, &str, bool); 4] = [
    ("average per pod", PER_POD, false),
    (
        "average per pod, samples joined to their pods by name first",
        PER_POD,
        true,
    ),
    ("utilization of the CPU", CPU, false),
    ("total of an object", TOTAL, false),
];

/// With how many pods, and how many syncs a second are aimed at.
const SIZES: [(usize, f64); 2] = [(30, 1e6), (1_000, 20e3)];

fn group(pods: usize) -> String {
    format!("{pods} pods")
}

fn syncs(criterion: &mut Criterion) {
    for (count, _) in SIZES {
        let mut group = criterion.benchmark_group(group(count));
        for (name, metric, join) in KINDS {
            let mut fleet = Fleet::new(metric, count);
            // Every pod has a sample, whoever joins them.
            fleet.sync(true);
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(fleet.sync(join)));
            });
        }
        group.finish();
    }
}

fn main() -> ExitCode {
    let mut bench = Bench::begin(env!("CARGO_TARGET_TMPDIR"));
    let mut criterion = Criterion::default()
        .output_directory(bench.folder())
        .configure_from_args();
    syncs(&mut criterion);
    criterion.final_summary();
    let mut rows = Vec::new();
    for (count, least) in SIZES {
        for (name, ..) in KINDS {
            if let Some(cost) = bench.cost(&format!("{}/{name}", group(count))) {
                rows.push(vec![
                    name.to_owned(),
                    measured::number(count as f64),
                    measured::number(least),
                    measured::rate(cost.median),
                    measured::time(cost.median),
                    measured::time(cost.fastest),
                    measured::margin(1e9 / least, cost.median),
                ]);
            }
        }
    }
    let heads = [
        "",
        "pods",
        "syncs a second, at least",
        "measured",
        "a sync",
        "fastest",
        measured::MARGIN,
    ];
    let table = measured::table(&heads, &rows);
    let sources = ["simulations/hpa", "bridge", "Cargo.toml", "Cargo.lock"];
    bench.end("docs/benchmarks/hpa.md", &sources, &table)
}
