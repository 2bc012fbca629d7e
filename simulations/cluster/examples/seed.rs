//! Repeats a seed of the simulation with its trace: `cargo run --package cluster --example seed -- SEED`.
//!
//! More words: `only=0,2` leaves of the seed's faults, and of the interludes that are numbered after them, the first and the
//! third, `without=DeleteFenced` switches a guard of the
//! policy off, `shrink` looks for the fewest faults that still fail, `to=SEED` runs all seeds up to that one and prints the
//! table, `revive` names the guards without which the seed fails, `guards=N` looks for each guard's bug in up to N seeds.

use cluster::run::{Options, find, shrink, simulate, sweep};
use scaler_policy::Guard;

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |key: &str| {
        words
            .iter()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("{text:?} is no number"))
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options::default();
    if let Some(only) = value("only") {
        let numbers: Result<Vec<u64>, String> = only.split(',').map(number).collect();
        options.only = Some(numbers?.into_iter().map(|number| number as usize).collect());
    }
    if let Some(name) = value("without") {
        let guard = Guard::ALL
            .into_iter()
            .find(|guard| format!("{guard:?}") == name);
        options.without = Some(guard.ok_or(format!("there is no guard {name:?}"))?);
    }
    if let Some(most) = value("guards") {
        for guard in Guard::ALL {
            let found = find(guard, 0..number(most)?, threads);
            println!("{guard:?}: {found}");
        }
        return Ok(());
    }
    let seed = number(words.first().ok_or("which seed?")?)?;
    if let Some(to) = value("to") {
        println!(
            "{}",
            sweep(seed..number(to)?, &options, threads, usize::MAX)
        );
    } else if words.iter().any(|word| word == "revive") {
        for guard in Guard::ALL {
            let options = Options {
                without: Some(guard),
                ..options.clone()
            };
            if let Some(violation) = simulate(seed, &options).violations.first() {
                println!("{guard:?}: {violation}");
            }
        }
    } else if words.iter().any(|word| word == "shrink") {
        println!("{:?}", shrink(seed, &options));
    } else {
        options.trace = true;
        let outcome = simulate(seed, &options);
        print!("{}", outcome.trace.unwrap_or_default());
    }
    Ok(())
}
