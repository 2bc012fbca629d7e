//! Mock bridges as what runs in pods.

use std::net::SocketAddr;

use bridge::model::Stop;

use super::MockJitsi;
use crate::address::BRIDGE_PORT;
use crate::kubelet::runtime::{BoxFuture, PodHandle, Runtime};
use crate::objects::BRIDGE_CONTAINER;

impl MockJitsi {
    /// Every container that is no bridge does nothing.
    fn is_bridge(pod: &PodHandle) -> bool {
        pod.container == BRIDGE_CONTAINER
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

    fn exec(&self, pod: &PodHandle, _: &[String]) -> BoxFuture<'_, i32> {
        // Probes of bridges ask /about/health or whether the process lives; a bridge that has exited runs nothing.
        let code = i32::from(Self::is_bridge(pod) && self.exited(pod).is_some());
        Box::pin(async move { code })
    }
}
