//! Limits of this process.

use std::sync::Once;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Raises the number of files that this process may have open to what it is allowed at most: each bridge is a listener and a
/// few connections, and many systems begin with 1,024.
pub(crate) fn raise_open_files() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current == maximum {
            return;
        }
        let most = Rlimit {
            current: maximum,
            maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, most) {
            warn!("open files stay limited to {current:?}: {error}; `ulimit -n` raises it");
        }
    });
}
