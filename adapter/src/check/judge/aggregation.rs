//! The APIServices: whose they are, whether they work, and whom they trust.

use crate::check::facts::{Aggregated, Condition, Facts, Known, Served};
use crate::check::report::{Finding, Severity, Step};

use super::owner::{Owner, owner};
use super::trust::{self, days};
use super::unknown;

const STEP: Step = Step::Aggregation;

/// The group that adapters share with others; ours is off there unless asked for.
const EXTERNAL: &str = "external.metrics.k8s.io";

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ours = Vec::new();
    for (name, service) in &facts.services {
        let external = name.ends_with(EXTERNAL);
        match service {
            Err(error) => findings.push(unknown(STEP, name, error)),
            Ok(None) if external => {}
            Ok(None) => findings.push(absent(facts, name)),
            Ok(Some(service)) => match owner(facts, name, service) {
                Owner::Ours(named) => {
                    if !external {
                        ours.push(named.clone());
                    }
                    findings.extend(judge_ours(facts, name, &named.to_string(), service));
                }
                owner if external => findings.push(Finding::new(
                    STEP,
                    Severity::Ok,
                    name,
                    format!("belongs to {}; jvb-adapter leaves it alone", words(&owner)),
                )),
                owner => findings.push(others(name, &owner, service)),
            },
        }
    }
    ours.dedup();
    if ours.len() > 1 {
        let services: Vec<String> = ours.iter().map(ToString::to_string).collect();
        findings.push(
            Finding::new(
                STEP,
                Severity::Error,
                "both versions",
                format!("lead to two adapters: {}", services.join(" and ")),
            )
            .why("what the HPA reads depends on the version that its client prefers")
            .mend(
                "kubectl edit apiservice v1beta1.custom.metrics.k8s.io  # the same service in both",
            ),
        );
    }
    findings
}

fn absent(facts: &Facts, name: &str) -> Finding {
    let other_is_there = facts.services.iter().any(|(other, service)| {
        other != name && !other.ends_with(EXTERNAL) && matches!(service, Ok(Some(_)))
    });
    let (severity, why) = if other_is_there {
        (
            Severity::Warning,
            "somebody else may claim it, and clients that prefer it would read other values",
        )
    } else {
        (
            Severity::Error,
            "without it the HPA finds no custom metrics at all",
        )
    };
    Finding::new(STEP, severity, name, "there is no such APIService")
        .why(why)
        .mend("kubectl apply -f apiservices.yaml  # as in docs/adapter.md, \"Where it runs\"")
}

fn words(owner: &Owner) -> String {
    match owner {
        Owner::Ours(service) | Owner::Unclear(service) | Owner::Other(service, None) => {
            service.to_string()
        }
        Owner::Other(service, Some(title)) => format!("{service} ({title})"),
        Owner::Local => "the API server itself".to_owned(),
    }
}

fn others(name: &str, owner: &Owner, service: &Aggregated) -> Finding {
    if let Owner::Unclear(named) = owner {
        let seen = service.available.as_ref().map_or_else(
            || "not looked at yet".to_owned(),
            |condition| format!("{}: {}", condition.reason, condition.message),
        );
        return Finding::new(
            STEP,
            Severity::Error,
            name,
            format!("leads to {named}, which tells nothing of its metrics ({seen})"),
        )
        .why("if it is not a jvb-adapter, the HPA cannot read the bridges' stress")
        .mend(format!(
            "kubectl -n {} get service,endpointslices,pods; kubectl describe apiservice {name}",
            named.namespace
        ));
    }
    Finding::new(
        STEP,
        Severity::Error,
        name,
        format!("belongs to somebody else: {}", words(owner)),
    )
    .why("a group version has one server: the HPA reads that one's metrics, and it is not taken from it")
    .mend(format!(
        "kubectl get hpa -A  # who needs it? if nobody: kubectl delete apiservice {name}"
    ))
}

fn judge_ours(facts: &Facts, name: &str, owner: &str, service: &Aggregated) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(availability(name, owner, service));
    findings.extend(trust::trusted(facts.now, name, service));
    findings.extend(trust::served(facts.now, name, owner, service));
    if findings
        .iter()
        .all(|finding| finding.severity == Severity::Skipped)
    {
        let certificate = match service.served {
            Served::Verified { until, .. } => {
                format!(", certificate good for {}", days(until.since(facts.now)))
            }
            _ => String::new(),
        };
        findings.push(Finding::new(
            STEP,
            Severity::Ok,
            name,
            format!("{owner}, available{certificate}"),
        ));
    }
    findings
}

fn availability(name: &str, owner: &str, service: &Aggregated) -> Option<Finding> {
    let why = "the HPA reads nothing and holds; deleting a namespace hangs as long as it lasts";
    let (text, mend) = match &service.available {
        Some(condition) if condition.is_true => return None,
        None => (
            "the API server has not looked at it yet".to_owned(),
            format!("kubectl wait --for=condition=Available apiservice/{name}"),
        ),
        Some(condition) => (
            format!(
                "{owner} is not available: {}: {}",
                condition.reason, condition.message
            ),
            remedy(name, owner, condition),
        ),
    };
    Some(
        Finding::new(STEP, Severity::Error, name, text)
            .why(why)
            .mend(mend),
    )
}

/// What to do about it, by what the API server says (kube-aggregator's remote_available_controller, Go's crypto/x509 and net).
fn remedy(name: &str, owner: &str, condition: &Condition) -> String {
    let (namespace, service) = owner.split_once('/').unwrap_or_default();
    let says = |part: &str| condition.message.contains(part);
    match condition.reason.as_str() {
        "ServiceNotFound" => format!(
            "kubectl -n {namespace} get service {service}  # make it, or correct spec.service"
        ),
        "ServicePortError" => format!(
            "kubectl -n {namespace} get service {service} -o yaml  # spec.service.port must be one of its ports"
        ),
        "EndpointsNotFound" | "MissingEndpoints" => format!(
            "kubectl -n {namespace} get pods,endpointslices  # no Ready pod of the adapter is behind the Service"
        ),
        _ if says("unknown authority") || says("certificate signed by") => format!(
            "{}  # caBundle must be the authority that signed {service}'s certificate",
            trust::patch(name)
        ),
        _ if says("certificate is valid for")
            || says("doesn't contain any IP SANs")
            || says("not valid for any names") =>
        {
            format!(
                "give the adapter a certificate for {service}.{namespace}.svc (--tls-cert-file)"
            )
        }
        _ if says("has expired") => format!(
            "renew the adapter's certificate: kubectl -n {namespace} get certificates,secrets"
        ),
        _ if says("connection refused") || says("EOF") || says("connection reset") => format!(
            "kubectl -n {namespace} get pods; kubectl -n {namespace} logs deploy/{service}  # nobody listens on the Service's port"
        ),
        _ if says("timeout") || says("deadline exceeded") || says("no route to host") => format!(
            "let the API server reach the adapter: kubectl -n {namespace} get networkpolicy; or the nodes' firewall"
        ),
        _ => format!("kubectl -n {namespace} logs deploy/{service}"),
    }
}

/// Whether the API server finds one of our versions available.
pub(super) fn is_available(services: &[(String, Known<Option<Aggregated>>)]) -> bool {
    services.iter().any(|(name, service)| {
        !name.ends_with(EXTERNAL)
            && super::seen(service)
                .and_then(|service| service.available.as_ref())
                .is_some_and(|condition| condition.is_true)
    })
}
