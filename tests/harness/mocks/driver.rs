//! Lets the model's time pass, and opens and closes ports as processes come and go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use anyhow::Context;
use bridge::Time;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::jitsi::{Shared, now};
use super::server::{self, Who};

/// The longest that the driver sleeps: a bound on how long a missed wake-up can go unnoticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The shortest: what happens within it happens together.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);

/// A process that has ended can be asked about for so long.
const REMEMBERED: Duration = Duration::from_mins(2);

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
    let driver = Driver {
        shared,
        stopped: stopped.clone(),
        servers: BTreeMap::new(),
        complained: false,
    };
    tokio::spawn(async move { stopped.run_until_cancelled(driver.drive()).await });
    Ok(())
}

struct Driver {
    shared: Weak<Shared>,
    stopped: CancellationToken,
    /// The bridges that listen, by nick.
    servers: BTreeMap<String, Server>,
    /// Whether it was told that an address cannot be had; once, whatever the number of bridges.
    complained: bool,
}

impl Driver {
    async fn drive(mut self) {
        while let Some(shared) = self.shared.upgrade() {
            let (listening, next) = pass_time(&shared);
            self.close(&shared, &listening).await;
            let all_open = self.open(&shared, listening).await;
            let due = next.map_or(LONGEST_SLEEP, |at| at.since(now()));
            let longest = if all_open { LONGEST_SLEEP } else { RETRY };
            tokio::select! {
                () = tokio::time::sleep(due.clamp(SHORTEST_SLEEP, longest)) => {}
                () = shared.changed.notified() => {}
            }
        }
    }

    /// Ends the servers of bridges that do not listen any more, or listen elsewhere.
    async fn close(&mut self, shared: &Shared, listening: &BTreeMap<String, SocketAddr>) {
        let ended = self.servers.extract_if(.., |nick, server| {
            listening.get(nick) != Some(&server.address)
        });
        for (nick, server) in ended.collect::<Vec<_>>() {
            server.token.cancel();
            // It drops its listener and ends; a panic in it would be a test's own failure.
            let _ = server.task.await;
            shared.places().open.remove(&nick);
            shared.closed.notify_waiters();
        }
    }

    /// Starts the servers of bridges that listen now; false when an address could not be had yet.
    async fn open(&mut self, shared: &Shared, listening: BTreeMap<String, SocketAddr>) -> bool {
        let mut all = true;
        for (nick, address) in listening {
            if self.servers.contains_key(&nick) {
                continue;
            }
            let listener = match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(error) => {
                    if !std::mem::replace(&mut self.complained, true) {
                        // Printed: nobody reads the log of a test, which then waits in vain.
                        eprintln!(
                            "mock bridge {nick} cannot listen on {address} and goes on trying: {error}; hint: `ulimit -Hn` tells \
                             how many files may be open, and each bridge takes a few"
                        );
                    }
                    all = false;
                    continue;
                }
            };
            let token = self.stopped.child_token();
            let server = server::serve(
                listener,
                Who::Bridge(nick.clone()),
                self.shared.clone(),
                token.clone(),
            );
            let task = tokio::spawn(server);
            shared.places().open.insert(nick.clone());
            self.servers.insert(
                nick,
                Server {
                    address,
                    token,
                    task,
                },
            );
        }
        self.complained &= !all;
        all
    }
}

/// Lets the model's time pass up to now: who listens where, and when something happens next. Processes that ended long ago are
/// forgotten.
fn pass_time(shared: &Shared) -> (BTreeMap<String, SocketAddr>, Option<Time>) {
    let now = now();
    let mut model = shared.model();
    model.advance(now);
    let mut listening = Vec::new();
    let mut forgotten = Vec::new();
    for (nick, bridge) in model.bridges() {
        if bridge.listening() {
            listening.push(nick.to_owned());
        } else if bridge
            .exit()
            .is_some_and(|exit| now.since(exit.at) > REMEMBERED)
        {
            forgotten.push(nick.to_owned());
        }
    }
    for nick in &forgotten {
        model.forget_bridge(nick);
    }
    let next = model.next_event();
    drop(model);
    let places = shared.places();
    let at = |nick: String| places.addresses.get(&nick).map(|address| (nick, *address));
    (listening.into_iter().filter_map(at).collect(), next)
}
