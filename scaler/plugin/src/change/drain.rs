//! The drain of a bridge, asked for or called off.

use scaler_api::State;
use scaler_api::annotations::DRAIN_REQUESTED;
use scaler_api::key::timestamp;
use scaler_api::spec::OnDeadline;
use scaler_api::state::IntentReason;
use scaler_policy::report::Victim;

use super::{Change, Subject, refused};
use crate::show::Pen;
use crate::trouble::Trouble;

/// A text for the value `true`.
pub(super) const TRUE: Option<&str> = Some("true");

/// Have it drained before all others.
///
/// # Errors
/// When it would not be, for a reason that the operator can do away with.
pub fn drain(subject: &Subject<'_>, pen: &Pen) -> Result<Change, Trouble> {
    let bridge = subject.bridge;
    let name = &bridge.name;
    if bridge.pinned && bridge.state.countable() {
        return Err(refused(
            format!("{name} is pinned, so it would not be drained"),
            &format!("`kubectl bridgepool unpin {name}` first"),
        ));
    }
    let ask = |consequences| Ok(subject.annotate(DRAIN_REQUESTED.name(), TRUE, consequences));
    match bridge.state {
        _ if bridge.drain_requested => Ok(subject.nothing(&format!(
            "{name}: somebody asked for its drain already; it is {:?}.",
            bridge.state
        ))),
        State::Pending | State::Starting | State::Active => ask(begin(subject, pen)),
        State::Warm => ask(vec![format!(
            "{name} is a spare, and nobody is on it: it is removed."
        )]),
        State::DrainRequested | State::Draining | State::Settling => ask(vec![format!(
            "{name} drains already. From now on it is not taken back when more bridges are wanted."
        )]),
        _ => Ok(subject.nothing(&format!(
            "{name} is on its way out already: it is {:?}.",
            bridge.state
        ))),
    }
}

fn begin(subject: &Subject<'_>, pen: &Pen) -> Vec<String> {
    let Subject {
        bridge,
        pool,
        report,
        ..
    } = subject;
    let mut said = held(subject);
    let last = bridge.state == State::Active
        && bridge.counted
        && report.tally.active_counted <= pool.spec.min_active;
    let name = &bridge.name;
    let begins = if last {
        format!(
            "{name} goes on until another bridge has come up in its place, because minActive is {}; then it stops taking new conferences.",
            pool.spec.min_active
        )
    } else {
        format!("{name} stops taking new conferences.")
    };
    said.push(begins);
    said.push(people(subject, pen));
    if bridge.counted && !last {
        said.push(format!(
            "Another bridge takes its place: {} are wanted.",
            report.tally.wanted
        ));
    }
    said
}

/// What becomes of the people on a bridge that is drained from now on.
fn people(subject: &Subject<'_>, pen: &Pen) -> String {
    let Subject {
        bridge,
        pool,
        report,
        ..
    } = subject;
    let drain = &pool.spec.drain;
    let ran = |victim: &Victim| *victim.key.uid == bridge.uid && victim.key.never_started.0;
    if report.victims.iter().any(ran) {
        return "Nobody can be on it, because it never ran: it is removed at once.".to_owned();
    }
    let look = bridge.last.filter(|_| bridge.fresh);
    let people = look.and_then(|look| look.people);
    if people == Some(0) {
        return format!(
            "Nobody is on it: it is removed when it has been empty for {}.",
            drain.settle
        );
    }
    let (who, stay, are) = match people {
        Some(1) => ("1 person".to_owned(), "stays", "is"),
        Some(people) => (format!("{people} people"), "stay", "are"),
        None => (
            "Those who are on it, how many is not known,".to_owned(),
            "stay",
            "are",
        ),
    };
    let now = timestamp(report.at);
    let until = pen.clock(timestamp(report.at + drain.deadline.get()), now);
    let deadline = drain.deadline;
    match drain.on_deadline {
        OnDeadline::Move => format!(
            "{who} {stay} until {until} ({deadline}) at most, then {are} moved to other bridges, a gap of about a second."
        ),
        OnDeadline::Wait => format!("{who} {stay} as long as they like: drain.onDeadline is Wait."),
        OnDeadline::Kill => format!(
            "{who} {stay} until {until} ({deadline}) at most, then {are} cut off: drain.onDeadline is Kill."
        ),
    }
}

/// Whether there is no way back any more.
pub(super) const fn leaves(state: State) -> bool {
    matches!(
        state,
        State::Expelling
            | State::Removing
            | State::Deleting
            | State::Preempted
            | State::Failed
            | State::Gone
    )
}

/// What holds the pool back from doing anything.
fn held(subject: &Subject<'_>) -> Vec<String> {
    let spec = &subject.pool.spec;
    if spec.paused {
        vec!["The pool is paused: all this happens when it is resumed.".to_owned()]
    } else if spec.dry_run {
        vec!["spec.dryRun is set: all this is told, and not done.".to_owned()]
    } else {
        Vec::new()
    }
}

/// Call off a drain that was asked for.
///
/// # Errors
/// When it drains for another reason, or there is no way back any more.
pub fn undrain(subject: &Subject<'_>) -> Result<Change, Trouble> {
    let Subject { bridge, report, .. } = subject;
    let name = &bridge.name;
    let by_operator = bridge.why == IntentReason::Operator && bridge.state.draining();
    if !bridge.drain_requested && !by_operator {
        return not_asked_for(subject);
    }
    let ask = |consequences| Ok(subject.annotate(DRAIN_REQUESTED.name(), None, consequences));
    match bridge.state {
        State::Pending | State::Starting | State::Active => ask(vec![format!(
            "{name} goes on taking conferences: its drain had not begun."
        )]),
        State::DrainRequested | State::Draining | State::Settling if by_operator => {
            let mut said = held(subject);
            said.push(format!(
                "{name} takes new conferences again. Those who are on it do not notice."
            ));
            if report.tally.counted >= report.tally.wanted {
                said.push(format!(
                    "The pool has one bridge more than the {} that are wanted then, and drains the first one that `kubectl bridgepool explain` names; pin {name} if it shall not be that.",
                    report.tally.wanted
                ));
            }
            ask(said)
        }
        State::DrainRequested | State::Draining | State::Settling => ask(vec![format!(
            "{name} goes on draining, {}; it is taken back when more bridges are wanted.",
            because(bridge.why)
        )]),
        State::Warm => ask(vec![format!("{name} stays a spare.")]),
        _ => Err(refused(
            format!(
                "{name} is {:?}: there is no way back from that",
                bridge.state
            ),
            "another bridge takes its place by itself where it is wanted",
        )),
    }
}

fn not_asked_for(subject: &Subject<'_>) -> Result<Change, Trouble> {
    let Subject { bridge, pool, .. } = subject;
    let name = &bridge.name;
    if !bridge.state.draining() {
        return Ok(subject.nothing(&format!("{name}: nobody asked for its drain.")));
    }
    let hint = match bridge.why {
        IntentReason::ScaleDown
            if pool
                .spec
                .max_replicas
                .is_some_and(|most| pool.spec.replicas >= most) =>
        {
            "it is taken back when more are wanted than spec.maxReplicas allows now".to_owned()
        }
        IntentReason::ScaleDown => format!(
            "it is taken back when more are wanted: kubectl -n {} scale bp/{} --replicas={}",
            pool.namespace,
            pool.name,
            subject.report.tally.wanted + 1
        ),
        IntentReason::NodeLeaving | IntentReason::Interrupted => {
            "`kubectl uncordon` its node, if it is to stay".to_owned()
        }
        IntentReason::Outdated => "set the template back, or spec.update.paused".to_owned(),
        IntentReason::PoolDeleted => {
            "a pool that is being deleted stays deleted: make another one".to_owned()
        }
        _ => format!("`kubectl bridgepool explain {name}` tells more"),
    };
    Err(refused(
        format!(
            "{name} drains {}, not because somebody asked for it",
            because(bridge.why)
        ),
        &hint,
    ))
}

pub(super) const fn because(why: IntentReason) -> &'static str {
    match why {
        IntentReason::ScaleDown => "because fewer bridges are wanted",
        IntentReason::Outdated => "because a newer revision replaces it",
        IntentReason::NodeLeaving => "because its node leaves",
        IntentReason::Interrupted => "because its node is taken away",
        IntentReason::PoolDeleted => "because its pool is being deleted",
        IntentReason::Failed => "because it did not come up",
        _ => "because it has to go",
    }
}
