//! The configuration: the command line, checked.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use reach::Loopback;
use scaler_policy::election::Pace;
use scaler_policy::world::Tuning;

use crate::args::{Arguments, Asking, Cluster, Deciding, Election, Pods, Signing, Telling};
use crate::keys::Pace as KeyPace;

/// What the controller runs with; made from a command line by [`Config::try_from`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Kubeconfig; without it `$KUBECONFIG`, then the pod's own service account.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Namespaces with pools; all where there is none.
    pub(crate) namespaces: Vec<String>,
    /// How long a watch of the API server lasts, in seconds.
    pub(crate) watch_seconds: u32,
    /// How the API server is written to.
    pub(crate) writing: Writing,
    /// How often what is not watched is looked at.
    pub(crate) surroundings_interval: Duration,
    /// Which replica leads.
    pub(crate) lease: Lease,
    /// How bridges are asked.
    pub(crate) asking: Questions,
    /// The times of the keys that sign what bridges are told.
    pub(crate) keys: KeyPace,
    /// The image of the sidecar, where it is told.
    pub(crate) sidecar_image: Option<String>,
    /// Times and limits of the decisions.
    pub(crate) tuning: Tuning,
    /// Where to serve health and metrics.
    pub(crate) bind: SocketAddr,
    /// The pod that this replica runs in, where it is told.
    pub(crate) pod: Option<String>,
    /// Where decisions are written down.
    pub(crate) decision_log: PathBuf,
}

/// How the API server is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing {
    /// How long it has for an answer.
    pub(crate) timeout: Duration,
    /// How many requests may be under way.
    pub(crate) in_flight: usize,
    /// How many may leave in a second.
    pub(crate) per_second: NonZeroU32,
}

/// The Lease, and who asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    /// Its namespace; `None` is the kubeconfig's or the pod's own.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// The name of this replica, which others may have too.
    pub(crate) identity: String,
    /// The times of the election.
    pub(crate) pace: Pace,
}

/// How bridges and jicofo are asked.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    /// Address and port of jicofo, where it is to be asked.
    pub(crate) jicofo: Option<String>,
    /// How long an answer may take.
    pub(crate) deadline: Duration,
    /// How many bridges are asked at the same time.
    pub(crate) in_flight: usize,
    /// Whether bridges are on this machine.
    pub(crate) loopback: Loopback,
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

impl TryFrom<Arguments> for Config {
    type Error = Problems;

    fn try_from(arguments: Arguments) -> Result<Self, Problems> {
        let problems = check(&arguments);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let Arguments {
            cluster,
            election,
            asking,
            signing,
            pods: Pods { sidecar_image },
            deciding,
            telling:
                Telling {
                    bind,
                    pod,
                    decision_log,
                },
            log: _,
        } = arguments;
        let tuning = tuning(&deciding, &asking);
        let Cluster {
            kubeconfig,
            namespaces,
            watch_timeout,
            request_timeout,
            max_requests_in_flight,
            max_requests_per_second,
            surroundings_interval,
        } = cluster;
        Ok(Self {
            kubeconfig,
            namespaces,
            watch_seconds: u32::try_from(watch_timeout.as_secs()).unwrap_or(u32::MAX),
            writing: Writing {
                timeout: request_timeout,
                in_flight: max_requests_in_flight.get(),
                per_second: max_requests_per_second,
            },
            surroundings_interval,
            lease: Lease {
                pace: pace(&election),
                namespace: election.lease_namespace,
                name: election.lease_name,
                identity: election.identity,
            },
            sidecar_image: sidecar_image.filter(|image| !image.is_empty()),
            tuning: Tuning {
                // What was sent has ended, one way or the other, before it is given up.
                request_timeout: request_timeout.max(asking.deadline) * 2,
                ..tuning
            },
            asking: Questions {
                jicofo: asking.jicofo,
                deadline: asking.deadline,
                in_flight: asking.max_looks_in_flight.get(),
                loopback: Loopback::allowed(asking.loopback_bridges),
            },
            keys: key_pace(&signing),
            bind,
            pod: pod.filter(|pod| !pod.is_empty()),
            decision_log,
        })
    }
}

fn pace(election: &Election) -> Pace {
    Pace {
        duration: election.lease_duration,
        renew_deadline: election.renew_deadline,
        retry: election.retry_period,
    }
}

fn key_pace(signing: &Signing) -> KeyPace {
    KeyPace {
        rotation: signing.rotation,
        refresh: signing.refresh,
        overlap: signing.overlap,
    }
}

fn tuning(deciding: &Deciding, asking: &Asking) -> Tuning {
    Tuning {
        presence_interval: deciding.presence_interval,
        look_usually: asking.interval,
        look_soon: asking.interval_closely,
        command_retry: deciding.command_retry,
        creation_backoff: deciding.creation_backoff,
        status_interval: deciding.status_interval,
        mass_window: deciding.mass_window,
        watch_silence: deciding.watch_silence,
        ..Tuning::default()
    }
}

/// The shortest interval: below it bridges are busier with us than with people.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

fn check(arguments: &Arguments) -> Vec<String> {
    let mut problems = Vec::new();
    let Arguments {
        cluster,
        election,
        asking,
        signing,
        pods,
        deciding,
        ..
    } = arguments;
    for (index, namespace) in cluster.namespaces.iter().enumerate() {
        if namespace.is_empty() {
            problems
                .push("--namespaces has an empty name: leave it out for all namespaces".to_owned());
        } else if cluster.namespaces[..index].contains(namespace) {
            problems.push(format!("--namespaces names {namespace} twice"));
        }
    }
    for (flag, duration) in [
        ("--watch-timeout", cluster.watch_timeout),
        ("--surroundings-interval", cluster.surroundings_interval),
        ("--lease-duration", election.lease_duration),
    ] {
        if duration < Duration::from_secs(1) {
            problems.push(format!("{flag} must be at least 1s, not {duration:?}"));
        }
    }
    for (flag, duration) in [
        ("--interval", asking.interval),
        ("--interval-closely", asking.interval_closely),
        ("--request-timeout", cluster.request_timeout),
        ("--deadline", asking.deadline),
        ("--key-refresh", signing.refresh),
        ("--retry-period", election.retry_period),
        ("--presence-interval", deciding.presence_interval),
        ("--command-retry", deciding.command_retry),
    ] {
        if duration < SHORTEST_INTERVAL {
            problems.push(format!(
                "{flag} must be at least {SHORTEST_INTERVAL:?}, not {duration:?}"
            ));
        }
    }
    if asking.interval < asking.interval_closely {
        problems.push(format!(
            "--interval ({:?}) must not be shorter than --interval-closely ({:?})",
            asking.interval, asking.interval_closely
        ));
    }
    if election.lease_duration.subsec_nanos() > 0 {
        problems.push(format!(
            "--lease-duration must be whole seconds, not {:?}: a Lease tells no parts of them, so those who wait would take over early",
            election.lease_duration
        ));
    }
    let in_order = election.retry_period < election.renew_deadline
        && election.renew_deadline < election.lease_duration;
    if !in_order {
        problems.push(format!(
            "--retry-period ({:?}) must be shorter than --renew-deadline ({:?}), and that shorter than --lease-duration ({:?}): \
             two would lead at once",
            election.retry_period, election.renew_deadline, election.lease_duration
        ));
    }
    if deciding.watch_silence < cluster.watch_timeout * 2 {
        problems.push(format!(
            "--watch-silence ({:?}) must be at least twice --watch-timeout ({:?}): a watch may be silent while it lasts",
            deciding.watch_silence, cluster.watch_timeout
        ));
    }
    check_keys(signing, &mut problems);
    if let Some(jicofo) = asking.jicofo.as_ref().filter(|jicofo| !is_address(jicofo)) {
        problems.push(format!(
            "--jicofo: {jicofo:?} is no address with a port, such as jicofo.jitsi:8888"
        ));
    }
    let image = pods.sidecar_image.as_ref();
    if let Some(image) = image.filter(|image| image.contains(char::is_whitespace)) {
        problems.push(format!(
            "--sidecar-image: {image:?} is no image, such as registry.example.org/jvb-sidecar:0.1.0"
        ));
    }
    problems
}

fn check_keys(signing: &Signing, problems: &mut Vec<String>) {
    if signing.rotation < signing.refresh {
        problems.push(format!(
            "--key-rotation ({:?}) must not be shorter than --key-refresh ({:?}): a key would be replaced before it signed",
            signing.rotation, signing.refresh
        ));
    }
    if signing.overlap < KeyPace::SHORTEST_OVERLAP {
        problems.push(format!(
            "--key-overlap must be at least {:?}, not {:?}: tokens that are on the way would be denied",
            KeyPace::SHORTEST_OVERLAP,
            signing.overlap
        ));
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<http::uri::Authority>()
        .is_ok_and(|authority| authority.port_u16().is_some() && !text.contains('@'))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, Problems> {
        let arguments = ["jvb-scaler"].iter().chain(arguments);
        Config::try_from(Arguments::try_parse_from(arguments).unwrap())
    }

    #[test]
    fn the_defaults_are_legal_and_the_policys_own() {
        assert_eq!(config(&[]).unwrap().tuning, Tuning::default());
    }

    #[test]
    fn every_problem_is_told_at_once_and_names_its_flag() {
        let problems = config(&[
            "--namespaces=a,,a",
            "--watch-timeout=0s",
            "--surroundings-interval=0s",
            "--interval=10ms",
            "--interval-closely=0s",
            "--request-timeout=0s",
            "--deadline=0s",
            "--lease-duration=5s",
            "--presence-interval=0s",
            "--command-retry=0s",
            "--jicofo=jicofo",
            "--key-refresh=10ms",
            "--key-rotation=1ms",
            "--key-overlap=1m",
            "--sidecar-image=jvb sidecar",
        ])
        .unwrap_err()
        .to_string();
        for flag in [
            "--namespaces has an empty name",
            "--namespaces names a twice",
            "--watch-timeout",
            "--surroundings-interval",
            "--interval ",
            "--interval-closely",
            "--request-timeout",
            "--deadline",
            "--lease-duration",
            "--presence-interval",
            "--command-retry",
            "--jicofo",
            "--key-refresh must",
            "--key-rotation (1ms)",
            "--key-overlap",
            "--sidecar-image",
        ] {
            assert!(problems.contains(flag), "{flag} is not in\n{problems}");
        }
    }

    #[test]
    fn a_leader_stops_before_another_one_begins() {
        assert!(config(&["--renew-deadline=15s"]).is_err());
        assert!(config(&["--retry-period=10s"]).is_err());
        // Others see 15 s in the Lease, and would take over before it stops.
        let problems = config(&["--lease-duration=15900ms", "--renew-deadline=15500ms"]);
        let problems = problems.unwrap_err().to_string();
        assert!(
            problems.contains("--lease-duration must be whole seconds"),
            "{problems}"
        );
        assert!(config(&["--lease-duration=16s", "--renew-deadline=15500ms"]).is_ok());
    }

    #[test]
    fn jicofo_has_a_port() {
        for (jicofo, legal) in [
            ("jicofo:8888", true),
            ("10.1.2.3:8888", true),
            ("[fd00::1]:8888", true),
            ("jicofo", false),
            ("http://jicofo:8888", false),
            ("user@jicofo:8888", false),
        ] {
            let flag = format!("--jicofo={jicofo}");
            assert_eq!(config(&[&flag]).is_ok(), legal, "{jicofo}");
        }
    }
}
