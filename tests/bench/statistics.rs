//! Many measurements of one thing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// All measurements of one thing, without their order: how often each value was seen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Series(BTreeMap<u64, u64>);

impl Series {
    /// One more, in microseconds.
    pub(crate) fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        *self.0.entry(micros).or_default() += 1;
    }

    /// All of another one too.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (value, times) in &other.0 {
            *self.0.entry(*value).or_default() += times;
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The smallest value that at least this part of all do not exceed (nearest rank), in microseconds; none of nothing.
    pub(crate) fn quantile(&self, part: f64) -> Option<u64> {
        let rank = (self.count() as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|(value, times)| {
            seen += times;
            (seen >= rank).then_some(*value)
        })
    }

    /// The largest, in microseconds.
    pub(crate) fn max(&self) -> Option<u64> {
        self.0.keys().next_back().copied()
    }
}

impl Extend<Duration> for Series {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, times: T) {
        times.into_iter().for_each(|time| self.add(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(micros: impl IntoIterator<Item = u64>) -> Series {
        let mut series = Series::default();
        series.extend(micros.into_iter().map(Duration::from_micros));
        series
    }

    #[test]
    fn a_quantile_is_a_value_that_was_seen() {
        let hundred = series((1..=100).rev());
        assert_eq!(hundred.quantile(0.5), Some(50));
        assert_eq!(hundred.quantile(0.99), Some(99));
        assert_eq!(hundred.quantile(1.0), hundred.max());
        assert_eq!(series([7]).quantile(0.01), Some(7));
        assert_eq!(series([1, 1, 1, 9]).quantile(0.75), Some(1));
        assert_eq!(series([1, 1, 1, 9]).quantile(0.76), Some(9));
    }

    #[test]
    fn of_nothing_there_is_no_quantile() {
        assert_eq!(Series::default().quantile(0.5), None);
        assert_eq!(Series::default().max(), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = series([5, 5, 1_000_000]);
        let json = serde_json::to_string(&written).unwrap();
        assert_eq!(json, r#"{"5":2,"1000000":1}"#);
        assert_eq!(serde_json::from_str::<Series>(&json).unwrap(), written);
    }
}
