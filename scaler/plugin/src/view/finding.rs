//! What is wrong with a pool, or should be known of it.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use scaler_api::key::timestamp;
use scaler_api::status::{ConditionType, Reason};
use serde::Serialize;

use super::Seen;

/// What is wrong with a pool, or should be known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Whether it is wrong: then `status` ends with 1. Otherwise it is as somebody wanted it, or passes by itself.
    pub wrong: bool,
    /// Which condition tells it; `None` where none does.
    pub condition: Option<String>,
    /// Why, in a word.
    pub reason: String,
    /// In a sentence, with what to do about it.
    pub message: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

pub(super) fn findings(seen: &Seen) -> Vec<Finding> {
    let pool = &seen.pool;
    let told = pool.status.conditions.iter().filter_map(condition);
    let mut findings: Vec<Finding> = told.collect();
    if let Some(silence) = &seen.silence
        && silence.leaderless.is_some()
    {
        findings.push(plain(
            true,
            "NoLeader",
            format!("{silence}: {}", silence.hint()),
        ));
    } else if pool.status.observed_generation.is_none() {
        let message = "no jvb-scaler has looked after this pool yet: see that it runs, and that its --namespaces hold this one";
        findings.push(plain(true, "NotLookedAfter", message.to_owned()));
    }
    if let Some(since) = pool.deletion {
        let message = if pool.held() {
            "it is being deleted, and goes when its last bridge has been drained; `kubectl bridgepool release` lets it go at once, with the people on it"
        } else {
            "it is being deleted"
        };
        findings.push(Finding {
            since: Some(timestamp(since)),
            ..plain(false, "BeingDeleted", message.to_owned())
        });
    }
    // What is wrong first.
    findings.sort_by_key(|finding| !finding.wrong);
    findings
}

fn plain(wrong: bool, reason: &str, message: String) -> Finding {
    Finding {
        wrong,
        condition: None,
        reason: reason.to_owned(),
        message,
        since: None,
    }
}

fn condition(told: &Condition) -> Option<Finding> {
    let kind = ConditionType::ALL
        .into_iter()
        .find(|kind| kind.name() == told.type_)?;
    // Trouble that nobody can rule out is trouble.
    let trouble = kind
        .trouble()
        .is_some_and(|status| status == told.status || told.status == "Unknown");
    let paused = kind == ConditionType::Paused && told.status == "True";
    if !trouble && !paused {
        return None;
    }
    let by_choice = Reason::names_choice(&told.reason);
    let message = if told.message.is_empty() && kind == ConditionType::Available {
        "fewer than minActive bridges take conferences".to_owned()
    } else {
        told.message.clone()
    };
    Some(Finding {
        wrong: trouble && !by_choice,
        condition: Some(told.type_.clone()),
        reason: told.reason.clone(),
        message,
        since: Some(told.last_transition_time.0),
    })
}
