//! A laboratory: one Kubernetes, started for one test or one demonstration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use humantime::format_duration;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Serialize;

use crate::address::{API_SERVER_PORT, CONTROLLER_MANAGER_PORT, Network};
use crate::apply::Applier;
use crate::builder::Builder;
use crate::control_plane::ControlPlane;
use crate::janitor::Janitor;
use crate::keys::Keys;

/// Kubernetes' own period of the HPA.
const HPA_SYNC_PERIOD: Duration = Duration::from_secs(15);

/// How long an answer may take to come; a watch that is silent for longer is opened anew.
const ANSWER: Duration = Duration::from_mins(1);

/// A real Kubernetes API on loopback, with its controllers and without nodes. Dropping it ends it and removes what it wrote.
pub struct Laboratory {
    // Declared in the order in which they are dropped: processes first, the janitor last.
    pub(crate) control_plane: ControlPlane,
    pub(crate) network: Network,
    pub(crate) keys: Keys,
    client: Client,
    controller_manager: Client,
    applier: Applier,
    places: AtomicU8,
    tells: bool,
    pub(crate) janitor: Janitor,
}

impl Laboratory {
    /// Starts a laboratory whose HPA looks every second.
    ///
    /// # Errors
    /// When a program is missing or does not become ready; the error shows the end of its log.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A laboratory that differs from the usual one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What [`Builder::start`] does.
    pub(crate) async fn build(builder: Builder) -> Result<Self> {
        reach::files::raise();
        let (network, claim) = Network::claim()?;
        let janitor = Janitor::start(claim)?;
        let address = network.control_plane();
        let keys = Keys::make(janitor.folder(), address, API_SERVER_PORT)?;
        let control_plane = ControlPlane::new(address, &keys, janitor.folder(), &builder.settings)?;
        control_plane.start_etcd(&janitor)?;
        let config = config(&keys.kubeconfig("admin")).await?;
        let mut other = config.clone();
        other.cluster_url = format!("https://{address}:{CONTROLLER_MANAGER_PORT}").parse()?;
        let client = Client::try_from(config).context("cannot make a Kubernetes client")?;
        let laboratory = Self {
            control_plane,
            network,
            keys,
            applier: Applier::new(client.clone()),
            client,
            places: AtomicU8::new(0),
            tells: builder.tells,
            controller_manager: Client::try_from(other)?,
            janitor,
        };
        if builder.controller_manager {
            laboratory.tell_shortened(
                "the HPA looks every",
                builder.settings.hpa_sync_period,
                HPA_SYNC_PERIOD,
            );
        }
        laboratory.start_api_server().await?;
        // Before the controller manager: the HPA learns of new kinds only every 30 s.
        for crds in &builder.crds {
            laboratory
                .apply(crds)
                .await
                .context("cannot install the custom resource definitions")?;
        }
        if builder.controller_manager {
            laboratory.start_controller_manager().await?;
        }
        Ok(laboratory)
    }

    /// A client that may do everything.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The kubeconfig file of a user who may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.keys.kubeconfig("admin")
    }

    /// Signs a client certificate for a user and writes a kubeconfig file around it. The user may do what RBAC allows: at
    /// first nothing.
    ///
    /// # Errors
    /// When the file cannot be written or more than two groups are asked for.
    pub fn identity(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        self.keys.identity(user, groups)
    }

    /// A client for the user of a kubeconfig file.
    ///
    /// # Errors
    /// When the file is none.
    pub async fn client_of(&self, kubeconfig: &Path) -> Result<Client> {
        Client::try_from(config(kubeconfig).await?).context("cannot make a Kubernetes client")
    }

    /// How the user of a kubeconfig file reaches the API server, to be changed and made a client of. Nothing is asked twice, so
    /// that each failure is seen.
    ///
    /// # Errors
    /// When the file is none.
    pub async fn config_of(&self, kubeconfig: &Path) -> Result<Config> {
        let mut config = config(kubeconfig).await?;
        config.default_retry = false;
        Ok(config)
    }

    /// Applies all documents of a YAML text on the server's side, as `kubectl apply --server-side --force-conflicts` does. An
    /// object of a namespaced kind without a namespace goes into `default`. Waits until custom resource definitions are served.
    ///
    /// # Errors
    /// When a document is no object or the API server refuses it.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        self.applier.apply(yaml).await
    }

    /// Applies one typed object on the server's side: see [`apply`](Self::apply).
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn put(&self, object: &impl Serialize) -> Result<()> {
        // JSON is YAML.
        self.apply(&serde_json::to_string(object)?).await
    }

    /// Prints what is shorter here than in production.
    pub(crate) fn tell_shortened(&self, what: &str, here: Duration, production: Duration) {
        if self.tells && here < production {
            let (here, there) = (format_duration(here), format_duration(production));
            println!("shortened: {what} {here} ({there} in production)");
        }
    }

    /// Prints the flags of a program that are not its own.
    pub(crate) fn tell_flags(&self, program: &str, flags: &[String]) {
        if self.tells {
            println!("{program} {} (its own are in --help)", flags.join(" "));
        }
    }

    /// The addresses of this laboratory.
    pub fn network(&self) -> Network {
        self.network
    }

    /// Where the adapter's replica `n` (from 0) may listen.
    pub fn adapter_address(&self, n: u8) -> SocketAddr {
        self.network.adapter(n)
    }

    /// The number of the next place for an adapter.
    pub(crate) fn next_place(&self) -> u8 {
        self.places.fetch_add(1, Ordering::Relaxed)
    }

    /// A folder that goes with the laboratory.
    pub fn folder(&self) -> &Path {
        self.janitor.folder()
    }

    /// The pids of everything that runs for this laboratory now.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids = self.control_plane.pids();
        pids.push(self.janitor.pid());
        pids
    }

    /// Stops the API server in good order (SIGTERM), or does nothing where it is down.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn stop_api_server(&self) -> Result<()> {
        self.control_plane.stop_api_server(false).await
    }

    /// Kills the API server (SIGKILL), or does nothing where it is down.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill_api_server(&self) -> Result<()> {
        self.control_plane.stop_api_server(true).await
    }

    /// Starts the API server after it was stopped, and waits until it is ready.
    ///
    /// # Errors
    /// When it runs already or does not become ready.
    pub async fn start_api_server(&self) -> Result<()> {
        self.control_plane
            .start_api_server(&self.janitor, &self.client)
            .await
    }

    /// Stops the controller manager, and with it the HPA; or does nothing where it is down.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn stop_controller_manager(&self) -> Result<()> {
        self.control_plane.stop_controller_manager().await
    }

    /// Starts the controller manager after it was stopped, and waits until it is healthy.
    ///
    /// # Errors
    /// When it runs already or does not become healthy.
    pub async fn start_controller_manager(&self) -> Result<()> {
        let client = &self.controller_manager;
        self.control_plane
            .start_controller_manager(&self.janitor, client)
            .await
    }

    /// Looks until `look` succeeds: see [`eventually`](crate::eventually()).
    ///
    /// # Errors
    /// When the time is up: with `what` and the last thing that was seen.
    pub async fn eventually<T, F>(
        &self,
        what: &str,
        within: Duration,
        look: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        crate::eventually(what, within, look).await
    }

    /// Ends the laboratory and waits until nothing is left of it. Dropping does the same.
    ///
    /// # Errors
    /// When ending it panicked.
    pub async fn stop(self) -> Result<()> {
        tokio::task::spawn_blocking(move || drop(self))
            .await
            .context("the laboratory did not end")
    }
}

/// How the user of a kubeconfig file reaches the API server.
pub(crate) async fn config(kubeconfig: &Path) -> Result<Config> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(file, &options)
        .await
        .with_context(|| format!("cannot use {}", kubeconfig.display()))?;
    // A proxy of this machine's surroundings (HTTPS_PROXY) is none for the loopback device.
    config.proxy_url = None;
    // A server that hangs is an error, and not the end of all tests.
    config.read_timeout = Some(ANSWER);
    config.reset_reader_on_write = true;
    Ok(config)
}
