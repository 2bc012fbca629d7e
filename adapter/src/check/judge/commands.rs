//! Commands that are printed.
//!
//! Each runs as it stands in a POSIX shell with kubectl, once and again; what a person should know of it stands behind `#`.

use scaler_api::autoscaler;
use serde_json::{Value, json};

use crate::check::facts::{Bridge, Facts, Named, Workload};

use super::seen;

/// Gives a right by a role or a binding that `kubectl create` can write. What is there already is kept and added to, which
/// `create` alone would refuse.
pub(super) fn grant(create: &str) -> String {
    format!("kubectl create {create} --dry-run=client -o yaml | kubectl auth reconcile -f -")
}

/// An object as it stands.
fn apply(object: &Value) -> String {
    format!("echo '{object}' | kubectl apply -f -")
}

/// `VERSION` and `GROUP` of an APIService's name.
pub(super) fn version(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

/// How a version ranks among those of its group: clients take the highest.
fn priority(version: &str) -> u16 {
    if version == "v1beta2" { 200 } else { 100 }
}

/// An APIService that leads to this Service. Whom to trust is not said: with an authority of its own the adapter does that.
pub(super) fn register(name: &str, service: &Named, port: i32) -> String {
    let (version, group) = version(name);
    apply(&json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": group, "version": version,
            "groupPriorityMinimum": 100, "versionPriority": priority(version),
            "service": {"namespace": service.namespace, "name": service.name, "port": port},
        },
    }))
}

/// The same APIService as that of another version.
pub(super) fn copy(from: &str, to: &str) -> String {
    let ((old, _), (new, _)) = (version(from), version(to));
    let rank = priority(new);
    format!(
        "kubectl get apiservice {from} -o yaml | sed '/resourceVersion:/d; /uid:/d; s/{old}/{new}/g; \
         s/versionPriority:.*/versionPriority: {rank}/' | kubectl create -f -"
    )
}

/// Leads an APIService to where another one leads.
pub(super) fn follow(name: &str, other: &str) -> String {
    let of = |field: &str| {
        format!("'\"$(kubectl get apiservice {other} -o jsonpath='{{.spec.{field}}}')\"'")
    };
    format!(
        "kubectl patch apiservice {name} --type=merge -p '{{\"spec\":{{\"insecureSkipTLSVerify\":null,\"caBundle\":\"{}\",\"service\":{}}}}}'",
        of("caBundle"),
        of("service")
    )
}

/// A Secret for the adapter to fill; one that is there stays as it is.
pub(super) fn empty_secret(secret: &Named) -> String {
    let Named { namespace, name } = secret;
    apply(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"namespace": namespace, "name": name},
    }))
}

/// Gives an APIService its authority: the one beside the certificate, where `--tls-secret` and cert-manager keep it.
pub(super) fn trust(facts: &Facts, name: &str, service: &Named) -> String {
    let Named {
        namespace,
        name: secret,
    } = facts.certificate.clone().unwrap_or_else(|| Named {
        namespace: service.namespace.clone(),
        name: format!("{}-tls", service.name),
    });
    format!(
        "ca=$(kubectl -n {namespace} get secret {secret} -o jsonpath='{{.data.ca\\.crt}}') && kubectl patch apiservice {name} \
         --type=merge -p '{{\"spec\":{{\"insecureSkipTLSVerify\":null,\"caBundle\":\"'\"${{ca:?it has no ca.crt}}\"'\"}}}}'  # the \
         Secret with the certificate; of a file: ca=$(base64 -w0 ca.crt)"
    )
}

/// Lets an APIService mean the first port of its Service.
pub(super) fn port(name: &str, service: &Named) -> String {
    let Named {
        namespace,
        name: adapter,
    } = service;
    format!(
        "kubectl patch apiservice {name} --type=merge -p '{{\"spec\":{{\"service\":{{\"port\":'\"$(kubectl -n {namespace} get service \
         {adapter} -o jsonpath='{{.spec.ports[0].port}}')\"'}}}}}}'"
    )
}

/// Makes the Service that an APIService leads to, in front of the adapter's Deployment.
pub(super) fn expose(service: &Named, deployment: &str) -> String {
    let Named { namespace, name } = service;
    format!(
        "kubectl -n {namespace} expose deployment {deployment} --name={name} --port=443 --target-port=6443"
    )
}

/// What the adapter's log says of its certificate. The Service leads to its pods, whatever they belong to.
pub(super) fn certificate_log(service: &Named) -> String {
    let Named { namespace, name } = service;
    format!("kubectl -n {namespace} logs service/{name} | grep -i certificate")
}

/// The check with the adapter's eyes.
pub(super) fn from_inside(facts: &Facts) -> String {
    let service = facts
        .services
        .iter()
        .find_map(|(_, service)| seen(service)?.service.as_ref());
    let (namespace, name) = service.map_or(("bridgetender", "jvb-adapter"), |service| {
        (service.namespace.as_str(), service.name.as_str())
    });
    format!("kubectl -n {namespace} exec service/{name} -- jvb-adapter check")
}

/// What a bridge says, through the API server.
pub(super) fn statistics(bridge: &Bridge) -> String {
    let Named { namespace, name } = &bridge.pod;
    let port = bridge.address.map_or(8080, |address| address.port());
    format!("kubectl get --raw /api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy/metrics")
}

/// The HPA that docs/adapter.md advises, for these bridges.
pub(super) fn autoscale(namespace: &str, bridges: &Workload) -> String {
    if bridges.is_pool() {
        return apply(&autoscaler::definition(namespace, &bridges.name, (2, 20)));
    }
    apply(&json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": namespace, "name": bridges.name},
        "spec": {
            "scaleTargetRef": reference(bridges),
            "minReplicas": 2, "maxReplicas": 20,
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {
                    "stabilizationWindowSeconds": 600,
                    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
                },
            },
            "metrics": [{"type": "Pods", "pods": {
                "metric": {"name": "stress_level"},
                "target": {"type": "AverageValue", "averageValue": "400m"},
            }}],
        },
    }))
}

fn reference(bridges: &Workload) -> Value {
    json!({"apiVersion": bridges.api_version, "kind": bridges.kind, "name": bridges.name})
}

/// Lets an HPA of this pool see the bridges that drain.
pub(super) fn commit(hpa: &Named, pool: &str) -> String {
    let metric = autoscaler::metric(pool, autoscaler::TARGET);
    let patch = json!({"spec": {"metrics": [metric]}});
    let Named { namespace, name } = hpa;
    format!("kubectl -n {namespace} patch hpa {name} --type=merge -p '{patch}'")
}

/// Lets an HPA scale these bridges.
pub(super) fn retarget(hpa: &Named, bridges: &Workload) -> String {
    let patch = json!({"spec": {"scaleTargetRef": reference(bridges)}});
    let Named { namespace, name } = hpa;
    format!("kubectl -n {namespace} patch hpa {name} --type=merge -p '{patch}'")
}
