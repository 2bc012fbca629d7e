//! The conditions in an HPA's status.

use std::fmt;
use std::str::FromStr;

use bridge::Time;
use thiserror::Error;

use crate::reason::Reason;

/// What a condition is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Whether the target's scale can be read and written.
    AbleToScale,
    /// Whether a size can be computed.
    ScalingActive,
    /// Whether the size is another than the one computed.
    ScalingLimited,
    /// Whether the HPA itself has set the size to zero; since 1.36.
    ScaledToZero,
}

/// One condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Condition {
    /// What it is about.
    pub kind: Kind,
    /// Whether it holds.
    pub holds: bool,
    /// Why.
    pub reason: Reason,
    /// Since when it holds, or does not, in whole seconds as the API keeps it; `None` for one that was there at the start.
    pub since: Option<Time>,
}

/// The conditions, in the order in which they were first set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conditions(Vec<Condition>);

impl Conditions {
    /// Sets one, where it stands or at the end.
    pub(crate) fn set(&mut self, kind: Kind, holds: bool, reason: Reason, now: Time) {
        if let Some(condition) = self.0.iter_mut().find(|condition| condition.kind == kind) {
            if condition.holds != holds {
                condition.since = Some(whole_second(now));
            }
            condition.holds = holds;
            condition.reason = reason;
        } else {
            self.0.push(Condition {
                kind,
                holds,
                reason,
                since: Some(whole_second(now)),
            });
        }
    }

    /// Takes one away.
    pub(crate) fn remove(&mut self, kind: Kind) {
        self.0.retain(|condition| condition.kind != kind);
    }

    /// Whether one is there and holds.
    pub fn hold(&self, kind: Kind) -> bool {
        self.iter()
            .any(|condition| condition.kind == kind && condition.holds)
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Condition> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Conditions {
    type Item = &'a Condition;
    type IntoIter = std::slice::Iter<'a, Condition>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Condition> for Conditions {
    fn from_iter<T: IntoIterator<Item = Condition>>(conditions: T) -> Self {
        Self(conditions.into_iter().collect())
    }
}

/// The API keeps moments in whole seconds.
pub(crate) fn whole_second(time: Time) -> Time {
    Time::from_millis(time.as_millis().div_euclid(1_000).saturating_mul(1_000))
}

impl Kind {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AbleToScale => "AbleToScale",
            Self::ScalingActive => "ScalingActive",
            Self::ScalingLimited => "ScalingLimited",
            Self::ScaledToZero => "ScaledToZero",
        }
    }
}

impl fmt::Display for Condition {
    /// `AbleToScale=True/ReadyForNewScale`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = if self.holds { "True" } else { "False" };
        write!(f, "{}={status}/{}", self.kind.name(), self.reason)
    }
}

/// A text that is no condition of an HPA.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0:?} is no condition of an HPA: write it as AbleToScale=True/ReadyForNewScale")]
pub struct ConditionError(String);

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let parsed = || {
            let (kind, rest) = text.split_once('=')?;
            let (status, reason) = rest.split_once('/')?;
            let kind = [
                Kind::AbleToScale,
                Kind::ScalingActive,
                Kind::ScalingLimited,
                Kind::ScaledToZero,
            ]
            .into_iter()
            .find(|known| known.name() == kind)?;
            let holds = match status {
                "True" => true,
                "False" => false,
                _ => return None,
            };
            Some(Self {
                kind,
                holds,
                reason: reason.parse().ok()?,
                since: None,
            })
        };
        parsed().ok_or_else(|| ConditionError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn a_condition_keeps_its_place_and_its_moment_while_its_status_stays() {
        let mut conditions = Conditions::default();
        conditions.set(
            Kind::AbleToScale,
            true,
            Reason::SucceededGetScale,
            at(1_500),
        );
        conditions.set(
            Kind::ScalingActive,
            true,
            Reason::ValidMetricFound,
            at(1_500),
        );
        conditions.set(
            Kind::AbleToScale,
            true,
            Reason::ReadyForNewScale,
            at(20_000),
        );
        conditions.set(
            Kind::ScalingActive,
            false,
            Reason::ScalingDisabled,
            at(20_000),
        );
        let told: Vec<_> = conditions
            .iter()
            .map(|condition| (condition.to_string(), condition.since))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "AbleToScale=True/ReadyForNewScale".to_owned(),
                    Some(at(1_000))
                ),
                (
                    "ScalingActive=False/ScalingDisabled".to_owned(),
                    Some(at(20_000))
                ),
            ]
        );
    }

    #[test]
    fn a_condition_reads_back() {
        let text = "ScaledToZero=False/NotScaledToZero";
        assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        for wrong in [
            "",
            "AbleToScale",
            "AbleToScale=Maybe/ReadyForNewScale",
            "X=True/ScaledToZero",
            "AbleToScale=True/Why",
        ] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }
}
