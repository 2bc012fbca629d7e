//! etcd, kube-apiserver and kube-controller-manager as child processes.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::Client;

use crate::flags::{self, Flags};
use crate::janitor::Janitor;
use crate::keys::Keys;
use crate::process::{LOOK_EVERY, Process};
use crate::tools::Tools;

/// How long a process may take to become ready. Each takes about 3 s on an idle machine of 2 cores.
const START: Duration = Duration::from_mins(1);

/// What of the control plane a builder may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) hpa_sync_period: Duration,
    pub(crate) hpa_initial_readiness_delay: Option<Duration>,
    pub(crate) hpa_downscale_stabilization: Option<Duration>,
    pub(crate) controllers: Option<String>,
    pub(crate) audit_log: bool,
    pub(crate) api_server_flags: Vec<String>,
    pub(crate) controller_manager_flags: Vec<String>,
}

/// The processes, each of which may be down.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    flags: Flags,
    tools: Tools,
    controller_manager: Slot,
    api_server: Slot,
    etcd: Slot,
}

/// A process, or none while it is stopped.
type Slot = Mutex<Option<Process>>;

impl ControlPlane {
    /// Nothing runs yet.
    pub(crate) fn new(
        address: Ipv4Addr,
        keys: &Keys,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self> {
        Ok(Self {
            flags: flags::all(address, keys, folder, settings)?,
            tools: Tools::find()?,
            controller_manager: Slot::default(),
            api_server: Slot::default(),
            etcd: Slot::default(),
        })
    }

    /// Starts etcd; it need not be ready for the API server to be started.
    pub(crate) fn start_etcd(&self, janitor: &Janitor) -> Result<()> {
        start(
            &self.etcd,
            janitor,
            "etcd",
            &self.tools.etcd,
            &self.flags.etcd,
        )
    }

    /// Starts the API server and waits until it says that it is ready.
    pub(crate) async fn start_api_server(&self, janitor: &Janitor, client: &Client) -> Result<()> {
        let program = &self.tools.kube_apiserver;
        start(
            &self.api_server,
            janitor,
            "kube-apiserver",
            program,
            &self.flags.api_server,
        )?;
        ready(
            "kube-apiserver",
            &[&self.etcd, &self.api_server],
            || async { get(client, "/readyz").await },
        )
        .await
    }

    /// Starts the controller manager and waits until it says that it is healthy.
    pub(crate) async fn start_controller_manager(
        &self,
        janitor: &Janitor,
        client: &Client,
    ) -> Result<()> {
        let program = &self.tools.kube_controller_manager;
        let flags = &self.flags.controller_manager;
        let name = "kube-controller-manager";
        start(&self.controller_manager, janitor, name, program, flags)?;
        ready(name, &[&self.controller_manager], || async {
            get(client, "/healthz").await
        })
        .await
    }

    /// Stops the API server; `abruptly` with SIGKILL, else with SIGTERM. Nothing happens where it is down.
    pub(crate) async fn stop_api_server(&self, abruptly: bool) -> Result<()> {
        stop(&self.api_server, abruptly).await
    }

    /// Stops the controller manager.
    pub(crate) async fn stop_controller_manager(&self) -> Result<()> {
        stop(&self.controller_manager, false).await
    }

    /// The pids of the processes that run.
    pub(crate) fn pids(&self) -> Vec<u32> {
        [&self.etcd, &self.api_server, &self.controller_manager]
            .into_iter()
            .filter_map(|slot| with(slot, |process| process.as_ref().map(Process::id)))
            .collect()
    }
}

fn with<T>(slot: &Slot, f: impl FnOnce(&mut Option<Process>) -> T) -> T {
    f(&mut slot.lock().unwrap_or_else(PoisonError::into_inner))
}

fn start(
    slot: &Slot,
    janitor: &Janitor,
    name: &'static str,
    program: &Path,
    flags: &[String],
) -> Result<()> {
    with(slot, |process| {
        if process.is_some() {
            bail!("{name} runs already");
        }
        *process = Some(Process::start(janitor.folder(), name, program, flags)?);
        Ok(())
    })
}

async fn stop(slot: &Slot, abruptly: bool) -> Result<()> {
    let Some(process) = with(slot, Option::take) else {
        return Ok(());
    };
    if abruptly {
        process.kill()?;
    } else {
        process.terminate().await?;
    }
    Ok(())
}

/// Waits until `probe` succeeds. Fails at once when one of the processes ends.
async fn ready<F>(name: &str, slots: &[&Slot], mut probe: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let deadline = Instant::now() + START;
    loop {
        let Err(error) = probe().await else {
            return Ok(());
        };
        for slot in slots {
            with(slot, |process| {
                process.as_mut().map_or(Ok(()), Process::check)
            })
            .with_context(|| format!("{name} cannot start"))?;
        }
        if Instant::now() >= deadline {
            let said = slots
                .last()
                .and_then(|slot| with(slot, |p| p.as_ref().map(Process::said)));
            let within = humantime::format_duration(START);
            bail!(
                "{name} is not ready after {within}: {error:#}{}",
                said.unwrap_or_default()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn get(client: &Client, path: &str) -> Result<()> {
    let request = http::Request::get(path).body(Vec::new())?;
    client.request_text(request).await?;
    Ok(())
}
