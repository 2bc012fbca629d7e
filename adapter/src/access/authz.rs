//! May they? Asks the API server (`SubjectAccessReview`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use ring::digest::{SHA256, digest};

use crate::access::attributes::Attributes;
use crate::access::cache::{Cache, Key};
use crate::access::identity::User;
use crate::access::review::{ReviewError, Reviewer};

/// How long a verdict holds, a yes and a no alike (the generic API server's default).
const LIFE: Duration = Duration::from_secs(10);

/// Verdicts that are kept at most.
const CAPACITY: usize = 8192;

/// Attributes with more characters than this are asked about each time: nobody shall be able to
/// fill the memory with verdicts.
const LARGEST_KEPT: usize = 10_000;

/// Members may do everything, also while the API server cannot be asked.
const MASTERS: &str = "system:masters";

/// Authorization by the API server.
pub(crate) struct Authorizer {
    reviewer: Arc<Reviewer>,
    verdicts: Cache<Verdict, ReviewError>,
}

/// Why somebody who is known does not get what they want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// They may not have it.
    Forbidden {
        /// The authorizer's own explanation, which may be empty.
        why: String,
    },
    /// The API server, who knows what they may, could not be asked.
    Unavailable(ReviewError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    allowed: bool,
    why: String,
}

impl Authorizer {
    pub(crate) fn new(reviewer: Arc<Reviewer>) -> Self {
        Self {
            reviewer,
            verdicts: Cache::new(CAPACITY, LIFE),
        }
    }

    /// Nothing if `user` may; else why not, or that nobody could be asked.
    pub(crate) async fn authorize(
        &self,
        user: &User,
        attributes: &Attributes,
    ) -> Result<(), Denial> {
        if user.groups.iter().any(|group| group == MASTERS) {
            return Ok(());
        }
        let review = review(user, attributes);
        let verdict = if attributes.size() > LARGEST_KEPT {
            ask(&self.reviewer, &review).await
        } else {
            let reviewer = Arc::clone(&self.reviewer);
            let key = key(&review.spec);
            let ask = || async move { ask(&reviewer, &review).await };
            self.verdicts.get(key, ask).await
        };
        match verdict {
            Ok(Verdict { allowed: true, .. }) => Ok(()),
            Ok(Verdict { why, .. }) => Err(Denial::Forbidden { why }),
            Err(error) => {
                tracing::warn!(user = user.name, %error, "cannot tell what a user may do");
                Err(Denial::Unavailable(error))
            }
        }
    }
}

async fn ask(reviewer: &Reviewer, review: &SubjectAccessReview) -> Result<Verdict, ReviewError> {
    let status = reviewer.ask(review).await?.status;
    Ok(status.unwrap_or_default().into())
}

impl From<SubjectAccessReviewStatus> for Verdict {
    fn from(status: SubjectAccessReviewStatus) -> Self {
        Self {
            // An authorizer that says both yes and no has said no.
            allowed: status.allowed && !status.denied.unwrap_or(false),
            why: status.reason.unwrap_or_default(),
        }
    }
}

/// A digest of all that the verdict depends on.
fn key(spec: &SubjectAccessReviewSpec) -> Key {
    let spec = serde_json::to_vec(spec).expect("strings in ordered maps always become JSON");
    let mut key = Key::default();
    key.copy_from_slice(digest(&SHA256, &spec).as_ref());
    key
}

fn review(user: &User, attributes: &Attributes) -> SubjectAccessReview {
    let mut spec = SubjectAccessReviewSpec {
        user: Some(user.name.clone()),
        uid: user.uid.clone(),
        groups: Some(user.groups.clone()).filter(|groups| !groups.is_empty()),
        extra: Some(user.extra.clone()).filter(|extra| !BTreeMap::is_empty(extra)),
        ..SubjectAccessReviewSpec::default()
    };
    match attributes.clone() {
        Attributes::NonResource { path, verb } => {
            spec.non_resource_attributes = Some(NonResourceAttributes {
                path: Some(path),
                verb: Some(verb),
            });
        }
        Attributes::Resource {
            namespace,
            verb,
            group,
            version,
            resource,
            subresource,
            name,
        } => {
            spec.resource_attributes = Some(ResourceAttributes {
                namespace,
                verb: Some(verb),
                group: Some(group),
                version: Some(version),
                resource: Some(resource),
                subresource,
                name,
                ..ResourceAttributes::default()
            });
        }
    }
    SubjectAccessReview {
        spec,
        ..SubjectAccessReview::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stress() -> Attributes {
        Attributes::Resource {
            namespace: Some("jitsi".to_owned()),
            verb: "get".to_owned(),
            group: "custom.metrics.k8s.io".to_owned(),
            version: "v1beta2".to_owned(),
            resource: "pods".to_owned(),
            subresource: Some("stress_level".to_owned()),
            name: Some("*".to_owned()),
        }
    }

    fn ada() -> User {
        User {
            name: "ada".to_owned(),
            uid: Some("7".to_owned()),
            groups: vec!["ops".to_owned(), "system:authenticated".to_owned()],
            extra: BTreeMap::from([("scopes".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
        }
    }

    #[test]
    fn a_review_says_who_wants_what() {
        let spec = serde_json::to_value(review(&ada(), &stress()).spec).unwrap();
        let expected = json!({
            "user": "ada", "uid": "7", "groups": ["ops", "system:authenticated"],
            "extra": {"scopes": ["a", "b"]},
            "resourceAttributes": {
                "namespace": "jitsi", "verb": "get", "group": "custom.metrics.k8s.io",
                "version": "v1beta2", "resource": "pods", "subresource": "stress_level", "name": "*",
            },
        });
        assert_eq!(spec, expected);
        let path = Attributes::NonResource {
            path: "/metrics".to_owned(),
            verb: "get".to_owned(),
        };
        let nobody = User::default();
        let spec = serde_json::to_value(review(&nobody, &path).spec).unwrap();
        let expected = json!({
            "user": "", "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn only_a_yes_without_a_no_allows() {
        for (allowed, denied, expected) in [
            (true, None, true),
            (true, Some(false), true),
            (true, Some(true), false),
            (false, None, false),
            (false, Some(true), false),
        ] {
            let status = SubjectAccessReviewStatus {
                allowed,
                denied,
                ..SubjectAccessReviewStatus::default()
            };
            let verdict = Verdict::from(status);
            assert_eq!(verdict.allowed, expected, "{allowed} {denied:?}");
        }
        assert!(!Verdict::from(SubjectAccessReviewStatus::default()).allowed);
    }

    #[test]
    fn every_detail_that_a_verdict_depends_on_is_in_its_key() {
        let base = key(&review(&ada(), &stress()).spec);
        assert_eq!(base, key(&review(&ada(), &stress()).spec));
        let with = |change: &dyn Fn(&mut User)| {
            let mut user = ada();
            change(&mut user);
            key(&review(&user, &stress()).spec)
        };
        assert_ne!(base, with(&|user| user.name.push('x')));
        assert_ne!(base, with(&|user| user.uid = None));
        assert_ne!(base, with(&|user| user.groups.truncate(1)));
        assert_ne!(base, with(&|user| user.extra.clear()));
        let mut other = stress();
        if let Attributes::Resource { namespace, .. } = &mut other {
            *namespace = None;
        }
        assert_ne!(base, key(&review(&ada(), &other).spec));
    }
}
