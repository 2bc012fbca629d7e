//! Chance from a seed: one stream for each concern.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What chance is asked about. Each concern has a stream of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u64)]
pub enum Concern {
    /// How the pool and the cluster are set up.
    Setup,
    /// Who comes and goes.
    People,
    /// How long requests to the API server and its watches take.
    Api,
    /// How long pods take to be placed, pulled, started and stopped.
    Nodes,
    /// How long requests to bridges and to jicofo take.
    Http,
    /// What goes wrong, and when.
    Chaos,
    /// How long the controllers take for their own affairs.
    Controllers,
    /// What is set up otherwise than usual, now and then.
    Rarities,
    /// What comes between, beside the faults.
    Interludes,
}

/// One stream of random numbers, or none: then everything is the first, the least and the soonest that it can be.
#[derive(Clone, Debug)]
pub struct Chance(Option<ChaCha8Rng>);

impl Chance {
    /// The stream of a concern under a seed.
    pub fn new(seed: u64, concern: Concern) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(concern as u64);
        Self(Some(rng))
    }

    /// No chance at all.
    pub const fn none() -> Self {
        Self(None)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        match &mut self.0 {
            Some(rng) if end > 0 => rng.random_range(0..end),
            _ => 0,
        }
    }

    /// A number from `low` to `high`, both included.
    pub fn from_to(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a thousand.
    pub fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// A time from `low` to `high` milliseconds, short ones more often.
    pub fn millis(&mut self, low: u64, high: u64) -> Duration {
        let spread = high.saturating_sub(low);
        let share = self.share(0.0);
        Duration::from_millis(low + (spread as f64 * share * share) as u64)
    }

    /// A waiting time with this mean, as between calls of a telephone; at most ten times the mean.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let share = self.share(f64::EPSILON);
        mean.mul_f64((-share.ln()).min(10.0))
    }

    fn share(&mut self, low: f64) -> f64 {
        let rng = self.0.as_mut();
        rng.map_or(low, |rng| rng.random_range(low..1.0))
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len() as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_concern_does_not_shift_another() {
        let mut people = Chance::new(7, Concern::People);
        let mut again = Chance::new(7, Concern::People);
        let mut api = Chance::new(7, Concern::Api);
        let undisturbed: Vec<_> = (0..8).map(|_| people.below(1000)).collect();
        let disturbed: Vec<_> = (0..8)
            .map(|_| {
                api.below(1000);
                again.below(1000)
            })
            .collect();
        assert_eq!(undisturbed, disturbed);
        let mut other = Chance::new(7, Concern::Api);
        let of_api: Vec<_> = (0..8).map(|_| other.below(1000)).collect();
        assert_ne!(undisturbed, of_api);
    }
}
