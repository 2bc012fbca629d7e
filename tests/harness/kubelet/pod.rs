//! The life of one pod, from the moment it is seen to its final delete.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Pod, PodStatus};
use kube::{Api, ResourceExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Shared;
use super::container::{Restart, Task};
use super::record::{Change, Kind};
use super::runtime::PodHandle;
use super::status::{PodState, containers};
use super::stop::{Stop, Stops};
use super::write;

/// What the containers of a pod get that was taken away by force: as a real kubelet does, not nothing.
const FORCED_GRACE: Duration = Duration::from_secs(1);

/// A pod as the API server told of it last.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) pod: Arc<Pod>,
    /// The object is gone.
    pub(super) gone: bool,
}

/// Plays one pod until nothing of it is left.
pub(super) async fn run(shared: Arc<Shared>, mut seen: watch::Receiver<Seen>, turn: usize) {
    let pod = Arc::clone(&seen.borrow().pod);
    let name = pod.name_any();
    let uid = pod.uid().unwrap_or_default();
    let api: Api<Pod> =
        Api::namespaced(shared.client.clone(), &pod.namespace().unwrap_or_default());
    let Some((node, host_ip)) = scheduled(&shared, &api, &mut seen, turn).await else {
        return;
    };
    let on_host = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.host_network == Some(true));
    let address = if on_host {
        None
    } else {
        shared.addresses().take()
    };
    let mut worker = Worker::new(&shared, &seen, node, address.unwrap_or(host_ip), host_ip);
    let (latest, statuses) = watch::channel(None);
    tokio::join!(
        worker.live(latest),
        write::follow(&shared, &api, &name, &uid, statuses)
    );
    if let Some(address) = address {
        shared.addresses().give_back(address);
    }
    if !seen.borrow().gone
        && let Err(error) = write::remove(&shared, &api, &name, &uid).await
    {
        tracing::debug!(pod = name, %error, "the final delete was refused");
    }
}

/// Waits until the pod has a node, giving it one if need be. None where the node is not ours or the pod goes before.
async fn scheduled(
    shared: &Shared,
    api: &Api<Pod>,
    seen: &mut watch::Receiver<Seen>,
    turn: usize,
) -> Option<(String, Ipv4Addr)> {
    loop {
        let Seen { pod, gone } = seen.borrow_and_update().clone();
        if gone {
            return None;
        }
        if let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()) {
            let address = shared.node_address(&node)?;
            return Some((node, address));
        }
        let (node, address) = shared.nodes.get(turn % shared.nodes.len().max(1))?.clone();
        let uid = pod.uid().unwrap_or_default();
        match write::bind(shared, api, &pod.name_any(), &uid, &node).await {
            Ok(()) => return Some((node, address)),
            // Gone, bound by somebody else, or gated: what comes next decides.
            Err(error) => tracing::debug!(pod = pod.name_any(), %error, "a pod was not bound"),
        }
        seen.changed().await.ok()?;
    }
}

struct Worker<'a> {
    shared: &'a Arc<Shared>,
    seen: watch::Receiver<Seen>,
    node: String,
    state: PodState,
    containers: Vec<(Kind, Arc<Container>)>,
    /// How each container is told to end.
    stops: Vec<watch::Sender<Option<Stop>>>,
    /// When the grace period is over, once the pod ends.
    deadline: Option<Instant>,
    tasks: JoinSet<()>,
    events: mpsc::UnboundedSender<(usize, Change)>,
    inbox: mpsc::UnboundedReceiver<(usize, Change)>,
}

impl<'a> Worker<'a> {
    fn new(
        shared: &'a Arc<Shared>,
        seen: &watch::Receiver<Seen>,
        node: String,
        ip: Ipv4Addr,
        host_ip: Ipv4Addr,
    ) -> Self {
        let pod = Arc::clone(&seen.borrow().pod);
        let containers: Vec<_> = containers(&pod)
            .into_iter()
            .map(|(kind, c)| (kind, Arc::new(c)))
            .collect();
        let (events, inbox) = mpsc::unbounded_channel();
        Self {
            shared,
            seen: seen.clone(),
            node,
            state: PodState::new(&pod, ip, host_ip, Timestamp::now()),
            stops: containers.iter().map(|_| watch::channel(None).0).collect(),
            containers,
            deadline: None,
            tasks: JoinSet::new(),
            events,
            inbox,
        }
    }

    async fn live(&mut self, latest: watch::Sender<Option<PodStatus>>) {
        let boots = Instant::now() + self.shared.settings.boot;
        let mut booted = self.shared.settings.boot.is_zero();
        // Nobody tells of the pod any more once it is gone.
        let mut closed = false;
        loop {
            self.look();
            if self.deadline.is_none() && booted {
                self.start_what_can();
            }
            self.release_sidecars();
            self.publish(&latest);
            if self.over() {
                return;
            }
            tokio::select! {
                event = self.inbox.recv() => self.apply(event),
                changed = self.seen.changed(), if !closed => closed = changed.is_err(),
                () = tokio::time::sleep_until(boots), if !booted => booted = true,
            }
        }
    }

    fn apply(&mut self, event: Option<(usize, Change)>) {
        let mut next = event;
        while let Some((index, change)) = next {
            self.state.records[index].apply(change, Timestamp::now());
            next = self.inbox.try_recv().ok();
        }
    }

    /// Whether the pod is to end, and until when.
    fn look(&mut self) {
        let Seen { pod, gone } = self.seen.borrow_and_update().clone();
        let deleted = pod.metadata.deletion_timestamp.is_some();
        let grace = if gone {
            FORCED_GRACE
        } else if deleted {
            seconds(pod.metadata.deletion_grace_period_seconds)
        } else if self.state.finished() {
            // The main containers ended by themselves: the sidecars follow.
            self.grace()
        } else {
            return;
        };
        let deadline = Instant::now() + grace;
        if self.deadline.is_none_or(|known| deadline < known) {
            self.deadline = Some(deadline);
            for (stop, (kind, _)) in self.stops.iter().zip(&self.containers) {
                let released = stop.borrow().is_some_and(|stop| stop.may_terminate);
                let may_terminate = released || *kind != Kind::Sidecar;
                stop.send_replace(Some(Stop {
                    deadline,
                    may_terminate,
                }));
            }
        }
    }

    /// Init containers and sidecars one after the other, then all main containers.
    fn start_what_can(&mut self) {
        for index in 0..self.containers.len() {
            let record = &self.state.records[index];
            if !record.spawned {
                if record.kind == Kind::Main && !self.state.initialized() {
                    return;
                }
                self.spawn(index);
            }
            let record = &self.state.records[index];
            let passed = match record.kind {
                Kind::Init => record.outcome() == Some(0),
                Kind::Sidecar => record.started,
                Kind::Main => true,
            };
            if !passed {
                return;
            }
        }
    }

    fn spawn(&mut self, index: usize) {
        let pod = Arc::clone(&self.seen.borrow().pod);
        let (kind, container) = &self.containers[index];
        let policy = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.restart_policy.as_deref());
        let restart = match (kind, policy) {
            (Kind::Sidecar, _) | (Kind::Main, Some("Always") | None) => Restart::Always,
            (_, Some("Never")) => Restart::Never,
            _ => Restart::OnFailure,
        };
        let handle = PodHandle {
            namespace: pod.namespace().unwrap_or_default(),
            name: pod.name_any(),
            uid: pod.uid().unwrap_or_default(),
            ip: self.state.ip,
            node: self.node.clone(),
            labels: pod.labels().clone(),
            annotations: pod.annotations().clone(),
            container: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
            restart_count: 0,
            container_id: String::new(),
            pod,
        };
        let task = Task {
            shared: Arc::clone(self.shared),
            index,
            kind: *kind,
            container: Arc::clone(container),
            restart,
            grace: self.grace(),
            handle,
            seen: self.seen.clone(),
            stops: Stops::new(self.stops[index].subscribe()),
            events: self.events.clone(),
        };
        self.state.records[index].spawned = true;
        self.tasks.spawn(task.run());
    }

    /// Sidecars get SIGTERM after the last main container ended, and then the last of them first.
    fn release_sidecars(&mut self) {
        let running = |kind| {
            self.state
                .records
                .iter()
                .rposition(|r| r.kind == kind && r.spawned && !r.done)
        };
        if self.deadline.is_none() || running(Kind::Main).is_some() {
            return;
        }
        if let Some(last) = running(Kind::Sidecar) {
            self.stops[last].send_if_modified(|stop| {
                let release = stop.as_mut().filter(|stop| !stop.may_terminate);
                release.map(|stop| stop.may_terminate = true).is_some()
            });
        }
    }

    fn publish(&mut self, latest: &watch::Sender<Option<PodStatus>>) {
        let pod = Arc::clone(&self.seen.borrow().pod);
        let status = self.state.status(&pod, Timestamp::now());
        latest.send_if_modified(|known| {
            let news = known.as_ref() != Some(&status);
            if news {
                *known = Some(status);
            }
            news
        });
    }

    /// Nothing runs any more, and the object is to go or gone.
    fn over(&self) -> bool {
        let Seen { pod, gone } = &*self.seen.borrow();
        let leaving = *gone || pod.metadata.deletion_timestamp.is_some();
        leaving
            && self.deadline.is_some()
            && self
                .state
                .records
                .iter()
                .all(|record| record.done || !record.spawned)
    }

    fn grace(&self) -> Duration {
        let spec = self
            .seen
            .borrow()
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.termination_grace_period_seconds);
        seconds(spec.or(Some(30)))
    }
}

fn seconds(field: Option<i64>) -> Duration {
    Duration::from_secs(field.unwrap_or(0).try_into().unwrap_or(0))
}
