//! The labels of a bridge's pod: few, because they are there to be selected by.

use crate::key::{Key, Value, parse_name, print_name};
use crate::state::State;

/// The name of the pool that the pod belongs to.
pub const POOL: Key<String> = Key::new("bridgetender.dev/pool");

/// `true` on the pods that the HPA sees; not there on the others.
pub const COUNTED: Key<bool> = Key::new("bridgetender.dev/counted");

/// `true` on the pods that must not be evicted, from their creation until they are proven empty; not there on the others.
pub const PROTECTED: Key<bool> = Key::new("bridgetender.dev/protected");

/// The state, for people and dashboards. Nothing is decided by it.
pub const STATE: Key<State> = Key::new("bridgetender.dev/state");

/// Which revision of the pool's template the pod was made from.
pub const REVISION: Key<String> = Key::new("bridgetender.dev/revision");

/// The bridge's number among the slots of the pool.
pub const SLOT: Key<u32> = Key::new("bridgetender.dev/slot");

/// Which creation of the pool this pod came from: a creation that was repeated because its reply got lost is found by it.
pub const CREATION: Key<String> = Key::new("bridgetender.dev/creation");

/// Selects the counted pods of a pool: what `status.selector` says and the HPA follows.
pub fn counted_selector(pool: &str) -> String {
    format!("{}={pool},{}=true", POOL.name(), COUNTED.name())
}

impl Value for State {
    const WANTED: &'static str = "the name of a state, such as \"Active\" or \"Draining\"";

    fn parse(text: &str) -> Option<Self> {
        parse_name(text)
    }

    fn print(&self) -> String {
        print_name(self)
    }
}
