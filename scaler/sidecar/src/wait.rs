//! `wait`: what keeps the bridge from its SIGTERM until nobody is on it.
//!
//! It runs in the bridge's own container, whatever image that is, and does all that `serve` does at the end: of the two the one
//! that still lives is enough.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bridge::Time;
use reach::uptime;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::args::Wait;
use crate::ending::{End, Ending, Hidden, Times};
use crate::last_line::{self, Told, Waiting};
use crate::ready::Joined;
use crate::sight::Look;
use crate::store::{File, disk};

/// What `serve` wrote down for whoever waits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// Where the bridge is.
    pub bridge: SocketAddr,
    /// The times of the pod's end.
    pub times: Times,
}

/// Where nothing says how long the grace period is, people may finish until the kubelet ends it all: a week.
const UNKNOWN: Duration = Duration::from_hours(168);

/// The times of the bridge where nobody wrote them down.
const fn times(grace: Duration) -> Times {
    Times {
        grace,
        shutting_down_delay: Duration::from_mins(1),
        margin: Duration::from_secs(15),
        settle: Duration::from_secs(6),
    }
}

impl Settings {
    /// What counts: what was given, then what was written down, then what is usual.
    fn choose(given: &Wait, written: Option<Self>) -> Self {
        let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
        let bridge = given.bridge.or(written.map(|written| written.bridge));
        let known = written.map(|written| written.times);
        let times = match (given.grace, known) {
            (Some(grace), Some(times)) => Times { grace, ..times },
            (Some(grace), None) => times(grace),
            (None, Some(times)) => times,
            (None, None) => times(UNKNOWN),
        };
        Self {
            bridge: bridge.unwrap_or(usual),
            times,
        }
    }
}

/// Waits until nobody is on the bridge or it has left, and tells why. It never fails: a preStop that does has the bridge killed.
pub async fn run(arguments: Wait) -> End {
    let state = arguments.state.as_path();
    let settings = Settings::choose(&arguments, read(state, File::Settings));
    let now = uptime();
    let began = last_line::began(read::<Time>(state, File::Terminating), now);
    let was_heard = read::<Joined>(state, File::Ready).is_some();
    let hidden = read::<Option<Hidden>>(state, File::Hidden).flatten();
    let mut ending = Ending::new(settings.times, began, was_heard).knowing(hidden);
    let mut probe = last_line::probe(settings.bridge);
    info!(bridge = %settings.bridge, grace = ?settings.times.grace, "waits until nobody is on the bridge");
    let mut is_alone = false;
    loop {
        // Whether the pod ends or its container alone, only the sidecar's own preStop knows. It may have failed.
        let waiting = Waiting {
            since: began,
            seen: uptime(),
        };
        if let Err(error) = say(state, &waiting).await
            && !is_alone
        {
            warn!(%error, "cannot tell `serve` that the bridge ends (--state), and goes on alone");
            is_alone = true;
        }
        let look = last_line::look(&mut probe, last_line::DEADLINE).await;
        let look = look.unwrap_or_else(|failure| Look::from(&failure));
        ending.hear(&look, uptime());
        let step = ending.step(uptime());
        if let Some(end) = step.end {
            info!(?end, "waits no longer");
            return end;
        }
        if let Some(order) = step.order {
            match last_line::tell(settings.bridge, order).await {
                Told::Done => {}
                Told::Off(why) => {
                    warn!(?order, "the bridge cannot be told: {why}");
                    ending.refused(order);
                }
                Told::Failed(why) => warn!(?order, "the bridge may not have heard: {why}"),
            }
        }
        sleep(last_line::PAUSE).await;
    }
}

/// Says that somebody waits, but does not wait for a disk that hangs.
async fn say(state: &Path, waiting: &Waiting) -> io::Result<()> {
    let path = state.join(File::Waiting.path());
    let content = serde_json::to_vec(waiting)?;
    let saying = tokio::task::spawn_blocking(move || disk::sign(&path, &content));
    match timeout(last_line::PAUSE, saying).await {
        Ok(said) => said?,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// What was written down, if it can be understood.
fn read<T: serde::de::DeserializeOwned>(state: &Path, file: File) -> Option<T> {
    let path = state.join(file.path());
    disk::read(&path).unwrap_or_else(|error| {
        warn!(file = %path.display(), %error, "what was written down cannot be understood");
        None
    })
}

#[cfg(test)]
mod tests {
    use scaler_token::contract::BRIDGE_HTTP;

    use super::*;

    fn given(bridge: Option<&str>, grace: Option<u64>) -> Wait {
        Wait {
            state: "/nowhere".into(),
            bridge: bridge.map(|bridge| bridge.parse().unwrap()),
            grace: grace.map(Duration::from_secs),
        }
    }

    #[test]
    fn what_is_given_counts_before_what_was_written_down_and_that_before_what_is_usual() {
        let written = Settings {
            bridge: "127.0.0.7:8081".parse().unwrap(),
            times: Times {
                margin: Duration::from_secs(1),
                ..times(Duration::from_secs(90))
            },
        };
        let chosen = Settings::choose(&given(None, None), None);
        assert_eq!(chosen.bridge.to_string(), BRIDGE_HTTP);
        assert_eq!(chosen.times, times(UNKNOWN));
        assert_eq!(Settings::choose(&given(None, None), Some(written)), written);
        let chosen = Settings::choose(&given(Some("127.0.0.8:1"), Some(30)), Some(written));
        assert_eq!(chosen.bridge.to_string(), "127.0.0.8:1");
        assert_eq!(chosen.times.grace, Duration::from_secs(30));
        assert_eq!(chosen.times.margin, Duration::from_secs(1));
        let chosen = Settings::choose(&given(None, Some(30)), None);
        assert_eq!(chosen.times, times(Duration::from_secs(30)));
    }
}
