//! The bridges: whether they are there, answer, and are told of.

use std::time::Duration;

use crate::check::facts::{Asked, Bridge, By, Facts};
use crate::check::report::{Finding, Severity, Step};

use super::{aggregation, commands, owner, some, unknown};

const STEP: Step = Step::Bridges;

/// Until then a bridge's stress may be left out as the start's own: 20 s by default, two intervals, and the check's own time.
const YOUNG: Duration = Duration::from_secs(40);

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let bridges = match &facts.bridges {
        Ok(bridges) => bridges,
        Err(error) => return vec![unknown(STEP, "pods", error)],
    };
    if bridges.is_empty() {
        return vec![none(facts)];
    }
    let mut findings = Vec::new();
    let told = judge_told(facts, bridges, &mut findings);
    let mut fine = 0;
    for bridge in bridges {
        let found = one(bridge);
        fine += usize::from(found.is_none());
        findings.extend(found);
    }
    let (asked, unreachable): (Vec<_>, Vec<_>) = bridges
        .iter()
        .filter(|bridge| bridge.asked != Asked::Not)
        .partition(|bridge| !matches!(bridge.asked, Asked::Unreachable(_)));
    if let Some((first, Asked::Unreachable(reason))) =
        unreachable.first().map(|bridge| (bridge, &bridge.asked))
    {
        findings.push(
            Finding::new(
                STEP,
                Severity::Skipped,
                format!("{} of {} bridges", unreachable.len(), bridges.len()),
                format!("cannot be asked from here, {} for one: {reason}", first.pod),
            )
            .look(commands::from_inside(facts)),
        );
    }
    let through = asked.iter().any(|bridge| {
        matches!(
            bridge.asked,
            Asked::Answered { by: By::Proxy, .. } | Asked::Failed { by: By::Proxy, .. }
        )
    });
    let answering = asked
        .iter()
        .filter(|bridge| matches!(bridge.asked, Asked::Answered { .. }))
        .count();
    if fine > 0 {
        let through = if through {
            " (asked through the API server)"
        } else {
            ""
        };
        let told = told.map_or_else(String::new, |told| format!(", {told} told to the HPA"));
        findings.push(Finding::new(
            STEP,
            Severity::Ok,
            plural(bridges.len()),
            format!("{answering} answer{through}{told}"),
        ));
    }
    findings
}

fn plural(count: usize) -> String {
    match count {
        1 => "1 bridge".to_owned(),
        count => format!("{count} bridges"),
    }
}

fn none(facts: &Facts) -> Finding {
    let place = facts.namespace.as_ref().map_or_else(
        || "in any namespace".to_owned(),
        |namespace| format!("in namespace {namespace}"),
    );
    Finding::new(
        STEP,
        Severity::Error,
        "no bridges",
        format!("no pod {place} has the labels {}", facts.selector),
    )
    .why("the adapter has nothing to tell, and the HPA holds")
    .look("kubectl get pods -A --show-labels | grep -i jvb  # then set --bridges here and at the adapter")
}

/// What is wrong with one bridge.
fn one(bridge: &Bridge) -> Option<Finding> {
    let name = bridge.pod.to_string();
    let (namespace, pod) = (&bridge.pod.namespace, &bridge.pod.name);
    let finding = |severity, text: String| Finding::new(STEP, severity, name.clone(), text);
    if bridge.leaving {
        return None;
    }
    if bridge.address.is_none() {
        let trouble = bridge.trouble.as_ref();
        let trouble = trouble.map_or_else(String::new, |trouble| format!(": {trouble}"));
        return Some(
            finding(
                Severity::Warning,
                format!("is {}, without a running bridge{trouble}", bridge.phase),
            )
            .why("it carries nobody, and counts in the Deployment's size")
            .look(format!("kubectl -n {namespace} describe pod {pod}")),
        );
    }
    match &bridge.asked {
        Asked::Failed { class, text, .. } => Some(
            finding(
                Severity::Error,
                format!("gives no statistics ({class}): {text}"),
            )
            .why("its values are left out, and totals go on with what it said last")
            .look(remedy(class, bridge)),
        ),
        Asked::Answered { stress: None, .. } => Some(
            finding(
                Severity::Error,
                "answers, but says no stress that can be true".to_owned(),
            )
            .why("the HPA takes it for a bridge of which nothing is known")
            .look(commands::statistics(bridge)),
        ),
        _ if !bridge.ready => Some(
            finding(Severity::Warning, "is not Ready".to_owned())
                .why("the HPA counts it all the same; Services that lead to it may not")
                .look(format!("kubectl -n {namespace} describe pod {pod}")),
        ),
        _ => None,
    }
}

/// What shows more of a failure of this class. To end a bridge mends nothing: there may be people on it.
fn remedy(class: &str, bridge: &Bridge) -> String {
    let (namespace, pod) = (&bridge.pod.namespace, &bridge.pod.name);
    let container = &bridge.container;
    match class {
        "address" => format!(
            "kubectl -n {namespace} get pod {pod} -o yaml --show-managed-fields  # who wrote status.podIP?"
        ),
        "connect" => format!(
            "kubectl -n {namespace} exec {pod} -c {container} -- ss -ltn  # its private HTTP must listen on the pod's address \
             (videobridge.http-servers.private.host = 0.0.0.0), on the port that the adapter asks"
        ),
        "timeout" => format!(
            "kubectl -n {namespace} logs {pod} -c {container} --tail=50  # it hangs or is starved; how busy it is: kubectl -n \
             {namespace} top pod {pod}"
        ),
        "redirect" => format!(
            "kubectl -n {namespace} get pod {pod} -o yaml  # another server is on that port: name the bridge's port `metrics`"
        ),
        "status" | "content_type" | "parse" | "too_large" => commands::statistics(bridge),
        _ => format!("kubectl -n {namespace} logs {pod} -c {container} --tail=50"),
    }
}

/// Which bridges the HPA would not read although they answer; how many it would, where that is known.
fn judge_told(facts: &Facts, bridges: &[Bridge], findings: &mut Vec<Finding>) -> Option<usize> {
    if !aggregation::is_available(&facts.services) || !owner::any_is_ours(facts) {
        return None;
    }
    let mut count = None;
    for (namespace, told) in &facts.told {
        let told = match told {
            Ok(told) => told,
            Err(error) => {
                findings.push(Finding::new(
                    STEP,
                    Severity::Skipped,
                    format!("namespace {namespace}"),
                    format!("what the HPA reads: {error}"),
                ));
                continue;
            }
        };
        let here = bridges
            .iter()
            .filter(|bridge| bridge.pod.namespace == *namespace);
        *count.get_or_insert(0) += told.len();
        let young = |bridge: &Bridge| bridge.age.is_some_and(|age| age < YOUNG);
        let answers = |bridge: &Bridge| {
            matches!(
                bridge.asked,
                Asked::Answered {
                    stress: Some(_),
                    ..
                } | Asked::Unreachable(_)
            )
        };
        let silent: Vec<String> = here
            .filter(|bridge| answers(bridge) && !bridge.leaving && !young(bridge))
            .filter(|bridge| !told.contains_key(&bridge.pod.name))
            .map(|bridge| bridge.pod.name.clone())
            .collect();
        if !silent.is_empty() {
            findings.push(
                Finding::new(
                    STEP,
                    Severity::Error,
                    format!("namespace {namespace}"),
                    format!("the adapter tells nothing of {}", some(&silent)),
                )
                .why("it cannot reach them, or watches other pods than this check (--bridges)")
                .look(format!(
                    "{}; kubectl get networkpolicy -A",
                    commands::from_inside(facts)
                )),
            );
        }
    }
    count
}
