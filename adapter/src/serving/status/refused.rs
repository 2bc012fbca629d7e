//! What [`crate::access`] refuses, as answers.

use std::time::Duration;

use super::{Details, Status};
use crate::access::{Attributes, Denial, Refusal, ReviewError, User};

impl Status {
    /// The answer to `user`, who is denied this.
    pub(crate) fn denial(denial: Denial, user: &User, attributes: &Attributes) -> Self {
        match denial {
            Denial::Forbidden { why } => Self::denied(user, attributes, &why),
            Denial::Unavailable(error) => error.into(),
        }
    }

    /// 403 in the words of Kubernetes for what `user` wanted to do; `why` is the authorizer's
    /// own explanation and may be empty.
    pub(super) fn denied(user: &User, attributes: &Attributes, why: &str) -> Self {
        // As the generic API server does: no text that a browser might take for HTML.
        let mut what = refusal(attributes, &user.name)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        if !why.is_empty() {
            what.push_str(": ");
            what.push_str(why);
        }
        match attributes {
            Attributes::NonResource { .. } => Self {
                details: Some(Box::default()),
                ..Self::forbidden(format!("forbidden: {what}"))
            },
            Attributes::Resource {
                group,
                resource,
                name,
                ..
            } => {
                let of = if group.is_empty() {
                    resource.clone()
                } else {
                    format!("{resource}.{group}")
                };
                let message = match name {
                    Some(name) => format!("{of} {name:?} is forbidden: {what}"),
                    None => format!("{of} is forbidden: {what}"),
                };
                Self {
                    details: Some(Box::new(Details {
                        name: name.clone(),
                        group: Some(group.clone()).filter(|group| !group.is_empty()),
                        kind: Some(resource.clone()),
                        retry_after_seconds: None,
                    })),
                    ..Self::forbidden(message)
                }
            }
        }
    }
}

/// How Kubernetes says that `user` may not do this (seen on kube-apiserver).
fn refusal(attributes: &Attributes, user: &str) -> String {
    match attributes {
        Attributes::NonResource { path, verb } => {
            format!("User {user:?} cannot {verb} path {path:?}")
        }
        Attributes::Resource {
            namespace,
            verb,
            group,
            resource,
            subresource,
            ..
        } => {
            let resource = match subresource {
                Some(subresource) => format!("{resource}/{subresource}"),
                None => resource.clone(),
            };
            let place = match namespace {
                Some(namespace) => format!("in the namespace {namespace:?}"),
                None => "at the cluster scope".to_owned(),
            };
            format!(
                "User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {place}"
            )
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(_) => Self::unauthorized("Unauthorized"),
            Refusal::Unavailable(error) => error.into(),
        }
    }
}

impl From<ReviewError> for Status {
    /// A 503 where waiting may help and a 500 where only the operator can; never a 401 or 403,
    /// which would send people looking for the mistake in their own credentials.
    ///
    /// No 503 says `Retry-After`: client-go then asks ten times more before it tells its caller, and one of the few workers of
    /// kube-controller-manager's HPAs, those of other adapters included, would wait for most of a minute (seen with
    /// Kubernetes 1.36). An HPA asks again by itself.
    fn from(error: ReviewError) -> Self {
        match &error {
            ReviewError::Busy => Self::too_many_requests(error.to_string(), Duration::from_secs(1)),
            ReviewError::Late { .. } | ReviewError::Unreachable { .. } | ReviewError::Lost => {
                Self::service_unavailable(error.to_string())
            }
            ReviewError::Refused { .. } => Self::internal(format!(
                "{error}; hint: bind the adapter's ServiceAccount to the ClusterRole system:auth-delegator"
            )),
        }
    }
}
