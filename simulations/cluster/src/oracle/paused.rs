//! A pool that is paused: whether anything is begun in it.

use std::time::Duration;

use bridge::Time;

use super::choices::KNOWN;
use super::{Oracle, Rule};

/// For how long after a pool was paused there may arrive what was decided before: an undisturbed leader hears of it within a second,
/// and a request may be under way for 10 s.
const UNDER_WAY: Duration = Duration::from_secs(12);

impl Oracle {
    /// A controller has begun something, which it does not in a pool that it knows to be paused.
    pub(super) fn judge_begun(&mut self, name: &str, begun: &str, at: Time) {
        let Some(since) = self.truth.paused_since else {
            return;
        };
        if self.blame.held_back_since(since) {
            return;
        }
        let patience = if self.blame.disturbed_since(since) {
            KNOWN + UNDER_WAY
        } else {
            UNDER_WAY
        };
        if at.since(since) > patience {
            let what = format!("{name} is {begun}, and the pool is paused");
            self.note(at, Rule::Paused, what);
        }
    }
}
