//! Whether everybody has the same time.

use std::time::Duration;

use crate::check::facts::{Asked, Facts, Moment};
use crate::check::report::{Finding, Severity, Step};

use super::some;

const STEP: Step = Step::Clocks;

/// Beyond this a bridge's start and the time of its values no longer fit together.
const SKEWED: Duration = Duration::from_secs(5);

/// Beyond this certificates and tokens that are new here are not valid yet there.
const BROKEN: Duration = Duration::from_mins(5);

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let bridges = facts.bridges.as_deref().unwrap_or_default();
    let mut all: Vec<(String, Duration)> = Vec::new();
    if let Some(clock) = &facts.server_clock {
        all.push(("the API server".to_owned(), skew(clock)));
    }
    for bridge in bridges {
        if let Asked::Answered {
            clock: Some(clock), ..
        } = &bridge.asked
        {
            all.push((bridge.pod.to_string(), skew(clock)));
        }
    }
    let worst = all.iter().map(|(_, skew)| *skew).max();
    let Some(worst) = worst else {
        return vec![Finding::new(
            STEP,
            Severity::Skipped,
            "clocks",
            "neither the API server nor a bridge says what time it is",
        )];
    };
    if worst <= SKEWED {
        let text = format!("{} agree with the clock here", clocks(all.len()));
        return vec![Finding::new(STEP, Severity::Ok, "clocks", text)];
    }
    let wrong: Vec<String> = all
        .iter()
        .filter(|(_, skew)| *skew > SKEWED)
        .map(|(name, skew)| format!("{name} by {}", humantime::format_duration(whole(*skew))))
        .collect();
    let here = if wrong.len() == all.len() {
        "; or the clock here is wrong"
    } else {
        ""
    };
    let severity = if worst > BROKEN {
        Severity::Error
    } else {
        Severity::Warning
    };
    vec![
        Finding::new(
            STEP,
            severity,
            "clocks",
            format!("off: {}{here}", some(&wrong)),
        )
        .why("a bridge's start and the age of its stress are judged by these clocks; certificates and tokens too")
        .mend("timedatectl set-ntp true  # on the node that is off, or here; what it follows then: timedatectl timesync-status"),
    ]
}

fn clocks(count: usize) -> String {
    match count {
        1 => "1 clock".to_owned(),
        count => format!("{count} clocks"),
    }
}

/// How far a clock is off at least: it was read between two moments, and says whole seconds, rounded down.
fn skew(clock: &Moment) -> Duration {
    let Moment {
        told,
        asked,
        answered,
    } = *clock;
    let ahead = told.since(answered);
    let behind = asked.since(told + Duration::from_secs(1));
    ahead.max(behind)
}

fn whole(skew: Duration) -> Duration {
    Duration::from_secs(skew.as_secs())
}
