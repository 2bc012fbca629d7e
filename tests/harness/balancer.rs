//! A TCP balancer in front of an adapter's replicas, in the place of a Service's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::accept::accept;

/// How long a backend may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(1);

/// Gives each connection to the next backend that accepts it. Where none does the connection is closed.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    backends: Arc<Mutex<Backends>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Backends {
    addresses: Vec<SocketAddr>,
    next: usize,
}

impl Balancer {
    /// Listens, without any backend yet.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let backends = Arc::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&backends)));
        Ok(Self {
            address,
            backends,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who gets new connections from now on. Those that are open stay where they are.
    pub fn set_backends(&self, addresses: &[SocketAddr]) {
        let mut backends = self.backends.lock().unwrap_or_else(PoisonError::into_inner);
        backends.addresses = addresses.to_vec();
    }
}

async fn serve(listener: TcpListener, backends: Arc<Mutex<Backends>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            client = accept(&listener) => drop(connections.spawn(carry(client, turn(&backends)))),
            Some(_) = connections.join_next() => {}
        }
    }
}

/// All backends, the one whose turn it is first.
fn turn(backends: &Mutex<Backends>) -> Vec<SocketAddr> {
    let mut backends = backends.lock().unwrap_or_else(PoisonError::into_inner);
    let mut addresses = backends.addresses.clone();
    if let Some(first) = backends.next.checked_rem(addresses.len()) {
        addresses.rotate_left(first);
        backends.next = backends.next.wrapping_add(1);
    }
    addresses
}

async fn carry(mut client: TcpStream, backends: Vec<SocketAddr>) {
    for backend in backends {
        let connect = tokio::time::timeout(CONNECT, TcpStream::connect(backend));
        if let Ok(Ok(mut server)) = connect.await {
            // Small requests and answers: waiting to fill packets would only delay them.
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            // A connection that breaks is the business of its two ends.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
