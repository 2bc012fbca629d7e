//! Several Jitsis in one cluster, one in each namespace.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::MockJitsi;
use crate::kubelet::runtime::{BoxFuture, PodHandle, Runtime};

/// What runs in the pods of several Jitsis: a bridge belongs to the jicofo of its pod's namespace. Cheap to clone.
#[derive(Clone, Default)]
pub struct Namespaces {
    jitsis: Arc<Mutex<BTreeMap<String, MockJitsi>>>,
}

impl Namespaces {
    /// From now on the bridges of this namespace are those of this Jitsi.
    pub fn give(&self, namespace: &str, jitsi: MockJitsi) {
        let mut jitsis = self.jitsis.lock().unwrap_or_else(PoisonError::into_inner);
        jitsis.insert(namespace.to_owned(), jitsi);
    }

    /// Pods of other namespaces do nothing.
    fn of(&self, pod: &PodHandle) -> Option<MockJitsi> {
        let jitsis = self.jitsis.lock().unwrap_or_else(PoisonError::into_inner);
        jitsis.get(&pod.namespace).cloned()
    }
}

impl Runtime for Namespaces {
    fn start(&self, pod: &PodHandle) -> BoxFuture<'_, anyhow::Result<()>> {
        let (jitsi, pod) = (self.of(pod), pod.clone());
        Box::pin(async move {
            match jitsi {
                Some(jitsi) => jitsi.start(&pod).await,
                None => Ok(()),
            }
        })
    }

    fn terminate(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        let (jitsi, pod) = (self.of(pod), pod.clone());
        Box::pin(async move {
            if let Some(jitsi) = jitsi {
                jitsi.terminate(&pod).await;
            }
        })
    }

    fn kill(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        let (jitsi, pod) = (self.of(pod), pod.clone());
        Box::pin(async move {
            if let Some(jitsi) = jitsi {
                jitsi.kill(&pod).await;
            }
        })
    }

    fn exited(&self, pod: &PodHandle) -> Option<i32> {
        self.of(pod)?.exited(pod)
    }

    fn exec(&self, pod: &PodHandle, command: &[String]) -> BoxFuture<'_, i32> {
        let (jitsi, pod, command) = (self.of(pod), pod.clone(), command.to_vec());
        Box::pin(async move {
            match jitsi {
                Some(jitsi) => jitsi.exec(&pod, &command).await,
                None => 0,
            }
        })
    }
}
