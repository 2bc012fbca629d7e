//! What holds of every order.

use std::fmt::Debug;

use proptest::prelude::*;

use super::{Ordering, Rank, in_order};

/// Numbers that differ are ordered as the ranks are; those that are whole and alike are of ranks that differ in their UIDs alone,
/// of which this is the order.
pub(super) fn a_number_is_ordered_as_its_key<R: Rank>(
    a: &R,
    b: &R,
    uids: Ordering,
) -> Result<(), TestCaseError> {
    let (one, other) = (a.number(), b.number());
    match one.get().cmp(&other.get()) {
        Ordering::Equal if one.whole() => {
            prop_assert!(other.whole());
            prop_assert_eq!(a.order(b), uids);
        }
        Ordering::Equal => prop_assert!(!other.whole()),
        differ => prop_assert_eq!(differ, a.order(b)),
    }
    Ok(())
}

/// A list is in the order of its keys, and each rank stands with what it is of. `ranks` come in the order of their UIDs.
pub(super) fn a_list_is_ordered_as_its_keys<R>(ranks: &[R]) -> Result<(), TestCaseError>
where
    R: Rank + Clone + Debug + PartialEq,
{
    let ranks: Vec<&R> = ranks.iter().collect();
    let (listed, of) = in_order(&ranks, R::clone);
    let mut by_keys = ranks;
    by_keys.sort_by(|a, b| a.order(b));
    prop_assert_eq!(&of, &by_keys);
    prop_assert_eq!(listed.iter().collect::<Vec<_>>(), by_keys);
    Ok(())
}
