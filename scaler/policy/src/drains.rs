//! How long drains last and how they end, as the marks of a pool's bridges tell it. Nothing is decided by it.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use scaler_api::state::{Intent, IntentReason};

use crate::world::{Marks, Pod, Uid, World};

/// The drains of a pool that go on.
#[derive(Clone, Debug, Default)]
pub struct Drains(BTreeMap<Uid, Going>);

/// A drain that goes on.
#[derive(Clone, Debug)]
struct Going {
    why: IntentReason,
    /// By the API server's clock.
    since: Time,
    /// Whether its deadline passed and its people were moved.
    expelled: bool,
    /// Why it is to be removed, once it is.
    removed: Option<IntentReason>,
}

/// A drain that is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drained {
    /// Why it was begun.
    pub why: IntentReason,
    /// How it ended.
    pub end: End,
    /// From the decision to drain until its pod was deleted or its bridge was to serve, or to wait, again.
    pub lasted: Duration,
}

/// How a drain ends.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum End {
    /// Everybody left by themselves.
    Empty,
    /// The deadline passed, and those who were left were moved.
    Expelled,
    /// It was removed for another reason: people were cut off at the deadline, an operator forced it, or nothing ran in it.
    Removed,
    /// It was taken back.
    Rescued,
    /// It is kept warm.
    Warm,
    /// Somebody else deleted it.
    Deleted,
}

impl Drains {
    /// Takes up what the world knows now: the drains that are over since the last time. What was begun under another leader counts
    /// from its true beginning, but where its deadline has passed already, of which no mark tells since when it drains.
    pub fn note(&mut self, world: &World, now: Time) -> Vec<Drained> {
        let clock = world.server_time(now);
        let mut over = Vec::new();
        self.0.retain(|uid, going| {
            let pod = world.pods().get(uid).map(|known| &known.pod);
            let end = going.end(pod);
            over.extend(end.map(|end| Drained {
                why: going.why,
                end,
                lasted: clock.since(going.since),
            }));
            end.is_none()
        });
        for (uid, known) in world.pods() {
            let Ok(marks) = &known.pod.marks else {
                continue;
            };
            let begun = marks.intent == Intent::Drain && known.pod.deletion.is_none();
            if begun && !self.0.contains_key(uid) {
                self.0.insert(uid.clone(), Going::new(marks));
            }
        }
        over
    }
}

impl Going {
    const fn new(marks: &Marks) -> Self {
        Self {
            why: marks.reason,
            since: marks.since,
            expelled: false,
            removed: None,
        }
    }

    /// How it ended, if it did, by what its pod is now; `None` is one that is gone.
    fn end(&mut self, pod: Option<&Pod>) -> Option<End> {
        let Some(pod) = pod else {
            return Some(self.gone());
        };
        // One that cannot be understood is left alone.
        let marks = pod.marks.as_ref().ok()?;
        match marks.intent {
            Intent::Active => return Some(End::Rescued),
            Intent::Warm => return Some(End::Warm),
            Intent::Drain => self.removed = None,
            Intent::Expel => (self.expelled, self.removed) = (true, None),
            Intent::Remove => self.removed = Some(marks.reason),
        }
        pod.deletion.map(|_| self.gone())
    }

    const fn gone(&self) -> End {
        match self.removed {
            None => End::Deleted,
            Some(_) if self.expelled => End::Expelled,
            Some(IntentReason::Empty) => End::Empty,
            Some(_) => End::Removed,
        }
    }
}
