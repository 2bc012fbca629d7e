//! Events of Kubernetes: on the pod, and on its pool.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use reach::causes;
use scaler_api::BridgePool;
use scaler_policy::world::Pool;
use scaler_policy::{Decision, Plan, PodRef, Weight};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::debug;

use super::sentence;
use crate::shared::Shared;
use crate::transport::Gate;

/// So many wait to be told; more are dropped, as each decision is in the decision log too.
const WAITING: usize = 512;

/// The longest note that the API server takes, in bytes.
const LONGEST: usize = 1000;

/// The way to whoever announces events.
pub(crate) struct Events(Sender<Told>);

/// Why a pool is left alone, in a word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LeftAlone {
    /// It cannot be understood.
    Unreadable,
    /// Deciding about it failed, by a mistake of this program.
    Frozen,
}

/// An event, and on which object.
pub(crate) struct Told {
    pub(crate) event: Event,
    on: ObjectReference,
}

impl Events {
    /// The way, and its end for [`announce`].
    pub(crate) fn new() -> (Self, Receiver<Told>) {
        let (sender, receiver) = channel(WAITING);
        (Self(sender), receiver)
    }

    /// Has an event told; whether there was room for it.
    pub(crate) fn tell(
        &self,
        pool: &Pool,
        plan: &Plan,
        decision: &Decision,
        weight: Weight,
    ) -> bool {
        let owner = reference(pool);
        let bridge = decision.pod.as_ref().map(|pod| pod_reference(pool, pod));
        let first = Told {
            event: event(plan, decision, weight, bridge.clone()),
            on: owner.clone(),
        };
        // A pool that does everything dry does nothing to its pods.
        let second = bridge.filter(|_| !plan.dry_run).map(|on| Told {
            event: event(plan, decision, weight, Some(owner)),
            on,
        });
        let mut told = std::iter::once(first).chain(second);
        told.all(|told| self.0.try_send(told).is_ok())
    }

    /// Has it told on a pool that no pod can be made of its template, and why; whether there was room for it.
    pub(crate) fn unmade(&self, pool: &Pool, why: &str) -> bool {
        let event = Event {
            type_: EventType::Warning,
            reason: "InjectionRefused".to_owned(),
            note: Some(cut(format!(
                "no bridge is started, because spec.template cannot get what spec.sidecar says: {why}"
            ))),
            action: "Create".to_owned(),
            secondary: None,
        };
        let on = reference(pool);
        self.0.try_send(Told { event, on }).is_ok()
    }

    /// Has it told on a pool that it is left alone, and why; whether there was room for it.
    pub(crate) fn left_alone(&self, metadata: &ObjectMeta, reason: LeftAlone, why: &str) -> bool {
        let event = Event {
            type_: EventType::Warning,
            reason: format!("{reason:?}"),
            note: Some(cut(format!("its bridges are left alone, because {why}"))),
            action: "LeaveAlone".to_owned(),
            secondary: None,
        };
        let on = ObjectReference {
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
            ..a_pool()
        };
        self.0.try_send(Told { event, on }).is_ok()
    }
}

fn event(
    plan: &Plan,
    decision: &Decision,
    weight: Weight,
    secondary: Option<ObjectReference>,
) -> Event {
    Event {
        type_: match weight {
            Weight::Normal => EventType::Normal,
            Weight::Warning => EventType::Warning,
        },
        reason: format!("{:?}", decision.transition),
        note: Some(cut(sentence(plan, decision))),
        action: format!("{:?}", decision.to),
        secondary,
    }
}

/// As much of a note as the API server takes.
fn cut(mut note: String) -> String {
    note.truncate(note.floor_char_boundary(LONGEST));
    note
}

fn reference(pool: &Pool) -> ObjectReference {
    ObjectReference {
        namespace: Some(pool.namespace.clone()),
        name: Some(pool.name.clone()),
        uid: Some(pool.uid.0.clone()),
        ..a_pool()
    }
}

/// A reference to a pool that does not say yet which.
fn a_pool() -> ObjectReference {
    ObjectReference {
        api_version: Some(BridgePool::API_VERSION.to_owned()),
        kind: Some(BridgePool::KIND.to_owned()),
        ..ObjectReference::default()
    }
}

fn pod_reference(pool: &Pool, pod: &PodRef) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(pool.namespace.clone()),
        name: Some(pod.name.clone()),
        uid: Some(pod.uid.0.clone()),
        ..ObjectReference::default()
    }
}

/// Sends the events one after the other. One that the API server does not take is gone: nothing rests on it.
pub(crate) async fn announce(
    client: kube::Client,
    me: String,
    timeout: Duration,
    gate: Arc<Gate>,
    shared: Arc<Shared>,
    mut told: Receiver<Told>,
) {
    let reporter = Reporter {
        controller: "bridgetender.dev/jvb-scaler".to_owned(),
        instance: Some(me),
    };
    let recorder = Recorder::new(client, reporter);
    while let Some(Told { event, on }) = told.recv().await {
        gate.enter_with_event().await;
        let published = tokio::time::timeout(timeout, recorder.publish(&event, &on)).await;
        let why = match published {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => causes(&error),
            Err(_) => "no answer".to_owned(),
        };
        shared.telemetry.event_dropped();
        debug!("an event was not taken: {why}");
    }
}
