//! The APIServices: whose they are, whether they work, and whom they trust.

use crate::check::facts::{Aggregated, Condition, Facts, Known, Named, Served};
use crate::check::report::{Advice, Finding, Severity, Step};

use super::owner::{Owner, owner};
use super::trust::{self, days};
use super::{commands, seen, unknown};

const STEP: Step = Step::Aggregation;

/// The group that adapters share with others; ours is off there unless asked for.
const EXTERNAL: &str = "external.metrics.k8s.io";

const V1BETA2: &str = "v1beta2.custom.metrics.k8s.io";
const V1BETA1: &str = "v1beta1.custom.metrics.k8s.io";

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
                    findings.extend(judge_ours(facts, name, &named, service));
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
            .mend(format!(
                "{}  # or the other way round",
                commands::follow(V1BETA1, V1BETA2)
            )),
        );
    }
    findings
}

fn absent(facts: &Facts, name: &str) -> Finding {
    let other = facts.services.iter().find_map(|(other, service)| {
        let service = seen(service).filter(|_| other != name && !other.ends_with(EXTERNAL))?;
        Some((other, owner(facts, other, service)))
    });
    let finding =
        |severity, why| Finding::new(STEP, severity, name, "there is no such APIService").why(why);
    match other {
        Some((other, Owner::Ours(_))) => finding(
            Severity::Warning,
            "somebody else may claim it, and clients that prefer it would read other values",
        )
        .mend(commands::copy(other, name)),
        Some((other, _)) => finding(
            Severity::Warning,
            "clients that know the other version alone read it, and are not told of bridges",
        )
        .look(format!(
            "kubectl describe apiservice {other}  # whose is it?"
        )),
        None => finding(
            Severity::Error,
            "without it the HPA finds no custom metrics at all",
        )
        .advise(registration(facts, name)),
    }
}

/// How the API server learns of the adapter, once there is one.
fn registration(facts: &Facts, name: &str) -> Advice {
    match &facts.home {
        Ok(Some((service, port))) => Advice::Mend(commands::register(name, service, *port)),
        _ => Advice::Look(
            "kubectl get service -A | grep -i adapter  # is it installed? if it is called otherwise: --service-account"
                .to_owned(),
        ),
    }
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
        .look(format!(
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
    .look(format!(
        "kubectl get hpa -A  # who needs it? if nobody does: kubectl delete apiservice {name}"
    ))
}

fn judge_ours(facts: &Facts, name: &str, owner: &Named, service: &Aggregated) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(availability(facts, name, owner, service));
    findings.extend(trust::trusted(facts, name, owner, service));
    findings.extend(trust::served(facts, name, owner, service));
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

fn availability(facts: &Facts, name: &str, owner: &Named, service: &Aggregated) -> Option<Finding> {
    let why = "the HPA reads nothing and holds; deleting a namespace hangs as long as it lasts";
    let (text, advice) = match &service.available {
        Some(condition) if condition.is_true => return None,
        None => (
            "the API server has not looked at it yet".to_owned(),
            Advice::Look(format!(
                "kubectl wait --for=condition=Available apiservice/{name}"
            )),
        ),
        Some(condition) => (
            format!(
                "{owner} is not available: {}: {}",
                condition.reason, condition.message
            ),
            remedy(facts, name, owner, condition),
        ),
    };
    Some(
        Finding::new(STEP, Severity::Error, name, text)
            .why(why)
            .advise(advice),
    )
}

/// What to do about it, by what the API server says (kube-aggregator's remote_available_controller, Go's crypto/x509 and net).
fn remedy(facts: &Facts, name: &str, owner: &Named, condition: &Condition) -> Advice {
    let Named {
        namespace,
        name: service,
    } = owner;
    let says = |part: &str| condition.message.contains(part);
    let log = commands::certificate_log(owner);
    match condition.reason.as_str() {
        "ServiceNotFound" => match &facts.deployment {
            Some(deployment) => Advice::Mend(format!(
                "{}  # the port of its --bind",
                commands::expose(owner, deployment)
            )),
            None => Advice::Look(format!(
                "kubectl -n {namespace} get deployments  # which is the adapter's? then {}",
                commands::expose(owner, "NAME")
            )),
        },
        "ServicePortError" => Advice::Mend(commands::port(name, owner)),
        "EndpointsNotFound" | "MissingEndpoints" => Advice::Look(format!(
            "kubectl -n {namespace} get pods,endpointslices  # no Ready pod of the adapter is behind the Service"
        )),
        _ if says("unknown authority") || says("certificate signed by") => {
            Advice::Mend(commands::trust(facts, name, owner))
        }
        _ if says("certificate is valid for")
            || says("doesn't contain any IP SANs")
            || says("not valid for any names") =>
        {
            Advice::Look(format!(
                "{log}  # give it a certificate for {service}.{namespace}.svc (--tls-cert-file, --tls-secret)"
            ))
        }
        _ if says("has expired") => Advice::Look(format!(
            "{log}  # whoever makes the files of --tls-cert-file has to make new ones"
        )),
        _ if says("connection refused") || says("EOF") || says("connection reset") => {
            Advice::Look(format!(
                "kubectl -n {namespace} get pods; kubectl -n {namespace} logs service/{service}  # nobody listens on the Service's port"
            ))
        }
        _ if says("timeout") || says("deadline exceeded") || says("no route to host") => {
            Advice::Look(format!(
                "kubectl -n {namespace} get networkpolicy  # the API server must reach the adapter; or it is the nodes' firewall"
            ))
        }
        _ => Advice::Look(format!("kubectl -n {namespace} logs service/{service}")),
    }
}

/// Whether the API server finds one of our versions available.
pub(super) fn is_available(services: &[(String, Known<Option<Aggregated>>)]) -> bool {
    services.iter().any(|(name, service)| {
        !name.ends_with(EXTERNAL)
            && seen(service)
                .and_then(|service| service.available.as_ref())
                .is_some_and(|condition| condition.is_true)
    })
}
