//! The APIServices and what is behind them.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use crate::authority::NAMES;
use crate::check::facts::{Aggregated, Condition, Known, Named, Served, Trust};

use super::asker::Asker;
use super::handshake;

/// Namespace and name of the adapter's Service in the manifests.
const HOME: (&str, &str) = ("bridgetender", "jvb-adapter");

/// Port of a Service that an APIService means where it names none.
const HTTPS: i32 = 443;

/// The APIServices of the custom metrics API and of the external one.
pub(super) async fn services(asker: &Asker) -> Vec<(String, Known<Option<Aggregated>>)> {
    let mut all = Vec::new();
    for name in NAMES {
        all.push((name.to_owned(), service(asker, name).await));
    }
    all
}

async fn service(asker: &Asker, name: &str) -> Known<Option<Aggregated>> {
    let path = format!("/apis/apiregistration.k8s.io/v1/apiservices/{name}");
    let Some(found) = asker.get::<APIService>(&path).await? else {
        return Ok(None);
    };
    let spec = found.spec.unwrap_or_default();
    let reference = spec.service.unwrap_or_default();
    let service = reference
        .name
        .zip(reference.namespace)
        .map(|(name, namespace)| Named { namespace, name });
    let bundle = spec.ca_bundle.map(|bundle| bundle.0).unwrap_or_default();
    let insecure = spec.insecure_skip_tls_verify == Some(true);
    let served = match &service {
        Some(service) if !insecure && !bundle.is_empty() => {
            let port = reference.port.unwrap_or(HTTPS);
            served(asker, service, port, &bundle).await
        }
        _ => Served::Unreachable("there is nothing to verify it with".to_owned()),
    };
    let available = found
        .status
        .and_then(|status| status.conditions)
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "Available")
        .map(|condition| Condition {
            kind: condition.type_,
            is_true: condition.status == "True",
            reason: condition.reason.unwrap_or_default(),
            message: condition.message.unwrap_or_default(),
        });
    Ok(Some(Aggregated {
        service,
        available,
        trust: trust(&bundle),
        insecure,
        served,
    }))
}

fn trust(bundle: &[u8]) -> Trust {
    if bundle.is_empty() {
        return Trust::Absent;
    }
    match handshake::authorities(bundle) {
        Ok(authorities) => Trust::Authorities(authorities.iter().map(handshake::period).collect()),
        Err(error) => Trust::Unreadable(error),
    }
}

/// The adapter's Service, looked for where no APIService says which it is: beside its ServiceAccount and of the same name, as the
/// manifests have it.
pub(super) async fn home(
    asker: &Asker,
    account: Option<&(String, String)>,
    services: &[(String, Known<Option<Aggregated>>)],
) -> Known<Option<(Named, i32)>> {
    let is_known = |service: &Known<Option<Aggregated>>| matches!(service, Ok(Some(_)));
    if services.iter().any(|(_, service)| is_known(service)) {
        return Ok(None);
    }
    let (namespace, name) = account.map_or(HOME, |(namespace, name)| (namespace, name));
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let found = asker.get::<Service>(&path).await?;
    Ok(found.map(|found| {
        let ports = found.spec.unwrap_or_default().ports.unwrap_or_default();
        let service = Named {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        (service, ports.first().map_or(HTTPS, |port| port.port))
    }))
}

/// The certificate that is served at the Service's own address, which is the way that the API server goes.
async fn served(asker: &Asker, service: &Named, port: i32, bundle: &[u8]) -> Served {
    let Named { namespace, name } = service;
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let spec = match asker.get::<Service>(&path).await {
        Ok(Some(found)) => found.spec.unwrap_or_default(),
        Ok(None) => return Served::Unreachable(format!("there is no Service {service}")),
        Err(error) => return Served::Unreachable(error.to_string()),
    };
    let host = spec
        .external_name
        .or(spec.cluster_ip)
        .filter(|host| !host.is_empty() && host != "None");
    let Some(host) = host else {
        return Served::Unreachable(format!("the Service {service} has no address"));
    };
    let port = u16::try_from(port).unwrap_or_default();
    handshake::with(
        (&host, port),
        &format!("{name}.{namespace}.svc"),
        bundle,
        asker.timeout(),
    )
    .await
}
