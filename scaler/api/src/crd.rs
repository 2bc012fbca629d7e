//! The CustomResourceDefinition, made of the types and the rules. The committed form is `crd/bridgepools.yaml`.

mod schema;

use k8s_openapi::Resource;
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::rules::Rule;
use crate::{BridgePool, BridgePoolSpec, BridgePoolStatus, GROUP, VERSION, rules};

/// The CRD, as JSON that any client can send.
///
/// It is JSON and not k8s-openapi's type, because only thus nothing that the schema says can be lost on the way.
pub fn definition() -> Value {
    let plural = BridgePool::URL_PATH_SEGMENT;
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{GROUP}") },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": BridgePool::KIND,
                "listKind": "BridgePoolList",
                "plural": plural,
                "singular": "bridgepool",
                "shortNames": ["bp"],
                "categories": ["jitsi"],
            },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": object() },
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                        "labelSelectorPath": ".status.selector",
                    },
                },
                "additionalPrinterColumns": columns(),
            }],
        },
    })
}

/// What `kubectl get bridgepools` shows. Everything comes from spec and status: nothing is worked out by the API server.
fn columns() -> Value {
    let column = |name: &str, kind: &str, path: &str, description: &str| json!({ "name": name, "type": kind, "jsonPath": path, "description": description });
    json!([
        column(
            "Desired",
            "integer",
            ".spec.replicas",
            "How many bridges are wanted."
        ),
        column(
            "Active",
            "integer",
            ".status.active",
            "How many take conferences."
        ),
        column(
            "Ready",
            "integer",
            ".status.readyReplicas",
            "How many of the counted ones have ready pods."
        ),
        column(
            "Draining",
            "integer",
            ".status.draining",
            "How many are being emptied."
        ),
        column(
            "Warm",
            "integer",
            ".status.warm",
            "How many run empty and hidden."
        ),
        column(
            "Unknown",
            "integer",
            ".status.unknown",
            "Of how many nothing fresh is known."
        ),
        column(
            "Outdated",
            "integer",
            ".status.outdated",
            "How many are of an older revision."
        ),
        column(
            "Oldest-Drain",
            "date",
            ".status.oldestDrain",
            "For how long the oldest drain has been going on."
        ),
        column(
            "Age",
            "date",
            ".metadata.creationTimestamp",
            "How old the pool is."
        ),
    ])
}

fn object() -> Value {
    let mut status = structural::<BridgePoolStatus>();
    // What the controller has not said is not known: no default stands in for it.
    schema::drop_defaults(&mut status);
    let mut object = json!({
        "type": "object",
        "description": "A pool of videobridges that grows and shrinks without hanging up on anybody. A HorizontalPodAutoscaler scales it like a Deployment.",
        "required": ["spec"],
        "properties": {
            "apiVersion": { "type": "string", "description": "The version of this form: bridgetender.dev/v1alpha1." },
            "kind": { "type": "string", "description": "BridgePool." },
            "metadata": { "type": "object" },
            "spec": structural::<BridgePoolSpec>(),
            "status": status,
        },
    });
    for rule in rules::all() {
        attach(&mut object, rule);
    }
    object
}

fn structural<T: JsonSchema>() -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    // A block's default says all of its fields: the API server holds it against the block's rules before it fills in those of
    // the fields.
    schema::make_structural(&mut schema);
    schema
}

/// Puts a rule at its field, behind those that are there. It says the least number too, with what to do: the API server need not
/// say it once more in words of its own.
fn attach(object: &mut Value, rule: &Rule) {
    let mut field = object;
    for name in rule.at.split('.').filter(|name| !name.is_empty()) {
        field = &mut field["properties"][name];
    }
    if let Some(fields) = field.as_object_mut() {
        fields.remove("minimum");
    }
    let validations = &mut field["x-kubernetes-validations"];
    if validations.is_null() {
        *validations = json!([]);
    }
    if let Some(list) = validations.as_array_mut() {
        list.push(json!({ "rule": rule.cel, "message": rule.message }));
    }
}
