//! What is kept of an HPA from one sync to the next.

use bridge::Time;

use crate::condition::{Condition, Conditions};
use crate::event::Event;
use crate::history::History;
use crate::proposal::Evaluation;

/// What the controller remembers, and what it has written into the HPA's status.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) history: History,
    pub(crate) status: Status,
    /// What the last sync told; kept here so that a sync need not allocate.
    pub(crate) events: Vec<Event>,
    /// The metrics of the status, where it has any.
    pub(crate) metrics: Vec<Evaluation>,
    pub(crate) has_metrics: bool,
}

/// The `status` of an HPA; its metrics come with each [`crate::Outcome`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Status {
    /// How many replicas were wanted when it was last written.
    pub current_replicas: i32,
    /// How many are wanted since.
    pub desired_replicas: i32,
    /// The last change of size, in whole seconds as the API keeps it.
    pub last_scale_time: Option<Time>,
    /// The conditions.
    pub conditions: Conditions,
}

impl State {
    /// An HPA that has these conditions already, before its controller has looked at it.
    pub fn with_conditions(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self {
            status: Status {
                conditions: conditions.into_iter().collect(),
                ..Status::default()
            },
            ..Self::default()
        }
    }

    /// The controller has restarted, or another one leads: what it remembered is lost, the status is kept.
    pub fn restart(&mut self) {
        self.history = History::default();
    }

    /// The status as it is.
    pub fn status(&self) -> &Status {
        &self.status
    }
}
