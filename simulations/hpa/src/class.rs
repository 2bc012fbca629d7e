//! Which Kubernetes: classes of behaviour, feature gates and flags of the controller manager.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::policy::{Behavior, Policy};

/// Versions of Kubernetes between which the HPA decides alike.
///
/// Within a class the latest was recorded: 1.32.13, 1.35.4, 1.36.3. Known and left out: up to 1.28 a sync whose metrics fail
/// keeps the old `currentMetrics`; 1.33 and 1.34 lack the caps of 1.35 on values beyond an `i32` of replicas.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Up to 1.32: one tolerance for both directions, tested as a distance from 1; no caps.
    UpTo132,
    /// 1.33 to 1.35: a tolerance per direction, tested as a range; caps on what would overflow (kubernetes #130797, #126979).
    From133,
    /// From 1.36: the condition `ScaledToZero` decides whether a size of zero is the HPA's or somebody's pause (#135118).
    From136,
}

/// A version of Kubernetes that cannot be told.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0:?} is no version of Kubernetes 1: write it as 1.36 or v1.36.3")]
pub struct VersionError(String);

/// The minor version in `v1.33.2-gke.100` and the like.
fn minor(version: &str) -> Result<u32, VersionError> {
    let wrong = || VersionError(version.to_owned());
    let text = version.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.strip_prefix("1.").ok_or_else(wrong)?;
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if !matches!(rest.chars().next(), None | Some('.' | '+' | '-')) {
        return Err(wrong());
    }
    digits.parse().map_err(|_| wrong())
}

impl FromStr for Class {
    type Err = VersionError;

    /// The class of a version: `1.36.3`, `v1.33`, `1.30+`, `1.34.1-gke.5`.
    fn from_str(version: &str) -> Result<Self, VersionError> {
        Ok(match minor(version)? {
            ..=32 => Self::UpTo132,
            33..=35 => Self::From133,
            36.. => Self::From136,
        })
    }
}

/// Feature gates that change decisions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gates {
    /// `HPAScaleToZero`: alpha and off up to 1.36, on since 1.37. Looked at since 1.36.
    pub scale_to_zero: bool,
    /// `HPAConfigurableTolerance`: alpha and off in 1.33 and 1.34, on since 1.35. Unknown before.
    pub configurable_tolerance: bool,
}

impl Gates {
    /// As a cluster of this version has them unless somebody sets them.
    ///
    /// # Errors
    /// When the version cannot be told.
    pub fn of(version: &str) -> Result<Self, VersionError> {
        let minor = minor(version)?;
        Ok(Self {
            scale_to_zero: minor >= 37,
            configurable_tolerance: minor >= 35,
        })
    }
}

/// Flags of kube-controller-manager that change decisions (`cmd/kube-controller-manager/app/options/hpacontroller.go`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flags {
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: Duration,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub cpu_initialization_period: Duration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub initial_readiness_delay: Duration,
    /// `--horizontal-pod-autoscaler-tolerance`: a fraction of the target.
    pub tolerance: f64,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            downscale_stabilization: Duration::from_mins(5),
            cpu_initialization_period: Duration::from_mins(5),
            initial_readiness_delay: Duration::from_secs(30),
            tolerance: 0.1,
        }
    }
}

/// The controller that syncs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controller {
    /// Its version.
    pub class: Class,
    /// Its gates.
    pub gates: Gates,
    /// Its flags.
    pub flags: Flags,
}

/// How far a ratio of usage to target may be from 1 without a change (`Tolerances` in `replica_calculator.go`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tolerance {
    Distance(f64),
    Range { down: f64, up: f64 },
}

impl Tolerance {
    /// Whether the ratio asks for no change. What is not a number never is within.
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::Distance(tolerance) => (1.0 - ratio).abs() <= tolerance,
            Self::Range { down, up } => 1.0 - down <= ratio && ratio <= 1.0 + up,
        }
    }
}

impl Controller {
    pub(crate) fn tolerance(&self, policy: &Policy) -> Tolerance {
        let flag = self.flags.tolerance;
        if self.class == Class::UpTo132 {
            return Tolerance::Distance(flag);
        }
        let own = match &policy.behavior {
            Some(Behavior { up, down }) if self.gates.configurable_tolerance => {
                (down.tolerance, up.tolerance)
            }
            _ => (None, None),
        };
        Tolerance::Range {
            down: own.0.unwrap_or(flag),
            up: own.1.unwrap_or(flag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_class() {
        for (version, class) in [
            ("1.19", Class::UpTo132),
            ("1.32.13", Class::UpTo132),
            ("v1.33.0-alpha.1", Class::From133),
            ("1.35+", Class::From133),
            ("1.36.3", Class::From136),
            (" v1.40.1-gke.5\n", Class::From136),
        ] {
            assert_eq!(version.parse(), Ok(class), "{version}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused_with_a_hint() {
        for version in ["", "1", "1.", "2.0", "1.x", "1.36x", "v", "1.99999999999"] {
            let error = version.parse::<Class>().unwrap_err();
            assert!(error.to_string().contains("1.36 or v1.36.3"), "{version}");
        }
    }

    #[test]
    fn gates_follow_the_version() {
        for (version, scale_to_zero, configurable_tolerance) in [
            ("1.34.9", false, false),
            ("1.35", false, true),
            ("1.36.3", false, true),
            ("1.37", true, true),
        ] {
            let gates = Gates::of(version).unwrap();
            assert_eq!(gates.scale_to_zero, scale_to_zero, "{version}");
            assert_eq!(
                gates.configurable_tolerance, configurable_tolerance,
                "{version}"
            );
        }
    }
}
