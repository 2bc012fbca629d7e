//! How many more people fit.

use serde::{Deserialize, Serialize};

use crate::scene::{Scene, Sight};

/// From this many people on it can be told how many make how much stress: the stress of a few is lost in that of an idle bridge.
const ENOUGH: u64 = 10;

/// How many more people fit on the bridges that take conferences now, and what that was worked out from.
///
/// `more` = people / stress × free stress, rounded down. People and stress are sums over the bridges that take conferences and
/// say both; free stress is the sum of what each of them lacks to `capacity.maxStress`, from where on jicofo sends nobody to it. A
/// bridge of which nothing fresh is known, or that does not say its stress or its people, adds nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// How many more people fit; `None` where too few are there to tell how much stress one makes.
    pub more: Option<u64>,
    /// The bridges that were taken into account.
    pub bridges: u32,
    /// Of those, the ones that are as full as jicofo fills them.
    pub full: u32,
    /// The bridges that take conferences, or should, and of which too little is known.
    pub unknown: u32,
    /// People on the bridges that were taken into account.
    pub people: u64,
    /// Their stress, summed up.
    pub stress: f64,
    /// What they lack to `capacity.maxStress`, summed up.
    pub free_stress: f64,
    /// `capacity.maxStress`.
    pub max_stress: f64,
}

impl Room {
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let loads = scene
            .sights
            .iter()
            .filter(|sight| serves(sight))
            .map(|sight| {
                let look = sight
                    .live
                    .last
                    .filter(|look| sight.taker && look.healthy != Some(false) && look.joined);
                look.and_then(|look| Some((look.people?, look.stress?)))
            });
        Self::sum(loads, scene.world.pool.spec.capacity.max_stress)
    }

    /// People and stress of each bridge that takes conferences; `None` where they are not known.
    fn sum(loads: impl Iterator<Item = Option<(u64, f64)>>, max_stress: f64) -> Self {
        let mut room = Self {
            max_stress,
            ..Self::default()
        };
        for load in loads {
            let Some((people, stress)) = load else {
                room.unknown += 1;
                continue;
            };
            let free = (max_stress - stress).max(0.0);
            room.bridges += 1;
            room.full += u32::from(free == 0.0);
            room.people = room.people.saturating_add(people);
            room.stress += stress;
            room.free_stress += free;
        }
        room.more = if room.free_stress == 0.0 {
            Some(0)
        } else if room.people >= ENOUGH && room.stress > 0.0 {
            // A number beyond all others becomes the largest one.
            Some((room.people as f64 / room.stress * room.free_stress) as u64)
        } else {
            None
        };
        room
    }
}

/// Whether a bridge takes conferences, or should, and goes on to do so.
fn serves(sight: &Sight<'_>) -> bool {
    sight.state == scaler_api::State::Active
        && sight.leaving.is_none()
        && !sight.marks.drain_requested
        && !sight.marks.force
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: f64 = 0.8;

    fn room(loads: &[Option<(u64, f64)>]) -> Room {
        Room::sum(loads.iter().copied(), MAX)
    }

    fn load() -> impl Strategy<Value = (u64, f64)> {
        (0..200_u64, 0.0..1.5_f64)
    }

    #[test]
    fn it_is_people_by_stress_times_what_is_free() {
        for (loads, more) in [
            // 40 people at 0.4: a hundred for a whole one, of which 0.4 is left.
            (&[Some((40, 0.4))][..], Some(40)),
            (&[Some((40, 0.4)), Some((0, 0.0))], Some(120)),
            (&[Some((40, 0.8))], Some(0)),
            (&[Some((40, 1.3)), Some((80, 0.9))], Some(0)),
            // The full one tells how much stress people make, the other one has room.
            (&[Some((100, 1.0)), Some((0, 0.0))], Some(80)),
            (&[Some((9, 0.1))], None),
            (&[Some((20, 0.0))], None),
            (&[None], Some(0)),
            (&[], Some(0)),
        ] {
            assert_eq!(room(loads).more, more, "{loads:?}");
        }
    }

    proptest! {
        #[test]
        fn a_bridge_of_which_nothing_is_known_adds_nothing(loads in proptest::collection::vec(load(), 0..8), unknown in 0..5_usize) {
            let known: Vec<_> = loads.into_iter().map(Some).collect();
            let mut more = known.clone();
            more.resize(known.len() + unknown, None);
            let with = room(&more);
            prop_assert_eq!(with.unknown as usize, unknown);
            prop_assert_eq!(Room { unknown: 0, ..with }, room(&known));
        }

        #[test]
        fn whoever_comes_takes_room_and_never_makes_it(loads in proptest::collection::vec(load(), 1..8), more in 0.0..1.0_f64) {
            // The same people make more stress: fewer more of them fit.
            let before: Vec<_> = loads.iter().copied().map(Some).collect();
            let mut after = before.clone();
            if let Some(Some((_, stress))) = after.first_mut() {
                *stress += more;
            }
            if let (Some(before), Some(after)) = (room(&before).more, room(&after).more) {
                prop_assert!(after <= before, "{} {}", after, before);
            }
        }

        #[test]
        fn an_idle_bridge_more_never_takes_room_away(loads in proptest::collection::vec(load(), 0..8)) {
            let before: Vec<_> = loads.iter().copied().map(Some).collect();
            let mut after = before.clone();
            after.push(Some((0, 0.0)));
            if let (Some(before), Some(after)) = (room(&before).more, room(&after).more) {
                prop_assert!(after >= before);
            }
        }

        #[test]
        fn those_who_fit_do_not_make_the_bridges_fuller_than_they_may_be(loads in proptest::collection::vec(load(), 1..8)) {
            let loads: Vec<_> = loads.into_iter().map(Some).collect();
            let room = room(&loads);
            if let Some(more) = room.more.filter(|_| room.people > 0) {
                let each = room.stress / room.people as f64;
                prop_assert!(more as f64 * each <= room.free_stress + 1e-9);
            }
        }
    }
}
