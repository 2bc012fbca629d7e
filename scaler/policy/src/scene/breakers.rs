//! Signs that not the bridges are at fault but what they, or we, depend on.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;

use crate::guards::Guard;
use crate::scene::Sight;
use crate::world::World;

/// What holds everything of a kind back.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each holds back something else"
)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Breakers {
    /// Too many bridges fell to zero at once: nothing is removed.
    pub(crate) mass_empty: bool,
    /// Too many bridges are unhealthy or silent at once: nothing is drained by choice.
    pub(crate) mass_unhealthy: bool,
    /// jicofo does not answer: nobody is moved, nothing is removed.
    pub(crate) jicofo_away: bool,
    /// The API server has told nothing for long: nothing new is begun.
    pub(crate) blind: bool,
    /// Clocks differ, or nobody knows whether they do: no deadline is acted upon.
    pub(crate) skewed: bool,
}

impl Breakers {
    /// Whether no bridge may be removed for being empty.
    pub(crate) const fn holds_removals(self) -> bool {
        self.mass_empty || self.jicofo_away || self.blind
    }
}

/// What is seen of all bridges together, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// Bridges that fell to zero within the window.
    fell: u64,
    /// Bridges with people.
    busy: u64,
    /// Bridges that should take conferences.
    serving: u64,
    /// Of those, the ones that are unhealthy, silent, or in no brewery.
    bad: u64,
}

/// One bridge alone is no mass.
const MASS: u64 = 2;

impl Watch {
    pub(super) fn see(&mut self, world: &World, sight: &Sight<'_>, now: Time) {
        let look = sight.live.last;
        match (sight.live.fell_at, look) {
            (Some(fell_at), _) if now.since(fell_at) <= world.tuning.mass_window => self.fell += 1,
            (None, Some(look)) if look.people.is_some_and(|people| people > 0) => self.busy += 1,
            _ => {}
        }
        if sight.state == State::Active {
            let good = look.is_some_and(|look| look.healthy != Some(false) && look.joined);
            self.serving += 1;
            self.bad += u64::from(!sight.fresh || !good);
        }
    }

    pub(super) fn breakers(self, world: &World, now: Time) -> Breakers {
        let guards = world.guards;
        let evidence = &world.pool.spec.evidence;
        let agree =
            |skew: i64| Duration::from_millis(skew.unsigned_abs()) <= evidence.clock_skew.get();
        let heard_at = world.pods_heard_at.min(world.pool_heard_at);
        let silent = now.since(heard_at) > world.tuning.watch_silence;
        let most = u64::from(evidence.mass_empty_percent);
        let fell = self.fell >= MASS && self.fell * 100 > most * (self.fell + self.busy);
        Breakers {
            mass_empty: guards.on(Guard::MassEmpty) && fell,
            mass_unhealthy: guards.on(Guard::MassUnhealthy)
                && self.bad >= MASS
                && self.bad * 2 >= self.serving,
            jicofo_away: guards.on(Guard::JicofoPresent) && world.jicofo.away(),
            blind: guards.on(Guard::WatchAlive) && silent,
            skewed: guards.on(Guard::ClocksAgree) && !world.skew.is_some_and(agree),
        }
    }
}
