//! Jicofo's own moves away from overloaded bridges (`bridge.load-redistribution`, jicofo's source).

use std::time::Duration;

use super::Jitsi;
use super::agenda::{Event, Name};

/// Time must go on between two looks.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

impl Jitsi {
    /// Jicofo will look at its bridges again, if redistribution is on.
    pub(super) fn expect_redistribution(&mut self) {
        if let Some(redistribution) = self.config.load_redistribution {
            let interval = redistribution.interval.max(SHORTEST_INTERVAL);
            self.agenda.set(self.now + interval, Event::Redistribution);
        }
    }

    /// Jicofo looks at the stress of every bridge and at nothing else: whether one drains, leaves or fails is all the same to it.
    pub(super) fn redistribute(&mut self) {
        self.expect_redistribution();
        let (now, Some(redistribution)) = (self.now, self.config.load_redistribution) else {
            return;
        };
        let known = self.jicofo.iter().flat_map(|jicofo| &jicofo.known);
        let bridges: Vec<Name> = known.map(|(nick, _)| nick.clone()).collect();
        let below = |nick| self.corrected(nick) < Some(self.config.stress_threshold);
        if !bridges.iter().any(below) {
            return;
        }
        for nick in bridges {
            let known = self
                .jicofo
                .as_ref()
                .and_then(|jicofo| jicofo.known.get(&nick));
            let before = known.and_then(|known| known.redistributed);
            let left_alone = before.is_some_and(|(at, _)| now <= at + redistribution.timeout);
            if left_alone || self.corrected(&nick) < Some(redistribution.stress_threshold) {
                continue;
            }
            let moved = self.move_endpoints(&nick, None, redistribution.endpoints);
            let moved = moved.endpoints as u64;
            if let Some(jicofo) = &mut self.jicofo {
                jicofo.totals.redistributed += moved;
                if let Some(known) = jicofo.known.get_mut(&nick) {
                    known.redistributed = Some((now, before.map_or(0, |(_, moved)| moved) + moved));
                }
            }
        }
    }

    /// The stress of a bridge as jicofo corrects it.
    fn corrected(&self, nick: &Name) -> Option<f64> {
        let known = self.jicofo.as_ref()?.known.get(nick)?;
        let told = known.stress(self.processes.get(nick), self.now);
        Some(known.corrected(told, &self.config, self.now))
    }
}
