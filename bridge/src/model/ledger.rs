//! What happened to people: the truth that no bridge and no jicofo tells.

use crate::time::Time;

/// Counts of people and of what happened to them since the start.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    /// People in conferences now, whether they have a bridge or not; those whose browser died until somebody notices.
    pub people: u64,
    /// People on a bridge now, their media flowing.
    pub on_bridges: u64,
    /// People now who should have a bridge and have none to go to.
    pub waiting: u64,
    /// How many people came so far.
    pub came: u64,
    /// How many of them were interrupted, once or more often: cut, taken off a bridge to be sent on, or sent to one anew.
    pub disturbed: u64,
    /// How many of the disturbed had a bridge vanish under them, once or more often.
    pub disturbed_by_cut: u64,
    /// How often a bridge vanished under a person, whoever did it.
    pub cut: u64,
    /// How often a person was taken off a bridge on request (a move, SHUTTING_DOWN, a failed health check) and sent on.
    pub moved: u64,
    /// How often a person was taken off a bridge and there was none to go on to.
    pub stranded: u64,
    /// How often a person was sent to a bridge anew because jicofo had restarted.
    pub reinvited: u64,
    /// People now whose media flowed once and does not.
    pub without_media: u64,
    lost_millis: i64,
    /// Sum of the moments at which those without media lost it.
    since_sum: i128,
}

impl Ledger {
    /// Milliseconds of media that people have lost together up to this moment, from each loss to being back or leaving.
    pub fn lost_media_millis(&self, now: Time) -> u64 {
        let running = i128::from(self.without_media) * i128::from(now.as_millis()) - self.since_sum;
        u64::try_from(i128::from(self.lost_millis) + running).unwrap_or(0)
    }

    pub(super) fn lost(&mut self, since: Time) {
        self.without_media += 1;
        self.since_sum += i128::from(since.as_millis());
    }

    pub(super) fn regained(&mut self, since: Time, now: Time) {
        self.without_media -= 1;
        self.since_sum -= i128::from(since.as_millis());
        self.lost_millis += now.since(since).as_millis() as i64;
    }
}
