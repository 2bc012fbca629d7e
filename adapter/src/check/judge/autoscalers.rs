//! The HPAs that are about bridges.

use std::collections::{BTreeMap, BTreeSet};

use scaler_api::autoscaler;

use crate::check::facts::{Autoscaler, Condition, EXTERNAL, Facts, Workload};
use crate::check::report::{Advice, Finding, Severity, Step};
use crate::telling::{COMMITTED_STRESS, Metrics, Resource};

use super::{commands, owner, seen, some, unknown};

const STEP: Step = Step::Autoscalers;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let hpas = match &facts.autoscalers {
        Ok(hpas) => hpas,
        Err(error) => return vec![unknown(STEP, "HPAs", error)],
    };
    let hpas: Vec<&Autoscaler> = hpas.iter().filter(|hpa| concerns(facts, hpa)).collect();
    if hpas.is_empty() {
        return vec![
            Finding::new(
                STEP,
                Severity::Skipped,
                "no HPA",
                "none asks for a metric of bridges: nothing scales them",
            )
            .advise(nobody(facts)),
        ];
    }
    let mut findings = Vec::new();
    for hpa in &hpas {
        let found = one(facts, hpa);
        if found.is_empty() {
            let size = hpa.desired.map_or_else(String::new, |desired| {
                format!(", wants {desired} of at most {}", hpa.max)
            });
            let metrics = some(&hpa.metrics);
            findings.push(Finding::new(
                STEP,
                Severity::Ok,
                hpa.hpa.to_string(),
                format!("{} on {metrics}{size}", hpa.target),
            ));
        }
        findings.extend(found);
    }
    findings.extend(shared(&hpas));
    findings
}

/// The owner of the bridges of a namespace, where an HPA can scale it and there is no other.
fn scalable<'a>(facts: &'a Facts, namespace: &str) -> Option<&'a Workload> {
    let bridges = facts.bridges.as_deref().unwrap_or_default().iter();
    let mut owners = bridges
        .filter(|bridge| bridge.pod.namespace == namespace && !bridge.leaving)
        .map(|bridge| bridge.workload.as_ref());
    let first = owners.next()??;
    (first.is_scalable() && owners.all(|owner| owner == Some(first))).then_some(first)
}

fn nobody(facts: &Facts) -> Advice {
    let bridges = facts.bridges.as_deref().unwrap_or_default();
    let found = bridges.first().and_then(|bridge| {
        let namespace = &bridge.pod.namespace;
        scalable(facts, namespace).map(|owner| commands::autoscale(namespace, owner))
    });
    match found {
        Some(command) => Advice::Mend(format!(
            "{command}  # how many bridges there are at least and at most is yours to say"
        )),
        None => Advice::Look(
            "kubectl get deployments,statefulsets -A  # whose bridges are to be scaled? docs/adapter.md, \"An HPA\", has the object"
                .to_owned(),
        ),
    }
}

/// Whether an HPA is about bridges: it stands beside them, or asks for what only they have.
fn concerns(facts: &Facts, hpa: &Autoscaler) -> bool {
    let bridges = facts.bridges.as_deref().unwrap_or_default();
    let beside = bridges
        .iter()
        .any(|bridge| bridge.pod.namespace == hpa.hpa.namespace);
    let known = known(facts);
    let built_in = Metrics::new(&[]);
    let built_in: Vec<&str> = built_in
        .iter()
        .flat_map(|metrics| {
            Resource::ALL
                .map(|resource| metrics.names_of(resource))
                .concat()
        })
        .collect();
    let asks = |metric: &String| {
        let (of, name) = metric.split_once('/').unwrap_or_default();
        built_in.contains(&name) || of != EXTERNAL && is_served(metric, &known)
    };
    beside || hpa.metrics.iter().any(asks)
}

fn one(facts: &Facts, hpa: &Autoscaler) -> Vec<Finding> {
    let (namespace, name) = (&hpa.hpa.namespace, &hpa.hpa.name);
    let describe = format!("kubectl -n {namespace} describe hpa {name}");
    let finding = |severity, text: String, why: &str, advice: Advice| {
        Finding::new(STEP, severity, hpa.hpa.to_string(), text)
            .why(why)
            .advise(advice)
    };
    let mut findings = Vec::new();
    match &hpa.scalable {
        Ok(true) => {}
        Ok(false) => findings.push(finding(
            Severity::Error,
            format!("its target {} is not there, or has no scale", hpa.target),
            "there is nothing to scale",
            match scalable(facts, namespace) {
                Some(owner) => Advice::Mend(commands::retarget(&hpa.hpa, owner)),
                None => Advice::Look(format!(
                    "kubectl -n {namespace} get deployments,statefulsets  # then kubectl -n {namespace} edit hpa {name}"
                )),
            },
        )),
        Err(error) => findings.push(Finding::new(
            STEP,
            Severity::Skipped,
            hpa.hpa.to_string(),
            format!("its target {}: {error}", hpa.target),
        )),
    }
    let known = known(facts);
    let missing: Vec<String> = hpa
        .metrics
        .iter()
        .filter(|metric| !known.is_empty() && !is_served(metric, &known))
        .cloned()
        .collect();
    if !missing.is_empty() {
        findings.push(finding(
            Severity::Error,
            format!("asks for what is not there: {}", some(&missing)),
            "of several metrics one that fails already keeps it from scaling in",
            Advice::Look(format!(
                "kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2 | grep -o '\"name\":\"[^\"]*'  # what there is; then kubectl -n \
                 {namespace} edit hpa {name}"
            )),
        ));
    }
    if let Ok(bridges) = &facts.bridges
        && missing.is_empty()
        && !known.is_empty()
        && !bridges
            .iter()
            .any(|bridge| bridge.pod.namespace == *namespace)
    {
        findings.push(finding(
            Severity::Error,
            format!("there is no bridge in its namespace {namespace}"),
            "an HPA sees the pods and objects of its own namespace only",
            Advice::Look(format!(
                "kubectl get pods -A -l '{}'  # make the HPA where the bridges are",
                facts.selector
            )),
        ));
    }
    findings.extend(blind(hpa));
    findings.extend(conditions(hpa, &describe));
    findings
}

/// A pool that is scaled by what does not see its draining bridges.
fn blind(hpa: &Autoscaler) -> Option<Finding> {
    let pool = hpa.target.strip_prefix("bridgepool/")?;
    let sees = |metric: &String| {
        let (_, name) = metric.split_once('/').unwrap_or_default();
        [COMMITTED_STRESS, autoscaler::METRIC].contains(&name)
    };
    if hpa.metrics.iter().any(sees) {
        return None;
    }
    let text = format!("does not see what drains, on {}", some(&hpa.metrics));
    let finding = Finding::new(STEP, Severity::Warning, hpa.hpa.to_string(), text);
    Some(
        finding
            .why("a bridge that drains takes its load out of this metric, so at constant load more and more bridges go")
            .mend(commands::commit(&hpa.hpa, pool)),
    )
}

fn conditions(hpa: &Autoscaler, describe: &str) -> Vec<Finding> {
    let condition = |kind: &str| hpa.conditions.iter().find(|one| one.kind == kind);
    let words = |one: &Condition| {
        format!(
            "{}={}, {}: {}",
            one.kind,
            if one.is_true { "True" } else { "False" },
            one.reason,
            one.message
        )
    };
    let mut findings = Vec::new();
    let mut push = |severity, text: String, why: &str, advice: Advice| {
        findings.push(
            Finding::new(STEP, severity, hpa.hpa.to_string(), text)
                .why(why)
                .advise(advice),
        );
    };
    if hpa.conditions.is_empty() {
        push(
            Severity::Warning,
            "the controller has not looked at it yet".to_owned(),
            "it looks every 15 s; if this stays, kube-controller-manager does not run",
            Advice::Look(describe.to_owned()),
        );
    }
    for kind in ["AbleToScale", "ScalingActive"] {
        let Some(one) = condition(kind).filter(|one| !one.is_true) else {
            continue;
        };
        match one.reason.as_str() {
            "AmbiguousSelector" => push(
                Severity::Error,
                words(one),
                "two HPAs mean the same pods, and both do nothing",
                Advice::Look(format!(
                    "kubectl -n {} get hpa  # keep one",
                    hpa.hpa.namespace
                )),
            ),
            "ScalingDisabled" => push(
                Severity::Warning,
                words(one),
                "a target of no replicas is not scaled",
                Advice::Mend(format!(
                    "kubectl -n {} scale {} --replicas=1",
                    hpa.hpa.namespace, hpa.target
                )),
            ),
            _ => push(
                Severity::Error,
                words(one),
                "the HPA does nothing while this lasts",
                Advice::Look(describe.to_owned()),
            ),
        }
    }
    if let Some(one) =
        condition("ScalingLimited").filter(|one| one.is_true && one.reason == "TooManyReplicas")
    {
        push(
            Severity::Warning,
            format!(
                "is at maxReplicas ({}) and wants more: {}",
                hpa.max, one.message
            ),
            "the bridges get fuller, and nobody comes to help",
            Advice::Mend(format!(
                "kubectl -n {} patch hpa {} -p '{{\"spec\":{{\"maxReplicas\":{}}}}}'",
                hpa.hpa.namespace,
                hpa.hpa.name,
                hpa.max.saturating_mul(2)
            )),
        );
    }
    findings
}

/// Two HPAs on one target.
fn shared(hpas: &[&Autoscaler]) -> Vec<Finding> {
    let mut by_target: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for hpa in hpas {
        by_target
            .entry((&hpa.hpa.namespace, &hpa.target))
            .or_default()
            .push(&hpa.hpa.name);
    }
    let several = by_target.into_iter().filter(|(_, names)| names.len() > 1);
    several
        .map(|((namespace, target), names)| {
            Finding::new(
                STEP,
                Severity::Error,
                format!("{namespace}/{target}"),
                format!("has several HPAs: {}", names.join(", ")),
            )
            .why("the controller finds that ambiguous, and all of them do nothing")
            .mend(format!(
                "kubectl -n {namespace} delete hpa {}  # one HPA with several metrics does what several cannot",
                names[1..].join(" ")
            ))
        })
        .collect()
}

/// What our adapter serves; nothing where nobody of ours can be asked.
fn known(facts: &Facts) -> BTreeSet<&str> {
    let lists = facts.resources.iter().filter_map(|(_, list)| seen(list));
    lists
        .filter(|list| owner::is_ours(list))
        .flatten()
        .map(String::as_str)
        .collect()
}

fn is_served(metric: &str, known: &BTreeSet<&str>) -> bool {
    if metric.starts_with(EXTERNAL) {
        // Anybody's: what there is of them nobody lists.
        return true;
    }
    match metric.strip_prefix('*') {
        Some(end) => known
            .iter()
            .any(|one| one.ends_with(end) && !one.starts_with("pods/")),
        None => known.contains(metric),
    }
}
