//! Which bridge comes first: to be drained, and to be taken back.

mod rescue;
mod victim;

pub(crate) use rescue::rescues;
pub use rescue::{RescueKey, RescueRank, Unfit};
pub(crate) use victim::victims;
pub use victim::{Criterion, Excluded, Kept, VictimKey, VictimRank};
