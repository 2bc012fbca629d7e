//! Mock bridges as what runs in pods.

use std::net::SocketAddr;
use std::time::Duration;

use bridge::model::{Stop, Videobridge};
use bridge::request;

use super::MockJitsi;
use crate::address::BRIDGE_PORT;
use crate::kubelet::runtime::{BoxFuture, PodHandle, Runtime};
use crate::objects::BRIDGE_CONTAINER;

/// The command that a mock bridge's container has for preStop, as charts have one: the bridge gets no new conferences, and the
/// command ends when nobody is left on it.
pub const DRAIN_AND_WAIT: &str = "drain-and-wait";

/// Between two looks of that command at the number of people; the first one comes so long after the drain, of which jicofo must
/// learn first.
const LOOK: Duration = Duration::from_secs(1);

impl MockJitsi {
    /// Every container that is no bridge does nothing.
    fn is_bridge(pod: &PodHandle) -> bool {
        pod.container == BRIDGE_CONTAINER
    }

    /// What [`DRAIN_AND_WAIT`] does, and its exit code.
    async fn drain_and_wait(&self, nick: &str) -> i32 {
        let asked = self.with(|model, now| {
            let request = request::drain("localhost");
            model.bridge_request(nick, &request, now)
        });
        if asked.is_none_or(|reply| !reply.status().is_success()) {
            return 1;
        }
        loop {
            tokio::time::sleep(LOOK).await;
            let left =
                self.look(|model| model.bridge(nick).map_or(0, Videobridge::local_endpoints));
            if left == 0 {
                return 0;
            }
        }
    }
}

/// A bridge's nickname is the name of its pod, as in the videobridge's own image.
impl Runtime for MockJitsi {
    fn start(&self, pod: &PodHandle) -> BoxFuture<'_, anyhow::Result<()>> {
        if Self::is_bridge(pod) {
            self.start_bridge(&pod.name, SocketAddr::from((pod.ip, BRIDGE_PORT)));
        }
        Box::pin(async { Ok(()) })
    }

    fn terminate(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        if Self::is_bridge(pod) {
            self.stop_bridge(&pod.name, Stop::Terminate);
        }
        Box::pin(async {})
    }

    fn kill(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        let bridge = Self::is_bridge(pod).then(|| pod.name.clone());
        Box::pin(async move {
            if let Some(nick) = bridge {
                self.stop_bridge(&nick, Stop::Kill);
                self.until_closed(&nick).await;
            }
        })
    }

    fn exited(&self, pod: &PodHandle) -> Option<i32> {
        if !Self::is_bridge(pod) {
            return None;
        }
        // A process that nobody could see ending was taken with its node.
        self.look(|model| {
            model
                .bridge(&pod.name)?
                .exit()
                .map(|exit| exit.code.unwrap_or(137))
        })
    }

    fn exec(&self, pod: &PodHandle, command: &[String]) -> BoxFuture<'_, i32> {
        if Self::is_bridge(pod) && command.first().is_some_and(|name| name == DRAIN_AND_WAIT) {
            let nick = pod.name.clone();
            return Box::pin(async move { self.drain_and_wait(&nick).await });
        }
        // Probes of bridges ask /about/health or whether the process lives; a bridge that has exited runs nothing.
        let code = i32::from(Self::is_bridge(pod) && self.exited(pod).is_some());
        Box::pin(async move { code })
    }
}
