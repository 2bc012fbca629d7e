//! How the bridges of a namespace fall into groups that can be added up.

use std::collections::BTreeMap;

use crate::telling::pod::Owner;
use crate::telling::store::Record;

/// Bridges by their outermost owner: a bridge of a Deployment belongs to that and not to its ReplicaSet too.
///
/// Each bridge is in exactly one group, so the groups' totals may be added up, as the HPA does with all that it gets of an
/// external metric.
pub(crate) fn shares<'a>(
    bridges: impl Iterator<Item = &'a Record>,
) -> BTreeMap<Owner<'a>, Vec<&'a Record>> {
    let mut shares: BTreeMap<Owner<'a>, Vec<&'a Record>> = BTreeMap::new();
    for bridge in bridges {
        shares
            .entry(bridge.pod().outermost_owner())
            .or_default()
            .push(bridge);
    }
    shares
}
