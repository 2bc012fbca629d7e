//! Whom the API server trusts, and whom it finds.

use std::time::Duration;

use bridge::Time;

use crate::check::facts::{Aggregated, Facts, Named, Served, Trust};
use crate::check::report::{Advice, Finding, Severity, Step};
use crate::serving::is_overdue;

use super::commands;

const STEP: Step = Step::Aggregation;

/// A length of time, roughly.
pub(super) fn days(left: Duration) -> String {
    match left.as_secs() / (24 * 60 * 60) {
        0 => format!("{} hours", left.as_secs() / (60 * 60)),
        1 => "1 day".to_owned(),
        3651.. => "more than 10 years".to_owned(),
        days => format!("{days} days"),
    }
}

pub(super) fn trusted(
    facts: &Facts,
    name: &str,
    owner: &Named,
    service: &Aggregated,
) -> Option<Finding> {
    let now = facts.now;
    let mend = commands::trust(facts, name, owner);
    if service.insecure {
        let finding = Finding::new(
            STEP,
            Severity::Warning,
            name,
            "insecureSkipTLSVerify is set: the adapter's certificate is not verified",
        )
        .why("whoever can answer in the adapter's place decides how many bridges run")
        .mend(mend);
        return Some(finding);
    }
    let (severity, text, why) = match &service.trust {
        Trust::Absent => (
            Severity::Warning,
            "caBundle is empty: the API server trusts the authorities of its own system".to_owned(),
            "those hardly ever sign for a name that ends in .svc",
        ),
        Trust::Unreadable(error) => (
            Severity::Error,
            format!("caBundle cannot be read: {error}"),
            "the API server cannot verify the adapter and does not ask it",
        ),
        Trust::Authorities(periods) => {
            let valid = |(from, until): &&(Time, Time)| *from <= now && now <= *until;
            if periods.iter().any(|period| valid(&period)) {
                return None;
            }
            (
                Severity::Error,
                "no authority in caBundle is valid now".to_owned(),
                "the API server cannot verify the adapter and does not ask it",
            )
        }
    };
    Some(Finding::new(STEP, severity, name, text).why(why).mend(mend))
}

pub(super) fn served(
    facts: &Facts,
    name: &str,
    owner: &Named,
    service: &Aggregated,
) -> Option<Finding> {
    let known_broken = service
        .available
        .as_ref()
        .is_some_and(|condition| !condition.is_true);
    match &service.served {
        Served::Verified { until, lifetime } => {
            let left = until.since(facts.now);
            is_overdue(left, *lifetime).then(|| {
                Finding::new(
                    STEP,
                    Severity::Warning,
                    name,
                    format!("the adapter's certificate ends in {}", days(left)),
                )
                .why("then the API server asks it no more, and the HPA holds")
                .look(format!(
                    "{}  # whoever makes the files of --tls-cert-file ought to have made new ones by now",
                    commands::certificate_log(owner)
                ))
            })
        }
        Served::Refused(reason) => Some(
            Finding::new(
                STEP,
                Severity::Error,
                name,
                format!("{owner}'s certificate does not verify: {reason}"),
            )
            .why("the API server asks nobody whom it cannot verify")
            .advise(refused(facts, name, owner, reason)),
        ),
        // Said already, and better, by the condition or by the caBundle.
        Served::Unreachable(_)
            if known_broken || service.insecure || service.trust == Trust::Absent =>
        {
            None
        }
        Served::Unreachable(reason) => Some(Finding::new(
            STEP,
            Severity::Skipped,
            name,
            format!("certificate not seen: {reason}"),
        )),
    }
}

/// What to do about a certificate that does not verify; the reasons are those of `collect::handshake`.
fn refused(facts: &Facts, name: &str, owner: &Named, reason: &str) -> Advice {
    if reason.contains("not signed by") {
        return Advice::Mend(commands::trust(facts, name, owner));
    }
    let log = commands::certificate_log(owner);
    let Named {
        namespace,
        name: adapter,
    } = owner;
    Advice::Look(format!(
        "{log}  # give it a certificate for {adapter}.{namespace}.svc that is valid now (--tls-cert-file, --tls-secret)"
    ))
}
