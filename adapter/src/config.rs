//! The configuration: the command line, checked.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use reach::Loopback;

use crate::api::UserQuota;
use crate::args::{Arguments, Cluster, Scraping, Serving, Telling};
use crate::authority::{self, Named};
use crate::scraping::{Freshness, Pace};
use crate::serving::Files;
use crate::telling::{Metrics, Rules};

mod check;

/// What the adapter runs with; made from a command line by [`Config::try_from`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port to serve HTTPS on.
    pub(crate) bind: SocketAddr,
    /// Whether external metrics are served.
    pub(crate) external_metrics: bool,
    /// Where the serving certificate comes from.
    pub(crate) certificate: Certificate,
    /// Whether HTTP/2 is not spoken.
    pub(crate) http1_only: bool,
    /// How often one user may ask.
    pub(crate) user_quota: UserQuota,
    /// How long to answer as before after the signal to end.
    pub(crate) shutdown_delay: Duration,
    /// Kubeconfig; without it `$KUBECONFIG`, then the pod's own service account.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Namespaces with bridges; all where there is none.
    pub(crate) namespaces: Vec<String>,
    /// Label selector of the pods with a bridge.
    pub(crate) bridges: String,
    /// How long a watch of the API server lasts, in seconds.
    pub(crate) watch_seconds: u32,
    /// How long the API server is waited for at the start.
    pub(crate) start_timeout: Duration,
    /// How bridges are asked.
    pub(crate) pace: Pace,
    /// What may be told of them.
    pub(crate) rules: Rules,
    /// The table of metrics.
    pub(crate) metrics: Metrics,
}

/// Where the serving certificate comes from.
#[derive(Clone, Debug)]
pub(crate) enum Certificate {
    /// Files that somebody else replaces.
    Files(Files),
    /// An authority of our own.
    Own(authority::Settings),
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

    #[expect(
        clippy::too_many_lines,
        reason = "a line for each flag, and none that decides"
    )]
    fn try_from(arguments: Arguments) -> Result<Self, Problems> {
        let mut problems = check::all(&arguments);
        let Arguments {
            serving:
                Serving {
                    bind,
                    tls_cert_file,
                    tls_private_key_file,
                    external_metrics,
                    tls_secret,
                    service,
                    ca_lifetime,
                    leaf_lifetime,
                    http1_only,
                    user_requests_per_second,
                    user_requests_burst,
                    unlimited_users,
                    shutdown_delay,
                },
            cluster:
                Cluster {
                    kubeconfig,
                    namespaces,
                    bridges,
                    watch_timeout,
                    start_timeout,
                },
            scraping:
                Scraping {
                    interval,
                    deadline,
                    max_scrapes_in_flight,
                    max_scrapes_per_second,
                    fresh_within,
                    fresh_budget,
                    loopback_bridges,
                    extra_metrics,
                },
            telling:
                Telling {
                    max_age,
                    stress_unknown_for,
                    hold_last,
                    min_coverage,
                    full_stress,
                },
            log: _,
        } = arguments;
        let certificate = match (tls_secret, tls_cert_file, tls_private_key_file) {
            (Some(secret), _, _) => Some(Certificate::Own(authority::Settings {
                service: service.unwrap_or_else(|| Named {
                    namespace: secret.namespace.clone(),
                    name: "jvb-adapter".to_owned(),
                }),
                secret,
                ca_lifetime,
                leaf_lifetime,
            })),
            (None, Some(certificate), Some(key)) => {
                Some(Certificate::Files(Files { certificate, key }))
            }
            (None, None, None) => {
                problems.push(
                    "--tls-cert-file and --tls-private-key-file must be set, or --tls-secret: an API server is only asked over \
                     verified TLS"
                        .to_owned(),
                );
                None
            }
            (None, certificate, key) => {
                for (flag, given) in [
                    ("--tls-cert-file", certificate),
                    ("--tls-private-key-file", key),
                ] {
                    if given.is_none() {
                        problems.push(format!(
                            "{flag} must be set too: certificate and key belong together"
                        ));
                    }
                }
                None
            }
        };
        let metrics = Metrics::new(&extra_metrics)
            .map_err(|twice| {
                problems.push(format!(
                    "--extra-metric: there would be two metrics named {twice}"
                ));
            })
            .ok();
        match (metrics, certificate) {
            (Some(metrics), Some(certificate)) if problems.is_empty() => Ok(Self {
                bind,
                external_metrics,
                certificate,
                http1_only,
                shutdown_delay,
                user_quota: UserQuota {
                    per_second: NonZeroU32::new(user_requests_per_second),
                    burst: user_requests_burst,
                    unlimited: unlimited_users.into_iter().collect(),
                },
                kubeconfig,
                namespaces,
                bridges,
                watch_seconds: u32::try_from(watch_timeout.as_secs()).unwrap_or(u32::MAX),
                start_timeout,
                pace: Pace {
                    interval,
                    deadline,
                    in_flight: max_scrapes_in_flight,
                    per_second: max_scrapes_per_second,
                    loopback: Loopback::allowed(loopback_bridges),
                    freshness: Freshness {
                        within: fresh_within,
                        budget: fresh_budget,
                    },
                },
                rules: Rules {
                    max_age,
                    stress_unknown_for,
                    hold_last,
                    min_coverage,
                    full_stress,
                },
                metrics,
            }),
            _ => Err(Problems(problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, Problems> {
        let files = [
            "jvb-adapter",
            "--tls-cert-file=c",
            "--tls-private-key-file=k",
        ];
        let arguments = files.iter().chain(arguments);
        Config::try_from(Arguments::try_parse_from(arguments).unwrap())
    }

    #[test]
    fn the_defaults_are_legal() {
        let config = config(&[]).unwrap();
        assert_eq!(config.pace.interval, Duration::from_secs(5));
        assert_eq!(config.rules.hold_last, Duration::from_mins(5));
    }

    #[test]
    fn every_problem_is_told_at_once_and_names_its_flag() {
        let arguments = [
            "jvb-adapter",
            "--bridges=a in",
            "--namespaces=a,,a,kube-System",
            "--interval=1ms",
            "--watch-timeout=0s",
            "--start-timeout=0s",
            "--deadline=0s",
            "--max-age=0s",
            "--min-coverage=1.5",
            "--full-stress=0",
            "--fresh-within=1ms",
            "--fresh-budget=1m",
            "--extra-metric=participants=endpoints",
        ];
        let problems = Config::try_from(Arguments::try_parse_from(arguments).unwrap())
            .unwrap_err()
            .to_string();
        for flag in [
            "--bridges",
            "--namespaces has an empty name",
            "--namespaces names a twice",
            "--namespaces: `kube-System` is no name",
            "--interval",
            "--watch-timeout",
            "--start-timeout",
            "--deadline",
            "--max-age",
            "--min-coverage",
            "--full-stress",
            "--fresh-within",
            "--fresh-budget",
            "--extra-metric",
            "--tls-cert-file",
            "--tls-private-key-file",
        ] {
            assert!(problems.contains(flag), "{flag} is not in\n{problems}");
        }
    }

    #[test]
    fn a_total_never_forgets_before_its_pods_do() {
        assert!(config(&["--max-age=1m", "--hold-last=30s"]).is_err());
    }

    #[test]
    fn no_lifetime_is_too_long_to_be_reckoned_with() {
        for lifetime in ["101years", "9000years", "500000000000years"] {
            let ca = format!("--ca-lifetime={lifetime}");
            let leaf = format!("--leaf-lifetime={lifetime}");
            let problems = config(&[&ca, &leaf]).unwrap_err().to_string();
            assert!(
                problems.contains("--ca-lifetime must be at most 100years"),
                "{problems}"
            );
        }
        assert!(config(&["--ca-lifetime=100years", "--leaf-lifetime=33years"]).is_ok());
    }

    #[test]
    fn a_selector_of_everything_is_refused() {
        assert!(config(&["--bridges="]).is_err());
    }

    #[test]
    fn no_fraction_is_not_a_number() {
        assert!(config(&["--min-coverage=NaN"]).is_err());
        assert!(config(&["--full-stress=NaN"]).is_err());
    }
}
