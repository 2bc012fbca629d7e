//! The annotations of a bridge's pod: what was decided about it, so that whoever leads next goes on from there.

use bridge::Time;
use bridge::stats::StartupTime;
use serde::{Deserialize, Serialize};

use crate::key::{Key, Value, parse_name, print_name};
use crate::state::{Intent, IntentReason};

/// What the pool intends with the bridge. Written before anything is done about it.
pub const INTENT: Key<Intent> = Key::new("bridgetender.dev/intent");

/// Why.
pub const INTENT_REASON: Key<IntentReason> = Key::new("bridgetender.dev/intent-reason");

/// Since when.
pub const INTENT_SINCE: Key<Time> = Key::new("bridgetender.dev/intent-since");

/// Until when the bridge may drain: absolute, set once for each drain, gone when the drain is called off.
pub const DEADLINE: Key<Time> = Key::new("bridgetender.dev/deadline");

/// Which run of the bridge confirmed the drain mode that the intent asks for.
pub const DRAIN_ACKED: Key<DrainAcked> = Key::new("bridgetender.dev/drain-acked");

/// Since when a draining bridge has been seen empty without a break.
pub const ZERO_SINCE: Key<Time> = Key::new("bridgetender.dev/zero-since");

/// `true`: an operator wants this bridge left alone; it is never chosen to be drained.
pub const PINNED: Key<bool> = Key::new("bridgetender.dev/pinned");

/// `true`: an operator wants this bridge drained before all others.
pub const DRAIN_REQUESTED: Key<bool> = Key::new("bridgetender.dev/drain-requested");

/// `true`: an operator wants this bridge removed at once, with the people who are on it.
pub const FORCE: Key<bool> = Key::new("bridgetender.dev/force");

/// On a pool that is being deleted, `true`: let it go without waiting for its bridges to drain.
pub const RELEASED: Key<bool> = Key::new("bridgetender.dev/released");

/// On a pod's template: the port of the bridge's HTTP interface, where no container port is named `metrics`. The adapter's.
pub const METRICS_PORT: Key<u32> = Key::new("bridgetender.dev/metrics-port");

/// The bridge's configuration, as `custom-jvb.conf`: the pod's own volume of the downward API gives it to the container.
pub const JVB_CONF: Key<String> = Key::new("bridgetender.dev/jvb-conf");

/// One run of a bridge, and what it confirmed. Another container or another start of the bridge has confirmed nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DrainAcked {
    /// The container's ID, as the pod's status tells it.
    #[serde(rename = "containerID")]
    pub container_id: String,
    /// The bridge's own start, in milliseconds as it tells it.
    pub startup_time: StartupTime,
    /// Its drain mode, `true` is hidden from new conferences; `None` when another one is wanted since, which it has not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<bool>,
    /// Whether it had been in its brewery by then. Where that is not said it is taken to have been: of one that has left its brewery
    /// nobody can be believed to have left.
    #[serde(default = "joined")]
    pub joined: bool,
}

const fn joined() -> bool {
    true
}

impl Value for DrainAcked {
    const WANTED: &'static str = "JSON such as {\"containerID\":\"containerd://1f6d\",\"startup_time\":1772443800000,\"drain\":true,\"joined\":true}";

    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text)
            .ok()
            .filter(|acked: &Self| !acked.container_id.is_empty())
    }

    fn print(&self) -> String {
        // A text, a number and a flag always have a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Value for Intent {
    const WANTED: &'static str = "one of \"active\", \"warm\", \"drain\", \"expel\" and \"remove\"";

    fn parse(text: &str) -> Option<Self> {
        parse_name(text)
    }

    fn print(&self) -> String {
        print_name(self)
    }
}

impl Value for IntentReason {
    const WANTED: &'static str = "a reason, such as \"ScaleDown\" or \"NodeLeaving\"";

    fn parse(text: &str) -> Option<Self> {
        parse_name(text)
    }

    fn print(&self) -> String {
        print_name(self)
    }
}
