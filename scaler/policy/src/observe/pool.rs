//! A pool as the world knows it.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use scaler_api::{BridgePool, annotations};

use super::moment;
use crate::world::{Pool, Uid};

/// The API server told too little of a pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missing(
    /// What it did not tell.
    pub &'static str,
);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the API server told no {} of it", self.0)
    }
}

impl std::error::Error for Missing {}

/// A pool whose template, as it now is, is of this revision.
///
/// # Errors
/// When it does not say which object of the API server it is.
pub fn pool(object: BridgePool, revision: String) -> Result<Pool, Missing> {
    let ObjectMeta {
        name,
        namespace,
        uid,
        resource_version,
        generation,
        deletion_timestamp,
        finalizers,
        annotations,
        ..
    } = object.metadata;
    let released = annotations
        .as_ref()
        .and_then(|annotations| annotations::RELEASED.read(annotations).ok().flatten());
    Ok(Pool {
        uid: Uid(uid.ok_or(Missing("UID"))?),
        name: name.ok_or(Missing("name"))?,
        namespace: namespace.ok_or(Missing("namespace"))?,
        generation: generation.unwrap_or_default(),
        resource_version: resource_version.ok_or(Missing("version"))?,
        spec: object.spec,
        status: object.status.unwrap_or_default(),
        revision,
        deletion: deletion_timestamp.as_ref().map(moment),
        released: released.unwrap_or(false),
        finalizers: finalizers.unwrap_or_default(),
    })
}
