//! How a container learns that it must end, and until when.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a pod tells one of its containers once it is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// When the grace period is over. It may be brought forward, never put off.
    pub(super) deadline: Instant,
    /// Whether SIGTERM may be sent before the deadline: to a sidecar only after the main containers have ended.
    pub(super) may_terminate: bool,
}

/// The container's side.
#[derive(Clone, Debug)]
pub(super) struct Stops {
    pod: watch::Receiver<Option<Stop>>,
    /// A deadline of the container's own: a liveness probe failed.
    own: Option<Instant>,
}

impl Stops {
    pub(super) fn new(pod: watch::Receiver<Option<Stop>>) -> Self {
        Self { pod, own: None }
    }

    /// For a container that must end although its pod goes on.
    pub(super) fn within(&self, grace: Duration) -> Self {
        Self {
            pod: self.pod.clone(),
            own: Some(Instant::now() + grace),
        }
    }

    /// Whether the pod has told this container to end.
    pub(super) fn is_asked(&self) -> bool {
        self.pod.borrow().is_some()
    }

    /// Whether SIGTERM may be sent.
    pub(super) fn may_terminate(&self) -> bool {
        self.own.is_some() || self.pod.borrow().is_some_and(|stop| stop.may_terminate)
    }

    /// Returns once the pod tells this container to end.
    pub(super) async fn asked(&self) {
        self.until(|_, pod| pod.is_some()).await;
    }

    /// Returns once SIGTERM may be sent or the grace period is over.
    pub(super) async fn terminable(&self) {
        tokio::select! {
            () = self.expired() => {}
            () = self.until(|own, pod| own.is_some() || pod.is_some_and(|stop| stop.may_terminate)) => {}
        }
    }

    /// Returns once the grace period is over, also when it is shortened meanwhile.
    pub(super) async fn expired(&self) {
        let mut pod = self.pod.clone();
        loop {
            let deadline = self.deadline();
            tokio::select! {
                () = sleep_until(deadline) => return,
                changed = pod.changed() => if changed.is_err() { std::future::pending().await },
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let pod = self.pod.borrow().map(|stop| stop.deadline);
        self.own.into_iter().chain(pod).min()
    }

    async fn until(&self, done: impl Fn(Option<Instant>, Option<Stop>) -> bool) {
        let own = self.own;
        if self
            .pod
            .clone()
            .wait_for(|stop| done(own, *stop))
            .await
            .is_err()
        {
            // The pod's task is gone, and this one is about to be.
            std::future::pending::<()>().await;
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
