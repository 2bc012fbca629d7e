//! The policy under thousands of half hours, each with faults of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::run::{Options, Sweep, find, shrink, simulate, sweep};
use scaler_policy::Guard;

/// How many seeds an ordinary run has, and how many of them are run twice.
const SEEDS: u64 = 5_000;
const TWICE: u64 = 500;

/// How many seeds the long run has, and how often each transition and each fault must happen in so many.
const LONG: u64 = 100_000;
const TRANSITIONS: u64 = 1_000;
const FAULTS: u64 = 500;

/// How many seeds a bug may take to be found.
const TO_FIND: u64 = 10_000;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs seeds, prints the table, and fails with the command that repeats the first failure, or where something was too rare.
fn hold(seeds: u64) -> Sweep {
    let sweep = sweep(0..seeds, &Options::default(), threads(), usize::MAX);
    println!("{sweep}");
    if let Some((seed, what)) = sweep.failed.first() {
        let fewest = shrink(*seed, &Options::default());
        let only: Vec<String> = fewest.iter().map(ToString::to_string).collect();
        panic!(
            "{} of {seeds} seeds failed, first seed {seed}: {what}\n\
             repeat it: cargo run --package cluster --example seed -- {seed} only={only}\n\
             once it is mended, keep it in simulations/cluster/tests/kept.txt: {seed} {only} {what}",
            sweep.failed.len(),
            only = only.join(","),
        );
    }
    let (transitions, faults) = (TRANSITIONS * seeds / LONG, FAULTS * seeds / LONG);
    let missed = sweep.missed(transitions, faults);
    assert!(missed.is_empty(), "too rare: {missed:?}");
    println!("each transition at least {transitions} times, each fault at least {faults} times");
    assert!(sweep.shortest >= Duration::from_mins(30));
    assert!(sweep.least_bridges >= 3);
    assert_eq!(sweep.without_fault, 0);
    sweep
}

#[test]
fn nobody_is_hung_up_on_whatever_goes_wrong() {
    hold(SEEDS);
}

#[test]
fn seeds_that_once_failed_hold() {
    let kept = include_str!("kept.txt").lines();
    let mut failed = Vec::new();
    for line in kept.filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let seed: u64 = words.next().unwrap().parse().unwrap();
        let only = match words.next().unwrap() {
            "-" => None,
            places => Some(
                places
                    .split(',')
                    .map(|place| place.parse().unwrap())
                    .collect(),
            ),
        };
        let options = Options {
            only,
            ..Options::default()
        };
        if let Some(violation) = simulate(seed, &options).violations.first() {
            failed.push(format!("{line}: {violation}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..TWICE {
        let once = simulate(seed, &Options::default());
        let again = simulate(seed, &Options::default());
        assert_eq!(once.fingerprint, again.fingerprint, "seed {seed}");
        assert!(once.fingerprint.0 > 20, "seed {seed} has hardly a trace");
    }
    let texts: BTreeSet<_> = (0..2)
        .map(|_| {
            let traced = Options {
                trace: true,
                ..Options::default()
            };
            simulate(1, &traced).trace
        })
        .collect();
    assert_eq!(texts.len(), 1);
}

/// Bugs that are found within a few seeds.
const QUICK: [Guard; 20] = [
    Guard::AckOfThisRun,
    Guard::SettleTime,
    Guard::SettleLooks,
    Guard::ProofBeforeDelete,
    Guard::ShutdownBeforeDelete,
    Guard::PresencesBeforeDelete,
    Guard::DeleteFenced,
    Guard::PatchFenced,
    Guard::ConcurrentDrains,
    Guard::MassUnhealthy,
    Guard::MovePace,
    Guard::SurgeFirst,
    Guard::CreationsExpected,
    Guard::ProtectionOnRescue,
    Guard::Pinned,
    Guard::MinLifetime,
    Guard::BreweryJoined,
    Guard::SurgeUncounted,
    Guard::Ceiling,
    Guard::RescueFirst,
];

#[test]
fn twenty_guards_that_are_off_are_missed_within_a_few_seeds() {
    for guard in QUICK {
        let found = find(guard, 0..500, threads());
        println!("{guard:?}: {found}");
        assert!(found.is_found(), "{guard:?}: {found}");
    }
}

#[test]
#[ignore = "takes an hour: make test-long runs it"]
fn nobody_is_hung_up_on_in_a_hundred_thousand_seeds() {
    hold(LONG);
}

#[test]
#[ignore = "takes an hour: make test-long runs it"]
fn most_guards_that_are_off_are_missed_within_ten_thousand_seeds() {
    let mut missed = 0;
    for guard in Guard::ALL {
        let found = find(guard, 0..TO_FIND, threads());
        println!("{guard:?}: {found}");
        missed += usize::from(found.is_found());
    }
    println!("{missed} of {} found", Guard::ALL.len());
    assert!(missed >= 20, "{missed}");
}
