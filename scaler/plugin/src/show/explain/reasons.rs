//! The policy's reasons, in words.

use scaler_api::spec::BridgePoolSpec;
use scaler_policy::report::Hold;
use scaler_policy::{Criterion, Doubt, Kept, Unfit, VictimKey};

/// Why a bridge stands before the next one: what follows "next: ".
pub(super) fn before(key: &VictimKey, next: &VictimKey) -> String {
    match key.criterion(next) {
        Some(Criterion::Operator) => "somebody asked for it".to_owned(),
        Some(Criterion::NeverStarted) => "it never ran, nobody can be on it".to_owned(),
        Some(Criterion::NodeLeaving) => "its node leaves".to_owned(),
        Some(Criterion::Outdated) => "it is of an older revision".to_owned(),
        Some(Criterion::People) => format!("fewest people ({})", bucket(key.people)),
        Some(Criterion::Largest) => {
            format!(
                "as many people as the next one, in smaller conferences ({} at most)",
                count(key.largest)
            )
        }
        Some(Criterion::Neighbours) => {
            format!(
                "its node is empty soonest ({} other bridges)",
                key.neighbours
            )
        }
        Some(Criterion::Zone) => format!("most bridges are in its zone ({})", key.zone.0),
        Some(Criterion::Stress) => format!("least stress ({})", stress(key.stress)),
        Some(Criterion::Created) => "otherwise alike, and the youngest".to_owned(),
        Some(Criterion::Uid) | None => "alike in everything: the order of the UIDs".to_owned(),
    }
}

/// Why a bridge stands behind the one before it: what follows "after NAME: ".
pub(super) fn behind(key: &VictimKey, last: &VictimKey) -> String {
    match key.criterion(last) {
        Some(Criterion::Operator) => "nobody asked for it".to_owned(),
        Some(Criterion::NeverStarted) => "it ran, people may be on it".to_owned(),
        Some(Criterion::NodeLeaving) => "its node stays".to_owned(),
        Some(Criterion::Outdated) => "it is of the current revision".to_owned(),
        Some(Criterion::People) => format!(
            "more people ({} > {})",
            bucket(key.people),
            bucket(last.people)
        ),
        Some(Criterion::Largest) => {
            format!(
                "a larger conference ({} > {})",
                count(key.largest),
                count(last.largest)
            )
        }
        Some(Criterion::Neighbours) => {
            format!(
                "more other bridges on its node ({} > {})",
                key.neighbours, last.neighbours
            )
        }
        Some(Criterion::Zone) => {
            format!(
                "fewer bridges in its zone ({} < {})",
                key.zone.0, last.zone.0
            )
        }
        Some(Criterion::Stress) => {
            format!(
                "more stress ({} > {})",
                stress(key.stress),
                stress(last.stress)
            )
        }
        Some(Criterion::Created) => "otherwise alike, and older".to_owned(),
        Some(Criterion::Uid) | None => "alike in everything: the order of the UIDs".to_owned(),
    }
}

/// People, as the order compares them: in powers of two.
fn bucket(bucket: u32) -> String {
    match bucket {
        u32::MAX => "unknown".to_owned(),
        0 | 1 => bucket.to_string(),
        64.. => "more".to_owned(),
        _ => format!("{} to {}", 1_u64 << (bucket - 1), (1_u128 << bucket) - 1),
    }
}

fn count(number: u64) -> String {
    if number == u64::MAX {
        "unknown".to_owned()
    } else {
        number.to_string()
    }
}

fn stress(thousandths: u64) -> String {
    if thousandths == u64::MAX {
        "unknown".to_owned()
    } else {
        format!("{:.2}", thousandths as f64 / 1000.0)
    }
}

pub(super) const fn kept(why: Kept) -> &'static str {
    match why {
        Kept::Pinned => "pinned",
        Kept::Unknown => "nothing fresh is known of it, so it counts as busy",
        Kept::Young => "younger than minLifetime",
        Kept::UnderWay => "something about it is under way",
        Kept::LastOfRevision => "the last of its revision, and the new one has too few",
        Kept::MinActive => "minActive would not hold without it",
        Kept::ManyUnhealthy => "half of the bridges or more are unhealthy or silent",
        Kept::MaxConcurrent => "as many drain as drain.maxConcurrent allows",
    }
}

pub(super) const fn unfit(why: Unfit) -> &'static str {
    match why {
        Unfit::Disabled => "rescue.enabled is false",
        Unfit::UnderWay => "something about it is under way, it is waited for",
        Unfit::NotSeen => "it has not been asked yet, it is waited for",
        Unfit::ShuttingDown => "it shuts down, there is no way back",
        Unfit::Outdated => "it is of an older revision",
        Unfit::NodeLeaving => "its node leaves",
        Unfit::Operator => "somebody asked for its drain (undrain calls that off)",
        Unfit::Failed => "it did not come up, or is past its deadline",
        Unfit::Unknown => "nothing fresh is known of it",
        Unfit::Unhealthy => "it is unhealthy",
        Unfit::Full => "it is as full as the target stress",
    }
}

pub(super) fn doubt(why: Doubt, empty: bool, spec: &BridgePoolSpec) -> String {
    let settle = spec.drain.settle;
    match why {
        Doubt::NotAcknowledged => {
            "for its bridge to confirm that it takes no new conferences".to_owned()
        }
        Doubt::CutOff => {
            "for it to join its brewery again: while prosody is away, nobody can be believed to have left".to_owned()
        }
        Doubt::NotSeenEmpty if empty => {
            "for the moment at which it was first seen empty to be written down".to_owned()
        }
        Doubt::NotSeenEmpty => {
            "for its last person to leave, and its last conference to end".to_owned()
        }
        Doubt::Settling => format!("until it has been empty for {settle} (drain.settle)"),
        Doubt::TooFewLooks => {
            "until it has been seen empty often enough (evidence.removalSamples)".to_owned()
        }
        Doubt::Stale => "for a fresh answer that says that it is empty".to_owned(),
        Doubt::WatchedTooShortly => {
            "until jvb-scaler, which has just begun to lead, has watched the bridges for as long as an outage may last that makes all of them say that nobody is there (--mass-window)".to_owned()
        }
    }
}

pub(super) const fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::NotListed => "jvb-scaler has just begun to lead and has not listed the pods yet",
        Hold::Unsupported => {
            "a pool over an existing workload is not supported yet: nothing is decided"
        }
        Hold::Paused => {
            "the pool is paused: nothing is started, drained, taken back, moved or removed"
        }
        Hold::Blind => {
            "jvb-scaler has heard nothing of the API server for long: nothing new is begun"
        }
        Hold::DryRun => "spec.dryRun: decisions are told and not carried out",
        Hold::BeingDeleted => "the pool is being deleted: every bridge is drained",
        Hold::ManyUnhealthy => {
            "half of the bridges or more are unhealthy or silent: none is drained by choice"
        }
        Hold::MassEmpty => {
            "too many bridges fell to zero at once, which is taken for an outage: none is removed"
        }
        Hold::JicofoAway => "jicofo does not answer: nobody is moved, and no bridge is removed",
        Hold::ClockSkew => {
            "the clocks of jvb-scaler and the API server differ: no deadline is acted upon"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_as_they_are_compared() {
        for (number, text) in [
            (0, "0"),
            (1, "1"),
            (2, "2 to 3"),
            (4, "8 to 15"),
            (63, "4611686018427387904 to 9223372036854775807"),
            (64, "more"),
            (u32::MAX, "unknown"),
        ] {
            assert_eq!(bucket(number), text);
        }
    }
}
