//! The kinds of objects that have metrics.

use k8s_openapi::Resource as _;
use scaler_api::BridgePool;

/// The kinds of objects that have metrics.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Resource {
    /// Pods themselves.
    Pods,
    /// Deployments, through their ReplicaSets.
    Deployments,
    /// ReplicaSets, with or without a Deployment.
    ReplicaSets,
    /// StatefulSets.
    StatefulSets,
    /// DaemonSets.
    DaemonSets,
    /// BridgePools, those bridges of theirs included that drain.
    BridgePools,
    /// Services: the bridges that their selectors choose.
    Services,
    /// A namespace: all bridges in it.
    Namespaces,
}

impl Resource {
    /// All of them, in the order of discovery.
    pub(crate) const ALL: [Self; 8] = [
        Self::Pods,
        Self::Deployments,
        Self::ReplicaSets,
        Self::StatefulSets,
        Self::DaemonSets,
        Self::BridgePools,
        Self::Services,
        Self::Namespaces,
    ];

    /// As in a path: with the group behind a dot unless it is the core group.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Deployments => "deployments.apps",
            Self::ReplicaSets => "replicasets.apps",
            Self::StatefulSets => "statefulsets.apps",
            Self::DaemonSets => "daemonsets.apps",
            Self::BridgePools => "bridgepools.bridgetender.dev",
            Self::Services => "services",
            Self::Namespaces => "namespaces",
        }
    }

    /// Kind of one of them.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Pods => "Pod",
            Self::Deployments => "Deployment",
            Self::ReplicaSets => "ReplicaSet",
            Self::StatefulSets => "StatefulSet",
            Self::DaemonSets => "DaemonSet",
            Self::BridgePools => BridgePool::KIND,
            Self::Services => "Service",
            Self::Namespaces => "Namespace",
        }
    }

    /// The label by which an external metric names one of them; none for those that own no bridges.
    pub(crate) const fn label(self) -> Option<&'static str> {
        match self {
            Self::Deployments => Some("deployment"),
            Self::ReplicaSets => Some("replicaset"),
            Self::StatefulSets => Some("statefulset"),
            Self::DaemonSets => Some("daemonset"),
            Self::BridgePools => Some("bridgepool"),
            Self::Pods | Self::Services | Self::Namespaces => None,
        }
    }

    /// Group and version in which one of them is written.
    pub(crate) const fn api_version(self) -> &'static str {
        match self {
            Self::Pods | Self::Services | Self::Namespaces => "v1",
            Self::Deployments | Self::ReplicaSets | Self::StatefulSets | Self::DaemonSets => {
                "apps/v1"
            }
            Self::BridgePools => BridgePool::API_VERSION,
        }
    }

    /// Whether they are in namespaces.
    pub(crate) const fn namespaced(self) -> bool {
        !matches!(self, Self::Namespaces)
    }

    /// The resource of this name in a path.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The resource of an owner; its version does not matter.
    pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.kind() == kind && group(known.api_version()) == group(api_version))
    }
}

/// The group in an `apiVersion`; the core group has no name.
fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_found_by_its_name_and_its_kind() {
        for resource in Resource::ALL {
            assert_eq!(Resource::of(resource.name()), Some(resource));
            assert_eq!(
                Resource::of_kind(resource.api_version(), resource.kind()),
                Some(resource)
            );
        }
        assert_eq!(Resource::of("deployments"), None);
        assert_eq!(Resource::of_kind("v1", "Deployment"), None);
        assert_eq!(
            Resource::of_kind("apps/v2", "Deployment"),
            Some(Resource::Deployments)
        );
        assert_eq!(Resource::of_kind("example.org/v1", "Pod"), None);
        let plural = format!("{}.{}", BridgePool::URL_PATH_SEGMENT, BridgePool::GROUP);
        assert_eq!(Resource::of(&plural), Some(Resource::BridgePools));
    }
}
