//! The documents of OpenAPI v3.

use super::*;

const INDEX: &str = "/openapi/v3";

/// Every document by its path, found as a client finds it: by the index.
async fn documents(api: &Api) -> Vec<(String, Value)> {
    let (_, index) = ask(api, INDEX).await;
    let mut documents = Vec::new();
    for (path, place) in index["paths"].as_object().unwrap() {
        let url = place["serverRelativeURL"].as_str().unwrap();
        let (code, document) = ask(api, url).await;
        assert_eq!(code, StatusCode::OK, "{url}");
        documents.push((path.clone(), document));
    }
    documents
}

/// Every `$ref` below this value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(place) if key == "$ref" => found.push(place.clone()),
                    member => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_group_version_has_a_document_whose_references_lead_somewhere() {
    let documents = documents(&api()).await;
    let paths: Vec<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "apis/custom.metrics.k8s.io/v1beta1",
            "apis/custom.metrics.k8s.io/v1beta2",
            "apis/external.metrics.k8s.io/v1beta1"
        ]
    );
    for (path, document) in &documents {
        let mut found = Vec::new();
        references(document, &mut found);
        assert!(!found.is_empty());
        for place in found {
            let pointer = place.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{path}: {place}");
        }
    }
}

/// The properties of a schema.
fn properties(document: &Value, schema: &str) -> Vec<String> {
    let schema = &document["components"]["schemas"][schema]["properties"];
    schema.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn what_is_answered_is_what_the_documents_say() {
    let api = meeting();
    for (path, document) in documents(&api).await {
        let (rest, schemas) = if path.contains("external") {
            (
                "stress_level_total",
                ["ExternalMetricValueList", "ExternalMetricValue"],
            )
        } else {
            (
                "pods/jvb-a/stress_level",
                ["MetricValueList", "MetricValue"],
            )
        };
        let (_, list) = ask(&api, &format!("/{path}/namespaces/meet/{rest}")).await;
        for (value, schema) in [(&list, schemas[0]), (&list["items"][0], schemas[1])] {
            let told: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            assert_eq!(told, properties(&document, schema), "{path} {schema}");
        }
    }
}

#[tokio::test]
async fn every_path_of_a_document_is_answered() {
    let api = meeting();
    for (_, document) in documents(&api).await {
        for path in document["paths"].as_object().unwrap().keys() {
            if path.ends_with("{name}") {
                continue; // there for kubectl explain alone
            }
            let named = path
                .replace("{namespace}", "meet")
                .replace(
                    "{name}",
                    if path.contains("/pods/") {
                        "jvb-a"
                    } else {
                        "jvb"
                    },
                )
                .replace(
                    "{metric}",
                    if path.contains("/pods/") {
                        "participants"
                    } else {
                        "participants_total"
                    },
                );
            let (code, answer) = ask(&api, &named).await;
            // No StatefulSet and no DaemonSet is at the meeting, and nobody has told how many bits there are.
            let is_nobody = answer.to_string().contains("no running bridge")
                || answer.to_string().contains("no bridge of");
            assert!(code == StatusCode::OK || is_nobody, "{named}: {answer}");
        }
    }
}

#[tokio::test]
async fn unchanged_documents_are_not_sent_again_and_the_old_form_does_not_exist() {
    let api = api();
    for path in [INDEX, "/openapi/v3/apis/custom.metrics.k8s.io/v1beta2"] {
        let first = ask_with(&api, path, &[]).await;
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let again = ask_with(&api, path, &[("if-none-match", &known)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} {known}");
        }
    }
    for path in [
        "/openapi/v2",
        "/openapi/v3/apis/custom.metrics.k8s.io/v1",
        "/openapi/v3/apis/metrics.k8s.io/v1beta1",
    ] {
        assert_eq!(refusal(&api, path).await.0, 404, "{path}");
    }
}
