//! Which faults happen when, and the book of those that did.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;

use super::interlude::{Coming, Interlude, Ongoing};
use super::{Fault, Trap};
use crate::kernel::{Chance, Concern};

/// A fault that is to happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Planned {
    /// From when on.
    pub at: Time,
    /// Which.
    pub fault: Fault,
    /// For how long, where it lasts.
    pub lasts: Duration,
}

impl Planned {
    /// Which of so many forms it takes, without asking chance anew.
    pub(super) const fn variant(&self, of: u128) -> u128 {
        self.lasts.as_millis() % of
    }
}

/// A fault that waits for its situation, or goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Armed {
    /// Which.
    pub planned: Planned,
    /// What it was done to, once it has begun: a pod, a node.
    pub victim: String,
    /// When it ends.
    pub until: Time,
}

/// The book.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// Those whose moment has not come, the first one last.
    pub(super) planned: Vec<Planned>,
    /// Those that wait for their situation.
    pub(super) armed: Vec<Planned>,
    /// Those that go on.
    pub(super) active: Vec<Armed>,
    /// Traps for requests.
    pub(super) traps: Vec<Trap>,
    /// Interludes that have not begun.
    pub(super) coming: Vec<Coming>,
    /// Interludes that go on.
    pub(super) ongoing: Vec<Ongoing>,
    /// How often each interlude has begun.
    interludes: BTreeMap<Interlude, u64>,
    /// How often each has happened.
    pub(super) happened: BTreeMap<Fault, u64>,
    pub(super) chance: Chance,
    /// Nothing begins any more.
    pub(super) over: bool,
}

impl Chaos {
    /// The book of a plan.
    pub fn new(seed: u64, mut planned: Vec<Planned>, coming: Vec<Coming>) -> Self {
        planned.sort_by_key(|planned| std::cmp::Reverse(planned.at));
        let mut chance = Chance::new(seed, Concern::Chaos);
        // What a plan draws and what its faults draw do not meet.
        for _ in 0..1024 {
            chance.below(2);
        }
        Self {
            planned,
            armed: Vec::new(),
            active: Vec::new(),
            traps: Vec::new(),
            coming,
            ongoing: Vec::new(),
            interludes: BTreeMap::new(),
            happened: BTreeMap::new(),
            chance,
            over: false,
        }
    }

    /// How often each has happened.
    pub fn happened(&self) -> &BTreeMap<Fault, u64> {
        &self.happened
    }

    /// How often each interlude has begun.
    pub fn interludes(&self) -> &BTreeMap<Interlude, u64> {
        &self.interludes
    }

    /// An interlude has begun.
    pub(super) fn interrupted(&mut self, what: Interlude) {
        *self.interludes.entry(what).or_insert(0) += 1;
    }

    /// It has happened.
    pub fn count(&mut self, fault: Fault) {
        *self.happened.entry(fault).or_insert(0) += 1;
    }

    /// Sets a trap.
    pub fn set(&mut self, trap: Trap) {
        self.traps.push(trap);
    }

    /// The trap that something springs, if there is one.
    pub fn spring(&mut self, springs: impl Fn(&Trap) -> bool) -> Option<Trap> {
        let place = self.traps.iter().position(springs)?;
        let trap = self.traps.remove(place);
        self.count(trap.fault);
        Some(trap)
    }
}

/// The faults of a seed between two moments: one to four, or more now and then.
pub fn draw(seed: u64, from: Time, to: Time) -> Vec<Planned> {
    let mut chance = Chance::new(seed, Concern::Chaos);
    let span = to.since(from).as_millis() as u64;
    let count = if chance.per_mille(100) {
        chance.from_to(5, 10)
    } else {
        chance.from_to(1, 4)
    };
    let mut planned = Vec::new();
    // Going round in the list makes sure that each is as frequent as the others; a pool ends once in its life, and so oftener.
    let all = Fault::ALL;
    let turn = all[(seed % all.len() as u64) as usize];
    planned.push(if seed % 101 == 50 {
        Fault::PoolDeleted
    } else {
        turn
    });
    for _ in 1..count {
        planned.extend(chance.pick(&all));
    }
    // The end of the pool ends all else; it happens by itself or not at all.
    if planned[0] != Fault::PoolDeleted {
        planned.retain(|fault| *fault != Fault::PoolDeleted);
    }
    planned
        .into_iter()
        .map(|fault| Planned {
            at: from + Duration::from_millis(chance.below(span * 2 / 3)),
            fault,
            lasts: lasts(fault, &mut chance),
        })
        .collect()
}

fn lasts(fault: Fault, chance: &mut Chance) -> Duration {
    let (low, high) = match fault {
        Fault::ApiDown => (30, 1800),
        Fault::JicofoDown => (20, 600),
        Fault::NodeCutOff => (60, 360),
        Fault::AllSayZero => (20, 40),
        Fault::WatchStalled | Fault::NodeGone | Fault::NodeDrained | Fault::NodeDisrupted => {
            (60, 600)
        }
        Fault::SpotInterruption => (120, 120),
        Fault::SizeFlaps | Fault::SizeReset => (15, 60),
        Fault::ScaledUpWithoutRoom => (120, 300),
        Fault::BadImage | Fault::Rollout => (240, 480),
        _ => (20, 240),
    };
    chance.millis(low * 1000, high * 1000)
}
