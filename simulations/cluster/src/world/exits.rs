//! Bridges' processes that end, and people who are cut off by it.

use std::collections::BTreeSet;

use bridge::Time;
use bridge::model::Stop;

use super::World;
use crate::node::Life;

/// A bridge vanished: under people, or while jicofo counted on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loss {
    /// When.
    pub at: Time,
    /// Which bridges went at that moment.
    pub bridges: Vec<String>,
    /// How many people were on them.
    pub people: u64,
    /// By how much jicofo's `lost_bridges` rose.
    pub lost: u64,
}

/// What is counted before something happens, to see what it did.
#[derive(Clone, Copy, Debug)]
struct Before {
    cut: u64,
    lost: u64,
}

impl World {
    /// Something is done to the process of a bridge from outside.
    pub fn stop_bridge(&mut self, name: &str, how: Stop) {
        self.advance_jitsi();
        let before = self.count();
        self.jitsi.stop_bridge(name, how, self.now);
        self.note_losses(before);
    }

    fn count(&self) -> Before {
        Before {
            cut: self.jitsi.ledger().cut,
            lost: self.jitsi.lost_bridges().unwrap_or(0),
        }
    }

    /// Lets happen what is due among bridges, jicofo and people, one thing after the other.
    pub(super) fn advance_jitsi(&mut self) {
        while let Some(at) = self.jitsi.next_event().filter(|at| *at <= self.now) {
            let before = self.count();
            self.jitsi.advance(at);
            self.note_losses(before);
        }
        self.jitsi.advance(self.now);
        self.note_exits();
    }

    fn note_losses(&mut self, before: Before) {
        let reachable = |world: &Self| -> BTreeSet<String> {
            let bridges = world.jitsi.bridges();
            bridges
                .filter(|(_, bridge)| bridge.listening() || bridge.in_brewery())
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        let people = self.jitsi.ledger().cut - before.cut;
        let lost = self
            .jitsi
            .lost_bridges()
            .unwrap_or(0)
            .saturating_sub(before.lost);
        let there = reachable(self);
        if people > 0 || lost > 0 {
            let bridges = self.there.difference(&there).cloned().collect();
            self.losses.push(Loss {
                at: self.jitsi.now(),
                bridges,
                people,
                lost,
            });
        }
        self.there = there;
    }

    /// The kubelets notice which processes have ended.
    fn note_exits(&mut self) {
        let ended: Vec<_> = self
            .held
            .values()
            .filter(|held| matches!(held.life, Life::Running | Life::Terminating { .. }))
            .filter_map(|held| {
                let exit = self.jitsi.bridge(&held.name)?.exit()?;
                Some((held.uid.clone(), exit.code.unwrap_or(137)))
            })
            .collect();
        for (uid, code) in ended {
            self.exited(&uid, code);
        }
    }
}
