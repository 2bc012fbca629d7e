//! The orders in which bridges go and come back: as ranked lists, which are printed as they decided.

mod criterion;
mod number;
mod rescue;
#[cfg(test)]
mod tests;
mod victim;

use std::cmp::Ordering;

use self::number::Number;
use crate::scene::Sight;

pub use criterion::Criterion;
pub(crate) use rescue::rescues;
pub use rescue::{RescueKey, RescueRank, Unfit};
pub(crate) use victim::victims;
pub use victim::{Excluded, Kept, VictimKey, VictimRank};

/// Bridges in an order, each with what put it there.
pub(crate) struct Ranked<'s, 'w, R> {
    ranks: Vec<R>,
    sights: Vec<&'s Sight<'w>>,
}

/// What stands in a ranked list.
trait Rank {
    /// By what those are ordered that are alike in whether they may be chosen.
    type Key: Ord;

    /// Whether it may not be chosen, and its key: the whole order.
    fn place(&self) -> (bool, &Self::Key);

    /// All by which it is ordered but the UID.
    fn number(&self) -> Number;

    /// How it stands to another.
    fn order(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl<'s, 'w, R> Ranked<'s, 'w, R> {
    /// Orders bridges that come in the order of their UIDs.
    fn new(bridges: impl Iterator<Item = &'s Sight<'w>>, rank: impl Fn(&Sight<'w>) -> R) -> Self
    where
        R: Rank,
    {
        let bridges: Vec<_> = bridges.collect();
        let (ranks, sights) = in_order(&bridges, rank);
        Self { ranks, sights }
    }

    /// The first one first, each with its place, from 0.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &R, &'s Sight<'w>)> {
        let ranked = self.ranks.iter().zip(&self.sights);
        ranked
            .enumerate()
            .map(|(place, (rank, sight))| (place, rank, *sight))
    }

    /// The list, as it is printed.
    pub(crate) fn into_ranks(self) -> Vec<R> {
        self.ranks
    }
}

/// The ranks of what comes in the order of its UIDs, and what they are of, both in the order of the ranks.
fn in_order<T: Copy, R: Rank>(of: &[T], rank: impl Fn(T) -> R) -> (Vec<R>, Vec<T>) {
    let mut ranks = Vec::with_capacity(of.len());
    let mut order = Vec::with_capacity(of.len());
    for (place, one) in of.iter().enumerate() {
        let rank = rank(*one);
        order.push((rank.number().get(), place));
        ranks.push(Some(rank));
    }
    // Of those that are alike the one with the smaller UID comes first.
    order.sort_unstable();
    let whole = |(_, place): &(u128, usize)| {
        let rank: &Option<R> = &ranks[*place];
        rank.as_ref().is_none_or(|rank| rank.number().whole())
    };
    for alike in order.chunk_by_mut(|(a, _), (b, _)| a == b) {
        if alike.len() > 1 && !alike.iter().all(whole) {
            alike.sort_by(|(_, a), (_, b)| match (&ranks[*a], &ranks[*b]) {
                (Some(a), Some(b)) => a.order(b),
                _ => Ordering::Equal,
            });
        }
    }
    let mut in_order = Vec::with_capacity(order.len());
    in_order.extend(order.iter().filter_map(|(_, place)| ranks[*place].take()));
    (
        in_order,
        order.iter().map(|(_, place)| of[*place]).collect(),
    )
}

/// A UID that several lists share, as it is printed and read.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::world::Uid;

    pub(super) fn serialize<S: Serializer>(
        uid: &Arc<Uid>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        uid.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Uid>, D::Error> {
        Uid::deserialize(deserializer).map(Arc::new)
    }
}
