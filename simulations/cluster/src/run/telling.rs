//! What has changed, as lines of the trace.

use super::sim::Sim;
use crate::api::{Kind, Meta, Object};

impl Sim {
    /// Writes down what has changed.
    pub(super) fn tell(&mut self) {
        let (mut changes, mut records, mut losses) = self.traced;
        while let Some(change) = self.world.api.log().get(changes) {
            changes += 1;
            if change.key.kind == Kind::Lease {
                continue;
            }
            let gone = if change.gone { " is gone" } else { "" };
            let meta = change.object.meta();
            self.trace.tell(
                change.at,
                format_args!(
                    "{} v{}{gone} {}",
                    change.key,
                    change.version,
                    told(&change.object, meta)
                ),
            );
        }
        while let Some(record) = self.world.api.audit().get(records) {
            records += 1;
            let key = record.request.key();
            if key.kind == Kind::Lease {
                continue;
            }
            let answer = record.reply.as_ref().err();
            self.trace.tell(
                record.at,
                format_args!(
                    "{:?} {} {key}: {answer:?}",
                    record.actor,
                    record.request.verb()
                ),
            );
        }
        while let Some(loss) = self.world.losses().get(losses) {
            losses += 1;
            self.trace.tell(loss.at, format_args!("{loss:?}"));
        }
        self.traced = (changes, records, losses);
    }
}

fn told(object: &Object, meta: &Meta) -> String {
    match object {
        Object::Pod(pod) => {
            let intent = meta.annotations.get(scaler_api::annotations::INTENT.name());
            let state = pod.container.as_ref().map(|container| &container.state);
            let counted = meta.labels.contains_key(scaler_api::labels::COUNTED.name());
            format!(
                "{:?} {state:?} ready={} counted={counted} intent={intent:?} deleted={:?}",
                pod.phase, pod.ready, meta.deleted
            )
        }
        Object::Pool(pool) => {
            let status = pool.status.as_ref();
            let replicas = status.map(|status| (status.replicas, status.active, status.draining));
            format!("replicas={} status={replicas:?}", pool.spec.replicas)
        }
        Object::Node(node) => format!(
            "ready={:?} cordoned={} {:?}",
            node.ready, node.unschedulable, node.taints
        ),
        Object::Lease(_) | Object::Pdb(_) => String::new(),
    }
}
