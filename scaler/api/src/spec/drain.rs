//! How bridges are emptied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, Limit};

/// How bridges are emptied before they are removed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Drain {
    /// How long a bridge may drain before onDeadline happens. The moment is set when a drain begins: a changed deadline holds
    /// for new drains only, and a bridge that is taken back and drained again gets the whole time anew.
    pub deadline: Duration,

    /// The same for a bridge whose node is about to leave: cordoned, or chosen by Karpenter or the Cluster Autoscaler.
    pub node_deadline: Duration,

    /// The same for a bridge whose node is about to be taken away within minutes (spot capacity). 0s: at once.
    pub interruption_deadline: Duration,

    /// What happens to people who are still on a draining bridge at its deadline. Move: jicofo moves them to other bridges, a
    /// gap of about a second. Wait: nothing, the drain goes on until the last person leaves. Kill: the bridge is removed, and
    /// they are cut off.
    pub on_deadline: OnDeadline,

    /// How long a bridge must be seen empty before it is removed: jicofo learns of a drain within 5 seconds, and a conference
    /// that it placed in between must have arrived. Less than 10s is for tests.
    pub settle: Duration,

    /// How many bridges drain at once: a number, or a share of the pool's bridges such as "25%", rounded up. Bridges on
    /// leaving nodes are drained beyond it. With slots it must be a number.
    pub max_concurrent: Limit,

    /// The pause between two conferences that are moved off a bridge.
    pub move_interval: Duration,

    /// How long moving a bridge's conferences one by one may take. What is left then is moved at once, by the bridge's own
    /// shutdown.
    pub expel_timeout: Duration,

    /// How long a bridge that was told to shut down is waited for before it is removed: its own delay is 60 seconds. One that
    /// does as it was told is never removed before jicofo knows, however short this is.
    pub shutdown_timeout: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            deadline: Duration::from_hours(1),
            node_deadline: Duration::from_mins(10),
            interruption_deadline: Duration::ZERO,
            on_deadline: OnDeadline::Move,
            settle: Duration::from_secs(15),
            max_concurrent: Limit::Percent(25),
            move_interval: Duration::from_secs(2),
            expel_timeout: Duration::from_mins(5),
            shutdown_timeout: Duration::from_secs(75),
        }
    }
}

/// What happens to people who are still on a draining bridge at its deadline.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(inline)]
pub enum OnDeadline {
    #[expect(missing_docs, reason = "the field says what each does")]
    Move,
    #[expect(missing_docs, reason = "the field says what each does")]
    Wait,
    #[expect(missing_docs, reason = "the field says what each does")]
    Kill,
}
