//! The one loop: looks at the bridge, holds its mode, and is the last line when the pod ends.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::{Time, request};
use reach::{Probe, uptime};
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use crate::config::Config;
use crate::desk::{Desk, kept};
use crate::ending::{End, Ending, Hidden, Order, Times};
use crate::followed::Followed;
use crate::last_line::{self, Told, Waiting};
use crate::mode;
use crate::sight::{Look, Sight};
use crate::store::{File, disk};

/// How often it is looked whether the pod ends.
const TICK: Duration = Duration::from_millis(250);

/// What the loop knows beside what it shares.
pub(crate) struct Holder {
    desk: Arc<Desk>,
    probe: Probe,
    annotations: Followed,
    /// The file that says that the pod ends.
    terminating: PathBuf,
    /// The file that says that the bridge's container ends.
    waiting: PathBuf,
    interval: Duration,
    times: Times,
    run: Option<StartupTime>,
    hidden: Option<Hidden>,
    ending: Option<Ending>,
    /// The run of the bridge that was there when the end began.
    ended: Option<StartupTime>,
    /// Why nobody waits any longer, as it was last told.
    end: Option<End>,
    /// Whether the bridge was heard the last time.
    heard: Option<bool>,
}

impl Holder {
    /// Nothing is looked at yet.
    pub(crate) fn new(desk: Arc<Desk>, config: &Config) -> Self {
        let hidden = kept::<Option<Hidden>>(&desk.store, &desk.telemetry, File::Hidden);
        Self {
            probe: last_line::probe(config.bridge),
            annotations: Followed::new(&config.annotations),
            terminating: desk.store.folder().join(File::Terminating.path()),
            waiting: desk.store.folder().join(File::Waiting.path()),
            interval: config.interval,
            times: config.times,
            run: None,
            hidden: hidden.flatten(),
            ending: None,
            ended: None,
            end: None,
            heard: None,
            desk,
        }
    }

    /// Looks and holds, for ever.
    pub(crate) async fn hold(mut self) -> Infallible {
        loop {
            self.desk.beat();
            self.desk.read_keys();
            self.read_annotations();
            if self.ending.is_none() && ends([&self.terminating, &self.waiting]) {
                self.begin();
                // Before the bridge is looked at: it may be slow to tell how it is.
                self.last_line().await;
            }
            let deadline = match self.ending {
                Some(_) => self.desk.deadline.min(last_line::DEADLINE),
                None => self.desk.deadline,
            };
            let look = tokio::select! {
                look = last_line::look(&mut self.probe, deadline) => look,
                () = appears([&self.terminating, &self.waiting]), if self.ending.is_none() => continue,
            };
            let look = look.unwrap_or_else(|failure| self.not_heard(&failure));
            self.hear(&look);
            let pause = if self.ending.is_some() {
                self.last_line().await;
                last_line::PAUSE
            } else {
                if let Look::Heard(sight) = &look {
                    self.keep_mode(sight).await;
                }
                self.interval
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = appears([&self.terminating, &self.waiting]), if self.ending.is_none() => {}
            }
        }
    }

    fn not_heard(&mut self, failure: &reach::Failure) -> Look {
        self.desk.telemetry.looked(failure.class());
        if self.heard != Some(false) {
            info!(bridge = %self.desk.bridge, "the bridge does not tell how it is: {failure}");
        }
        self.heard = Some(false);
        Look::from(failure)
    }

    /// What follows from a look, whatever it came to.
    fn hear(&mut self, look: &Look) {
        let now = uptime();
        if let Some(ending) = &mut self.ending {
            ending.hear(look, now);
        }
        let Look::Heard(sight) = look else { return };
        self.desk.telemetry.looked("answer");
        if self.heard == Some(false) {
            info!(bridge = %self.desk.bridge, state = ?sight.state, "the bridge tells how it is again");
        }
        self.heard = Some(true);
        if sight.startup.is_some() && self.run.is_some() && sight.startup != self.run {
            info!("the bridge was started anew: it has to join its brewery, and is given its mode");
            self.desk.telemetry.restarted();
        }
        self.run = sight.startup.or(self.run);
        self.ended = self.ended.or(self.run);
        self.go_on();
        self.desk.hear(sight);
        let hidden = Hidden::after(self.hidden, sight, now);
        if hidden != self.hidden {
            self.hidden = hidden;
            self.desk.store.put(File::Hidden, &hidden);
        }
    }

    /// Gives the bridge the mode that is wanted, if it has another one and can still have this one.
    async fn keep_mode(&self, sight: &Sight) {
        let _turn = self.desk.commanding.lock().await;
        let Some((mode, by)) = self.desk.wanted() else {
            return;
        };
        let has_it = mode.is_drained() == sight.is_drained;
        if has_it || !sight.state.reversible() {
            return;
        }
        let authority = &self.desk.authority;
        let request = if mode.is_drained() {
            request::drain(authority)
        } else {
            request::undrain(authority)
        };
        let sent = reach::send(request, last_line::LARGEST, last_line::DEADLINE).await;
        match sent {
            Ok((status, _)) if status.is_success() => {
                info!(
                    ?mode,
                    by = by.label(),
                    "the bridge had another mode, and is given the one that is wanted"
                );
                self.desk.telemetry.held(mode);
            }
            Ok((status, _)) => {
                warn!(?mode, by = by.label(), %status, "the bridge does not take the mode that is wanted");
            }
            Err(failure) => {
                debug!(?mode, %failure, "the bridge could not be given the mode that is wanted");
            }
        }
    }

    fn read_annotations(&mut self) {
        let Some(read) = self.annotations.changed() else {
            return;
        };
        let understood = read
            .map_err(|error| error.to_string())
            .and_then(|text| text.ok_or_else(|| "it is not there".to_owned()))
            .and_then(|text| mode::annotation(&text).map_err(|error| error.to_string()));
        match understood {
            Ok(word) => self.desk.annotated(word),
            Err(error) => {
                self.desk.telemetry.failed_file("annotations", "read");
                warn!(
                    file = %self.annotations.path().display(), error,
                    "cannot read the pod's annotations (--annotations), and goes by what they last said: the downward API writes them"
                );
            }
        }
    }

    /// Whether the bridge that ended was followed by another one, in a pod of which nobody said that it ends.
    fn is_followed(&self) -> bool {
        self.run != self.ended && !disk::exists(&self.terminating)
    }

    /// If only the container of the bridge ended, the pod goes on with the next: when nobody waits any more, who ended with the
    /// container that it ran in.
    fn go_on(&mut self) {
        if self.ending.is_some() && self.is_followed() && !ends([&self.terminating, &self.waiting])
        {
            info!("the bridge's container was started anew, and the pod goes on");
            self.ending = None;
            self.end = None;
            self.desk.ends(false);
        }
    }

    /// The bridge ends from here on.
    fn begin(&mut self) {
        let now = uptime();
        let written = disk::read::<Time>(&self.terminating).ok().flatten();
        let written = written.or(Waiting::now(&self.waiting).map(|waiting| waiting.since));
        let began = last_line::began(written, now);
        info!(
            grace = ?self.times.grace, to_finish = ?self.times.to_finish(),
            pod = disk::exists(&self.terminating),
            "the pod, or the bridge's container, ends: the bridge drains, people may finish, and who has not is moved in time"
        );
        self.desk.ends(true);
        self.ended = self.run;
        self.desk.wanted();
        let was_heard = self.desk.latch().has_heard() || self.run.is_some();
        self.ending = Some(Ending::new(self.times, began, was_heard).knowing(self.hidden));
    }

    /// Tells the bridge what is due, and the log what came of it.
    async fn last_line(&mut self) {
        // The next bridge is told nothing that was meant for the one before.
        if self.is_followed() {
            return;
        }
        let Some(ending) = &mut self.ending else {
            return;
        };
        let step = ending.step(uptime());
        if let Some(order) = step.order {
            let told = {
                let _turn = self.desk.commanding.lock().await;
                last_line::tell(self.desk.bridge, order).await
            };
            self.desk.telemetry.last_line(order, told.label());
            match told {
                Told::Done => info!(?order, "the bridge was told"),
                Told::Off(why) => {
                    if order == Order::ShutDown {
                        error!(
                            "the bridge cannot be told to shut down, and people are cut at the end of the grace period: {why}"
                        );
                    } else {
                        warn!("the bridge cannot be told to drain: {why}");
                    }
                    ending.refused(order);
                }
                Told::Failed(why) => {
                    warn!(?order, "the bridge was told and may not have heard: {why}");
                }
            }
        }
        if step.end != self.end {
            if let Some(end) = step.end {
                info!(?end, "nobody waits for the bridge any longer");
                self.desk.telemetry.ended(end);
            }
            self.end = step.end;
        }
    }
}

/// Waits until the bridge ends, by these files.
async fn appears(paths: [&Path; 2]) {
    while !ends(paths) {
        sleep(TICK).await;
    }
}

/// Whether the bridge ends: with its pod, or, while somebody waits for it, with its container.
fn ends([terminating, waiting]: [&Path; 2]) -> bool {
    disk::exists(terminating) || Waiting::now(waiting).is_some()
}
