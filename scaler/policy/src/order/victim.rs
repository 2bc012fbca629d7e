//! Which bridge is drained first.

use std::cmp::Reverse;
use std::sync::Arc;

use bridge::Time;
use scaler_api::State;
use serde::{Deserialize, Serialize};

use crate::guards::Guard;
use crate::order::number::Number;
use crate::order::{Rank, Ranked, shared};
use crate::scene::{Crowding, Scene, Sight};
use crate::world::Uid;

/// A bridge in the order of the victims, as it is printed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct VictimRank {
    /// By what it stands where it does.
    pub key: VictimKey,
    /// Why it may not be drained; those that may not come after those that may.
    pub excluded: Option<Excluded>,
}

/// By what victims are ordered: the first difference decides, the smaller is drained first.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct VictimKey {
    /// An operator asked for it: first.
    pub operator: Reverse<bool>,
    /// Its bridge never ran, so that nobody can be on it: first.
    pub never_started: Reverse<bool>,
    /// Its node is about to leave: first.
    pub node_leaving: Reverse<bool>,
    /// It is of an older revision: first.
    pub outdated: Reverse<bool>,
    /// People on it, in powers of two; unknown is most.
    pub people: u32,
    /// Endpoints of its largest conference; unknown is most.
    pub largest: u64,
    /// Other protected pods on its node: the fewer, the sooner the node is empty.
    pub neighbours: u32,
    /// Counted pods in its zone: most first.
    pub zone: Reverse<u32>,
    /// Stress in thousandths; unknown is most.
    pub stress: u64,
    /// When it was created: youngest first.
    pub created: Reverse<Time>,
    /// Its UID.
    #[serde(with = "shared")]
    pub uid: Arc<Uid>,
}

/// Why a bridge may not be drained to make the pool smaller or newer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Excluded {
    /// An operator wants it left alone.
    Pinned,
    /// Nothing fresh is known of it.
    Unknown,
    /// It is younger than `minLifetime`.
    Young,
    /// Something about it is under way.
    UnderWay,
    /// It is the last of its revision, and the new revision has too few bridges that take conferences.
    LastOfRevision,
}

/// Why a bridge would not be drained now if the pool were to be one smaller.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Kept {
    /// As [`Excluded::Pinned`].
    Pinned,
    /// As [`Excluded::Unknown`].
    Unknown,
    /// As [`Excluded::Young`].
    Young,
    /// As [`Excluded::UnderWay`].
    UnderWay,
    /// As [`Excluded::LastOfRevision`].
    LastOfRevision,
    /// Without it fewer than `minActive` bridges would take conferences.
    MinActive,
    /// Too many bridges are unhealthy or silent at once.
    ManyUnhealthy,
    /// As many bridges drain as may at once.
    MaxConcurrent,
}

impl Excluded {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pinned,
        Self::Unknown,
        Self::Young,
        Self::UnderWay,
        Self::LastOfRevision,
    ];
}

impl From<Excluded> for Kept {
    fn from(excluded: Excluded) -> Self {
        match excluded {
            Excluded::Pinned => Self::Pinned,
            Excluded::Unknown => Self::Unknown,
            Excluded::Young => Self::Young,
            Excluded::UnderWay => Self::UnderWay,
            Excluded::LastOfRevision => Self::LastOfRevision,
        }
    }
}

/// The bridges that serve, or are about to, in the order in which they are drained.
pub(crate) fn victims<'s, 'w>(
    scene: &'s Scene<'w>,
    among: impl Fn(&Sight<'w>) -> bool,
) -> Ranked<'s, 'w, VictimRank> {
    let crowding = Crowding::new(scene);
    let bridges = scene.sights.iter().filter(|sight| among(sight));
    Ranked::new(bridges, |sight| VictimRank {
        excluded: excluded(scene, sight),
        key: key(&crowding, sight),
    })
}

fn key(crowding: &Crowding, sight: &Sight<'_>) -> VictimKey {
    let look = sight.live.last.filter(|_| sight.fresh);
    let people = look.and_then(|look| look.people);
    let stress = look.and_then(|look| look.stress);
    let ran = sight.ever_ran;
    VictimKey {
        operator: Reverse(sight.marks.drain_requested),
        never_started: Reverse(!ran),
        node_leaving: Reverse(sight.leaving.is_some()),
        outdated: Reverse(sight.outdated),
        people: if ran {
            people.map_or(u32::MAX, bucket)
        } else {
            0
        },
        largest: look.and_then(|look| look.largest).unwrap_or(u64::MAX),
        neighbours: crowding.neighbours(sight),
        zone: Reverse(crowding.in_zone(sight)),
        stress: stress.map_or(u64::MAX, |stress| (stress * 1000.0) as u64),
        created: Reverse(sight.pod.created),
        uid: Arc::clone(sight.uid),
    }
}

impl Rank for VictimRank {
    type Key = VictimKey;

    fn place(&self) -> (bool, &VictimKey) {
        (self.excluded.is_some(), &self.key)
    }

    /// Who may be drained before who may not, and then by all of the key but the UID.
    fn number(&self) -> Number {
        let key = &self.key;
        Number::default()
            .first_if(self.excluded.is_none())
            .first_if(key.operator.0)
            .first_if(key.never_started.0)
            .first_if(key.node_leaving.0)
            .first_if(key.outdated.0)
            .least(7, key.people.into())
            .least(16, key.largest)
            .least(12, key.neighbours.into())
            .largest(16, key.zone.0.into())
            .least(20, key.stress)
            .latest(key.created.0)
    }
}

/// 0, 1, 2–3, 4–7, … people: 0, 1, 2, 3, …
const fn bucket(people: u64) -> u32 {
    u64::BITS - people.leading_zeros()
}

fn excluded(scene: &Scene<'_>, sight: &Sight<'_>) -> Option<Excluded> {
    let guards = scene.world.guards;
    let spec = &scene.world.pool.spec;
    if !guards.hold(Guard::Pinned, !sight.marks.pinned) {
        return Some(Excluded::Pinned);
    }
    if sight.writing {
        return Some(Excluded::UnderWay);
    }
    if !sight.ever_ran {
        return None;
    }
    if !guards.hold(Guard::FreshnessOfVictims, sight.fresh) {
        return Some(Excluded::Unknown);
    }
    if !guards.hold(
        Guard::MinLifetime,
        scene.clock.since(sight.up_since()) >= spec.min_lifetime.get(),
    ) {
        return Some(Excluded::Young);
    }
    if sight.outdated && sight.state == State::Active && scene.takers(sight.revision) <= 1 {
        let new = scene.takers(scene.revision);
        if !guards.hold(Guard::RevisionFloor, new >= spec.min_active) {
            return Some(Excluded::LastOfRevision);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::tests;

    /// Small numbers, numbers about the end of so many bits, and what is unknown.
    fn part(bits: u32, unknown: u64) -> impl Strategy<Value = u64> {
        let end = 1_u64 << bits;
        prop_oneof![4 => 0..4_u64, 2 => end - 3..end + 3, 1 => Just(unknown)]
    }

    fn ranks() -> impl Strategy<Value = VictimRank> {
        let marks = proptest::array::uniform5(prop::bool::weighted(0.1));
        let parts = (
            prop_oneof![0..4_u32, Just(64), Just(u32::MAX)],
            part(16, u64::MAX),
            part(12, u32::MAX.into()),
            part(16, u32::MAX.into()),
            part(20, u64::MAX),
        );
        let created = prop_oneof![0..3_i64, -2..0_i64, Just(i64::MAX), Just(1_800_000_000_000)];
        (marks, parts, created, "[ab]").prop_map(
            |(marks, (people, largest, neighbours, zone, stress), created, uid)| VictimRank {
                excluded: marks[0].then_some(Excluded::Pinned),
                key: VictimKey {
                    operator: Reverse(marks[1]),
                    never_started: Reverse(marks[2]),
                    node_leaving: Reverse(marks[3]),
                    outdated: Reverse(marks[4]),
                    people,
                    largest,
                    neighbours: neighbours as u32,
                    zone: Reverse(zone as u32),
                    stress,
                    created: Reverse(Time::from_millis(created)),
                    uid: Arc::new(Uid(uid)),
                },
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn a_number_is_ordered_as_its_key(a in ranks(), b in ranks()) {
            tests::a_number_is_ordered_as_its_key(&a, &b, a.key.uid.cmp(&b.key.uid))?;
        }

        #[test]
        fn a_list_is_ordered_as_its_keys(mut ranks in proptest::collection::vec(ranks(), 0..20)) {
            for (place, rank) in ranks.iter_mut().enumerate() {
                rank.key.uid = Arc::new(Uid(format!("{place:02}")));
            }
            tests::a_list_is_ordered_as_its_keys(&ranks)?;
        }
    }

    #[test]
    fn ordinary_keys_differ_in_their_numbers_unless_only_their_uids_do() {
        let rank = |largest, stress, created, uid: &str| VictimRank {
            excluded: None,
            key: VictimKey {
                operator: Reverse(false),
                never_started: Reverse(false),
                node_leaving: Reverse(false),
                outdated: Reverse(false),
                people: 5,
                largest,
                neighbours: 9,
                zone: Reverse(3_333),
                stress,
                created: Reverse(Time::from_millis(created)),
                uid: Arc::new(Uid(uid.to_owned())),
            },
        };
        let day = 1_800_000_000_000;
        let number = |rank: VictimRank| {
            assert!(rank.number().whole());
            rank.number().get()
        };
        let one = number(rank(500, 700, day, "a"));
        assert_eq!(one, number(rank(500, 700, day, "b")));
        assert!(one < number(rank(501, 700, day, "a")));
        assert!(one < number(rank(500, 701, day, "a")));
        assert!(one < number(rank(500, 700, day - 1, "a")));
    }
}
