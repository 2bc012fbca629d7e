//! Every error that the API answers with: as docs/adapter.md explains them to operators.

use http::header::{ALLOW, RETRY_AFTER};
use http::request::Builder;

use super::*;

/// What a client hears that asks so: first whether it may, as the server does.
async fn hear(api: &Api, request: Builder) -> Response<Body> {
    let (request, ()) = request.body(()).unwrap().into_parts();
    match api.attributes(&request) {
        Err(status) => status.into_response(),
        Ok(_) => api.answer(&User::default(), &request).await,
    }
}

/// Code, reason and message of a refusal, which has the form of every other one.
async fn told(response: Response<Body>) -> String {
    let code = response.status();
    let headers = response.headers().clone();
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    let allowed = code == StatusCode::METHOD_NOT_ALLOWED;
    assert_eq!(headers.contains_key(ALLOW), allowed);
    assert!(!headers.contains_key(RETRY_AFTER), "for 429 alone: {code}");
    let status: Value = serde_json::from_str(&text(response).await).unwrap();
    for (field, expected) in [
        ("kind", "Status"),
        ("apiVersion", "v1"),
        ("status", "Failure"),
    ] {
        assert_eq!(status[field], expected);
    }
    assert_eq!(status["metadata"], json!({}));
    assert_eq!(status["code"], code.as_u16());
    let text = |field: &str| status[field].as_str().unwrap().to_owned();
    format!("{} {}: {}", code.as_u16(), text("reason"), text("message"))
}

#[tokio::test]
async fn every_error_is_a_status_with_a_reason() {
    let api = meeting();
    let custom = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet";
    let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/meet";
    let mut answers = Vec::new();
    for (method, path) in [
        ("GET", "/apis/custom.metrics.k8s.io/v1".to_owned()),
        ("GET", format!("{external}/a/b")),
        ("GET", format!("{custom}/pods/*/cpu")),
        ("GET", format!("{custom}/pods/jvb-x/stress_level")),
        ("GET", format!("{custom}/pods/jvb-d/stress_level")),
        ("GET", format!("{custom}/pods/jvb-e/participants")),
        ("GET", format!("{custom}/pods/jvb-a/conferences")),
        (
            "GET",
            format!("{custom}/pods/jvb-a/stress_level?metricLabelSelector=a"),
        ),
        (
            "GET",
            format!("{custom}/pods/*/stress_level?labelSelector=a%20b"),
        ),
        (
            "GET",
            format!("{custom}/pods/*/stress_level?labelSelector=%FF"),
        ),
        ("GET", format!("{custom}/pods/*/stress_level?watch=true")),
        ("GET", format!("{external}/stress_level_total?watch=1")),
        ("POST", format!("{custom}/pods/*/stress_level")),
        ("PUT", format!("{custom}/services/jvb/free_capacity")),
        ("PATCH", format!("{external}/stress_level_total")),
        ("DELETE", "/apis".to_owned()),
        (
            "OPTIONS",
            "/keda/v1/namespaces/meet/deployments.apps/jvb".to_owned(),
        ),
        (
            "GET",
            format!("{custom}/deployments.apps/jvb/conferences_total"),
        ),
        ("GET", format!("{custom}/deployments.apps/*/free_capacity")),
        ("GET", format!("{custom}/services/web/free_capacity")),
        (
            "GET",
            "/apis/custom.metrics.k8s.io/v1beta2/nodes/*/stress_level".to_owned(),
        ),
    ] {
        let request = Request::builder().method(method).uri(&path);
        let heard = told(hear(&api, request).await).await;
        answers.push(format!("{method} {path}\n  {heard}"));
    }
    let pods = Request::builder().uri(format!("{custom}/pods/*/stress_level"));
    let early = told(hear(&beginner(), pods).await).await;
    answers.push(format!("just started\n  {early}"));
    assert_snapshot!(answers.join("\n"));
}
