//! The configuration of `serve`: the command line, checked.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::{Ending, Serve};
use crate::ending::Times;

/// The shortest pause between two looks.
const SHORTEST: Duration = Duration::from_millis(100);

/// What the sidecar runs with; made from a command line by [`Config::new`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to serve.
    pub(crate) listen: SocketAddr,
    /// Where the bridge is.
    pub(crate) bridge: SocketAddr,
    /// The shared volume.
    pub(crate) state: PathBuf,
    /// The controller's public keys.
    pub(crate) keys: PathBuf,
    /// The pod's annotations.
    pub(crate) annotations: PathBuf,
    /// The pod that tokens are for.
    pub(crate) pod_uid: String,
    /// Time between two looks at the bridge.
    pub(crate) interval: Duration,
    /// Time that the bridge has for its whole answer.
    pub(crate) deadline: Duration,
    /// The times of the pod's end.
    pub(crate) times: Times,
}

/// Everything that is wrong with a command line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(Vec<String>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Config {
    /// Checks a command line. `environment` is the pod's UID as its environment tells it, where it does.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn new(arguments: Serve, environment: Option<String>) -> Result<Self, Problems> {
        let Serve {
            listen,
            bridge,
            state,
            keys,
            annotations,
            pod_uid,
            interval,
            deadline,
            grace,
            ending:
                Ending {
                    shutting_down_delay,
                    margin,
                    settle,
                },
        } = arguments;
        let mut problems = Vec::new();
        let pod_uid = pod_uid
            .or(environment)
            .map(|uid| uid.trim().to_owned())
            .filter(|uid| !uid.is_empty());
        if pod_uid.is_none() {
            problems.push(
                "--pod-uid is not given: set it, or POD_UID, from metadata.uid by the downward API; tokens are for one pod alone"
                    .to_owned(),
            );
        }
        for (flag, duration) in [("--interval", interval), ("--deadline", deadline)] {
            if duration < SHORTEST {
                problems.push(format!(
                    "{flag} is {duration:?}, which is shorter than {SHORTEST:?}"
                ));
            }
        }
        if grace.is_zero() {
            problems.push(
                "--grace is zero: set terminationGracePeriodSeconds of the pod's template, and the same here"
                    .to_owned(),
            );
        }
        if listen == bridge {
            problems.push(format!(
                "--listen and --bridge are both {bridge}: the sidecar serves on the pod's address, the bridge on loopback"
            ));
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(Self {
            listen,
            bridge,
            state,
            keys,
            annotations,
            pod_uid: pod_uid.unwrap_or_default(),
            interval,
            deadline,
            times: Times {
                grace,
                shutting_down_delay,
                margin,
                settle,
            },
        })
    }
}
