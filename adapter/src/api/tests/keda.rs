//! What KEDA's metrics-api scaler reads: one number out of a document, by a path.

use super::*;

const GROUP_OF_BRIDGES: &str = "/keda/v1/namespaces/meet/deployments.apps/jvb";

#[tokio::test]
async fn a_number_is_found_by_its_metrics_name() {
    let (code, document) = ask(&meeting(), GROUP_OF_BRIDGES).await;
    assert_eq!(code, StatusCode::OK);
    for (location, number) in [
        ("stress_level_total", 1.743),
        ("stress_level_max", 1.111),
        ("participants_total", 81.0),
        ("free_capacity", 0.968),
    ] {
        // A plain GJSON path is a member's name; the scaler wants a JSON number there.
        assert_eq!(document[location].as_f64(), Some(number), "{document}");
    }
    assert!(document["participants_total"].is_u64(), "{document}");
}

#[tokio::test]
async fn what_the_bridges_do_not_say_is_not_zero() {
    let (_, document) = ask(&meeting(), GROUP_OF_BRIDGES).await;
    assert!(document.get("conferences_total").is_none(), "{document}");
}

#[tokio::test]
async fn stress_that_is_not_known_yet_refuses_the_document() {
    let api = api();
    bridge(&api, "jvb-d", "jvb", 5, Some((0.0, 1)));
    let (code, message) = refusal(&api, GROUP_OF_BRIDGES).await;
    assert_eq!(code, 503, "{message}");
}

#[tokio::test]
async fn bridges_that_fell_silent_refuse_the_document() {
    let api = api();
    for name in ["jvb-a", "jvb-b", "jvb-c"] {
        bridge(&api, name, "jvb", 600, None);
    }
    bridge(&api, "jvb-d", "jvb", 600, Some((0.5, 1)));
    let (code, message) = refusal(&api, GROUP_OF_BRIDGES).await;
    assert_eq!(code, 503, "{message}");
    assert!(message.contains("1 of 4 bridges"), "{message}");
}

#[tokio::test]
async fn whoever_is_no_group_is_not_found() {
    let api = meeting();
    for path in [
        "/keda",
        "/keda/v1",
        "/keda/v2/namespaces/meet/deployments.apps/jvb",
        "/keda/v1/namespaces/meet/deployments.apps",
        "/keda/v1/namespaces/meet/deployments.apps/jvb/stress_level_total",
        "/keda/v1/namespaces/meet/deployments.apps/web",
        "/keda/v1/namespaces/meet/pods/jvb-a",
        "/keda/v1/namespaces/meet/namespaces/meet",
        "/keda/v1/namespaces/meet/services/web",
        "/keda/v1/namespaces//deployments.apps/jvb",
    ] {
        assert_eq!(refusal(&api, path).await.0, 404, "{path}");
    }
}
