//! One pod, as its kubelet holds it.

use std::time::Duration;

use bridge::Time;

/// How much of the grace period must be left when the sidecar lets the bridge shut down: its own 60 s and a margin.
const SHUTDOWN_BEFORE_END: Duration = Duration::from_secs(75);

/// A pod on its node.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// The pod's name, which is the bridge's nickname too.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its node.
    pub node: String,
    /// Its image.
    pub image: String,
    /// What it is doing.
    pub life: Life,
    /// How many containers it has had; that is part of the container's ID.
    pub containers: u32,
    /// When the last container started or was to start.
    pub since: Time,
    /// Whether it was ever Ready: that is never taken back while the bridge runs.
    pub ready: bool,
    /// Whether its sidecar has failed for good.
    pub sidecar_dead: bool,
    /// Whether the bridge's container has no hook of its own, which waits while people are there.
    pub without_hook: bool,
    /// Whether somebody told this run of the bridge to drain or not.
    pub commanded: bool,
}

/// What a pod on its node is doing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Life {
    /// Its image is being pulled.
    Pulling,
    /// Its image cannot be had.
    ImagePullBackOff,
    /// The bridge's container runs.
    Running,
    /// The bridge ended with this status and is going to be started again.
    BackOff(i32),
    /// It was deleted: its hooks run, then SIGTERM, then SIGKILL.
    Terminating {
        /// When the grace period is over.
        until: Time,
        /// SIGTERM was sent.
        signalled: bool,
    },
    /// Nothing of it runs any more.
    Ended,
}

/// What the hooks do with a bridge whose pod was deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hook {
    /// Nobody is on the bridge, or it has no hook of its own: SIGTERM follows.
    Return,
    /// The bridge's own hook waits, and its sidecar lets it drain; both look again.
    Drain,
    /// The sidecar has jicofo move everybody: it lets the bridge go to SHUTTING_DOWN.
    ShutDown,
}

impl Held {
    /// The container's ID.
    pub fn container(&self) -> String {
        format!("sim://{}/{}", self.uid, self.containers)
    }

    /// What the hooks do at this moment, `until` being the end of the grace period.
    pub fn hook(&self, until: Time, empty: bool, now: Time) -> Hook {
        if empty || self.without_hook {
            Hook::Return
        } else if !self.sidecar_dead && now + SHUTDOWN_BEFORE_END >= until {
            Hook::ShutDown
        } else {
            Hook::Drain
        }
    }

    /// How long the kubelet waits before the next start of a container that ended (kubernetes: 10 s, doubled each time, at
    /// most 5 min; the first time at once).
    pub fn back_off(&self) -> Duration {
        match self.containers {
            0 | 1 => Duration::from_secs(1),
            restarts => {
                let doubled = 1_u64 << (restarts - 2).min(5);
                Duration::from_secs((10 * doubled).min(300))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(containers: u32, sidecar_dead: bool) -> Held {
        Held {
            name: "jvb-1".to_owned(),
            uid: "uid-1".to_owned(),
            node: "node-1".to_owned(),
            image: "jvb:1".to_owned(),
            life: Life::Running,
            containers,
            since: Time::default(),
            ready: true,
            sidecar_dead,
            without_hook: false,
            commanded: false,
        }
    }

    #[test]
    fn a_sidecar_shuts_its_bridge_down_while_there_is_time_to_move_everybody() {
        let until = Time::from_millis(300_000);
        let hook = |second: i64, empty| {
            held(1, false).hook(until, empty, Time::from_millis(second * 1000))
        };
        assert_eq!(hook(0, true), Hook::Return);
        assert_eq!(hook(224, false), Hook::Drain);
        assert_eq!(hook(225, false), Hook::ShutDown);
        let dead = held(1, true).hook(until, false, Time::from_millis(299_000));
        assert_eq!(dead, Hook::Drain, "without its sidecar it only waits");
        let bare = Held {
            without_hook: true,
            ..held(1, false)
        };
        let hook = bare.hook(until, false, Time::default());
        assert_eq!(hook, Hook::Return, "nothing holds SIGTERM back");
    }

    #[test]
    fn a_bridge_that_ends_again_and_again_is_started_ever_later() {
        let seconds =
            [1, 2, 3, 4, 8, 20].map(|containers| held(containers, false).back_off().as_secs());
        assert_eq!(seconds, [1, 10, 20, 40, 300, 300]);
    }
}
