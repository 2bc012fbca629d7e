//! The object: name, spec and status, and what makes Kubernetes clients accept it as one of theirs.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, NamespaceResourceScope, Resource};
use serde::{Deserialize, Serialize};

use crate::{BridgePoolSpec, BridgePoolStatus, GROUP, VERSION};

/// A pool of videobridges that grows and shrinks without hanging up on anybody.
///
/// It implements k8s-openapi's traits, so that a Kubernetes client takes it as it is and this crate needs none.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BridgePool {
    /// `bridgetender.dev/v1alpha1`.
    #[serde(default = "api_version")]
    pub api_version: String,
    /// `BridgePool`.
    #[serde(default = "kind")]
    pub kind: String,
    /// Name, labels, resourceVersion and the like.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What the operator wants.
    #[serde(default)]
    pub spec: BridgePoolSpec,
    /// What the controller saw last; `None` before it saw the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<BridgePoolStatus>,
}

fn api_version() -> String {
    BridgePool::API_VERSION.to_owned()
}

fn kind() -> String {
    BridgePool::KIND.to_owned()
}

impl BridgePool {
    /// A pool of this name and spec, not yet written anywhere.
    pub fn new(name: &str, spec: BridgePoolSpec) -> Self {
        Self {
            api_version: api_version(),
            kind: kind(),
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            spec,
            status: None,
        }
    }
}

impl Resource for BridgePool {
    const API_VERSION: &'static str = "bridgetender.dev/v1alpha1";
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "BridgePool";
    const VERSION: &'static str = VERSION;
    const URL_PATH_SEGMENT: &'static str = "bridgepools";
    type Scope = NamespaceResourceScope;
}

impl Metadata for BridgePool {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
