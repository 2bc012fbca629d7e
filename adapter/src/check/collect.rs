//! Asks the API server, the adapter's Service and the bridges.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use reach::{Clock, Loopback};
use serde::Deserialize;

use super::CheckArguments;
use super::facts::Facts;

mod adapter;
mod aggregation;
mod asker;
mod autoscalers;
mod bridges;
mod discovery;
mod handshake;
mod pod;
mod rights;

use asker::Asker;

/// The group that the HPA reads.
const GROUP: &str = "custom.metrics.k8s.io";

/// Both versions, the preferred one first.
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta1"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

/// Everything that can be learned from here.
///
/// # Errors
/// Only when the API server cannot be asked at all.
pub(super) async fn all(arguments: &CheckArguments) -> anyhow::Result<Facts> {
    let config = reach::client::config(arguments.kubeconfig.clone()).await?;
    let address = config.cluster_url.to_string();
    let client = reach::client::client(config)?;
    let asker = Asker::new(client, Clock::system(), arguments.timeout);
    let (version, server_clock) = asker
        .get_at::<Version>("/version")
        .await
        .map_err(|error| anyhow!("{address} does not answer: {error}"))?;
    let namespace = arguments.namespace.as_deref();
    let loopback = Loopback::allowed(arguments.loopback_bridges);

    let (services, resources, stale, bridges, autoscalers) = futures::join!(
        aggregation::services(&asker),
        discovery::resources(&asker),
        discovery::stale(&asker),
        bridges::all(&asker, &arguments.bridges, namespace, loopback),
        autoscalers::all(&asker, namespace),
    );
    let namespaces: BTreeSet<String> = bridges
        .iter()
        .flatten()
        .map(|bridge| bridge.pod.namespace.clone())
        .collect();
    let home = aggregation::home(&asker, arguments.service_account.as_ref(), &services).await;
    let adapter = adapter::find(&asker, arguments, &services).await;
    let (rights, told, deployment) = futures::join!(
        rights::all(&asker, &adapter, namespace, &namespaces),
        told(&asker, &namespaces),
        adapter::deployment(&asker, &services),
    );
    Ok(Facts {
        now: asker.now(),
        server: format!("{address}, Kubernetes {}", version.git_version),
        server_clock,
        selector: arguments.bridges.clone(),
        namespace: arguments.namespace.clone(),
        services,
        home,
        deployment,
        identity: adapter.identity,
        certificate: adapter.certificate,
        own_authority: adapter.own_authority,
        rights,
        resources,
        stale,
        bridges,
        told,
        autoscalers,
    })
}

/// What the HPA would read, by namespace.
async fn told(
    asker: &Asker,
    namespaces: &BTreeSet<String>,
) -> BTreeMap<String, super::facts::Known<BTreeMap<String, String>>> {
    let mut all = BTreeMap::new();
    for namespace in namespaces {
        all.insert(namespace.clone(), discovery::told(asker, namespace).await);
    }
    all
}
