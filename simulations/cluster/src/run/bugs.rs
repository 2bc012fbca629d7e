//! Seeded bugs: whether anything notices when a guard of the policy is switched off.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use scaler_policy::Guard;

use super::sim::{Options, simulate};

/// What became of the search for a bug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found {
    /// This seed fails, and does not with the guard on.
    After {
        /// How many seeds were run until then.
        seeds: u64,
        /// The seed.
        seed: u64,
        /// What was wrong.
        what: String,
    },
    /// None of so many seeds notices.
    Never(u64),
}

impl Found {
    /// Whether it was found.
    pub fn is_found(&self) -> bool {
        matches!(self, Self::After { .. })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After { seed, what, .. } => write!(f, "seed {seed}: {what}"),
            Self::Never(seeds) => write!(f, "not within {seeds} seeds"),
        }
    }
}

/// Looks for the first seed that fails with a guard off and not with it on.
pub fn find(guard: Guard, seeds: Range<u64>, threads: usize) -> Found {
    let options = Options {
        without: Some(guard),
        ..Options::default()
    };
    let next = AtomicU64::new(seeds.start);
    let done = AtomicBool::new(false);
    let first: Mutex<Option<(u64, String)>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = simulate(seed, &options);
                    let Some(violation) = outcome.violations.first() else {
                        continue;
                    };
                    if !simulate(seed, &Options::default()).violations.is_empty() {
                        continue;
                    }
                    done.store(true, Ordering::Relaxed);
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    if first.as_ref().is_none_or(|(earlier, _)| seed < *earlier) {
                        *first = Some((seed, violation.to_string()));
                    }
                }
            });
        }
    });
    let first = first.into_inner().unwrap_or_else(PoisonError::into_inner);
    match first {
        Some((seed, what)) => Found::After {
            seeds: seed - seeds.start + 1,
            seed,
            what,
        },
        None => Found::Never(seeds.end - seeds.start),
    }
}
