//! A single change of a template, and how it is made.

use serde_json::{Map, Value, json};

/// A change that adds something, or writes over what stands for it.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// An annotation of the pod.
    Annotation(&'static str, String),
    /// A field of the pod's spec.
    Pod(&'static str, Value),
    /// An item of a list of the pod's spec.
    PodItem(&'static str, Value),
    /// The preStop hook of the bridge's container, which is the one of this number.
    PreStop(usize, Value),
    /// An item of a list of that container.
    BridgeItem(usize, &'static str, Value),
    /// A port of that container, instead of the one of this number.
    BridgePort(usize, usize, Value),
}

impl Change {
    /// Makes it. What a template is of the wrong type for was refused before.
    pub(crate) fn make(self, template: &mut Map<String, Value>) {
        match self {
            Self::Annotation(key, text) => object(template, "metadata", |metadata| {
                object(metadata, "annotations", |annotations| {
                    annotations.insert(key.to_owned(), json!(text));
                });
            }),
            Self::Pod(field, value) => object(template, "spec", |pod| {
                pod.insert(field.to_owned(), value);
            }),
            Self::PodItem(list, item) => object(template, "spec", |pod| push(pod, list, item)),
            Self::PreStop(bridge, hook) => container(template, bridge, |bridge| {
                object(bridge, "lifecycle", |lifecycle| {
                    lifecycle.insert("preStop".to_owned(), hook);
                });
            }),
            Self::BridgeItem(bridge, list, item) => {
                container(template, bridge, |bridge| push(bridge, list, item));
            }
            Self::BridgePort(bridge, index, port) => container(template, bridge, |bridge| {
                let there = bridge
                    .get_mut("ports")
                    .and_then(|ports| ports.get_mut(index));
                if let Some(there) = there {
                    *there = port;
                }
            }),
        }
    }
}

/// Changes an object, which is made where there is none.
fn object(of: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let there = of.entry(name).or_insert(Value::Null);
    if !there.is_object() {
        *there = json!({});
    }
    if let Value::Object(there) = there {
        change(there);
    }
}

/// Puts an item behind those of a list, which is made where there is none.
fn push(of: &mut Map<String, Value>, name: &str, item: Value) {
    let there = of.entry(name).or_insert(Value::Null);
    if !there.is_array() {
        *there = json!([]);
    }
    if let Value::Array(there) = there {
        there.push(item);
    }
}

fn container(
    template: &mut Map<String, Value>,
    index: usize,
    change: impl FnOnce(&mut Map<String, Value>),
) {
    let container = template
        .get_mut("spec")
        .and_then(|pod| pod.get_mut("containers")?.get_mut(index)?.as_object_mut());
    if let Some(container) = container {
        change(container);
    }
}
