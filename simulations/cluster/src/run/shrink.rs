//! The least that still fails: fewer faults of the same seed.

use super::scenario::Scenario;
use super::sim::{Options, simulate};

/// The faults and interludes of a failing seed, by number, without which it would not fail in the same way. Each is left out in turn, as long as
/// the first rule that is broken stays the same.
pub fn shrink(seed: u64, options: &Options) -> Vec<usize> {
    let scenario = Scenario::draw(seed, None);
    let all = scenario.faults.len() + scenario.interludes.len();
    let first = |only: &[usize]| {
        let options = Options {
            only: Some(only.to_vec()),
            ..options.clone()
        };
        let outcome = simulate(seed, &options);
        outcome.violations.first().map(|violation| violation.rule)
    };
    let mut kept: Vec<usize> = options.only.clone().unwrap_or_else(|| (0..all).collect());
    let rule = first(&kept);
    loop {
        let shorter = (0..kept.len()).find_map(|place| {
            let mut fewer = kept.clone();
            fewer.remove(place);
            (rule.is_some() && first(&fewer) == rule).then_some(fewer)
        });
        match shorter {
            Some(fewer) => kept = fewer,
            None => return kept,
        }
    }
}
