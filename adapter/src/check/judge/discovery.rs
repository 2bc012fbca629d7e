//! What there is to ask for.

use crate::check::facts::Facts;
use crate::check::report::{Finding, Severity, Step};

use super::{aggregation, commands, seen};

const STEP: Step = Step::Discovery;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, resources) in &facts.resources {
        let there = facts
            .services
            .iter()
            .any(|(known, service)| known == name && seen(service).is_some());
        if !there || !aggregation::is_available(&facts.services) {
            continue;
        }
        let problem = match resources {
            Ok(Some(all)) if all.is_empty() => "lists nothing".to_owned(),
            Ok(Some(all)) if !all.iter().any(|one| one == "pods/stress_level") => format!(
                "lists {} resources, and pods/stress_level is not among them",
                all.len()
            ),
            Ok(Some(all)) => {
                findings.push(Finding::new(
                    STEP,
                    Severity::Ok,
                    name,
                    format!("{} resources, pods/stress_level among them", all.len()),
                ));
                continue;
            }
            Ok(None) => "is not served".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        findings.push(
            Finding::new(STEP, Severity::Error, name, problem)
                .why("clients that look before they ask, the HPA among them, find no stress")
                .look(format!("kubectl get --raw /apis/{}", path(name))),
        );
    }
    match &facts.stale {
        Ok(stale) if stale.is_empty() => {}
        Ok(stale) => findings.push(
            Finding::new(
                STEP,
                Severity::Warning,
                "aggregated discovery",
                format!("stale: {}", super::some(stale)),
            )
            .why("the API server repeats what it knew before their servers went; deleting a namespace hangs")
            .look(format!("kubectl describe apiservice {}", stale.join(" "))),
        ),
        Err(error) => findings.push(Finding::new(
            STEP,
            Severity::Skipped,
            "aggregated discovery",
            error.to_string(),
        )),
    }
    findings
}

/// `GROUP/VERSION` of an APIService's name.
fn path(name: &str) -> String {
    let (version, group) = commands::version(name);
    format!("{group}/{version}")
}
