//! A way to the API server that can fall silent.

mod held;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use kube::client::ConfigExt as _;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use self::held::Held;
use crate::accept::accept;
use crate::address::{API_SERVER_PORT, LINK_PORT};
use crate::laboratory::Laboratory;

/// How much is carried at a time.
const CHUNK: usize = 16 * 1024;

/// A TCP proxy in front of the API server. What is silent is not closed: neither side learns anything, as when a firewall has
/// forgotten a connection.
#[derive(Debug)]
pub struct Link {
    server: SocketAddr,
    address: SocketAddr,
    /// Whether whoever comes speaks without TLS, which begins here.
    open: bool,
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
    /// To which request the answer is to be lost, by its first line.
    losing: Option<fn(&str) -> bool>,
    /// To how many requests it was.
    answers_lost: u64,
    /// What becomes of the first line of each request.
    rewriting: Option<fn(&str) -> String>,
    /// The request that is held back.
    held: Held,
}

impl Laboratory {
    /// A way to the API server for whoever is to lose it.
    ///
    /// # Errors
    /// When there is one already.
    pub async fn link(&self) -> Result<Link> {
        self.link_by(None).await
    }

    /// The same for the user of this kubeconfig alone. Requests are seen here: [`Link::lose_answer`] can be told which of them is
    /// never answered, [`Link::hold`] which is late, and [`Link::rewrite`] what is asked instead.
    ///
    /// # Errors
    /// When there is one already, or the file is no kubeconfig.
    pub async fn open_link(&self, kubeconfig: &Path) -> Result<Link> {
        let config = self.config_of(kubeconfig).await?;
        let tls = config.rustls_client_config();
        let tls = tls.context("the user of the kubeconfig has no certificate")?;
        self.link_by(Some(tls)).await
    }

    async fn link_by(&self, tls: Option<ClientConfig>) -> Result<Link> {
        let ip = self.network().control_plane();
        let server = SocketAddr::from((ip, API_SERVER_PORT));
        let address = SocketAddr::from((ip, LINK_PORT));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let (gate, _) = watch::channel(Gate::default());
        let open = tls.is_some();
        let tls = tls.map(|tls| TlsConnector::from(Arc::new(tls)));
        let task = tokio::spawn(serve(listener, server, tls, gate.clone()));
        Ok(Link {
            server,
            address,
            open,
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

    /// The next request whose first line, as in `GET /version HTTP/1.1`, is such a one reaches the API server, and is never
    /// answered. Only for an [open](Laboratory::open_link) link.
    pub fn lose_answer(&self, such: fn(&str) -> bool) {
        self.gate.send_modify(|gate| gate.losing = Some(such));
    }

    /// To how many requests the answer was lost.
    pub fn answers_lost(&self) -> u64 {
        self.gate.borrow().answers_lost
    }

    /// From now on the first line of each request, as in `GET /version HTTP/1.1`, reaches the API server as this makes it. Only for
    /// an [open](Laboratory::open_link) link.
    pub fn rewrite(&self, so: fn(&str) -> String) {
        self.gate.send_modify(|gate| gate.rewriting = Some(so));
    }

    /// The same kubeconfig file, only that it leads through here.
    pub(crate) fn kubeconfig(&self, direct: &Path) -> Result<PathBuf> {
        let text = std::fs::read_to_string(direct)
            .with_context(|| format!("cannot read {}", direct.display()))?;
        let through = direct.with_extension("link.kubeconfig");
        let scheme = if self.open { "http" } else { "https" };
        let text = text.replace(
            &format!("https://{}", self.server),
            &format!("{scheme}://{}", self.address),
        );
        crate::keys::write(&through, &text)?;
        Ok(through)
    }
}

async fn serve(
    listener: TcpListener,
    server: SocketAddr,
    tls: Option<TlsConnector>,
    gate: watch::Sender<Gate>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            client = accept(&listener) => {
                gate.send_modify(|gate| gate.opened += 1);
                let number = gate.borrow().opened;
                connections.spawn(connect(client, server, tls.clone(), number, gate.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(
    client: TcpStream,
    server: SocketAddr,
    tls: Option<TlsConnector>,
    number: u64,
    gate: watch::Sender<Gate>,
) {
    // An API server that is down is one that closes its connections.
    let Ok(there) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), there.set_nodelay(true));
    let Some(tls) = tls else {
        return carry(client, there, number, &gate, false).await;
    };
    let name = ServerName::IpAddress(server.ip().into());
    if let Ok(there) = tls.connect(name, there).await {
        carry(client, there, number, &gate, true).await;
    }
}

/// One connection, with its number and whether requests can be read on it.
async fn carry(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite,
    number: u64,
    gate: &watch::Sender<Gate>,
    open: bool,
) {
    let answered = AtomicBool::new(true);
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let answers = answer(from_server, to_client, number, gate, &answered);
    // A connection that breaks is the business of its two ends.
    let _ = if open {
        tokio::join!(
            ask(from_client, to_server, number, gate, &answered),
            answers
        )
    } else {
        tokio::join!(copy(from_client, to_server, number, gate), answers)
    };
}

/// Carries what is sent here, whatever it is.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    gate: &watch::Sender<Gate>,
) -> Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        pass(gate, number).await?;
        if length == 0 {
            return Ok(to.shutdown().await?);
        }
        send(&mut to, &buffer[..length]).await?;
    }
}

/// Carries requests. A client that waits for an answer before it asks again begins each request with a chunk of its own.
async fn ask(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    gate: &watch::Sender<Gate>,
    answered: &AtomicBool,
) -> Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        pass(gate, number).await?;
        let chunk = &buffer[..length];
        if chunk.is_empty() {
            // An API server gives a request up whose client has gone.
            held::answered(gate, number).await?;
            return Ok(to.shutdown().await?);
        }
        let end = chunk.iter().position(|byte| *byte == b'\r');
        let (line, rest) = chunk.split_at(end.unwrap_or(chunk.len()));
        let line = String::from_utf8_lossy(line);
        if loses(gate, &line) {
            answered.store(false, Ordering::Relaxed);
        }
        held::wait(gate, number, &line).await?;
        let rewriting = gate.borrow().rewriting;
        match rewriting.filter(|_| line.ends_with(" HTTP/1.1")) {
            Some(rewrite) => send(&mut to, &[rewrite(&line).as_bytes(), rest].concat()).await?,
            None => send(&mut to, chunk).await?,
        }
    }
}

/// Whether this is the request whose answer is to be lost; another one is not.
fn loses(gate: &watch::Sender<Gate>, line: &str) -> bool {
    gate.send_if_modified(|gate| {
        let such = gate.losing.is_some_and(|such| such(line));
        if such {
            gate.losing = None;
            gate.answers_lost += 1;
        }
        such
    })
}

/// Carries answers, for as long as they are not to be lost.
async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    gate: &watch::Sender<Gate>,
    answered: &AtomicBool,
) -> Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut broken = false;
    loop {
        let length = tokio::select! {
            length = from.read(&mut buffer) => length.unwrap_or(0),
            () = held::broken(gate, number), if !broken => {
                broken = true;
                to.shutdown().await?;
                continue;
            }
        };
        pass(gate, number).await?;
        held::answer(gate, number, &buffer[..length]);
        if length == 0 {
            return Ok(to.shutdown().await?);
        }
        if answered.load(Ordering::Relaxed) && !broken {
            send(&mut to, &buffer[..length]).await?;
        }
    }
}

/// Returns when something may pass on this connection. Its end does not pass before that either.
async fn pass(gate: &watch::Sender<Gate>, number: u64) -> Result<()> {
    let mut gate = gate.subscribe();
    gate.wait_for(|gate| !gate.stalled && number > gate.lost)
        .await?;
    Ok(())
}

async fn send(to: &mut (impl AsyncWrite + Unpin), chunk: &[u8]) -> Result<()> {
    to.write_all(chunk).await?;
    Ok(to.flush().await?)
}
