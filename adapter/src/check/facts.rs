//! What was learned of the chain, before anybody judges it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bridge::Time;

use crate::telling::Resource;

/// Why something is not known.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unknown {
    /// Whoever runs the check may not see it.
    #[error("you may not look: {0}")]
    Forbidden(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Something that could be looked at, or why not.
pub(super) type Known<T> = Result<T, Unknown>;

/// A namespace and a name in it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Named {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Everything that was learned.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The time here.
    pub(super) now: Time,
    /// Address and version of the API server.
    pub(super) server: String,
    /// What it says of the time.
    pub(super) server_clock: Option<Moment>,
    /// The label selector of bridges.
    pub(super) selector: String,
    /// The only namespace that is looked at.
    pub(super) namespace: Option<String>,
    /// The APIServices, by name: both versions of the custom metrics API, then the external one.
    pub(super) services: Vec<(String, Known<Option<Aggregated>>)>,
    /// The adapter's Service where no APIService leads to it, with the port that it is reached on.
    pub(super) home: Known<Option<(Named, i32)>>,
    /// The Deployment that looks like the adapter's, where the Service is missing that should lead to it.
    pub(super) deployment: Option<String>,
    /// As whom the adapter calls the API server.
    pub(super) identity: Known<Named>,
    /// The Secret with the certificate that the adapter serves, as far as its pods show it.
    pub(super) certificate: Option<Named>,
    /// The Secret in which it keeps an authority of its own, where it does, and whether it is there.
    pub(super) own_authority: Option<(Named, Known<bool>)>,
    /// What somebody needs to be allowed, and whether it is.
    pub(super) rights: Vec<(Need, Known<bool>)>,
    /// The resources of each version of the custom metrics API.
    pub(super) resources: Vec<(String, Known<Option<Vec<String>>>)>,
    /// The group versions that aggregated discovery calls stale.
    pub(super) stale: Known<Vec<String>>,
    /// The pods that the selector means.
    pub(super) bridges: Known<Vec<Bridge>>,
    /// What the adapter tells of the stress of each namespace's pods.
    pub(super) told: BTreeMap<String, Known<BTreeMap<String, String>>>,
    /// The HPAs with other metrics than CPU and memory.
    pub(super) autoscalers: Known<Vec<Autoscaler>>,
}

/// Another clock, read over the network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Moment {
    /// What it said, in whole seconds, rounded down.
    pub(super) told: Time,
    /// When it was asked, by the clock here.
    pub(super) asked: Time,
    /// When the answer was here.
    pub(super) answered: Time,
}

/// An APIService.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Aggregated {
    /// The Service; none where the API server serves the group itself.
    pub(super) service: Option<Named>,
    /// The condition Available; none before the API server has looked.
    pub(super) available: Option<Condition>,
    /// The authorities to trust.
    pub(super) trust: Trust,
    /// Whether the certificate is verified at all.
    pub(super) insecure: bool,
    /// What a handshake from here showed.
    pub(super) served: Served,
}

/// A condition of an object's status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Condition {
    pub(super) kind: String,
    pub(super) is_true: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

/// A caBundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    /// There is none.
    Absent,
    /// There is one in which nobody finds a certificate.
    Unreadable(String),
    /// From when to when each of its authorities is valid.
    Authorities(Vec<(Time, Time)>),
}

/// What a TLS handshake with the adapter's Service showed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Served {
    /// The certificate verifies against the caBundle for the Service's name.
    Verified {
        /// When it ends.
        until: Time,
        /// How long it is valid in all.
        lifetime: Duration,
    },
    /// It does not.
    Refused(String),
    /// Nobody can be asked from here.
    Unreachable(String),
}

/// Something that somebody must be allowed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// The HPA reads the stress of this namespace's pods.
    ReadStress(String),
    /// The adapter lists and watches pods; none: everywhere.
    WatchPods(Option<String>),
    /// The adapter lists and watches Services; none: everywhere.
    WatchServices(Option<String>),
    /// The adapter asks whose a token is.
    ReviewTokens,
    /// The adapter asks who may read.
    ReviewAccess,
    /// The adapter reads how the API server authenticates itself.
    ReadAuthentication,
    /// The adapter keeps an authority of its own in this Secret.
    KeepAuthority(Named),
    /// The adapter publishes that authority in its APIServices.
    PublishAuthority,
}

/// A pod with a bridge.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bridge {
    pub(super) pod: Named,
    pub(super) phase: String,
    /// Why a container waits or ended, as the kubelet says it.
    pub(super) trouble: Option<String>,
    pub(super) ready: bool,
    pub(super) leaving: bool,
    /// How long its container has been running.
    pub(super) age: Option<Duration>,
    /// Where it is asked.
    pub(super) address: Option<SocketAddr>,
    /// Name of the container with the bridge.
    pub(super) container: String,
    /// What owns it.
    pub(super) workload: Option<Workload>,
    /// Its CPU limit.
    pub(super) limit: Option<String>,
    /// The CPU that it asks for, in whole cores, rounded up.
    pub(super) cores: Option<u32>,
    /// Whether its configuration, as far as the pod shows it, asks for stress by packets.
    pub(super) by_packets: bool,
    pub(super) asked: Asked,
}

/// An owner of bridges: a Deployment rather than its ReplicaSet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Workload {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: String,
}

impl Workload {
    /// Whether it has a size that an HPA can set.
    pub(super) fn is_scalable(&self) -> bool {
        self.kind != "DaemonSet"
    }

    /// Whether it is a BridgePool.
    pub(super) fn is_pool(&self) -> bool {
        self.kind == Resource::BridgePools.kind()
    }
}

/// As kubectl takes it.
impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// What a bridge said when it was asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// Not Running, or on its way out.
    Not,
    /// Statistics.
    Answered {
        /// None where it says none that can be true.
        stress: Option<f64>,
        clock: Option<Moment>,
        by: By,
    },
    /// No statistics.
    Failed {
        class: &'static str,
        text: String,
        by: By,
    },
    /// It could not be asked from here.
    Unreachable(String),
}

/// Which way a bridge was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    /// At the pod's own address, as the adapter does.
    Address,
    /// Through the API server.
    Proxy,
}

/// What stands for the external metrics API where a metric's resource would.
pub(super) const EXTERNAL: &str = "external";

/// An HPA.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Autoscaler {
    pub(super) hpa: Named,
    /// Kind and name of what it scales.
    pub(super) target: String,
    /// Whether that can be scaled.
    pub(super) scalable: Known<bool>,
    /// The metrics that it asks for: the resource and the metric's name; [`EXTERNAL`] and the name for external ones.
    pub(super) metrics: Vec<String>,
    pub(super) conditions: Vec<Condition>,
    pub(super) max: i32,
    pub(super) desired: Option<i32>,
}
