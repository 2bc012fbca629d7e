//! What a replica knows and remembers, and what it has under way.

use std::fmt::{self, Write};
use std::sync::Arc;

use bridge::Time;
use scaler_api::{BridgePoolSpec, annotations};
use scaler_policy::world::{Command, Live};
use scaler_policy::{Call, Request};

use super::super::state::{Leader, Sent};
use super::{current, hash};
use crate::api::ApiServer;
use crate::oracle::Heard;

impl Sent {
    /// What is sent by whoever had heard of so much.
    pub(in crate::explore) fn new(request: Request, heard: Arc<Heard>) -> Self {
        let mut sent = Self {
            request,
            heard,
            hash: 0,
        };
        sent.hash = hash(|to| sent.tell(to));
        sent
    }

    /// Whether the pod is of the version on which this was decided.
    pub(super) fn fits(&self, api: &ApiServer) -> Option<bool> {
        let (name, version) = match &self.request.call {
            Call::PatchPod { name, body, .. } => {
                let version = body["metadata"]["resourceVersion"].as_str();
                (name, version)
            }
            Call::DeletePod {
                name,
                resource_version,
                ..
            } => (name, resource_version.as_deref()),
            _ => return None,
        };
        let version: Option<u64> = version?.parse().ok();
        Some(version == current(api, name))
    }

    /// Writes it down without the versions that it names.
    fn tell(&self, to: &mut impl Write) -> fmt::Result {
        write!(to, "{} ", self.request.not_after)?;
        match &self.request.call {
            Call::CreatePod {
                creation,
                labels,
                annotations,
                ..
            } => write!(
                to,
                "create {creation} {labels:?} {annotations:?} {:?} ",
                self.heard
            ),
            Call::PatchPod { name, body, .. } => {
                let metadata = &body["metadata"];
                let (labels, annotations) = (&metadata["labels"], &metadata["annotations"]);
                write!(to, "patch {name} {labels} {annotations} ")?;
                // By what a replica had heard of it is judged only whether another bridge may drain.
                if annotations.get(annotations::INTENT.name()).is_some() {
                    write!(to, "{:?} ", self.heard)?;
                }
                Ok(())
            }
            Call::DeletePod {
                name,
                resource_version,
                ..
            } => write!(to, "delete {name} {} ", resource_version.is_some()),
            call => write!(to, "{call:?} "),
        }
    }
}

/// How often a bridge can have been told the same thing and be told it again after a pause.
const MOST_TOLD: u32 = 3;

/// What a replica has seen of a bridge: for how long it has been seen empty matters only until that is long enough.
fn tell_live(live: &Live, spec: &BridgePoolSpec, to: &mut String) -> fmt::Result {
    write!(
        to,
        "{:?} {:?} {:?} {:?} {} {:?} ",
        live.run, live.last, live.silent_since, live.shutting_down_since, live.joined, live.fell_at
    )?;
    let Some(empty) = live.empty else {
        return Ok(());
    };
    let looks = empty.looks.min(spec.evidence.removal_samples);
    write!(to, "{} {looks} ", empty.last)?;
    if empty.last.since(empty.since) < spec.drain.settle.get() {
        write!(to, "{} ", empty.since)?;
    }
    Ok(())
}

impl Leader {
    /// Writes down what a replica knows and remembers.
    pub(super) fn tell(&self, now: Time, pause: u32, left: u32, to: &mut String) -> fmt::Result {
        write!(to, "{} ", self.decided)?;
        let Some(mind) = &self.replica.mind else {
            return Ok(());
        };
        for (uid, known) in mind.pods() {
            let pod = &known.pod;
            write!(
                to,
                "{uid} {:?} {:?} {:?} {} {:?} {:?} ",
                pod.marks, pod.phase, pod.container, pod.ready, pod.node, pod.deletion
            )?;
            tell_live(&known.live, &mind.pool().spec, to)?;
        }
        let (pool, outstanding) = (mind.pool(), mind.outstanding());
        write!(
            to,
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} ",
            pool.spec.replicas,
            pool.finalizers,
            outstanding.creates,
            outstanding.writes,
            outstanding.deletes,
            outstanding.commands,
            outstanding.reads,
            outstanding.list,
            outstanding.jicofo,
            outstanding.pool,
        )?;
        write!(
            to,
            "{:?} {:?} {} ",
            outstanding.missing,
            outstanding.pool_outdated,
            mind.owned_known()
        )?;
        // What is gone matters to the answers of what was asked for before.
        for (uid, gone) in mind.gone() {
            if self.under_way.iter().any(|sent| sent.request.at <= *gone) {
                write!(to, "{uid} {gone} ")?;
            }
        }
        let mut memory = mind.memory().clone();
        (memory.status_at, memory.status_count) = (None, None);
        for told in memory.commands.values_mut() {
            told.retain(|command, told| {
                let counts = told.times + left > MOST_TOLD || pause < 10;
                if *command == Command::Shutdown || counts {
                    return true;
                }
                // Once more at this moment it is not told; at each that is to come it can be.
                (told.first, told.times) = (told.last, 1);
                told.last == now
            });
        }
        memory.commands.retain(|_, told| !told.is_empty());
        write!(to, "{memory:?} {} {} ", mind.listed(), mind.quiet(now))?;
        // Whoever has nothing to decide decides anew after this time at the latest.
        if u64::from(pause) < mind.tuning().resync.as_secs() && mind.quiet(now) {
            write!(to, "{} ", mind.wake())?;
        }
        Ok(())
    }
}
