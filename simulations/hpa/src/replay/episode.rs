//! From an episode to its differences.

use std::time::Duration;

use thiserror::Error;

use super::Difference;
use super::expected::{Place, compare};
use super::record::{Episode, Flags, Step};
use super::step::Seen;
use crate::class::{Class, Controller, Gates, VersionError};
use crate::condition::{Condition, ConditionError};
use crate::policy::{Policy, PolicyError};
use crate::quantity::QuantityError;
use crate::state::State;
use crate::sync::sync;

/// An episode that cannot be replayed.
#[derive(Debug, Error)]
pub enum EpisodeError {
    /// Nobody says whose decisions it holds.
    #[error("the episode does not say in k8s which version of Kubernetes decided")]
    NoVersion,
    /// It says so, but what?
    #[error("k8s: {0}")]
    Version(#[from] VersionError),
    /// It has no steps.
    #[error("the episode has no steps: there is nothing to replay")]
    Empty,
    /// An initial condition is none.
    #[error("initialConditions: {0}")]
    Condition(#[from] ConditionError),
    /// A spec that no API server takes.
    #[error("hpaSpec of step {step}: {error}")]
    Policy {
        /// Which step, counted from 0.
        step: usize,
        /// What is wrong.
        error: PolicyError,
    },
    /// A step that contradicts itself.
    #[error("step {step}: {error}")]
    Step {
        /// Which step, counted from 0.
        step: usize,
        /// What is wrong.
        error: StepError,
    },
}

/// A step that contradicts itself.
#[derive(Debug, Error)]
pub enum StepError {
    /// Metrics of the spec and answers are not as many.
    #[error("metrics has {got} answers for {wanted} metrics of the spec")]
    Answers {
        /// In the step.
        got: usize,
        /// In the spec.
        wanted: usize,
    },
    /// An answer is none of the three that it may be, or several.
    #[error("metrics[{0}] has not one of pods, values and error, but none or several")]
    Answer(usize),
    /// A text is not the number beside it.
    #[error("quantity {text:?} is {read} thousandths, but {recorded} are recorded")]
    Thousandths {
        /// The text.
        text: String,
        /// What it reads as.
        read: i64,
        /// What stands beside it.
        recorded: i64,
    },
    /// A text is no quantity.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// Time does not run backwards.
    #[error("its t is before that of the step before it")]
    Backwards,
}

/// Replays an episode: the differences, and how many syncs there were.
///
/// `class`: whose rules are to be followed; by the version in the episode where there is none.
///
/// # Errors
/// When the episode cannot be replayed, which is not a difference.
pub fn replay(
    episode: Episode,
    class: Option<Class>,
) -> Result<(usize, Vec<Difference>), EpisodeError> {
    let class = match class {
        Some(class) => class,
        None => episode.k8s.ok_or(EpisodeError::NoVersion)?.parse()?,
    };
    let controller = Controller {
        class,
        gates: Gates {
            scale_to_zero: episode.gates.scale_to_zero,
            configurable_tolerance: episode.gates.configurable_tolerance,
        },
        flags: flags(episode.flags),
    };
    if episode.steps.is_empty() {
        return Err(EpisodeError::Empty);
    }
    let conditions = episode.initial_conditions.iter();
    let conditions = conditions.map(|text| text.parse::<Condition>());
    let mut state = State::with_conditions(conditions.collect::<Result<Vec<_>, _>>()?);
    let policy =
        |spec, step| Policy::try_from(spec).map_err(|error| EpisodeError::Policy { step, error });
    let mut current = policy(episode.hpa_spec, 0)?;
    let mut seen = Seen::default();
    let mut differences = Vec::new();
    let mut before = f64::NEG_INFINITY;
    let syncs = episode.steps.len();
    for (index, mut step) in episode.steps.into_iter().enumerate() {
        let wrong = |error| EpisodeError::Step { step: index, error };
        if step.t < before {
            return Err(wrong(StepError::Backwards));
        }
        before = step.t;
        if let Some(spec) = step.hpa_spec.take() {
            current = policy(spec, index)?;
        }
        if step.restart {
            state.restart();
        }
        replay_step(
            &controller,
            &current,
            &mut state,
            &mut seen,
            &step,
            |difference| {
                differences.push(Difference {
                    step: index,
                    ..difference
                });
            },
        )
        .map_err(wrong)?;
    }
    Ok((syncs, differences))
}

fn replay_step(
    controller: &Controller,
    policy: &Policy,
    state: &mut State,
    seen: &mut Seen,
    step: &Step,
    differs: impl FnMut(Difference),
) -> Result<(), StepError> {
    let now = seen.read(step, policy)?;
    let readings = seen.readings();
    let inputs = seen.inputs(step, controller, policy, &readings);
    let outcome = sync(state, &inputs, now);
    let place = Place { step, policy };
    compare(&place, &outcome, differs);
    Ok(())
}

fn flags(flags: Flags) -> crate::class::Flags {
    let seconds = |seconds: f64| {
        // Not a number and negative ones are zero.
        Duration::from_millis((seconds * 1_000.0).round() as u64)
    };
    crate::class::Flags {
        downscale_stabilization: seconds(flags.downscale_stabilization),
        cpu_initialization_period: seconds(flags.cpu_initialization_period),
        initial_readiness_delay: seconds(flags.initial_readiness_delay),
        tolerance: flags.tolerance,
    }
}
