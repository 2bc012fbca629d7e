//! Replicas of jvb-adapter, aggregated by the API server, as tests speak of them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use adapter::Config;
use adapter::args::Arguments;
use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::laboratory::Laboratory;
use crate::link::Link;
use crate::place::{Place, Priority};
use crate::readiness::Readiness;
use crate::replica::{Running, replace};

/// What the adapter may do, in the words that operators get.
const RBAC: &str = include_str!("../../adapter/rbac.yaml");
/// The same for an adapter that sees the namespace `jitsi` alone.
const RBAC_NAMESPACED: &str = include_str!("../../adapter/rbac-namespaced.yaml");
const NAMESPACE: &str = "bridgetender";
const NAME: &str = "jvb-adapter";
const GROUP: &str = "custom.metrics.k8s.io";
const EXTERNAL_GROUP: &str = "external.metrics.k8s.io";

/// How long a replica may take to be ready or to end, and the API server to find the adapter available.
const AVAILABLE: Duration = Duration::from_mins(2);

/// Adapters that are not started yet.
pub struct AdapterBuilder<'a> {
    lab: &'a Laboratory,
    replicas: u8,
    versions: Vec<&'static str>,
    external: bool,
    rbac: &'static str,
    arguments: Vec<String>,
    own_authority: bool,
    link: Option<&'a Link>,
}

/// Running replicas of the adapter behind one Service, which leads to those that are ready.
pub struct Adapters {
    place: Place,
    readiness: Readiness,
    kubeconfig: PathBuf,
    arguments: Vec<String>,
    replicas: Vec<Replica>,
}

struct Replica {
    address: SocketAddr,
    running: Option<Running>,
}

impl Laboratory {
    /// One replica that reads each bridge every second and believes a stress after two, serving both versions.
    pub fn adapter(&self) -> AdapterBuilder<'_> {
        AdapterBuilder {
            lab: self,
            replicas: 1,
            versions: vec!["v1beta2", "v1beta1"],
            own_authority: false,
            external: false,
            rbac: RBAC,
            arguments: vec![
                "--interval=1s".to_owned(),
                "--stress-unknown-for=2s".to_owned(),
                // Tests that end the adapter do not wait; the one of the delay itself sets it.
                "--shutdown-delay=0s".to_owned(),
                // Its pods have addresses of this machine.
                "--loopback-bridges".to_owned(),
            ],
            link: None,
        }
    }

    /// The kubeconfig of an adapter as a process of its own: it may do what operators are told to let it do, and nothing else.
    ///
    /// # Errors
    /// When the API server refuses the rights.
    pub async fn adapter_kubeconfig(&self) -> Result<PathBuf> {
        self.adapter_identity(RBAC).await
    }

    async fn adapter_identity(&self, rbac: &str) -> Result<PathBuf> {
        self.apply(rbac)
            .await
            .context("cannot apply the adapter's RBAC")?;
        let groups = [
            "system:serviceaccounts",
            "system:serviceaccounts:bridgetender",
        ];
        self.identity(
            &format!("system:serviceaccount:{NAMESPACE}:{NAME}"),
            &groups,
        )
    }
}

impl<'a> AdapterBuilder<'a> {
    /// How many replicas there are.
    #[must_use]
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.replicas = replicas;
        self
    }

    /// Which versions of the API the API server is told of, the preferred one first.
    #[must_use]
    pub fn versions(mut self, versions: &[&'static str]) -> Self {
        self.versions = versions.to_vec();
        self
    }

    /// Whether the adapter serves external metrics too, and the API server is told so.
    #[must_use]
    pub fn external(mut self, external: bool) -> Self {
        self.external = external;
        self
    }

    /// The adapter makes its certificates itself, and publishes whom to trust.
    #[must_use]
    pub fn own_authority(mut self) -> Self {
        self.own_authority = true;
        self
    }

    /// Without any right in other namespaces than `jitsi`, which must be there.
    #[must_use]
    pub fn namespaced(mut self) -> Self {
        self.rbac = RBAC_NAMESPACED;
        self.arguments
            .push(format!("--namespaces={}", crate::bridges::NAMESPACE));
        self
    }

    /// Flags of the adapter; they come after, and so replace, those of every laboratory.
    #[must_use]
    pub fn flags(mut self, flags: &[&str]) -> Self {
        replace(&mut self.arguments, flags);
        self
    }

    /// All replicas reach the API server through this.
    #[must_use]
    pub fn through(mut self, link: &'a Link) -> Self {
        self.link = Some(link);
        self
    }

    /// Starts the replicas and waits until the API server finds them available and all are ready.
    ///
    /// # Errors
    /// When a replica ends, or is not found available in time.
    pub async fn start(self) -> Result<Adapters> {
        let Self {
            lab,
            replicas,
            versions,
            external,
            rbac,
            mut arguments,
            own_authority,
            link,
        } = self;
        if external {
            arguments.push("--external-metrics".to_owned());
        }
        let direct = lab.adapter_identity(rbac).await?;
        let place = lab.place(NAMESPACE, NAME).await?;
        if own_authority {
            arguments.push(format!("--tls-secret={NAMESPACE}/{NAME}-tls"));
        } else {
            let (certificate, key) = (place.certificate(), place.key());
            arguments.push(format!("--tls-cert-file={}", certificate.display()));
            arguments.push(format!("--tls-private-key-file={}", key.display()));
        }
        let kubeconfig = match link {
            Some(link) => link.kubeconfig(&direct)?,
            None => direct,
        };
        let addresses: Vec<SocketAddr> = (0..replicas).map(|n| lab.adapter_address(n)).collect();
        let replicas = addresses
            .iter()
            .map(|address| Replica {
                address: *address,
                running: None,
            })
            .collect();
        lab.tell_flags(NAME, &arguments);
        let mut adapters = Adapters {
            readiness: place.follow_backends(&addresses)?,
            place,
            kubeconfig,
            arguments,
            replicas,
        };
        for n in 0..adapters.replicas.len() {
            adapters.start(n)?;
        }
        let mut services: Vec<(&str, &str)> =
            versions.iter().map(|version| (GROUP, *version)).collect();
        if external {
            services.push((EXTERNAL_GROUP, "v1beta1"));
        }
        for ((group, version), rank) in services.iter().zip([200, 100, 50]) {
            let priority = Priority {
                group: 100,
                version: rank,
            };
            let place = &adapters.place;
            if own_authority {
                lab.aggregate_untrusted(place, group, version, priority)
                    .await?;
            } else {
                lab.aggregate(place, group, version, priority).await?;
            }
        }
        for (group, version) in services {
            tokio::select! {
                available = lab.aggregated(group, version, true, AVAILABLE) => available?,
                ended = adapters.ended() => return Err(ended),
            }
        }
        // One that is ready is enough for the API server.
        for n in 0..adapters.replicas.len() {
            adapters.until_ready(n, true).await?;
        }
        Ok(adapters)
    }
}

impl Adapters {
    /// Starts replica `n` again after it was killed.
    ///
    /// # Errors
    /// When its flags are wrong or it runs already.
    pub fn start(&mut self, n: usize) -> Result<()> {
        let replica = &mut self.replicas[n];
        if replica.running.is_some() {
            bail!("replica {n} runs already");
        }
        let mut arguments = vec![
            NAME.to_owned(),
            format!("--bind={}", replica.address),
            format!("--kubeconfig={}", self.kubeconfig.display()),
        ];
        arguments.extend(self.arguments.iter().cloned());
        let config = Config::try_from(Arguments::try_parse_from(arguments)?)?;
        replica.running = Some(Running::start(None, |shutdown| {
            adapter::run(config, shutdown)
        })?);
        Ok(())
    }

    /// Ends replica `n` at once, as SIGKILL does: no request is finished, no connection is closed in good order. When this returns
    /// nothing of it is left, and its address can be listened on.
    pub fn kill(&mut self, n: usize) {
        if let Some(running) = self.replicas[n].running.take() {
            running.kill();
        }
    }

    /// Ends every replica at once.
    pub fn kill_all(&mut self) {
        for n in 0..self.replicas.len() {
            self.kill(n);
        }
    }

    /// Asks replica `n` to end, as SIGTERM does, and waits until it has.
    ///
    /// # Errors
    /// What the replica ended with.
    pub async fn terminate(&mut self, n: usize) -> Result<()> {
        match self.replicas[n].running.take() {
            Some(running) => running.terminate(AVAILABLE).await,
            None => Ok(()),
        }
    }

    /// Waits until replica `n` says that it is ready and gets connections; or, where `ready` is false, until neither. Returns what
    /// it says at `/readyz`.
    ///
    /// # Errors
    /// When it does not within two minutes: with what it said.
    pub async fn until_ready(&self, n: usize, ready: bool) -> Result<String> {
        let address = self.replicas[n].address;
        self.readiness.until(address, ready, AVAILABLE).await
    }

    /// Where the replicas are served together.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where replica `n` listens.
    pub fn address(&self, n: usize) -> SocketAddr {
        self.replicas[n].address
    }

    /// With what the first replica that should run ended.
    async fn ended(&mut self) -> anyhow::Error {
        loop {
            for (n, replica) in self.replicas.iter_mut().enumerate() {
                if let Some(running) = &mut replica.running
                    && running.ended()
                {
                    return match running.end().await {
                        Ok(()) => anyhow::anyhow!("adapter {n} ended by itself"),
                        Err(error) => error.context(format!("adapter {n} ended")),
                    };
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Adapters {
    fn drop(&mut self) {
        self.kill_all();
    }
}
