//! What the HPA and the adapter may do.

use std::collections::BTreeSet;

use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use serde_json::{Value, json};

use crate::authority::NAMES;
use crate::check::facts::{Known, Named, Need};

use super::GROUP;
use super::adapter::Adapter;
use super::asker::Asker;

/// As whom the HPA asks, where controllers have credentials of their own.
const AUTOSCALER: (&str, &str) = ("kube-system", "horizontal-pod-autoscaler");

/// What each needs, and whether it is allowed.
pub(super) async fn all(
    asker: &Asker,
    adapter: &Adapter,
    namespace: Option<&str>,
    namespaces: &BTreeSet<String>,
) -> Vec<(Need, Known<bool>)> {
    let mut all = Vec::new();
    let autoscaler = Named {
        namespace: AUTOSCALER.0.to_owned(),
        name: AUTOSCALER.1.to_owned(),
    };
    for namespace in namespaces {
        let need = Need::ReadStress(namespace.clone());
        let allowed = may(asker, &autoscaler, &need).await;
        all.push((need, allowed));
    }
    let Ok(identity) = &adapter.identity else {
        return all;
    };
    let everywhere = Need::WatchPods(namespace.map(str::to_owned));
    let allowed = may(asker, identity, &everywhere).await;
    let mut scopes = vec![namespace];
    if allowed == Ok(false) && namespace.is_none() {
        // An adapter that watches some namespaces only has Roles in those; one that may nothing anywhere was to watch all.
        let mut within = Vec::new();
        for name in namespaces {
            let need = Need::WatchPods(Some(name.clone()));
            within.push(may(asker, identity, &need).await);
        }
        if within.contains(&Ok(true)) {
            scopes = namespaces.iter().map(|name| Some(name.as_str())).collect();
        }
    }
    for watch in [Need::WatchPods, Need::WatchServices] {
        for scope in &scopes {
            let need = watch(scope.map(str::to_owned));
            let allowed = may(asker, identity, &need).await;
            all.push((need, allowed));
        }
    }
    let mut needs = vec![
        Need::ReviewTokens,
        Need::ReviewAccess,
        Need::ReadAuthentication,
    ];
    if let Some((secret, _)) = &adapter.own_authority {
        needs.extend([Need::KeepAuthority(secret.clone()), Need::PublishAuthority]);
    }
    for need in needs {
        let allowed = may(asker, identity, &need).await;
        all.push((need, allowed));
    }
    all
}

async fn may(asker: &Asker, who: &Named, need: &Need) -> Known<bool> {
    let Named { namespace, name } = who;
    for attributes in attributes(need) {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{name}"),
                "groups": [
                    "system:serviceaccounts",
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated",
                ],
                "resourceAttributes": attributes,
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer: SubjectAccessReview = asker.review(path, &review).await?;
        if !answer.status.is_some_and(|status| status.allowed) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What must be allowed, all of it, for a need to be met.
fn attributes(need: &Need) -> Vec<Value> {
    let create = |group: &str, resource: &str| {
        vec![json!({"verb": "create", "group": group, "version": "v1", "resource": resource})]
    };
    match need {
        Need::ReadStress(namespace) => vec![json!({
            "namespace": namespace, "verb": "get", "group": GROUP, "version": "v1beta2",
            "resource": "pods", "subresource": "stress_level", "name": "*",
        })],
        Need::WatchPods(namespace) => watch("pods", namespace.as_deref()),
        Need::WatchServices(namespace) => watch("services", namespace.as_deref()),
        Need::ReviewTokens => create("authentication.k8s.io", "tokenreviews"),
        Need::ReviewAccess => create("authorization.k8s.io", "subjectaccessreviews"),
        Need::ReadAuthentication => ["list", "watch"]
            .map(|verb| {
                json!({
                    "namespace": "kube-system", "verb": verb, "version": "v1", "resource": "configmaps",
                    "name": "extension-apiserver-authentication",
                })
            })
            .into(),
        Need::KeepAuthority(Named { namespace, name }) => ["get", "update"]
            .map(|verb| {
                json!({
                    "namespace": namespace, "verb": verb, "version": "v1", "resource": "secrets", "name": name,
                })
            })
            .into(),
        Need::PublishAuthority => ["get", "patch"]
            .into_iter()
            .flat_map(|verb| {
                NAMES.map(|name| {
                    json!({
                        "verb": verb, "group": "apiregistration.k8s.io", "version": "v1", "resource": "apiservices",
                        "name": name,
                    })
                })
            })
            .collect(),
    }
}

fn watch(resource: &str, namespace: Option<&str>) -> Vec<Value> {
    ["list", "watch"]
        .map(|verb| {
            let mut attributes = json!({"verb": verb, "version": "v1", "resource": resource});
            if let Some(namespace) = namespace {
                attributes["namespace"] = namespace.into();
            }
            attributes
        })
        .into()
}
