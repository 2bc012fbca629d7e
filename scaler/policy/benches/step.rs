//! What a decision costs: where nothing is due, where a look brings no news, and where a bridge has to be chosen among many. It
//! ends with the table of `docs/benchmarks/policy.md`.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use bridge::Time;
use bridge::stats::{Flags, StartupTime};
use criterion::{BatchSize, Criterion};
use scaler_api::annotations::DrainAcked;
use scaler_api::state::IntentReason;
use scaler_api::{BridgePoolSpec, BridgePoolStatus, Limit};
use scaler_policy::world::{
    Container, Look, Marks, Node, Owner, Phase, Pod, Pool, Running, Tuning, Uid,
};
use scaler_policy::{Outcome, World, effects, fold, step};

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn pool(replicas: u32) -> Pool {
    Pool {
        uid: Uid("pool".to_owned()),
        name: "pool".to_owned(),
        namespace: "jitsi".to_owned(),
        generation: 1,
        resource_version: "1".to_owned(),
        spec: BridgePoolSpec {
            replicas,
            ..BridgePoolSpec::default()
        },
        status: BridgePoolStatus::default(),
        revision: "new".to_owned(),
        deletion: None,
        released: false,
        finalizers: Vec::new(),
        template_refused: None,
    }
}

fn look(number: u32) -> Look {
    Look {
        at: NOW,
        startup: StartupTime(NOW - Duration::from_hours(1)),
        flags: Flags::default(),
        people: Some(u64::from(number % 61)),
        conferences: Some(u64::from(number % 61).min(4)),
        largest: Some(u64::from(number % 17)),
        stress: Some(f64::from(number % 100) / 100.0),
        healthy: Some(true),
        joined: true,
    }
}

fn uid(number: u32) -> Uid {
    Uid(format!("0b6e3f52-7c1f-4c1e-9a57-{number:012}"))
}

/// So many bridges that take conferences, on a tenth as many nodes.
fn world(bridges: u32) -> World {
    let born = NOW - Duration::from_hours(1);
    let mut world = World::new(pool(bridges), Tuning::default(), NOW);
    for number in 0..bridges {
        let container = format!("containerd://{number}");
        let mut marks = Marks::new("new", IntentReason::ScaleUp, born);
        marks.acked = Some(DrainAcked {
            container_id: container.clone(),
            startup_time: StartupTime(born),
            drain: false,
        });
        let pod = Pod {
            uid: uid(number),
            name: format!("pool-{number}"),
            resource_version: number.to_string(),
            created: born,
            owner: Owner::Pool,
            marks: Ok(marks),
            phase: Phase::Running,
            container: Some(Container {
                id: container.clone(),
                running: Running::Since(born),
                restarts: 0,
            }),
            ready: true,
            node: Some(format!("node-{}", number / 10)),
            authority: Some("10.0.0.1:8080".to_owned()),
            deletion: None,
        };
        world.observe_pod(pod, NOW);
        world.observe_look(&uid(number), &container, look(number));
    }
    for number in 0..bridges / 10 {
        world.observe_node(Node {
            name: format!("node-{number}"),
            zone: format!("zone-{}", number % 3),
            ready: true,
            signals: BTreeSet::new(),
        });
    }
    // The list with which every lead begins.
    let plan = step(&world, NOW);
    for request in effects(&mut world, &plan, NOW) {
        let pods = world
            .pods()
            .values()
            .map(|known| known.pod.clone())
            .collect();
        let version = bridges.to_string();
        fold(&mut world, &request, Outcome::Pods { pods, version }, NOW);
    }
    world
}

fn settled(bridges: u32) -> World {
    let mut world = world(bridges);
    for _ in 0..3 {
        let plan = step(&world, NOW);
        effects(&mut world, &plan, NOW);
    }
    assert!(world.quiet(NOW), "nothing is due");
    world
}

/// What is measured, and what it may cost at most on an idle machine.
const NOTHING_DUE: (&str, &str) = ("nothing due, 1,000 bridges", "20 µs");
const NO_NEWS: (&str, &str) = ("a look without news and a step, 1,000 bridges", "20 µs");
const ALL_OF_1_000: (&str, &str) = ("everything looked at, nothing to do, 1,000 bridges", "");
const ALL_OF_10_000: (&str, &str) = (
    "everything looked at, nothing to do, 10,000 bridges",
    "5 ms",
);
const CHOICE: (&str, &str) = ("ten bridges chosen among 10,000", "5 ms");
const REQUESTS: (&str, &str) = ("the requests of that", "");

fn steps(criterion: &mut Criterion) {
    let quiet = settled(1_000);
    criterion.bench_function(NOTHING_DUE.0, |bench| {
        bench.iter(|| black_box(step(black_box(&quiet), NOW)));
    });

    let mut quiet = settled(1_000);
    criterion.bench_function(NO_NEWS.0, |bench| {
        bench.iter(|| {
            quiet.observe_look(&uid(500), "containerd://500", look(500));
            black_box(step(&quiet, NOW))
        });
    });

    for ((name, _), bridges) in [(ALL_OF_1_000, 1_000), (ALL_OF_10_000, 10_000)] {
        let world = world(bridges);
        criterion.bench_function(name, |bench| bench.iter(|| black_box(step(&world, NOW))));
    }

    let mut large = world(10_000);
    let mut smaller = pool(9_990);
    smaller.spec.drain.max_concurrent = Limit::Count(10);
    large.observe_pool(smaller);
    assert_eq!(step(&large, NOW).decisions.len(), 10);
    criterion.bench_function(CHOICE.0, |bench| {
        bench.iter(|| black_box(step(&large, NOW)));
    });
    criterion.bench_function(REQUESTS.0, |bench| {
        let plan = step(&large, NOW);
        bench.iter_batched_ref(
            || large.clone(),
            |world| black_box(effects(world, &plan, NOW)),
            BatchSize::LargeInput,
        );
    });
}

/// The fastest and the median sample of what criterion measured last, in nanoseconds a call.
fn measured(name: &str) -> Option<(f64, f64)> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let file = target.join("criterion").join(name).join("new/sample.json");
    let sample: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    let numbers = |key: &str| {
        sample[key]
            .as_array()?
            .iter()
            .map(serde_json::Value::as_f64)
            .collect()
    };
    let (iterations, times): (Option<Vec<f64>>, Option<Vec<f64>>) =
        (numbers("iters"), numbers("times"));
    let mut each: Vec<f64> = iterations?
        .into_iter()
        .zip(times?)
        .map(|(n, t)| t / n)
        .collect();
    each.sort_by(f64::total_cmp);
    Some((*each.first()?, *each.get(each.len() / 2)?))
}

/// Nanoseconds as people read them.
fn told(nanos: f64) -> String {
    match nanos {
        nanos if nanos < 1e3 => format!("{nanos:.0} ns"),
        nanos if nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
        nanos => format!("{:.2} ms", nanos / 1e6),
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    steps(&mut criterion);
    criterion.final_summary();
    println!("\n| | at most | fastest | median |\n| --- | ---: | ---: | ---: |");
    for (name, most) in [
        NOTHING_DUE,
        NO_NEWS,
        ALL_OF_1_000,
        ALL_OF_10_000,
        CHOICE,
        REQUESTS,
    ] {
        if let Some((fastest, median)) = measured(name) {
            println!("| {name} | {most} | {} | {} |", told(fastest), told(median));
        }
    }
}
