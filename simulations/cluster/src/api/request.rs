//! Requests that change things, as data, and how they are answered.

use std::sync::Arc;
use std::time::Duration;

use scaler_api::BridgePoolStatus;
use thiserror::Error;

use super::object::{Key, Object};

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Actor {
    /// A replica of the pool's controller, by number.
    Controller(usize),
    /// The HorizontalPodAutoscaler.
    Hpa,
    /// A kubelet, the scheduler, or a controller of Kubernetes' own.
    Cluster,
    /// Kubernetes' garbage collector, which deletes what a gone owner has left behind.
    Collector,
    /// A person with kubectl, or a tool that acts like one.
    User,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// The object as it is now.
    Get(Key),
    /// A new object; a name that ends with a hyphen is a `generateName`.
    Create(Box<Object>),
    /// Changes of labels, annotations and finalizers.
    Patch {
        /// Of what.
        key: Key,
        /// Only if it is this object.
        uid: Option<String>,
        /// Only if it was not changed since.
        version: Option<u64>,
        /// What to change.
        edit: Edit,
    },
    /// The status of a pool.
    Status {
        /// Of what.
        key: Key,
        /// Only if it was not changed since.
        version: Option<u64>,
        /// The new status.
        status: Box<BridgePoolStatus>,
    },
    /// The scale sub-resource of a pool.
    Scale {
        /// Of what.
        key: Key,
        /// Only if it was not changed since.
        version: Option<u64>,
        /// The new `spec.replicas`.
        replicas: u32,
    },
    /// The whole object anew; its version must be that of the object.
    Replace(Box<Object>),
    /// Deletes the object, once its grace period is over and its finalizers are gone.
    Delete {
        /// What.
        key: Key,
        /// Only if it is this object.
        uid: Option<String>,
        /// Only if it was not changed since.
        version: Option<u64>,
        /// The grace period; `None`: the pod's own. Zero: at once.
        grace: Option<Duration>,
    },
    /// Deletes a pod if its PodDisruptionBudget allows.
    Evict(Key),
}

/// Changes of an object's metadata; `None` takes away.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Edit {
    /// Labels.
    pub labels: Vec<(String, Option<String>)>,
    /// Annotations.
    pub annotations: Vec<(String, Option<String>)>,
    /// All finalizers from now on.
    pub finalizers: Option<Vec<String>>,
    /// The owner; `Some(None)`: nobody from now on.
    pub owner: Option<Option<String>>,
}

/// What the API server answers: the object as it then is.
pub type Reply = Result<Arc<Object>, Refusal>;

/// Why a request was not done, as far as whoever sent it can tell.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// 404.
    #[error("404: there is no such object")]
    NotFound,
    /// 409: a precondition does not hold.
    #[error("409: it is not the object that was meant, or it was changed since")]
    Conflict,
    /// 409 on a creation: there is one of that name.
    #[error("409: an object of that name exists already")]
    Exists,
    /// 422 or 403: an admission rule forbids it.
    #[error("403: an admission webhook refuses it")]
    Forbidden,
    /// 429: too many requests, or a PodDisruptionBudget forbids the eviction.
    #[error("429: not now")]
    TooMany,
    /// 500: two PodDisruptionBudgets cover the pod, or the server has failed.
    #[error("500: the server failed")]
    Internal,
    /// No answer came. Whether it was done, nobody knows.
    #[error("no answer came in time")]
    Timeout,
}

impl Request {
    /// The object that it is about.
    pub fn key(&self) -> Key {
        match self {
            Self::Create(object) | Self::Replace(object) => object.key(),
            Self::Get(key)
            | Self::Patch { key, .. }
            | Self::Status { key, .. }
            | Self::Scale { key, .. }
            | Self::Delete { key, .. }
            | Self::Evict(key) => key.clone(),
        }
    }

    /// The verb, for traces.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Get(_) => "get",
            Self::Create(_) => "create",
            Self::Patch { .. } => "patch",
            Self::Status { .. } => "status",
            Self::Scale { .. } => "scale",
            Self::Replace(_) => "replace",
            Self::Delete { .. } => "delete",
            Self::Evict(_) => "evict",
        }
    }

    /// Whether it changes anything.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Get(_))
    }
}
