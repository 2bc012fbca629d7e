//! How the bridges of a namespace fall into groups that can be added up.

use std::collections::BTreeMap;

use crate::telling::resource::Resource;
use crate::telling::store::Record;

/// A group's outermost owner; none for bridges that nobody owns.
pub(crate) type Owner<'a> = Option<(Resource, &'a str)>;

/// Bridges by their outermost owner: a bridge of a Deployment belongs to that and not to its ReplicaSet too.
///
/// Each bridge is in exactly one group, so the groups' totals may be added up, as the HPA does with all that it gets of an
/// external metric.
pub(crate) fn shares<'a>(
    bridges: impl Iterator<Item = &'a Record>,
) -> BTreeMap<Owner<'a>, Vec<&'a Record>> {
    let mut shares: BTreeMap<Owner<'a>, Vec<&'a Record>> = BTreeMap::new();
    for bridge in bridges {
        let owner = bridge.pod().owners.last();
        let owner = owner.map(|(resource, name)| (*resource, &**name));
        shares.entry(owner).or_default().push(bridge);
    }
    shares
}
