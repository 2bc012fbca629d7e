//! Repeats a seed of the simulation with its trace: `cargo run --package cluster --example seed -- SEED`.
//!
//! More words: `only=0,2` leaves of the seed's faults, and of the interludes that are numbered after them, the first and the
//! third, `without=DeleteFenced` switches a guard of the
//! policy off, `shrink` looks for the fewest faults that still fail, `to=SEED` runs all seeds before that one and prints the
//! table, `revive` names the guards without which the seed fails, `guards=N` looks for each guard's bug in up to N seeds.

use cluster::run::{Options, Told, Wanted, find, shrink, simulate, sweep, understand};
use scaler_policy::Guard;

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    match understand(&words)? {
        Wanted::Guards(most) => {
            for guard in Guard::ALL {
                println!("{guard:?}: {}", find(guard, 0..most, threads));
            }
        }
        Wanted::Range { seeds, options } => {
            println!("{}", sweep(seeds, &options, threads, usize::MAX));
        }
        Wanted::One {
            seed,
            options,
            what,
        } => tell(seed, options, what),
    }
    Ok(())
}

fn tell(seed: u64, mut options: Options, what: Told) {
    match what {
        Told::Trace => {
            options.trace = true;
            print!("{}", simulate(seed, &options).trace.unwrap_or_default());
        }
        Told::Shrunk => println!("{:?}", shrink(seed, &options)),
        Told::Revived => {
            for guard in Guard::ALL {
                options.without = Some(guard);
                if let Some(violation) = simulate(seed, &options).violations.first() {
                    println!("{guard:?}: {violation}");
                }
            }
        }
    }
}
