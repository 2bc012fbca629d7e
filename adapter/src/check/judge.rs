//! What was learned, judged: no I/O, no clock.

use std::cmp::Reverse;

use super::facts::{Facts, Known, Unknown};
use super::report::{Finding, Report, Severity, Step};

mod aggregation;
mod autoscalers;
mod bridges;
mod clocks;
mod commands;
mod discovery;
mod owner;
mod rights;
mod stress;
#[cfg(test)]
pub(super) mod tests;
mod trust;

/// Findings in the order of the chain.
pub(super) fn all(facts: &Facts) -> Report {
    let mut findings = vec![Finding::new(
        Step::ApiServer,
        Severity::Ok,
        "API server",
        facts.server.clone(),
    )];
    findings.extend(aggregation::judge(facts));
    findings.extend(rights::judge(facts));
    findings.extend(discovery::judge(facts));
    findings.extend(bridges::judge(facts));
    findings.extend(stress::judge(facts));
    findings.extend(clocks::judge(facts));
    findings.extend(autoscalers::judge(facts));
    // Each step keeps its place; within it the worst comes first.
    findings.sort_by_key(|finding| (finding.step, Reverse(finding.severity)));
    Report { findings }
}

/// What to say of something that had to be seen and could not be.
fn unknown(step: Step, subject: &str, error: &Unknown) -> Finding {
    let finding = Finding::new(step, Severity::Unknown, subject, error.to_string());
    match error {
        Unknown::Forbidden(_) => {
            finding.look("kubectl auth whoami  # run it as somebody who may: --kubeconfig")
        }
        Unknown::Failed(_) => finding,
    }
}

/// What is known of it, where anything is.
fn seen<T>(known: &Known<Option<T>>) -> Option<&T> {
    known.as_ref().ok()?.as_ref()
}

/// The first few of many names.
fn some(names: &[String]) -> String {
    /// How many names a line holds before it stops being read.
    const FEW: usize = 3;
    let few = names.iter().take(FEW).map(String::as_str);
    let few = few.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => few,
        more => format!("{few} and {more} more"),
    }
}
