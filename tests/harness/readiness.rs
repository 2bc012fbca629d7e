//! Which replicas are ready: the kubelet's probes and a Service's endpoints in one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use kube::{Client, Config};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::balancer::Balancer;

/// Between two probes of a replica; a pod's `periodSeconds` is a second at the least.
const PERIOD: Duration = Duration::from_millis(100);
/// How long a replica may take to answer: one probe that fails is enough here, where a Service waits for the third, and a busy
/// machine is no replica that hangs.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Probes replicas and keeps a balancer to those that are ready. Connections that are open stay where they are, as with a
/// Service.
#[derive(Debug)]
pub(crate) struct Readiness {
    seen: watch::Receiver<Vec<Seen>>,
    _task: AbortOnDropHandle<()>,
}

/// What a replica's last probe came to.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    address: SocketAddr,
    /// What it said; an error where it is not ready.
    ready: Result<String, String>,
}

impl Readiness {
    /// Probes `/readyz` of each address for ever; none is ready before it has said so.
    pub(crate) fn follow(balancer: &Arc<Balancer>, addresses: &[SocketAddr]) -> Result<Self> {
        let clients: Vec<(SocketAddr, Client)> = addresses
            .iter()
            .map(|address| Ok((*address, prober(*address)?)))
            .collect::<Result<_>>()?;
        let (sender, seen) = watch::channel(Vec::new());
        let balancer = Arc::clone(balancer);
        let task = tokio::spawn(async move {
            loop {
                let probes = clients.iter().map(|(address, client)| async {
                    let ready = probe(client).await.map_err(|error| format!("{error:#}"));
                    Seen {
                        address: *address,
                        ready,
                    }
                });
                let round = join_all(probes).await;
                let ready = round.iter().filter(|seen| seen.ready.is_ok());
                let ready: Vec<SocketAddr> = ready.map(|seen| seen.address).collect();
                balancer.set_backends(&ready);
                sender.send_if_modified(|before| {
                    let changed = *before != round;
                    *before = round;
                    changed
                });
                tokio::time::sleep(PERIOD).await;
            }
        });
        Ok(Self {
            seen,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Waits until a replica is, or is not, among those that get connections. Returns what it said.
    pub(crate) async fn until(
        &self,
        address: SocketAddr,
        ready: bool,
        within: Duration,
    ) -> Result<String> {
        let what = format!("{address} has ready={ready}");
        crate::eventually(&what, within, || async {
            let all = self.seen.borrow().clone();
            let seen = all.into_iter().find(|seen| seen.address == address);
            let said = seen.context("it was not probed yet")?.ready;
            ensure!(said.is_ok() == ready, "{said:?}");
            Ok(said.unwrap_or_else(|why| why))
        })
        .await
    }
}

/// As the kubelet probes over HTTPS: as nobody, and without a look at the certificate, which is the API server's business.
fn prober(address: SocketAddr) -> Result<Client> {
    let mut config = Config::new(format!("https://{address}").parse()?);
    config.accept_invalid_certs = true;
    config.default_retry = false;
    Client::try_from(config).context("cannot make a prober")
}

async fn probe(client: &Client) -> Result<String> {
    let request = http::Request::get("/readyz").body(Vec::new())?;
    let answer = tokio::time::timeout(TIMEOUT, client.request_text(request));
    Ok(answer.await.context("no answer in time")??)
}
