//! The policy under thousands of half hours, each with faults of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::chaos::Fault;
use cluster::run::{Options, Sweep, find, shrink, simulate, sweep};
use scaler_policy::Guard;

/// How many seeds an ordinary run has, and how many of them are run twice.
const SEEDS: u64 = 5_000;
const TWICE: u64 = 500;

/// How many seeds the long run has, and how often each transition and each fault must happen in so many.
const LONG: u64 = 100_000;
const TRANSITIONS: u64 = 1_000;
const FAULTS: u64 = 500;

/// In one of so many seeds all faults may have waited in vain for their situation.
const RARE: u64 = 50;

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
             once it is mended, keep it in simulations/cluster/tests/kept.txt: {seed} {only} GUARD {what}\n\
             where GUARD is one that revives what was wrong, if there is one: cargo run --package cluster --example seed -- {seed} only={only} revive",
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
    assert!(
        sweep.without_fault * RARE <= seeds,
        "in {} of {seeds} seeds no fault found its situation",
        sweep.without_fault
    );
    sweep
}

#[test]
fn nobody_is_hung_up_on_whatever_goes_wrong() {
    hold(SEEDS);
}

/// A seed that once failed.
struct Kept<'a> {
    line: &'a str,
    seed: u64,
    only: Option<Vec<usize>>,
    /// The guards without each of which it fails again.
    guards: Vec<Guard>,
    /// The faults that have to happen in it.
    faults: Vec<Fault>,
}

fn kept(line: &str) -> Kept<'_> {
    let mut words = line.split_whitespace();
    let mut word = || words.next().expect(line);
    let seed = word().parse().expect(line);
    let only = match word() {
        "-" => None,
        places => Some(
            places
                .split(',')
                .map(|place| place.parse().expect(line))
                .collect(),
        ),
    };
    let (mut guards, mut faults) = (Vec::new(), Vec::new());
    for bites in word().split(',') {
        let guard = Guard::ALL
            .into_iter()
            .find(|guard| format!("{guard:?}") == bites);
        let fault = Fault::ALL
            .into_iter()
            .find(|fault| format!("F{}", fault.number()) == bites);
        match (guard, fault) {
            (Some(guard), _) => guards.push(guard),
            (None, Some(fault)) => faults.push(fault),
            (None, None) => panic!("{bites:?} is neither a guard nor a fault: {line}"),
        }
    }
    Kept {
        line,
        seed,
        only,
        guards,
        faults,
    }
}

#[test]
fn seeds_that_once_failed_hold_and_still_bite_as_their_line_says() {
    let lines = include_str!("kept.txt").lines();
    let mut failed = Vec::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let Kept {
            line,
            seed,
            only,
            guards,
            faults,
        } = kept(line);
        let options = Options {
            only,
            ..Options::default()
        };
        let outcome = simulate(seed, &options);
        if let Some(violation) = outcome.violations.first() {
            failed.push(format!("{line}: {violation}"));
        }
        for fault in faults {
            if !outcome.faults.contains_key(&fault) {
                failed.push(format!("{line}: {fault:?} does not happen any more"));
            }
        }
        for guard in guards {
            let without = Options {
                without: Some(guard),
                ..options.clone()
            };
            if simulate(seed, &without).violations.is_empty() {
                failed.push(format!("{line}: holds without {guard:?}, too"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A seed with a bug, the fewest of its faults that it needs, and what the bug is.
const SHRUNK: (u64, &[usize], Guard) = (2, &[1], Guard::AckOfThisRun);

#[test]
fn a_seed_that_fails_shrinks_to_the_faults_that_it_needs() {
    let (seed, fewest, guard) = SHRUNK;
    let without = Options {
        without: Some(guard),
        ..Options::default()
    };
    assert_eq!(shrink(seed, &without), fewest);
    let failed = |only: &[usize]| {
        let options = Options {
            only: Some(only.to_vec()),
            ..without.clone()
        };
        let violations = simulate(seed, &options).violations;
        violations.first().map(|violation| violation.rule)
    };
    let rule = failed(fewest);
    assert!(rule.is_some(), "they are enough");
    for left_out in 0..fewest.len() {
        let mut fewer = fewest.to_vec();
        fewer.remove(left_out);
        assert_ne!(failed(&fewer), rule, "{left_out} is needed");
    }
}

#[test]
fn a_sweep_does_not_depend_on_the_number_of_threads() {
    let by = |threads| sweep(0..50, &Options::default(), threads, usize::MAX);
    assert_eq!(by(1), by(2));
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

/// Guards whose loss chance seldom or never shows, with the reason. The policy's own test of each guard,
/// `each_guard_keeps_its_harm_away_and_is_missed_when_it_is_off`, shows it.
const SELDOM_MISSED: [(Guard, &str); 4] = [
    (
        Guard::RemovalFreshness,
        "whoever came since the last look is seen by the one before the deletion",
    ),
    (
        Guard::RevisionFloor,
        "the floor of the whole pool holds, too; it takes bridges of a third revision to tell the two apart",
    ),
    (
        Guard::OldEventsIgnored,
        "a watch tells in order here; `explore` has one that does not",
    ),
    (
        Guard::MalformedCounts,
        "that one bridge too many is started for one that cannot be understood is no harm to anybody",
    ),
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
fn guards_that_are_off_are_missed_within_ten_thousand_seeds() {
    let mut lost = Vec::new();
    for guard in Guard::ALL {
        let found = find(guard, 0..TO_FIND, threads());
        let seldom = SELDOM_MISSED.iter().find(|(other, _)| *other == guard);
        match (found.is_found(), seldom) {
            // One seed of so many may find it by chance, and the next change of the chaos may lose it again.
            (true, Some((_, why))) => {
                println!("{guard:?}: {found}; listed as seldom missed, as {why}");
            }
            (false, Some((_, why))) => println!("{guard:?}: {found}, as {why}"),
            (true, None) => println!("{guard:?}: {found}"),
            (false, None) => {
                println!("{guard:?}: {found}");
                lost.push(guard);
            }
        }
    }
    assert!(
        lost.is_empty(),
        "nothing notices any more that these are off: {lost:?}"
    );
}
