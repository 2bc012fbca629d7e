//! The orders in which bridges go and come back: as ranked lists, which are printed as they decided.

mod number;
mod rescue;
mod victim;

use crate::scene::Sight;

pub(crate) use rescue::rescues;
pub use rescue::{RescueKey, RescueRank, Unfit};
pub(crate) use victim::victims;
pub use victim::{Criterion, Excluded, Kept, VictimKey, VictimRank};

/// Bridges in an order, each with what put it there.
pub(crate) struct Ranked<'s, 'w, R> {
    ranks: Vec<R>,
    sights: Vec<&'s Sight<'w>>,
}

impl<'s, 'w, R> FromIterator<(R, &'s Sight<'w>)> for Ranked<'s, 'w, R> {
    fn from_iter<I: IntoIterator<Item = (R, &'s Sight<'w>)>>(ranked: I) -> Self {
        let ranked = ranked.into_iter();
        let most = ranked.size_hint().1.unwrap_or_default();
        let (mut ranks, mut sights) = (Vec::with_capacity(most), Vec::with_capacity(most));
        ranked.for_each(|(rank, sight)| {
            ranks.push(rank);
            sights.push(sight);
        });
        Self { ranks, sights }
    }
}

impl<'s, 'w, R> Ranked<'s, 'w, R> {
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
