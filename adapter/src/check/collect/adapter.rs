//! The adapter itself, as far as its Service leads to it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Service, ServiceAccount};
use serde_json::Value;

use crate::authority;
use crate::check::CheckArguments;
use crate::check::facts::{Aggregated, Known, Named, Unknown};

use super::asker::Asker;

/// What the adapter's program, and in the manifests all else of it, is called.
const NAME: &str = "jvb-adapter";

/// The metadata of an object without the rest of it, which may be secret.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// What is known of it.
pub(super) struct Adapter {
    /// Its ServiceAccount.
    pub(super) identity: Known<Named>,
    /// The Secret with the certificate that it serves.
    pub(super) certificate: Option<Named>,
    /// The Secret of an authority of its own, and whether it is there.
    pub(super) own_authority: Option<(Named, Known<bool>)>,
}

/// Looks for it: as told, else by the pods behind its Service, else by the Service's name.
pub(super) async fn find(
    asker: &Asker,
    arguments: &CheckArguments,
    services: &[(String, Known<Option<Aggregated>>)],
) -> Adapter {
    let service = services
        .iter()
        .find_map(|(_, service)| service.as_ref().ok()?.as_ref()?.service.clone());
    let pods = match &service {
        Some(service) => behind(asker, service).await,
        None => Ok(Vec::new()),
    };
    let told = |named: &(String, String)| Named {
        namespace: named.0.clone(),
        name: named.1.clone(),
    };
    let identity = match &arguments.service_account {
        Some(named) => Ok(told(named)),
        None => identity(asker, service.as_ref(), &pods).await,
    };
    let specs = || {
        pods.iter()
            .flatten()
            .filter_map(|pod| Some((pod, pod.spec.as_ref()?)))
    };
    let own = match &arguments.tls_secret {
        Some(named) => Some(told(named)),
        None => specs().find_map(|(_, spec)| own(spec)),
    };
    let mounted = || {
        specs().find_map(|(pod, spec)| {
            Some(Named {
                namespace: pod.metadata.namespace.clone()?,
                name: mounted(spec)?,
            })
        })
    };
    let own_authority = match own {
        Some(secret) => {
            let there = exists(asker, &secret).await;
            Some((secret, there))
        }
        None => None,
    };
    let own = own_authority.as_ref().map(|(secret, _)| secret.clone());
    Adapter {
        identity,
        certificate: own.or_else(mounted),
        own_authority,
    }
}

/// The pods that a Service leads to.
async fn behind(asker: &Asker, service: &Named) -> Known<Vec<Pod>> {
    let Named { namespace, name } = service;
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let found = asker.get::<Service>(&path).await?;
    let selector = found.and_then(|service| service.spec?.selector);
    let selector: Vec<String> = selector
        .iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if selector.is_empty() {
        return Ok(Vec::new());
    }
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    asker.list(&path, Some(&selector.join(","))).await
}

async fn identity(asker: &Asker, service: Option<&Named>, pods: &Known<Vec<Pod>>) -> Known<Named> {
    let service = service.ok_or_else(|| {
        Unknown::Failed("no APIService leads to it; set --service-account".to_owned())
    })?;
    let pods = pods.as_ref().map_err(Clone::clone)?;
    let Named { namespace, name } = service;
    let account = pods
        .iter()
        .find_map(|pod| pod.spec.as_ref()?.service_account_name.clone());
    if let Some(name) = account {
        return Ok(Named {
            namespace: namespace.clone(),
            name,
        });
    }
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}");
    match asker.get::<ServiceAccount>(&path).await? {
        Some(_) => Ok(service.clone()),
        None => Err(Unknown::Failed(format!(
            "no pod is behind the Service {service}; set --service-account"
        ))),
    }
}

async fn exists(asker: &Asker, secret: &Named) -> Known<bool> {
    let Named { namespace, name } = secret;
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let found: Option<Value> = asker.read(&path, METADATA).await?;
    Ok(found.is_some())
}

/// The one Deployment that looks like the adapter's, beside where a Service is missing that an APIService leads to.
pub(super) async fn deployment(
    asker: &Asker,
    services: &[(String, Known<Option<Aggregated>>)],
) -> Option<String> {
    let missing = services.iter().find_map(|(_, service)| {
        let service = service.as_ref().ok()?.as_ref()?;
        let reason = &service.available.as_ref()?.reason;
        service
            .service
            .as_ref()
            .filter(|_| reason == "ServiceNotFound")
    })?;
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", missing.namespace);
    // What cannot be seen is not advised.
    let all: Vec<Deployment> = asker.list(&path, None).await.ok()?;
    let mut alike = all.into_iter().filter(is_alike);
    let first = alike.next()?.metadata.name;
    first.filter(|_| alike.next().is_none())
}

fn is_alike(deployment: &Deployment) -> bool {
    let name = deployment.metadata.name.iter();
    let spec = deployment.spec.as_ref();
    let pod = spec.and_then(|spec| spec.template.spec.as_ref());
    let containers = pod.into_iter().flat_map(|pod| &pod.containers);
    let words = containers.flat_map(|container| {
        let command = container.command.iter().flatten();
        command.chain(&container.image)
    });
    name.chain(words).any(|word| word.contains(NAME))
}

/// The Secret of `--tls-secret`.
fn own(spec: &PodSpec) -> Option<Named> {
    let given = flag(spec, "--tls-secret", "JVB_ADAPTER_TLS_SECRET")?;
    let authority::Named { namespace, name } = given.parse().ok()?;
    Some(Named { namespace, name })
}

/// The Secret that is mounted where `--tls-cert-file` lies.
fn mounted(spec: &PodSpec) -> Option<String> {
    let file = flag(spec, "--tls-cert-file", "JVB_ADAPTER_TLS_CERT_FILE")?;
    let mounts = spec
        .containers
        .iter()
        .filter_map(|container| container.volume_mounts.as_ref());
    let mount = mounts.flatten().find(|mount| {
        let below = file.strip_prefix(mount.mount_path.trim_end_matches('/'));
        below.is_some_and(|below| below.starts_with('/'))
    })?;
    let mut volumes = spec.volumes.iter().flatten();
    let volume = volumes.find(|volume| volume.name == mount.name)?;
    volume.secret.as_ref()?.secret_name.clone()
}

/// A flag of the adapter as its pod gives it: on the command line, else in the environment.
fn flag<'a>(spec: &'a PodSpec, name: &str, variable: &str) -> Option<&'a str> {
    let of = |container: &'a Container| {
        let words = || container.command.iter().chain(&container.args).flatten();
        let joined = words().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let apart = || {
            words()
                .skip_while(|word| *word != name)
                .nth(1)
                .map(String::as_str)
        };
        let set = || {
            let mut variables = container.env.iter().flatten();
            variables.find_map(|one| one.value.as_deref().filter(|_| one.name == variable))
        };
        joined.or_else(apart).or_else(set)
    };
    spec.containers.iter().find_map(of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(container: &Value) -> PodSpec {
        let mut whole = json!({"name": "adapter"});
        let own = whole.as_object_mut().unwrap();
        own.extend(container.as_object().unwrap().clone());
        let spec = json!({
            "containers": [{"name": "other"}, whole],
            "volumes": [
                {"name": "config", "configMap": {"name": "c"}}, {"name": "tls", "secret": {"secretName": "cert"}},
            ],
        });
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn the_secret_of_an_own_authority_is_seen_however_it_is_given() {
        for (container, expected) in [
            (json!({"args": ["--tls-secret=a/b"]}), Some("a/b")),
            (
                json!({"args": ["--tls-secret", "a/b", "--log=info"]}),
                Some("a/b"),
            ),
            (
                json!({"command": ["jvb-adapter", "--tls-secret=a/b"]}),
                Some("a/b"),
            ),
            (
                json!({"env": [{"name": "JVB_ADAPTER_TLS_SECRET", "value": "a/b"}]}),
                Some("a/b"),
            ),
            (json!({"args": ["--tls-secret"]}), None),
            (json!({"args": ["--tls-secret=$(SECRET)"]}), None),
            (
                json!({"env": [{"name": "JVB_ADAPTER_TLS_SECRET", "valueFrom": {}}]}),
                None,
            ),
            (json!({}), None),
        ] {
            let found = own(&spec(&container)).map(|secret| secret.to_string());
            assert_eq!(found.as_deref(), expected, "{container}");
        }
    }

    #[test]
    fn the_secret_of_a_certificate_in_files_is_the_one_that_is_mounted_there() {
        let mounts = json!([
            {"name": "config", "mountPath": "/etc"}, {"name": "tls", "mountPath": "/tls/"},
        ]);
        for (file, expected) in [
            ("/tls/tls.crt", Some("cert")),
            ("/tlsx/tls.crt", None),
            ("/etc/tls.crt", None),
            ("/tls", None),
        ] {
            let arguments = [format!("--tls-cert-file={file}")];
            let spec = spec(&json!({"args": arguments, "volumeMounts": mounts}));
            assert_eq!(mounted(&spec).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn a_deployment_is_alike_by_its_name_its_image_or_its_command() {
        for (name, image, command, expected) in [
            ("my-jvb-adapter", "x", "x", true),
            ("metrics", "example.org/jvb-adapter:1", "x", true),
            ("metrics", "x", "/usr/bin/jvb-adapter", true),
            ("jvb", "jitsi/jvb", "/init", false),
        ] {
            let deployment = json!({
                "metadata": {"name": name},
                "spec": {"selector": {}, "template": {"spec": {
                    "containers": [{"name": "c", "image": image, "command": [command]}],
                }}},
            });
            let deployment = serde_json::from_value(deployment).unwrap();
            assert_eq!(is_alike(&deployment), expected, "{name} {image} {command}");
        }
    }
}
