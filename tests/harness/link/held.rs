//! A request that is late: it is held back on its way until somebody lets it go.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::watch;

use super::{Gate, Link};

/// How long a request may be waited for that is made within seconds on an idle machine, and for how long its answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where a request is that is late.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Held {
    /// None is.
    #[default]
    Nothing,
    /// The next one will be whose first line is such a one.
    Next(fn(&str) -> bool),
    /// It is on this connection, and does not pass.
    On(u64),
    /// The same, and whoever sent it has been told that the connection broke.
    BrokenOff(u64),
    /// It has passed, and is not answered yet.
    LetGo(u64),
    /// It was answered, with this status code if that could be read.
    Answered(Option<u16>),
}

impl Link {
    /// The next request whose first line, as in `GET /version HTTP/1.1`, is such a one does not reach the API server before
    /// [`let_go`](Self::let_go), whatever has become of who sent it. Only for an [open](crate::Laboratory::open_link) link.
    pub fn hold(&self, such: fn(&str) -> bool) {
        self.gate.send_modify(|gate| gate.held = Held::Next(such));
    }

    /// Waits until such a request has come.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn until_held(&self) -> Result<()> {
        let mut gate = self.gate.subscribe();
        let held = gate.wait_for(|gate| matches!(gate.held, Held::On(_)));
        let held = tokio::time::timeout(PATIENCE, held).await;
        held.context("no request came that was to be held back")??;
        Ok(())
    }

    /// Whoever sent the request that is held back sees its connection break. It is on its way all the same.
    ///
    /// # Errors
    /// When none is held back, or whoever sent it knows that already.
    pub fn break_off(&self) -> Result<()> {
        let breaks = self.gate.send_if_modified(|gate| {
            let Held::On(number) = gate.held else {
                return false;
            };
            gate.held = Held::BrokenOff(number);
            true
        });
        ensure!(breaks, "nobody waits for a request that is held back");
        Ok(())
    }

    /// The request that is held back arrives, later than anything that was asked meanwhile: with which status code it is answered.
    ///
    /// # Errors
    /// When none is held back, or it is not answered in time.
    pub async fn let_go(&self) -> Result<u16> {
        let goes = self.gate.send_if_modified(|gate| {
            let (Held::On(number) | Held::BrokenOff(number)) = gate.held else {
                return false;
            };
            gate.held = Held::LetGo(number);
            true
        });
        ensure!(goes, "no request is held back");
        let mut gate = self.gate.subscribe();
        let answered = gate.wait_for(|gate| matches!(gate.held, Held::Answered(_)));
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        match answered.context("the late request is not answered")??.held {
            Held::Answered(Some(code)) => Ok(code),
            other => bail!("the late request is not answered by HTTP: {other:?}"),
        }
    }
}

/// Returns when the request with this first line may pass.
pub(super) async fn wait(gate: &watch::Sender<Gate>, number: u64, line: &str) -> Result<()> {
    gate.send_if_modified(|gate| {
        let such = matches!(gate.held, Held::Next(such) if such(line));
        if such {
            gate.held = Held::On(number);
        }
        such
    });
    let mut gate = gate.subscribe();
    let here = |held| matches!(held, Held::On(held) | Held::BrokenOff(held) if held == number);
    gate.wait_for(|gate| !here(gate.held)).await?;
    Ok(())
}

/// Returns when whoever sent a request on this connection is to see it break.
pub(super) async fn broken(gate: &watch::Sender<Gate>, number: u64) {
    let mut gate = gate.subscribe();
    // The link itself outlives its connections.
    let _ = gate
        .wait_for(|gate| matches!(gate.held, Held::BrokenOff(held) if held == number))
        .await;
}

/// Returns when no request of this connection is on its way that was held back.
pub(super) async fn answered(gate: &watch::Sender<Gate>, number: u64) -> Result<()> {
    let mut gate = gate.subscribe();
    gate.wait_for(|gate| !matches!(gate.held, Held::LetGo(held) if held == number))
        .await?;
    Ok(())
}

/// This was answered on a connection.
pub(super) fn answer(gate: &watch::Sender<Gate>, number: u64, chunk: &[u8]) {
    gate.send_if_modified(|gate| {
        let late = matches!(gate.held, Held::LetGo(held) if held == number);
        if late {
            gate.held = Held::Answered(status(chunk));
        }
        late
    });
}

/// The code of a status line, as in `HTTP/1.1 409 Conflict`.
fn status(chunk: &[u8]) -> Option<u16> {
    let line = chunk.split(|byte| *byte == b'\r').next()?;
    let code = std::str::from_utf8(line).ok()?.split(' ').nth(1)?;
    code.parse().ok()
}
