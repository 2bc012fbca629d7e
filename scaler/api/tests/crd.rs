//! The committed CRD is the one that the types make, and one that Kubernetes takes.

use std::fs;
use std::path::PathBuf;

use scaler_api::crd;
use serde_json::Value;

const HEADER: &str =
    "# Generated from the types in scaler/api/src by `make golden`. Changes made here are lost.\n";

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crd/bridgepools.yaml")
}

#[test]
fn the_committed_crd_is_the_generated_one() {
    let generated = format!(
        "{HEADER}{}",
        serde_saphyr::to_string(&crd::definition()).unwrap()
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "`make golden` asks for new files by it, of insta and of this test"
    )]
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(committed(), &generated).unwrap();
    }
    let there = fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        there == generated,
        "{} is not what the types make: run `make golden` and look at the difference",
        committed().display()
    );
    let read: Value = serde_saphyr::from_str(&there).unwrap();
    assert!(read == crd::definition(), "YAML changes what the CRD says");
}

/// The rules of a structural schema (Kubernetes documentation, "Specifying a structural schema"), as far as they can be broken
/// by how these types are written.
fn hold_structural(path: &str, schema: &Value) {
    let fields = schema.as_object().expect("a schema is an object");
    for foreign in [
        "$ref",
        "$defs",
        "$schema",
        "title",
        "nullable",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "const",
        "definitions",
    ] {
        assert!(!fields.contains_key(foreign), "{path}: {foreign}");
    }
    let either = fields.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    assert_eq!(
        fields.get("type").is_some_and(Value::is_string),
        !either,
        "{path}: type"
    );
    assert!(
        fields.get("default") != Some(&Value::Null),
        "{path}: default"
    );
    if let Some(format) = fields.get("format").and_then(Value::as_str) {
        assert!(
            ["int32", "int64", "double", "date-time"].contains(&format),
            "{path}: {format}"
        );
    }
    for (name, property) in fields
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        hold_structural(&format!("{path}.{name}"), property);
    }
    if let Some(items) = fields.get("items") {
        hold_structural(&format!("{path}[]"), items);
    }
}

fn schema() -> Value {
    crd::definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn the_schema_is_structural() {
    hold_structural("", &schema());
}

fn hold_described(path: &str, schema: &Value) {
    let properties = schema["properties"].as_object();
    for (name, property) in properties.into_iter().flatten() {
        let path = format!("{path}.{name}");
        let text = property["description"].as_str().unwrap_or_default();
        // The API server describes metadata itself.
        if path != ".metadata" {
            assert!(
                text.len() > 5 && text.ends_with(['.', '"']),
                "{path}: {text:?}"
            );
            assert!(
                !text.contains(['`', '\n', '[']),
                "{path} is for people who read no Rust: {text:?}"
            );
        }
        hold_described(&path, property);
    }
    if schema["items"]["properties"].is_object() {
        hold_described(&format!("{path}[]"), &schema["items"]);
    }
}

#[test]
fn every_field_is_described_for_kubectl_explain() {
    hold_described("", &schema());
}
