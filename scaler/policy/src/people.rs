//! How many people the pool took off bridges: moved, or cut off. Bridges' own counts alone tell it. Nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge::stats::StartupTime;
use scaler_api::state::{Intent, IntentReason};

use crate::world::{Known, Uid, World};

/// The people on the bridges of a pool, as they were seen last.
#[derive(Clone, Debug, Default)]
pub struct People(BTreeMap<Arc<Uid>, Seen>);

/// A bridge with people, as it was seen last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    startup: StartupTime,
    people: u64,
    /// Whether its people were being moved then.
    moves: bool,
    /// Why it was to be removed then, if it was.
    removed: Option<IntentReason>,
}

/// People who are on a bridge no more since the last time, other than by leaving one that serves or drains.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parted {
    /// By how much the counts of bridges fell whose people were being moved.
    pub moved: u64,
    /// Those who were on bridges whose pods were deleted.
    pub cut: Vec<Cut>,
}

/// People on a bridge whose pod was deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// Why the pool removed it; `None` where somebody else deleted it.
    pub why: Option<IntentReason>,
    /// How many they were, by the bridge's last word before it was seen to be deleted.
    pub people: u64,
}

impl People {
    /// Takes up what the world knows now: who parted since the last time. Who had left before a new leader looked first is not counted.
    pub fn note(&mut self, world: &World) -> Parted {
        let mut parted = Parted::default();
        let pods = world.pods();
        self.0.retain(|uid, seen| {
            let there = pods.get(&**uid);
            let Some(known) = there.filter(|known| known.pod.deletion.is_none()) else {
                parted.deleted(seen, there);
                return false;
            };
            // What ends with a run of its own accord is nobody's doing.
            let Some(next) = Seen::new(known).filter(|_| known.pod.running().is_some()) else {
                return false;
            };
            if next.startup == seen.startup && (seen.moves || next.moves) {
                parted.moved += seen.people.saturating_sub(next.people);
            }
            *seen = next;
            next.people > 0
        });
        for known in pods.values() {
            let runs = known.pod.deletion.is_none() && known.pod.running().is_some();
            if let Some(seen) = Seen::new(known).filter(|seen| runs && seen.people > 0) {
                self.0.entry(Arc::clone(&known.uid)).or_insert(seen);
            }
        }
        parted
    }
}

impl Parted {
    /// A bridge's pod was deleted. While it is there its bridge may have said more.
    fn deleted(&mut self, seen: &Seen, there: Option<&Known>) {
        let last = there.and_then(Seen::new);
        let last = last.filter(|last| last.startup == seen.startup);
        let people = last.map_or(seen.people, |last| last.people);
        let removed = last.map_or(seen.removed, |last| last.removed);
        if seen.moves || last.is_some_and(|last| last.moves) {
            self.moved += seen.people.saturating_sub(people);
        }
        if people > 0 {
            self.cut.push(Cut {
                why: removed,
                people,
            });
        }
    }
}

impl Seen {
    /// A bridge by its last word, and by what is written on its pod; `None` where one of them says nothing.
    fn new(known: &Known) -> Option<Self> {
        let look = known.live.last?;
        let marks = known.pod.marks.as_ref().ok()?;
        let leaves = look.flags.shutting_down && marks.intent != Intent::Active;
        Some(Self {
            startup: look.startup,
            people: look.people?,
            moves: marks.intent == Intent::Expel || leaves,
            removed: (marks.intent == Intent::Remove).then_some(marks.reason),
        })
    }
}
