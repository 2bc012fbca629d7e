//! Signs that not the bridges are at fault but what they, or we, depend on.

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
    /// Clocks differ: no deadline is acted upon.
    pub(crate) skewed: bool,
}

impl Breakers {
    pub(crate) fn new(world: &World, sights: &[Sight<'_>], now: Time) -> Self {
        let guards = world.guards;
        let skew = std::time::Duration::from_millis(world.skew.unsigned_abs());
        Self {
            mass_empty: guards.on(Guard::MassEmpty) && mass_empty(world, sights, now),
            mass_unhealthy: guards.on(Guard::MassUnhealthy) && mass_unhealthy(sights),
            jicofo_away: guards.on(Guard::JicofoPresent) && world.jicofo.away(),
            blind: guards.on(Guard::WatchAlive)
                && now.since(world.heard_at) > world.tuning.watch_silence,
            skewed: guards.on(Guard::ClocksAgree)
                && skew > world.pool.spec.evidence.clock_skew.get(),
        }
    }

    /// Whether no bridge may be removed for being empty.
    pub(crate) const fn holds_removals(self) -> bool {
        self.mass_empty || self.jicofo_away || self.blind
    }
}

/// Whether too many of the bridges with people fell to zero within the window. One bridge alone is no mass.
fn mass_empty(world: &World, sights: &[Sight<'_>], now: Time) -> bool {
    const MASS: u64 = 2;
    let window = world.tuning.mass_window;
    let (mut fell, mut busy) = (0_u64, 0_u64);
    for sight in sights {
        match (sight.live.fell_at, sight.live.last) {
            (Some(fell_at), _) if now.since(fell_at) <= window => fell += 1,
            (None, Some(look)) if look.people.is_some_and(|people| people > 0) => busy += 1,
            _ => {}
        }
    }
    fell >= MASS
        && fell * 100 > u64::from(world.pool.spec.evidence.mass_empty_percent) * (fell + busy)
}

/// Whether half or more of the bridges that should take conferences are unhealthy or silent. One bridge alone is no mass.
fn mass_unhealthy(sights: &[Sight<'_>]) -> bool {
    const MASS: usize = 2;
    let serving = || sights.iter().filter(|sight| sight.state == State::Active);
    let bad = serving()
        .filter(|sight| {
            !sight.fresh
                || sight
                    .live
                    .last
                    .is_some_and(|look| look.healthy == Some(false) || !look.joined)
        })
        .count();
    bad >= MASS && bad * 2 >= serving().count()
}
