//! Who is asking.

use std::collections::BTreeMap;

/// Somebody who proved to be who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// For example `system:serviceaccount:kube-system:horizontal-pod-autoscaler`.
    pub name: String,
    /// The identity provider's stable number for this name, where it gives one.
    pub uid: Option<String>,
    /// With `system:authenticated`.
    pub groups: Vec<String>,
    /// Whatever else the identity provider says, keys in lower case as it wrote them.
    pub extra: BTreeMap<String, Vec<String>>,
}
