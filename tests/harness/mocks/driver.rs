//! Lets the model's time pass, and opens and closes ports as processes come and go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::jitsi::{Shared, now};
use super::server::{self, Who};

/// The longest that the driver sleeps: a bound on how long a missed wake-up can go unnoticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The shortest: what happens within it happens together.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);

/// After an address could not be listened on, it is tried again after so long.
const RETRY: Duration = Duration::from_millis(200);

/// A bridge that listens.
struct Server {
    address: SocketAddr,
    token: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts the driver, and jicofo's server.
pub(super) async fn spawn(
    shared: Weak<Shared>,
    stopped: CancellationToken,
    jicofo: Option<SocketAddr>,
) -> anyhow::Result<()> {
    if let Some(address) = jicofo {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("mock jicofo cannot listen on {address}"))?;
        tokio::spawn(server::serve(
            listener,
            Who::Jicofo,
            shared.clone(),
            stopped.child_token(),
        ));
    }
    tokio::spawn(async move {
        let done = stopped.clone();
        tokio::select! {
            () = drive(shared, stopped) => {}
            () = done.cancelled() => {}
        }
    });
    Ok(())
}

async fn drive(shared: Weak<Shared>, stopped: CancellationToken) {
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    loop {
        let Some(strong) = shared.upgrade() else {
            return;
        };
        let (listening, next) = {
            let mut model = strong.model();
            model.advance(now());
            let listening: Vec<String> = model
                .bridges()
                .filter(|(_, bridge)| bridge.listening())
                .map(|(nick, _)| nick.to_owned())
                .collect();
            (listening, model.next_event())
        };
        let wanted: BTreeMap<String, SocketAddr> = {
            let places = strong.places();
            listening
                .into_iter()
                .filter_map(|nick| places.addresses.get(&nick).map(|at| (nick, *at)))
                .collect::<BTreeMap<_, _>>()
        };
        let ended: Vec<String> = servers
            .iter()
            .filter(|(nick, server)| wanted.get(*nick) != Some(&server.address))
            .map(|(nick, _)| nick.clone())
            .collect();
        for nick in ended {
            if let Some(server) = servers.remove(&nick) {
                server.token.cancel();
                // It drops its listener and ends; a panic in it would be a test's own failure.
                let _ = server.task.await;
            }
            strong.places().open.remove(&nick);
            strong.closed.notify_waiters();
        }
        let mut retry = false;
        for (nick, address) in wanted {
            if servers.contains_key(&nick) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let token = stopped.child_token();
                    let who = Who::Bridge(nick.clone());
                    let task =
                        tokio::spawn(server::serve(listener, who, shared.clone(), token.clone()));
                    strong.places().open.insert(nick.clone());
                    servers.insert(
                        nick,
                        Server {
                            address,
                            token,
                            task,
                        },
                    );
                }
                Err(error) => {
                    warn!("mock bridge {nick} cannot listen on {address}: {error}");
                    retry = true;
                }
            }
        }
        let due = next.map_or(LONGEST_SLEEP, |at| at.since(now()));
        let longest = if retry { RETRY } else { LONGEST_SLEEP };
        tokio::select! {
            () = tokio::time::sleep(due.clamp(SHORTEST_SLEEP, longest)) => {}
            () = strong.changed.notified() => {}
        }
    }
}
