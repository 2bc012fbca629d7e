//! Times and limits that belong to the controller, not to a pool.

use std::time::Duration;

/// Times and limits that belong to the controller, not to a pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tuning {
    /// How often a bridge tells jicofo how it is: 5 s on a real one.
    pub presence_interval: Duration,
    /// How soon a bridge that serves is looked at again.
    pub look_usually: Duration,
    /// How soon one that is on its way, in or out, is looked at again.
    pub look_soon: Duration,
    /// After this time a request without a reply is one of unknown outcome.
    pub request_timeout: Duration,
    /// The pause before a command that a bridge did not confirm is given again; doubled each time up to sixteen times this.
    pub command_retry: Duration,
    /// The pause after a failed start of a revision; doubled each time.
    pub creation_backoff: Duration,
    /// The longest such pause.
    pub creation_backoff_most: Duration,
    /// How many pods are created at once.
    pub creations_at_once: u32,
    /// From how many restarts on a container that is not running counts as failed.
    pub restarts: u32,
    /// When the API server has told nothing for so long, bookmarks included, nothing new is begun.
    pub watch_silence: Duration,
    /// The pause between two writes of a status in which the count did not change.
    pub status_interval: Duration,
    /// Bridges that fell to zero within this time of now fell at once. Whoever has asked bridges for a shorter time takes none to be
    /// empty.
    pub mass_window: Duration,
    /// Decides anew after this time, even if nothing is due.
    pub resync: Duration,
    /// How old jicofo's list of conferences may be when one of them is moved.
    pub rooms_freshness: Duration,
    /// How often a conference is asked to leave one by one before it counts as one that refuses to.
    pub move_attempts: u32,
}

impl Tuning {
    /// The longest pause before a bridge is told the same thing again.
    pub(crate) fn longest_pause(&self) -> Duration {
        const MOST: u32 = 16;
        self.command_retry * MOST
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            presence_interval: Duration::from_secs(5),
            look_usually: Duration::from_secs(5),
            look_soon: Duration::from_secs(1),
            request_timeout: Duration::from_secs(10),
            command_retry: Duration::from_secs(2),
            creation_backoff: Duration::from_secs(10),
            creation_backoff_most: Duration::from_mins(5),
            creations_at_once: 20,
            restarts: 5,
            watch_silence: Duration::from_secs(150),
            status_interval: Duration::from_secs(5),
            mass_window: Duration::from_mins(2),
            resync: Duration::from_secs(10),
            rooms_freshness: Duration::from_secs(5),
            move_attempts: 2,
        }
    }
}
