//! The life of one container: started, probed, ended, started again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Shared;
use super::action::Action;
use super::probe::Prober;
use super::record::{Change, Kind};
use super::runtime::PodHandle;
use super::stop::Stops;

/// SIGKILL's exit code.
const KILLED: i32 = 137;
/// The exit code of what cannot be started.
const CANNOT_START: i32 = 128;

/// When an ended container is started again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Restart {
    Always,
    OnFailure,
    Never,
}

/// Runs one container of a pod until it is done.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    /// Its place among the pod's records.
    pub(super) index: usize,
    pub(super) kind: Kind,
    pub(super) container: Arc<Container>,
    pub(super) restart: Restart,
    /// The pod's termination grace period.
    pub(super) grace: Duration,
    /// What is the same in every run.
    pub(super) handle: PodHandle,
    pub(super) seen: tokio::sync::watch::Receiver<super::pod::Seen>,
    pub(super) stops: Stops,
    pub(super) events: mpsc::UnboundedSender<(usize, Change)>,
}

struct Ended {
    code: i32,
    message: Option<String>,
}

impl Task {
    pub(super) async fn run(self) {
        let settings = self.shared.settings;
        let mut wait = settings.restart_backoff;
        let mut restarts = 0;
        loop {
            let handle = self.handle(restarts);
            let ended = self.life(&handle).await;
            let again = self.again(ended.code);
            let reason = if ended.code == 0 {
                "Completed"
            } else {
                "Error"
            };
            let (code, message) = (ended.code, ended.message);
            self.tell(Change::Ended {
                code,
                reason,
                message,
            });
            if !again {
                break;
            }
            self.tell(Change::Waiting {
                reason: "CrashLoopBackOff",
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stops.asked(), if self.kind != Kind::Sidecar => break,
                () = self.stops.terminable() => break,
            }
            wait = (wait * 2).min(settings.restart_backoff_limit);
            restarts += 1;
        }
        self.tell(Change::Done);
    }

    /// Until a sidecar's turn to end has come it is started again, also in a pod that ends.
    fn again(&self, code: i32) -> bool {
        let ending = if self.kind == Kind::Sidecar {
            self.stops.may_terminate()
        } else {
            self.stops.is_asked()
        };
        !ending
            && match self.restart {
                Restart::Always => true,
                Restart::OnFailure => code != 0,
                Restart::Never => false,
            }
    }

    fn handle(&self, restarts: i32) -> PodHandle {
        let pod: Arc<Pod> = Arc::clone(&self.seen.borrow().pod);
        PodHandle {
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            annotations: pod.metadata.annotations.clone().unwrap_or_default(),
            restart_count: restarts,
            container_id: format!(
                "laboratory://{}/{}/{restarts}",
                self.handle.uid, self.handle.container
            ),
            pod,
            ..self.handle.clone()
        }
    }

    async fn life(&self, handle: &PodHandle) -> Ended {
        if let Err(error) = self.shared.runtime.start(handle).await {
            let message = Some(format!("{error:#}"));
            return Ended {
                code: CANNOT_START,
                message,
            };
        }
        let (id, restarts) = (handle.container_id.clone(), handle.restart_count);
        self.tell(Change::Running { id, restarts });
        let prober = Prober {
            shared: Arc::clone(&self.shared),
            pod: handle.clone(),
            container: Arc::clone(&self.container),
            since: Instant::now(),
        };
        // Aborted when this run ends. Readiness is probed until then, also while the container is asked to end.
        let mut tasks = JoinSet::new();
        let (started, starts) = oneshot::channel();
        tasks.spawn(readiness(
            prober.clone(),
            starts,
            self.index,
            self.events.clone(),
        ));
        let failed = tokio::select! {
            code = exit(&self.shared, handle) => return Ended { code, message: None },
            failed = self.health(&prober, started) => Some(failed),
            () = self.stops.asked() => None,
        };
        let stops = match &failed {
            Some((_, grace)) => self.stops.within(*grace),
            None => self.stops.clone(),
        };
        let code = self.end(handle, stops).await;
        Ended {
            code,
            message: failed.map(|(message, _)| message),
        }
    }

    /// Returns when the startup or the liveness probe gives the container up: why, and the grace period it has then.
    async fn health(&self, prober: &Prober, started: oneshot::Sender<()>) -> (String, Duration) {
        let mut failure = None;
        if let Some(probe) = &self.container.startup_probe {
            let settled = prober.watch(probe, |result| {
                failure = result
                    .err()
                    .map(|error| format!("startup probe failed: {error}"));
                ControlFlow::Break(())
            });
            settled.await;
            if let Some(failure) = failure {
                return (
                    failure,
                    self.grace_of(probe.termination_grace_period_seconds),
                );
            }
        }
        self.tell(Change::Started);
        // The readiness task is there as long as this run is.
        let _ = started.send(());
        let Some(probe) = &self.container.liveness_probe else {
            return std::future::pending().await;
        };
        let lives = prober.watch(probe, |result| match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(format!("liveness probe failed: {error}"));
                ControlFlow::Break(())
            }
        });
        lives.await;
        (
            failure.unwrap_or_default(),
            self.grace_of(probe.termination_grace_period_seconds),
        )
    }

    /// preStop, SIGTERM, and SIGKILL when the grace period is over: the exit code.
    async fn end(&self, handle: &PodHandle, stops: Stops) -> i32 {
        let pre_stop = self
            .container
            .lifecycle
            .as_ref()
            .and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        let before = async {
            if let Some(hook) = pre_stop {
                let action = Action::from(hook);
                tokio::select! {
                    result = action.perform(&*self.shared.runtime, handle, &self.container) => {
                        // As with a real kubelet, one that fails only shortens the way to SIGTERM.
                        if let Err(error) = result {
                            tracing::warn!(pod = handle.name, container = handle.container, %error, "preStop failed");
                        }
                    }
                    () = stops.expired() => {}
                }
            }
            stops.terminable().await;
        };
        tokio::select! {
            code = exit(&self.shared, handle) => return code,
            () = before => {}
        }
        let least = Instant::now() + self.shared.settings.minimum_grace;
        let ended = async {
            self.shared.runtime.terminate(handle).await;
            exit(&self.shared, handle).await
        };
        let expired = async {
            stops.expired().await;
            tokio::time::sleep_until(least).await;
        };
        tokio::select! {
            code = ended => code,
            () = expired => {
                self.shared.runtime.kill(handle).await;
                KILLED
            }
        }
    }

    fn grace_of(&self, seconds: Option<i64>) -> Duration {
        seconds.map_or(self.grace, |seconds| {
            Duration::from_secs(seconds.try_into().unwrap_or(0))
        })
    }

    fn tell(&self, change: Change) {
        // Nobody listens only when the pod's task is gone, and this one is about to be.
        let _ = self.events.send((self.index, change));
    }
}

/// Reports whether the container is ready, from the moment it has started.
async fn readiness(
    prober: Prober,
    started: oneshot::Receiver<()>,
    index: usize,
    events: mpsc::UnboundedSender<(usize, Change)>,
) {
    if started.await.is_err() {
        return;
    }
    let tell = |ready| drop(events.send((index, Change::Ready(ready))));
    let Some(probe) = prober.container.readiness_probe.clone() else {
        tell(true);
        return;
    };
    let mut was = false;
    let watch = prober.watch(&probe, |result| {
        let ready = result.is_ok();
        if ready != was {
            tell(ready);
            was = ready;
        }
        ControlFlow::Continue(())
    });
    watch.await;
}

/// Returns the exit code once the container's process has ended.
async fn exit(shared: &Shared, handle: &PodHandle) -> i32 {
    loop {
        if let Some(code) = shared.runtime.exited(handle) {
            return code;
        }
        tokio::time::sleep(shared.settings.look_every).await;
    }
}
