//! A way to the API server that can fall silent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::accept::accept;
use crate::address::{API_SERVER_PORT, LINK_PORT};
use crate::laboratory::Laboratory;

/// A TCP proxy in front of the API server. What is silent is not closed: neither side learns anything, as when a firewall has
/// forgotten a connection.
#[derive(Debug)]
pub struct Link {
    server: SocketAddr,
    address: SocketAddr,
    gate: watch::Sender<Gate>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    /// Nothing passes at all.
    stalled: bool,
    /// How many connections were opened.
    opened: u64,
    /// How many of them, the oldest, are silent for ever.
    lost: u64,
}

impl Laboratory {
    /// A way to the API server for whoever is to lose it.
    ///
    /// # Errors
    /// When there is one already.
    pub async fn link(&self) -> Result<Link> {
        let ip = self.network().control_plane();
        let server = SocketAddr::from((ip, API_SERVER_PORT));
        let address = SocketAddr::from((ip, LINK_PORT));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let (gate, _) = watch::channel(Gate::default());
        let task = tokio::spawn(serve(listener, server, gate.clone()));
        Ok(Link {
            server,
            address,
            gate,
            _task: AbortOnDropHandle::new(task),
        })
    }
}

impl Link {
    /// Nothing passes from now on, in neither direction. New connections are accepted.
    pub fn stall(&self) {
        self.gate.send_modify(|gate| gate.stalled = true);
    }

    /// Everything passes again, also what was held back.
    pub fn resume(&self) {
        self.gate.send_modify(|gate| gate.stalled = false);
    }

    /// The connections that are open are silent for ever; new ones are not.
    pub fn lose_connections(&self) {
        self.gate.send_modify(|gate| gate.lost = gate.opened);
    }

    /// The same kubeconfig file, only that it leads through here.
    pub(crate) fn kubeconfig(&self, direct: &Path) -> Result<PathBuf> {
        let text = std::fs::read_to_string(direct)
            .with_context(|| format!("cannot read {}", direct.display()))?;
        let through = direct.with_extension("link.kubeconfig");
        let text = text.replace(&self.server.to_string(), &self.address.to_string());
        crate::keys::write(&through, &text)?;
        Ok(through)
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, gate: watch::Sender<Gate>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            client = accept(&listener) => {
                gate.send_modify(|gate| gate.opened += 1);
                let number = gate.borrow().opened;
                connections.spawn(carry(client, server, number, gate.subscribe()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(client: TcpStream, server: SocketAddr, number: u64, gate: watch::Receiver<Gate>) {
    // An API server that is down is one that closes its connections.
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // A connection that breaks is the business of its two ends.
    let _ = tokio::join!(
        copy(from_client, to_server, number, gate.clone()),
        copy(from_server, to_client, number, gate)
    );
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    mut gate: watch::Receiver<Gate>,
) -> Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        // The end of a connection does not pass either.
        gate.wait_for(|gate| !gate.stalled && number > gate.lost)
            .await?;
        if length == 0 {
            // Dropping it closes this direction.
            return Ok(());
        }
        to.write_all(&buffer[..length]).await?;
    }
}
