//! What the HPA and the adapter may do.

use crate::check::facts::{Facts, Need};
use crate::check::report::{Finding, Severity, Step};

use super::commands;

const STEP: Step = Step::Rights;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = &facts.identity {
        findings.push(Finding::new(
            STEP,
            Severity::Skipped,
            "adapter",
            format!("its ServiceAccount is not known: {error}"),
        ));
    }
    let adapter = facts
        .identity
        .as_ref()
        .map_or_else(|_| "adapter".to_owned(), ToString::to_string);
    let mut granted = Vec::new();
    for (need, allowed) in &facts.rights {
        let who = match need {
            Need::ReadStress(_) => "HPA",
            _ => &adapter,
        };
        match allowed {
            Ok(true) => match granted.iter_mut().find(|(known, _)| *known == who) {
                Some((_, all)) => *all += 1,
                None => granted.push((who, 1)),
            },
            Ok(false) => {
                let (why, mend) = denied(need, &adapter);
                findings.push(
                    Finding::new(STEP, severity(need), who, format!("may not {}", what(need)))
                        .why(why)
                        .mend(mend),
                );
            }
            Err(error) => findings.push(Finding::new(
                STEP,
                Severity::Skipped,
                who,
                format!("whether it may {}: {error}", what(need)),
            )),
        }
    }
    for (who, count) in granted {
        let all = facts
            .rights
            .iter()
            .filter(|(need, _)| matches!(need, Need::ReadStress(_)) == (who == "HPA"))
            .count();
        let text = if count == all {
            "may do all that it needs".to_owned()
        } else {
            format!("may do {count} of the {all} things that it needs")
        };
        findings.push(Finding::new(STEP, Severity::Ok, who, text));
    }
    findings
}

/// How bad it is that this is not allowed.
const fn severity(need: &Need) -> Severity {
    match need {
        // Only what is asked of Services is refused.
        Need::WatchServices(_) => Severity::Warning,
        _ => Severity::Error,
    }
}

fn what(need: &Need) -> String {
    match need {
        Need::ReadStress(namespace) => {
            format!("get pods/stress_level in custom.metrics.k8s.io of namespace {namespace}")
        }
        Need::WatchPods(None) => "list and watch pods".to_owned(),
        Need::WatchPods(Some(namespace)) => {
            format!("list and watch pods in namespace {namespace}")
        }
        Need::WatchServices(None) => "list and watch services".to_owned(),
        Need::WatchServices(Some(namespace)) => {
            format!("list and watch services in namespace {namespace}")
        }
        Need::ReviewTokens => "create TokenReviews".to_owned(),
        Need::ReviewAccess => "create SubjectAccessReviews".to_owned(),
        Need::ReadAuthentication => {
            "read the ConfigMap kube-system/extension-apiserver-authentication".to_owned()
        }
    }
}

fn denied(need: &Need, adapter: &str) -> (&'static str, String) {
    let account = adapter.replace('/', ":");
    match need {
        Need::ReadStress(_) => (
            "the adapter answers the HPA 403, and it holds",
            commands::grant(
                "clusterrolebinding hpa-custom-metrics --clusterrole=system:controller:horizontal-pod-autoscaler \
                 --serviceaccount=kube-system:horizontal-pod-autoscaler",
            ),
        ),
        Need::WatchPods(scope) => (
            "it learns of no bridge",
            watching(scope.as_deref(), &account),
        ),
        Need::WatchServices(scope) => (
            "metrics of Services are refused, all others are told",
            watching(scope.as_deref(), &account),
        ),
        Need::ReviewTokens | Need::ReviewAccess => (
            "it cannot ask who somebody is and what they may, and refuses everybody",
            commands::grant(&format!(
                "clusterrolebinding jvb-adapter:auth-delegator --clusterrole=system:auth-delegator --serviceaccount={account}"
            )),
        ),
        Need::ReadAuthentication => (
            "it cannot tell the API server from a stranger, and does not start",
            commands::grant(&format!(
                "rolebinding jvb-adapter:authentication-reader -n kube-system --role=extension-apiserver-authentication-reader \
                 --serviceaccount={account}"
            )),
        ),
    }
}

/// Lets the adapter watch what it watches: everywhere, or in this namespace alone.
fn watching(namespace: Option<&str>, account: &str) -> String {
    let (role, binding, scope) = match namespace {
        None => ("clusterrole", "clusterrolebinding", String::new()),
        Some(namespace) => ("role", "rolebinding", format!(" -n {namespace}")),
    };
    let role_is = commands::grant(&format!(
        "{role} jvb-adapter{scope} --verb=list,watch --resource=pods,services"
    ));
    let binding_is = commands::grant(&format!(
        "{binding} jvb-adapter{scope} --{role}=jvb-adapter --serviceaccount={account}"
    ));
    format!("{role_is} && {binding_is}")
}
