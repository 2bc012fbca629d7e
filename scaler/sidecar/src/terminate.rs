//! `terminate`: says that the pod ends.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use bridge::Time;
use reach::uptime;

use crate::args::Terminate;
use crate::store::{File, disk};

/// Says that the pod ends: to `serve`, to the one of it that may be started anew, and to `wait`.
///
/// # Errors
/// What the system says.
pub fn run(arguments: &Terminate) -> io::Result<()> {
    mark(&arguments.state, uptime())
}

/// Writes down that the pod ends, and since when. Who did so first is right: a kubelet that was restarted tells everybody anew.
fn mark(state: &Path, now: Time) -> io::Result<()> {
    let path = state.join(File::Terminating.path());
    if disk::exists(&path) {
        return Ok(());
    }
    let now = now.as_millis().to_string();
    disk::write(&path, now.as_bytes()).or_else(|error| {
        // A volume that is full may still take a name: since when is then the moment at which it is seen.
        let named = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map(drop);
        match named {
            Err(again) if again.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_first_that_the_pod_ends_is_right() {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join(File::Terminating.path());
        for millis in [7_000, 9_000] {
            mark(volume.path(), Time::from_millis(millis)).unwrap();
            let written = disk::read::<Time>(&path).unwrap();
            assert_eq!(written, Some(Time::from_millis(7_000)));
        }
    }

    #[test]
    fn where_nothing_can_be_written_that_is_an_error() {
        let volume = tempfile::tempdir().unwrap();
        std::fs::write(volume.path().join("state"), "").unwrap();
        assert!(mark(volume.path(), Time::from_millis(1)).is_err());
    }
}
