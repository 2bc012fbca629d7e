//! The policy's requests, sent once, and what became of them.
//!
//! Nothing is sent twice here, by no client and no loop: what a request was decided by gets old, and whether it is still right is
//! decided anew. So the client's own retries are off, each call has a time-out, and one that is too old is not sent at all.

mod bridges;
mod gate;
mod objects;
mod outcome;
mod refusals;
mod reply;
mod template;

use std::sync::Arc;
use std::time::Duration;

use reach::Loopback;
use scaler_policy::world::Pool;
use scaler_policy::{Call, Outcome, Request};
use tracing::debug;

pub(crate) use gate::Gate;
use refusals::Refusals;
use reply::told;
pub(crate) use reply::{Failure, Reply};

use crate::budget::Tried;
use crate::config::Questions;
use crate::keys::Signer;
use crate::shared::Shared;

/// Whoever sends the requests of all pools.
#[derive(Clone)]
pub(crate) struct Transport {
    client: kube::Client,
    shared: Arc<Shared>,
    gate: Arc<Gate>,
    refusals: Arc<Refusals>,
    timeout: Duration,
    jicofo: Option<String>,
    deadline: Duration,
    loopback: Loopback,
    sidecar_image: Option<String>,
    signer: Signer,
}

impl Transport {
    /// By this client, which must not repeat anything by itself. Bridges get sidecars of this image.
    pub(crate) fn new(
        client: kube::Client,
        gate: Arc<Gate>,
        timeout: Duration,
        questions: &Questions,
        sidecar_image: Option<String>,
        signer: Signer,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            client,
            shared: Arc::clone(shared),
            gate,
            refusals: Arc::default(),
            timeout,
            jicofo: questions.jicofo.clone(),
            deadline: questions.deadline,
            loopback: questions.loopback,
            sidecar_image,
            signer,
        }
    }

    /// Sends a request about this pool, if it is still to be sent, and says what became of it. Whoever evicts pods is to find a bridge
    /// protected from its first moment: the first one is started when the pool's budget was seen to.
    pub(crate) async fn send(&self, pool: &Pool, budget: &Tried, request: &Request) -> Reply {
        let kind = kind(&request.call);
        let starts = matches!(request.call, Call::CreatePod { .. });
        let reply = if starts && !self.in_time(request, budget.wait()).await {
            // It was not sent.
            Reply::late(Outcome::Throttled)
        } else {
            self.carry(pool, request).await
        };
        debug!(pool = pool.name, kind, ?reply, "a request was sent");
        self.shared.telemetry.requested(kind, told(&reply.outcome));
        self.refusals.note(&pool.namespace, kind, &reply.outcome);
        reply
    }

    async fn carry(&self, pool: &Pool, request: &Request) -> Reply {
        let call = &request.call;
        if matches!(
            call,
            Call::Bridge { .. } | Call::MoveRoom { .. } | Call::AskRooms
        ) {
            return if self.late(request) {
                Reply::late(Outcome::Conflict)
            } else {
                self.tell(call).await.into()
            };
        }
        // A status tells what is so at another time as well.
        let can_wait = matches!(call, Call::PatchStatus { .. });
        if can_wait && self.gate.is_held() {
            return Reply::late(Outcome::Conflict);
        }
        let Some(_place) = self.gate.enter(request.not_after).await else {
            // It was not sent.
            return Reply::late(Outcome::Throttled);
        };
        if self.late(request) {
            // Nor was this, and the object is read before anything else is decided about it.
            return Reply::late(Outcome::Conflict);
        }
        tokio::time::timeout(self.timeout, self.ask(pool, call))
            .await
            .unwrap_or(Outcome::Unknown)
            .into()
    }

    /// Whether this comes while a request may still leave.
    async fn in_time(&self, request: &Request, awaited: impl Future<Output = ()>) -> bool {
        let patience = request.not_after.since(self.shared.clock.now());
        tokio::time::timeout(patience, awaited).await.is_ok()
    }

    /// Whether a request must not leave any more: what it was decided by is too old, or another replica may lead.
    fn late(&self, request: &Request) -> bool {
        self.shared.clock.now() > request.not_after || !self.shared.leads()
    }
}

/// What kind of request it is, as a metric's label: few and fixed.
const fn kind(call: &Call) -> &'static str {
    match call {
        Call::CreatePod { .. } => "create_pod",
        Call::PatchPod { .. } => "patch_pod",
        Call::DeletePod { .. } => "delete_pod",
        Call::ReadPod { .. } => "read_pod",
        Call::ListPods => "list_pods",
        Call::Bridge { .. } => "bridge",
        Call::MoveRoom { .. } => "move_conference",
        Call::AskRooms => "ask_conferences",
        Call::PatchPool { .. } => "patch_pool",
        Call::PatchStatus { .. } => "patch_status",
    }
}
