//! What a decision costs: where nothing is due, where a look brings no news, and where bridges have to be chosen among many. It
//! ends with the table of `docs/benchmarks/policy.md`, and `make bench` has it written there.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use bridge::Time;
use bridge::stats::{Flags, StartupTime};
use criterion::{BatchSize, Criterion};
use pages::measured::{self, Bench};
use scaler_api::annotations::DrainAcked;
use scaler_api::spec::NodeSignal;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{BridgePoolSpec, BridgePoolStatus, Limit};
use scaler_policy::world::{
    Container, Look, Marks, Node, Owner, Phase, Pod, Pool, Running, Tuning, Uid,
};
use scaler_policy::{Outcome, World, effects, fold, step, violations};

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
    }
}

fn look(number: u32) -> Look {
    Look {
        at: NOW,
        startup: StartupTime(NOW - Duration::from_hours(1)),
        flags: Flags::default(),
        people: Some(u64::from(number % 60 + 1)),
        conferences: Some(u64::from(number % 60 + 1).min(4)),
        largest: Some(u64::from(number % 17)),
        stress: Some(f64::from(number % 100) / 100.0),
        healthy: Some(true),
        joined: true,
    }
}

fn uid(number: u32) -> Uid {
    Uid(format!("0b6e3f52-7c1f-4c1e-9a57-{number:012}"))
}

/// All bridges take conferences.
const fn serving(_: u32) -> bool {
    true
}

/// So many bridges, on a tenth as many nodes. Those of these numbers take conferences, the others are being drained.
fn world(bridges: u32, serve: impl Fn(u32) -> bool) -> World {
    let mut world = World::new(pool(bridges), Tuning::default(), NOW);
    world.observe_skew(0);
    for number in 0..bridges {
        let pod = pod(number, serve(number));
        world.observe_pod(pod, NOW);
        let mut look = look(number);
        look.flags.drain = !serve(number);
        world.observe_look(&uid(number), &container(number), look);
    }
    for number in 0..bridges / 10 {
        world.observe_node(node(number), NOW);
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

fn container(number: u32) -> String {
    format!("containerd://{number}")
}

fn node(number: u32) -> Node {
    Node {
        name: format!("node-{number}"),
        zone: format!("zone-{}", number % 3),
        ready: true,
        signals: BTreeSet::new(),
    }
}

fn pod(number: u32, serves: bool) -> Pod {
    let born = NOW - Duration::from_hours(1);
    let mut marks = Marks::new("new", IntentReason::ScaleUp, born);
    if !serves {
        marks.intent = Intent::Drain;
        marks.reason = IntentReason::ScaleDown;
        marks.counted = false;
        marks.deadline = Some(NOW + Duration::from_mins(30));
    }
    marks.acked = Some(DrainAcked {
        container_id: container(number),
        startup_time: StartupTime(born),
        drain: Some(!serves),
        joined: true,
    });
    Pod {
        uid: uid(number),
        name: format!("pool-{number}"),
        resource_version: number.to_string(),
        created: born,
        labelled: true,
        owner: Owner::Pool,
        co_owners: Vec::new(),
        marks: Ok(marks),
        phase: Phase::Running,
        container: Some(Container {
            id: container(number),
            running: Running::Since(born),
            restarts: 0,
        }),
        ready: true,
        node: Some(format!("node-{}", number / 10)),
        authority: Some("10.0.0.1:8080".to_owned()),
        sidecar: false,
        deletion: None,
    }
}

fn settled(bridges: u32) -> World {
    let mut world = world(bridges, serving);
    for _ in 0..3 {
        let plan = step(&world, NOW);
        effects(&mut world, &plan, NOW);
    }
    assert!(world.quiet(NOW), "nothing is due");
    world
}

/// A world of 10,000 bridges of which something else is wanted from now on, so that so many decisions come of it.
fn wants(decisions: usize, want: impl FnOnce(&mut Pool)) -> World {
    let mut world = world(10_000, serving);
    let mut other = pool(10_000);
    other.spec.drain.max_concurrent = Limit::Count(10);
    want(&mut other);
    world.observe_pool(other);
    assert_eq!(step(&world, NOW).decisions.len(), decisions);
    world
}

/// What is measured, and what it may cost at most on an idle machine.
const NOTHING_DUE: (&str, &str) = ("nothing due, 1,000 bridges", "20 µs");
const NO_NEWS: (&str, &str) = ("a look without news and a step, 1,000 bridges", "20 µs");
const ALL_OF_1_000: (&str, &str) = ("everything looked at, 1,000 bridges", "");
const ALL_OF_10_000: (&str, &str) = ("everything looked at, 10,000 bridges", "5 ms");
const CHOICE: (&str, &str) = ("ten bridges drained of 10,000", "5 ms");
const HELD: (&str, &str) = ("ten bridges drained of 10,000, 990 held back", "5 ms");
const ROLLOUT: (&str, &str) = ("a rollout of 10,000 begins", "5 ms");
const NODE: (&str, &str) = ("a node with ten of 10,000 bridges leaves", "5 ms");
const RESCUE: (&str, &str) = ("ten of 5,000 draining taken back", "5 ms");
const HELD_AGAINST: (&str, &str) = ("that choice held against the invariants", "");
const REQUESTS: (&str, &str) = ("the requests of ten drains", "");

const ALL: [(&str, &str); 11] = [
    NOTHING_DUE,
    NO_NEWS,
    ALL_OF_1_000,
    ALL_OF_10_000,
    CHOICE,
    HELD,
    ROLLOUT,
    NODE,
    RESCUE,
    HELD_AGAINST,
    REQUESTS,
];

fn quiet(criterion: &mut Criterion) {
    let mut quiet = settled(1_000);
    criterion.bench_function(NOTHING_DUE.0, |bench| {
        bench.iter(|| black_box(step(black_box(&quiet), NOW)));
    });
    criterion.bench_function(NO_NEWS.0, |bench| {
        bench.iter(|| {
            quiet.observe_look(&uid(500), "containerd://500", look(500));
            black_box(step(&quiet, NOW))
        });
    });
}

fn decisions(criterion: &mut Criterion) {
    let mut decide = |(name, _): (&str, &str), world: &World| {
        criterion.bench_function(name, |bench| bench.iter(|| black_box(step(world, NOW))));
    };
    decide(ALL_OF_1_000, &world(1_000, serving));
    decide(ALL_OF_10_000, &world(10_000, serving));
    decide(HELD, &wants(10, |pool| pool.spec.replicas = 9_000));
    decide(
        ROLLOUT,
        &wants(20, |pool| {
            "newer".clone_into(&mut pool.revision);
            pool.spec.update.max_surge = Limit::Count(20);
        }),
    );
    let mut leaving = wants(0, |_| {});
    let mut node = node(7);
    node.signals.insert(NodeSignal::Cordon);
    leaving.observe_node(node, NOW);
    // One drained for each of them, and as many started.
    assert_eq!(step(&leaving, NOW).decisions.len(), 20);
    decide(NODE, &leaving);
    let mut rescue = world(10_000, |number| number % 2 == 0);
    rescue.observe_pool(pool(5_010));
    assert_eq!(step(&rescue, NOW).decisions.len(), 10);
    decide(RESCUE, &rescue);

    let choice = wants(10, |pool| pool.spec.replicas = 9_990);
    decide(CHOICE, &choice);
    criterion.bench_function(HELD_AGAINST.0, |bench| {
        let plan = step(&choice, NOW);
        bench.iter(|| black_box(violations(&choice, &plan)));
    });
    criterion.bench_function(REQUESTS.0, |bench| {
        let plan = step(&choice, NOW);
        bench.iter_batched_ref(
            || choice.clone(),
            |world| black_box(effects(world, &plan, NOW)),
            BatchSize::LargeInput,
        );
    });
}

fn main() -> ExitCode {
    let mut bench = Bench::begin(env!("CARGO_TARGET_TMPDIR"));
    let mut criterion = Criterion::default()
        .output_directory(bench.folder())
        .configure_from_args();
    quiet(&mut criterion);
    decisions(&mut criterion);
    criterion.final_summary();
    let rows = ALL.iter().filter_map(|(name, most)| {
        let cost = bench.cost(name)?;
        let told = [cost.fastest, cost.median].map(measured::time);
        let asked = measured::nanos(most);
        let margin = asked.map(|asked| measured::margin(asked, cost.median));
        let mut row = [[*name, *most].map(str::to_owned), told].concat();
        row.push(margin.unwrap_or_default());
        Some(row)
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let heads = ["", "at most", "fastest", "median", measured::MARGIN];
    let table = measured::table(&heads, &rows);
    let sources = [
        "scaler/policy",
        "scaler/api",
        "bridge",
        "Cargo.toml",
        "Cargo.lock",
    ];
    bench.end("docs/benchmarks/policy.md", &sources, &table)
}
