//! What is known of one container of a pod, and its status as the API tells it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Which part a container has in its pod.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Runs to its end before anything after it is started.
    Init,
    /// A native sidecar: an init container that goes on running.
    Sidecar,
    /// An ordinary container.
    Main,
}

/// Something that happened to a container.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Running {
        id: String,
        restarts: i32,
    },
    Started,
    Ready(bool),
    Ended {
        code: i32,
        reason: &'static str,
        message: Option<String>,
    },
    Waiting {
        reason: &'static str,
    },
    /// It will not be started again.
    Done,
}

#[derive(Debug)]
enum State {
    Waiting(&'static str),
    Running(Timestamp),
    Ended,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub(super) struct Record {
    pub(super) kind: Kind,
    /// Whether a task runs it.
    pub(super) spawned: bool,
    /// Whether it will never be started again.
    pub(super) done: bool,
    pub(super) ready: bool,
    pub(super) started: bool,
    name: String,
    image: String,
    state: State,
    restarts: i32,
    id: Option<String>,
    ended: Option<ContainerStateTerminated>,
}

impl Record {
    pub(super) fn new(container: &Container, kind: Kind, waiting: &'static str) -> Self {
        Self {
            kind,
            spawned: false,
            done: false,
            ready: false,
            started: false,
            name: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
            state: State::Waiting(waiting),
            restarts: 0,
            id: None,
            ended: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it runs or has run.
    pub(super) fn has_run(&self) -> bool {
        self.id.is_some()
    }

    /// The exit code with which it ended for good.
    pub(super) fn outcome(&self) -> Option<i32> {
        self.ended
            .as_ref()
            .filter(|_| self.done)
            .map(|ended| ended.exit_code)
    }

    pub(super) fn apply(&mut self, change: Change, now: Timestamp) {
        match change {
            Change::Running { id, restarts } => {
                self.state = State::Running(now);
                self.id = Some(id);
                self.restarts = restarts;
            }
            // What a probe of an ended run says comes too late.
            Change::Started | Change::Ready(_) if !matches!(self.state, State::Running(_)) => {}
            Change::Started => self.started = true,
            Change::Ready(ready) => self.ready = ready,
            Change::Ended {
                code,
                reason,
                message,
            } => {
                let started_at = match self.state {
                    State::Running(since) => Some(Time(since)),
                    _ => Some(Time(now)),
                };
                self.ended = Some(ContainerStateTerminated {
                    container_id: self.id.clone(),
                    exit_code: code,
                    finished_at: Some(Time(now)),
                    message,
                    reason: Some(reason.into()),
                    signal: None,
                    started_at,
                });
                self.state = State::Ended;
                self.started = false;
                // An init container that ended well is reported ready.
                self.ready = self.kind == Kind::Init && code == 0;
            }
            Change::Waiting { reason } => self.state = State::Waiting(reason),
            Change::Done => self.done = true,
        }
    }

    pub(super) fn status(&self) -> ContainerStatus {
        let mut state = ContainerState::default();
        let mut last_state = ContainerState::default();
        match self.state {
            State::Waiting(reason) => {
                state.waiting = Some(ContainerStateWaiting {
                    message: None,
                    reason: Some(reason.into()),
                });
                last_state.terminated.clone_from(&self.ended);
            }
            State::Running(since) => {
                state.running = Some(ContainerStateRunning {
                    started_at: Some(Time(since)),
                });
                last_state.terminated.clone_from(&self.ended);
            }
            State::Ended => state.terminated.clone_from(&self.ended),
        }
        ContainerStatus {
            container_id: self.id.clone(),
            image: self.image.clone(),
            image_id: self
                .id
                .as_ref()
                .map_or_else(String::new, |_| format!("laboratory://{}", self.image)),
            last_state: Some(last_state),
            name: self.name.clone(),
            ready: self.ready,
            restart_count: self.restarts,
            started: Some(self.started),
            state: Some(state),
            ..ContainerStatus::default()
        }
    }
}
