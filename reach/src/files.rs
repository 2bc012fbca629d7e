//! How many files this process may have open: each bridge has a connection, and each client.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A thousand connections of clients and as many bridges fit in this, and what else there is open.
const FEW: u64 = 4096;

/// Raises the number of files that this process may have open to what it is allowed at most: many systems begin with 1,024 and
/// leave it to each program to take more. Says so in the log where that is little.
pub fn raise() {
    let limits = getrlimit(Resource::Nofile);
    let Rlimit { current, maximum } = limits;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let open_files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the number of files that may be open cannot be raised");
            current
        }
    };
    // None is no limit.
    if let Some(open_files) = open_files.filter(|files| *files < FEW) {
        tracing::warn!(
            open_files,
            "few files may be open at once: one for each bridge and each client; raise the container's limit (`ulimit -Hn`)"
        );
    }
}
