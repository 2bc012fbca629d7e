//! Whether a bridge is proven to be empty. Whatever is not known is a doubt, and a doubt keeps the bridge.

use std::time::Duration;

use bridge::Time;
use serde::{Deserialize, Serialize};

use crate::guards::Guard;
use crate::scene::Sight;
use crate::world::World;

/// Why a bridge is not proven to be empty.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Doubt {
    /// The run that goes on has not confirmed that it drains.
    NotAcknowledged,
    /// It has left its brewery: its people may be away only as long as prosody is.
    CutOff,
    /// It was not seen empty last, or not seen at all.
    NotSeenEmpty,
    /// It has not been seen empty for the settle time.
    Settling,
    /// It was not looked at often enough.
    TooFewLooks,
    /// The last look was too long ago.
    Stale,
    /// Whoever decides has asked bridges for too short a time to have seen many of them fall to zero at once.
    WatchedTooShortly,
}

/// Whether a draining bridge is proven to be empty.
///
/// Its run confirmed the drain; it is in its brewery, or never was; it has been empty since then for the settle time, in enough looks
/// without a break, the last of them just now; and bridges have been asked for long enough that many that fell to zero at once would
/// have been seen.
pub(crate) fn proven_empty(world: &World, sight: &Sight<'_>, now: Time) -> Result<(), Doubt> {
    let guards = world.guards;
    let spec = &world.pool.spec;
    if !guards.hold(Guard::UnknownIsBusy, sight.fresh) {
        return Err(Doubt::NotSeenEmpty);
    }
    if !sight.fresh {
        // Only with a guard switched off.
        return Ok(());
    }
    if !sight.acked {
        return Err(Doubt::NotAcknowledged);
    }
    if !guards.hold(Guard::EmptyInBrewery, !sight.live.cut_off()) {
        return Err(Doubt::CutOff);
    }
    let (Some(empty), Some(zero_since)) = (sight.live.empty, sight.marks.zero_since) else {
        return Err(Doubt::NotSeenEmpty);
    };
    // The annotation may be forged or of an earlier leader, the looks are our own: the later one holds.
    let since = empty.since.max(world.local_time(zero_since));
    if !guards.hold(
        Guard::SettleTime,
        since <= empty.last && empty.last.since(since) >= spec.drain.settle.get(),
    ) {
        return Err(Doubt::Settling);
    }
    if !guards.hold(
        Guard::SettleLooks,
        empty.looks >= spec.evidence.removal_samples,
    ) {
        return Err(Doubt::TooFewLooks);
    }
    if !guards.hold(
        Guard::RemovalFreshness,
        now.since(empty.last) <= spec.evidence.removal_freshness.get(),
    ) {
        return Err(Doubt::Stale);
    }
    let watched = world
        .asking_since
        .map_or(Duration::ZERO, |since| now.since(since));
    if !guards.hold(
        Guard::WatchedLongEnough,
        watched >= world.tuning.mass_window,
    ) {
        return Err(Doubt::WatchedTooShortly);
    }
    Ok(())
}
