//! What the HPA and the adapter may do.

use crate::authority::NAMES;
use crate::check::facts::{Facts, Known, Named, Need};
use crate::check::report::{Finding, Severity, Step};

use super::commands;

const STEP: Step = Step::Rights;

/// The Role and the ClusterRole of the manifests for an authority of the adapter's own.
const CERTIFICATES: &str = "jvb-adapter:certificates";

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
    if let Some((secret, there)) = &facts.own_authority {
        findings.extend(kept(&adapter, secret, there));
    }
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

/// What is wrong with the Secret of an own authority itself.
fn kept(adapter: &str, secret: &Named, there: &Known<bool>) -> Option<Finding> {
    let finding = |severity, text: String| Finding::new(STEP, severity, adapter, text);
    match there {
        Ok(true) => None,
        Ok(false) => Some(
            finding(
                Severity::Error,
                format!("has no Secret {secret} for its own authority (--tls-secret)"),
            )
            .why(WITHOUT_AUTHORITY)
            .mend(commands::empty_secret(secret)),
        ),
        Err(error) => Some(finding(
            Severity::Skipped,
            format!("whether there is its Secret {secret} (--tls-secret): {error}"),
        )),
    }
}

const WITHOUT_AUTHORITY: &str = "it can neither make nor renew its certificate: one that starts ends, one that runs serves until its \
     certificate has expired";

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
        Need::KeepAuthority(secret) => format!("get and update the Secret {secret} (--tls-secret)"),
        Need::PublishAuthority => {
            "get and patch the APIServices that may lead to it (--tls-secret)".to_owned()
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
        Need::KeepAuthority(secret) => (WITHOUT_AUTHORITY, keeping(secret, &account)),
        Need::PublishAuthority => (
            "the API server does not learn whom to trust: a replica that starts does not get ready",
            publishing(&account),
        ),
    }
}

/// Lets the adapter keep an authority of its own in this Secret.
fn keeping(secret: &Named, account: &str) -> String {
    let Named { namespace, name } = secret;
    let role = commands::grant(&format!(
        "role {CERTIFICATES} -n {namespace} --verb=get,update --resource=secrets --resource-name={name}"
    ));
    let binding = commands::grant(&format!(
        "rolebinding {CERTIFICATES} -n {namespace} --role={CERTIFICATES} --serviceaccount={account}"
    ));
    format!("{role} && {binding}")
}

/// Lets it publish that authority.
fn publishing(account: &str) -> String {
    let names = NAMES
        .map(|name| format!("--resource-name={name}"))
        .join(" ");
    let role = commands::grant(&format!(
        "clusterrole {CERTIFICATES} --verb=get,patch --resource=apiservices.apiregistration.k8s.io {names}"
    ));
    let binding = commands::grant(&format!(
        "clusterrolebinding {CERTIFICATES} --clusterrole={CERTIFICATES} --serviceaccount={account}"
    ));
    format!("{role} && {binding}")
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
