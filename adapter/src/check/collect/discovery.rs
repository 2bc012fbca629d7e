//! What there is to ask the custom metrics API for, and what it says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::facts::{Known, Unknown};

use super::asker::Asker;
use super::{GROUP, VERSIONS};

/// The media type of aggregated discovery.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

#[derive(Deserialize)]
struct Groups {
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    metadata: Name,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    described_object: Name,
    value: String,
}

#[derive(Deserialize)]
struct Values {
    items: Vec<Value>,
}

/// The resources of both versions, by name.
pub(super) async fn resources(asker: &Asker) -> Vec<(String, Known<Option<Vec<String>>>)> {
    let mut all = Vec::new();
    for version in VERSIONS {
        let found = asker
            .get::<Resources>(&format!("/apis/{GROUP}/{version}"))
            .await;
        let names = found.map(|found| {
            found.map(|found| {
                found
                    .resources
                    .into_iter()
                    .map(|resource| resource.name)
                    .collect()
            })
        });
        all.push((format!("{version}.{GROUP}"), names));
    }
    all
}

/// The metrics groups that the API server knows only from before their server went.
pub(super) async fn stale(asker: &Asker) -> Known<Vec<String>> {
    let groups = asker
        .read::<Groups>("/apis", AGGREGATED)
        .await?
        .ok_or_else(|| Unknown::Failed("the API server has no aggregated discovery".to_owned()))?;
    let mut stale = Vec::new();
    for group in groups.items {
        let name = group.metadata.name;
        if name.ends_with("metrics.k8s.io") {
            let old = group
                .versions
                .iter()
                .filter(|version| version.freshness == "Stale");
            stale.extend(old.map(|version| format!("{}.{name}", version.version)));
        }
    }
    Ok(stale)
}

/// The stress of a namespace's pods as the HPA would read it, by pod.
pub(super) async fn told(asker: &Asker, namespace: &str) -> Known<BTreeMap<String, String>> {
    let mut answer = Ok(BTreeMap::new());
    for version in VERSIONS {
        let path = format!("/apis/{GROUP}/{version}/namespaces/{namespace}/pods/*/stress_level");
        answer = asker.get::<Values>(&path).await.map(|values| {
            let values = values.into_iter().flat_map(|values| values.items);
            values
                .map(|value| (value.described_object.name, value.value))
                .collect()
        });
        if answer
            .as_ref()
            .is_ok_and(|values: &BTreeMap<_, _>| !values.is_empty())
        {
            break;
        }
    }
    answer
}
