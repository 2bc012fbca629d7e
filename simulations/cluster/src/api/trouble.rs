//! What can be wrong with the API server and on the way to it.

use std::time::Duration;

use super::request::Refusal;
use crate::kernel::Chance;

/// What is wrong just now; nothing by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trouble {
    /// An admission webhook refuses every new pod.
    pub admission: bool,
    /// Out of a thousand requests, so many are answered with a 500 and not done.
    pub failing: u64,
    /// Out of a thousand writes, so many are answered with a 429 and not done.
    pub throttling: u64,
    /// Out of a thousand writes, so many are done, and the answer is lost.
    pub answers_lost: u64,
    /// A patch that names neither uid nor version creates a pod that is not there, as server-side apply does.
    pub patches_create: bool,
    /// How much longer every watch takes.
    pub watch_lag: Duration,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is decided, and the answer arrives.
    Answered,
    /// It is not decided, and this is the answer.
    Refused(Refusal),
    /// It is decided, and no answer arrives.
    Unheard,
}

impl Trouble {
    /// What becomes of the next request.
    pub fn fate(&self, writes: bool, chance: &mut Chance) -> Fate {
        if self.failing > 0 && chance.per_mille(self.failing) {
            return Fate::Refused(Refusal::Internal);
        }
        if writes && self.throttling > 0 && chance.per_mille(self.throttling) {
            return Fate::Refused(Refusal::TooMany);
        }
        if writes && self.answers_lost > 0 && chance.per_mille(self.answers_lost) {
            return Fate::Unheard;
        }
        Fate::Answered
    }
}
