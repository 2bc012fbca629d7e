//! Which draining or warm bridge is taken back first.

use std::cmp::Reverse;
use std::sync::Arc;

use bridge::Time;
use scaler_api::State;
use scaler_api::state::IntentReason;
use serde::{Deserialize, Serialize};

use crate::order::number::Number;
use crate::order::{Rank, Ranked, shared};
use crate::scene::{Scene, Sight};
use crate::world::Uid;

/// A bridge in the order of those that are taken back, as it is printed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RescueRank {
    /// By what it stands where it does.
    pub key: RescueKey,
    /// Why it is not taken back; those that are not come after those that are.
    pub unfit: Option<Unfit>,
}

/// By what those that are taken back are ordered: the first difference decides, the smaller comes first.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RescueKey {
    /// It is warm, not draining: a draining one comes first.
    pub warm: bool,
    /// It is of an older revision.
    pub outdated: bool,
    /// Free capacity below the target stress, in thousandths: most first.
    pub free: Reverse<u64>,
    /// Its deadline: the latest first.
    pub deadline: Reverse<Option<Time>>,
    /// Its UID.
    #[serde(with = "shared")]
    pub uid: Arc<Uid>,
}

impl RescueKey {
    /// Its parts in words, in the order in which they are asked.
    pub const WORDS: [&str; 5] = [
        "draining before warm",
        "of the current revision",
        "most free capacity below `capacity.targetStress`",
        "latest deadline",
        "UID",
    ];
}

/// Why a bridge is not taken back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Unfit {
    /// Taking back is switched off.
    Disabled,
    /// Something about it is under way.
    UnderWay,
    /// Whoever has just begun to lead has not looked at it yet.
    NotSeen,
    /// It shuts down, for which there is no way back.
    ShuttingDown,
    /// It is of an older revision, and a rollout goes on.
    Outdated,
    /// Its node is about to leave.
    NodeLeaving,
    /// An operator wants it drained.
    Operator,
    /// It did not come up.
    Failed,
    /// Nothing fresh is known of it.
    Unknown,
    /// It finds itself unhealthy.
    Unhealthy,
    /// It is as full as a bridge should be.
    Full,
}

impl Unfit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Disabled,
        Self::UnderWay,
        Self::NotSeen,
        Self::ShuttingDown,
        Self::Outdated,
        Self::NodeLeaving,
        Self::Operator,
        Self::Failed,
        Self::Unknown,
        Self::Unhealthy,
        Self::Full,
    ];

    /// Whether it is over in a moment: the bridge is waited for.
    pub const fn passes(self) -> bool {
        matches!(self, Self::UnderWay | Self::NotSeen)
    }
}

/// The draining and warm bridges in the order in which they are taken back.
pub(crate) fn rescues<'s, 'w>(scene: &'s Scene<'w>) -> Ranked<'s, 'w, RescueRank> {
    let target = scene.world.pool.spec.capacity.target_stress;
    let bridges = scene
        .restless
        .iter()
        .map(|index| &scene.sights[*index])
        .filter(|sight| {
            matches!(
                sight.state,
                State::DrainRequested
                    | State::Draining
                    | State::Settling
                    | State::Removing
                    | State::Warm
            )
        });
    Ranked::new(bridges, |sight| {
        let stress = sight
            .live
            .last
            .filter(|_| sight.fresh)
            .and_then(|look| look.stress);
        let free = stress.map_or(0, |stress| ((target - stress).max(0.0) * 1000.0) as u64);
        RescueRank {
            unfit: unfit(scene, sight, free),
            key: RescueKey {
                warm: sight.state == State::Warm,
                outdated: sight.outdated,
                free: Reverse(free),
                deadline: Reverse(sight.marks.deadline),
                uid: Arc::clone(sight.uid),
            },
        }
    })
}

impl Rank for RescueRank {
    type Key = RescueKey;

    fn place(&self) -> (bool, &RescueKey) {
        (self.unfit.is_some(), &self.key)
    }

    fn number(&self) -> Number {
        let key = &self.key;
        let number = Number::default()
            .first_if(self.unfit.is_none())
            .first_if(!key.warm)
            .first_if(!key.outdated)
            .largest(20, key.free.0)
            .first_if(key.deadline.0.is_some());
        match key.deadline.0 {
            Some(deadline) => number.latest(deadline),
            None => number.largest(51, 0),
        }
    }
}

fn unfit(scene: &Scene<'_>, sight: &Sight<'_>, free: u64) -> Option<Unfit> {
    let Some(look) = sight.live.last.filter(|_| sight.fresh) else {
        let asked = sight.live.last.is_some() || sight.live.silent_since.is_some();
        let soon = sight.pod.running().is_some() && !asked && !sight.unreachable;
        let why = if soon { Unfit::NotSeen } else { Unfit::Unknown };
        return settled(scene, sight).or(Some(why));
    };
    let reasons = [
        (
            Unfit::ShuttingDown,
            look.flags.shutting_down || look.flags.graceful_shutdown,
        ),
        (Unfit::Unhealthy, look.healthy == Some(false)),
        (Unfit::Full, free == 0),
        // The last of them: what is only under way is worth waiting for.
        (Unfit::UnderWay, sight.writing),
    ];
    settled(scene, sight).or_else(|| first(reasons))
}

fn first<const N: usize>(reasons: [(Unfit, bool); N]) -> Option<Unfit> {
    reasons.into_iter().find_map(|(why, so)| so.then_some(why))
}

/// Why a bridge is not taken back, whatever it says of itself.
fn settled(scene: &Scene<'_>, sight: &Sight<'_>) -> Option<Unfit> {
    let spec = &scene.world.pool.spec;
    first([
        (
            Unfit::Disabled,
            !spec.rescue.enabled && sight.state != State::Warm,
        ),
        (
            Unfit::ShuttingDown,
            scene.world.told_to_shut_down(&sight.pod.uid),
        ),
        (Unfit::Outdated, sight.outdated && !spec.update.paused),
        (Unfit::NodeLeaving, sight.leaving.is_some()),
        (
            Unfit::Operator,
            sight.marks.drain_requested || sight.marks.force,
        ),
        (
            Unfit::Failed,
            matches!(
                sight.marks.reason,
                IntentReason::Failed | IntentReason::DeadlinePassed
            ),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::tests;

    fn ranks() -> impl Strategy<Value = RescueRank> {
        let free = prop_oneof![0..3_u64, (1 << 20) - 3..(1 << 20) + 3_u64, Just(u64::MAX)];
        let deadline = prop_oneof![0..3_i64, -2..0_i64, Just(i64::MAX), Just(1_800_000_000_000)];
        let deadline = proptest::option::of(deadline);
        let marks = any::<[bool; 3]>();
        (marks, free, deadline, "[ab]").prop_map(|(marks, free, deadline, uid)| RescueRank {
            unfit: marks[0].then_some(Unfit::Full),
            key: RescueKey {
                warm: marks[1],
                outdated: marks[2],
                free: Reverse(free),
                deadline: Reverse(deadline.map(Time::from_millis)),
                uid: Arc::new(Uid(uid)),
            },
        })
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
}
