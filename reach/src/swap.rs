//! Objects that several replicas write, each only upon what it has read: compare-and-swap by the API server's versions.

use std::fmt::Debug;

use http::StatusCode;
use kube::api::PostParams;
use kube::{Api, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::causes;

/// Writes an object that was read and names its version, or makes one that was not there, which names none; whether it was done. It
/// was not when somebody else was faster: the next look tells what is there now.
///
/// # Errors
/// What the API server says otherwise; then it may have been done all the same.
pub async fn swap<K>(api: &Api<K>, name: &str, object: &K) -> kube::Result<bool>
where
    K: kube::Resource + Clone + Debug + DeserializeOwned + Serialize,
{
    let params = PostParams::default();
    let written = match &object.meta().resource_version {
        Some(_) => api.replace(name, &params, object).await,
        None => api.create(&params, object).await,
    };
    match written {
        Ok(_) => Ok(true),
        Err(Error::Api(status)) if status.code == StatusCode::CONFLICT.as_u16() => Ok(false),
        // It was there when it was read, and is not any more.
        Err(Error::Api(status))
            if status.code == StatusCode::NOT_FOUND.as_u16()
                && object.meta().resource_version.is_some() =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Why the API server did not do it, in its own words where it has any.
pub fn said(error: &Error) -> String {
    match error {
        Error::Api(status) => status.message.clone(),
        error => causes(error),
    }
}
