//! What an operator should know, besides what was found on the way.

use scaler_api::State;
use scaler_api::status::{ConditionType, Reason};

use crate::plan::Finding;
use crate::step::draft::Draft;
use crate::step::motion;
use crate::world::{Invalid, Judge, Presence};

/// Adds what holds for the pool as a whole.
pub(super) fn find(draft: &mut Draft<'_, '_>) {
    size(draft);
    refusals(draft);
    trouble(draft);
    switches(draft);
    let active = draft.scene.tally.active_counted;
    let least = draft.spec().min_active;
    if active >= least {
        let message = format!("{active} bridges take conferences");
        draft.finding(ConditionType::Available, Reason::MinActiveMet, message);
    }
    motion::find(draft);
    // A condition gives the first reason: what somebody wanted so must not hide what is wrong.
    let findings = &mut draft.plan.findings;
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.condition, finding.reason.by_choice());
        key(one).cmp(&key(other)).then_with(|| one.cmp(other))
    });
    draft.plan.findings.dedup();
}

fn size(draft: &mut Draft<'_, '_>) {
    let spec = draft.spec();
    let asked = spec.replicas;
    if draft.world.pool.deletion.is_some() {
        return;
    }
    if asked < spec.min_active {
        let message = format!(
            "{asked} replicas are asked for and minActive keeps {}: set spec.minActive to {asked} to go below",
            spec.min_active
        );
        draft.finding(ConditionType::ScalingLimited, Reason::MinActive, message);
    }
    if let Some(most) = spec.max_replicas.filter(|most| *most < asked) {
        let message = format!(
            "{asked} replicas are asked for and maxReplicas allows {most}: raise spec.maxReplicas, or lower the HorizontalPodAutoscaler's"
        );
        draft.finding(ConditionType::ScalingLimited, Reason::MaxReplicas, message);
    }
    if let Some((times, _, said)) = &draft.world.memory.refused
        && incomplete(draft)
    {
        let invalid = draft.world.memory.invalid.as_ref();
        let message = if invalid.is_some_and(|invalid| invalid.judge == Judge::Pool) {
            "no bridge can be started: TemplateInvalid says why".to_owned()
        } else {
            format!("the API server refused new pods {times} times in a row: {said}")
        };
        draft.finding(
            ConditionType::ScalingLimited,
            Reason::CreationRefused,
            message,
        );
    }
}

/// What is decided about some bridges is refused, and was just now.
fn refusals(draft: &mut Draft<'_, '_>) {
    let world = draft.world;
    let patience = world.tuning.request_timeout;
    let refusals = world.memory.refusals.iter();
    let (names, said): (Vec<&str>, Vec<&str>) = refusals
        .filter(|(_, refusal)| draft.now <= refusal.until + patience)
        .filter_map(|(uid, refusal)| {
            let known = world.pods().get(uid)?;
            Some((known.pod.name.as_str(), refusal.said.as_str()))
        })
        .unzip();
    if let Some(said) = said.first() {
        let message = format!(
            "the API server refuses what is decided about {} bridges{}; it says \"{said}\": see which webhook, policy or missing right of jvb-scaler is in the way",
            names.len(),
            motion::names(&names)
        );
        draft.finding(ConditionType::ScalingLimited, Reason::WriteRefused, message);
    }
}

/// Whether a bridge is missing: one that is counted, or one to replace another with.
fn incomplete(draft: &Draft<'_, '_>) -> bool {
    let tally = &draft.scene.tally;
    let creates = draft.world.outstanding.creates.values();
    let asked = creates.filter(|create| create.marks.counted).count() as u32;
    tally.counted.saturating_sub(asked) < tally.wanted || tally.outdated > 0
}

fn trouble(draft: &mut Draft<'_, '_>) {
    let breakers = draft.scene.breakers;
    let mut told = Vec::new();
    if breakers.mass_empty {
        told.push((ConditionType::MassEmpty, Reason::TooManyAtOnce, "too many bridges fell to zero at once: taken for an outage of prosody or jicofo, no bridge is removed".to_owned()));
    }
    // Whoever has just begun to lead has not heard of it yet.
    let patience = draft.world.tuning.presence_interval * 2;
    if breakers.jicofo_away
        && let Presence::Away(since) = draft.world.jicofo.presence
        && draft.now.since(since) >= patience
    {
        told.push((
            ConditionType::JicofoAway,
            Reason::NoAnswer,
            "jicofo does not answer: nobody is moved, and no bridge is removed; see that it runs, and that --jicofo of jvb-scaler is its address".to_owned(),
        ));
    }
    if breakers.skewed {
        let differ = draft.world.skew.map_or_else(
            || "the API server has not told its time yet".to_owned(),
            |skew| format!("this controller's clock and the API server's differ by {skew} ms"),
        );
        told.push((
            ConditionType::ClockSkew,
            Reason::SkewTooLarge,
            format!("{differ}: no deadline is acted upon"),
        ));
    }
    if breakers.blind {
        told.push((
            ConditionType::MetricsStale,
            Reason::Stale,
            "the API server has told nothing for long: nothing new is begun".to_owned(),
        ));
    }
    if breakers.mass_unhealthy && !breakers.blind {
        told.push((
            ConditionType::BridgesUnknown,
            Reason::MassUnhealthy,
            "half of the bridges or more are unhealthy or do not answer: none is drained by choice"
                .to_owned(),
        ));
    }
    if let Some((pod, frozen)) = draft.scene.frozen.first() {
        told.push((
            ConditionType::BridgesUnknown,
            Reason::Malformed,
            format!(
                "{} is left alone: {}; correct or remove it",
                pod.name, frozen.why
            ),
        ));
    }
    let silent: Vec<&str> = draft
        .sights()
        .filter(|sight| sight.unreachable && sight.state != State::Deleting)
        .map(|sight| sight.pod.name.as_str())
        .take(motion::NAMES)
        .collect();
    if !silent.is_empty() {
        told.push((
            ConditionType::BridgesUnknown,
            Reason::Unreachable,
            format!("do not answer, and count as busy: {}", silent.join(", ")),
        ));
    }
    for (condition, reason, message) in told {
        draft.finding(condition, reason, message);
    }
}

/// What the spec itself is in the way of.
fn switches(draft: &mut Draft<'_, '_>) {
    let spec = draft.spec();
    let mut told = Vec::new();
    // Its finalizer stays for as long as nothing drains its bridges.
    let kept = draft.world.pool.deletion.is_some() && draft.world.pool.held();
    let kept = if kept {
        ", and to let the pool go, which is being deleted and waits for its last bridge to be drained"
    } else {
        ""
    };
    if spec.paused {
        told.push((
            ConditionType::Paused,
            Reason::PoolPaused,
            format!("nothing is started, drained, taken back or removed: set spec.paused to false to go on{kept}"),
        ));
    } else if spec.dry_run {
        told.push((
            ConditionType::Paused,
            Reason::DryRun,
            format!(
                "decisions are told and not carried out: set spec.dryRun to false to go on{kept}"
            ),
        ));
    } else if spec.update.paused {
        told.push((
            ConditionType::Paused,
            Reason::UpdatePaused,
            "no bridge is replaced by a newer revision".to_owned(),
        ));
    }
    let revision = &draft.world.pool.revision;
    let invalid = draft.world.memory.invalid.as_ref();
    if let Some(Invalid { judge, said, .. }) =
        invalid.filter(|invalid| invalid.revision == *revision)
    {
        let (reason, what) = match judge {
            Judge::ApiServer => (
                Reason::TemplateRefused,
                "correct spec.template, of which the API server takes no pod",
            ),
            Judge::Pool => (
                Reason::InjectionRefused,
                "spec.template cannot get what spec.sidecar says",
            ),
        };
        told.push((
            ConditionType::TemplateInvalid,
            reason,
            format!("{what}: {said}"),
        ));
    }
    if spec.workload_ref.is_some() {
        told.push((
            ConditionType::Supported,
            Reason::WorkloadRef,
            "a pool over an existing workload is not supported yet: give a template".to_owned(),
        ));
    }
    for (condition, reason, message) in told {
        draft.finding(condition, reason, message);
    }
}
