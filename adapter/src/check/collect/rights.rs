//! What the HPA and the adapter may do.

use std::collections::BTreeSet;

use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::core::v1::{Pod, Service, ServiceAccount};
use serde_json::{Value, json};

use crate::check::facts::{Aggregated, Known, Named, Need, Unknown};

use super::GROUP;
use super::asker::Asker;

/// As whom the HPA asks, where controllers have credentials of their own.
const AUTOSCALER: (&str, &str) = ("kube-system", "horizontal-pod-autoscaler");

/// The adapter's ServiceAccount: as told, else that of the pods behind its Service, else the one with the Service's name.
pub(super) async fn identity(
    asker: &Asker,
    told: Option<&(String, String)>,
    services: &[(String, Known<Option<Aggregated>>)],
) -> Known<Named> {
    if let Some((namespace, name)) = told {
        return Ok(Named {
            namespace: namespace.clone(),
            name: name.clone(),
        });
    }
    let service = services
        .iter()
        .find_map(|(_, service)| service.as_ref().ok()?.as_ref()?.service.clone())
        .ok_or_else(|| {
            Unknown::Failed("no APIService leads to it; set --service-account".to_owned())
        })?;
    let Named { namespace, name } = &service;
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let found = asker.get::<Service>(&path).await?;
    let selector = found
        .and_then(|service| service.spec?.selector)
        .unwrap_or_default();
    if !selector.is_empty() {
        let selector: Vec<String> = selector
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let pods: Vec<Pod> = asker.list(&path, Some(&selector.join(","))).await?;
        let account = pods
            .into_iter()
            .find_map(|pod| pod.spec?.service_account_name);
        if let Some(name) = account {
            return Ok(Named {
                namespace: namespace.clone(),
                name,
            });
        }
    }
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}");
    match asker.get::<ServiceAccount>(&path).await? {
        Some(_) => Ok(service),
        None => Err(Unknown::Failed(format!(
            "no pod is behind the Service {service}; set --service-account"
        ))),
    }
}

/// What each needs, and whether it is allowed.
pub(super) async fn all(
    asker: &Asker,
    adapter: Option<&Named>,
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
    let Some(adapter) = adapter else {
        return all;
    };
    let everywhere = Need::WatchPods(namespace.map(str::to_owned));
    let allowed = may(asker, adapter, &everywhere).await;
    let mut scopes = vec![namespace];
    if allowed == Ok(false) && namespace.is_none() {
        // An adapter that watches some namespaces only has Roles in those; one that may nothing anywhere was to watch all.
        let mut within = Vec::new();
        for name in namespaces {
            let need = Need::WatchPods(Some(name.clone()));
            within.push(may(asker, adapter, &need).await);
        }
        if within.contains(&Ok(true)) {
            scopes = namespaces.iter().map(|name| Some(name.as_str())).collect();
        }
    }
    for watch in [Need::WatchPods, Need::WatchServices] {
        for scope in &scopes {
            let need = watch(scope.map(str::to_owned));
            let allowed = may(asker, adapter, &need).await;
            all.push((need, allowed));
        }
    }
    for need in [
        Need::ReviewTokens,
        Need::ReviewAccess,
        Need::ReadAuthentication,
    ] {
        let allowed = may(asker, adapter, &need).await;
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
