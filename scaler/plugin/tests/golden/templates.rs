//! `template`.

use bridgepool::show;
use bridgepool::view::PodTemplate;
use scaler_policy::world::Pool;
use serde_json::{Value, json};

use super::stage::{pen, pool};

/// The image that the controller gives.
const IMAGE: &str = "ghcr.io/bridgetender/jvb-sidecar:0.1.0";

fn looked_after(spec: &Value) -> Pool {
    let controller =
        json!({ "namespace": "bridgetender", "lease": "jvb-scaler", "sidecarImage": IMAGE });
    pool(&json!({ "spec": spec, "status": { "controller": controller } }))
}

fn slots() -> Value {
    json!({
        "maxReplicas": 2, "drain": { "maxConcurrent": 1 }, "update": { "maxSurge": 1 },
        "slots": { "firstPort": 31000, "count": 4 },
        "template": { "spec": { "containers": [{
            "name": "jvb", "image": "ghcr.io/jitsi/jvb:stable-11146-2",
            "ports": [{ "name": "rtp-udp", "containerPort": 10000, "hostPort": 10000, "protocol": "UDP" }],
        }] } },
    })
}

#[test]
fn a_template_is_told_with_what_was_added_and_why() {
    let template = PodTemplate::new(&looked_after(&slots()), None, Some(3));
    assert!(template.well());
    let text = show::template(&template, &pen());
    insta::assert_snapshot!("template", text);
    // What is told is YAML all the same, and nothing but the template.
    let read: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(Some(read), template.pod);
}

#[test]
fn a_template_without_a_sidecar_is_told_too() {
    let template = PodTemplate::new(&looked_after(&json!({ "sidecar": "none" })), None, None);
    insta::assert_snapshot!(
        "template_without_a_sidecar",
        show::template(&template, &pen())
    );
}

#[test]
fn what_is_in_the_way_is_told_with_the_fix() {
    let hook = json!({ "template": { "spec": { "containers": [{
        "name": "jvb",
        "lifecycle": { "preStop": { "exec": { "command": ["sleep", "60"] } } },
        "env": [{ "name": "SHUTDOWN_REST_ENABLED", "value": "false" }],
    }] } } });
    let mut text = String::new();
    // One that is told no image, and one whose template is in the way.
    for pool in [pool(&json!({ "spec": {} })), looked_after(&hook)] {
        let template = PodTemplate::new(&pool, None, None);
        assert!(!template.well());
        text += &show::template(&template, &pen());
    }
    insta::assert_snapshot!("template_refused", text);
}

#[test]
fn a_program_reads_the_same() {
    let template = PodTemplate::new(&looked_after(&slots()), Some("other:2"), None);
    let json = serde_json::to_value(&template).unwrap();
    assert_eq!(json["slot"], 0);
    assert_eq!(json["pod"]["spec"]["initContainers"][0]["image"], "other:2");
    assert_eq!(
        json["added"][0]["path"],
        "spec.automountServiceAccountToken"
    );
    assert_eq!(json["refusals"], json!([]));
}
