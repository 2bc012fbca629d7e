use futures::FutureExt;
use http_body_util::BodyExt;

use super::*;
use crate::access::{Attributes, ReviewError, User};

fn body(status: Status) -> String {
    let body = status.into_response().into_body().collect();
    let body = body.now_or_never().unwrap().unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn every_error_is_a_status_object() {
    let cases = [
        (Status::bad_request("m"), "BadRequest", 400),
        (Status::unauthorized("m"), "Unauthorized", 401),
        (Status::forbidden("m"), "Forbidden", 403),
        (Status::not_found("m"), "NotFound", 404),
        (Status::method_not_allowed("m"), "MethodNotAllowed", 405),
        (Status::not_acceptable("m"), "NotAcceptable", 406),
        (Status::too_large("m"), "RequestEntityTooLarge", 413),
        (Status::header_too_large("m"), "RequestEntityTooLarge", 431),
        (Status::internal("m"), "InternalError", 500),
        (Status::service_unavailable("m"), "ServiceUnavailable", 503),
        (Status::timeout("m"), "Timeout", 504),
    ];
    for (status, reason, code) in cases {
        assert_eq!(status.code().as_u16(), code);
        assert_eq!(status.message(), "m");
        let response = status.clone().into_response();
        assert_eq!(response.status().as_u16(), code);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let allow = (code == 405).then(|| HeaderValue::from_static("GET, HEAD"));
        assert_eq!(response.headers().get("allow"), allow.as_ref());
        assert!(!response.headers().contains_key("retry-after"));
        assert_eq!(
            body(status),
            format!(
                r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"m","reason":"{reason}","code":{code}}}"#
            )
        );
    }
}

#[test]
fn retry_after_is_whole_seconds_and_at_least_one() {
    for (milliseconds, seconds) in [(0, "1"), (300, "1"), (1000, "1"), (1001, "2")] {
        let after = Duration::from_millis(milliseconds);
        let status = Status::too_many_requests("slower", after);
        let response = status.clone().into_response();
        assert_eq!(response.headers()["retry-after"], seconds);
        assert_eq!(
            body(status),
            format!(
                r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"slower","reason":"TooManyRequests","details":{{"retryAfterSeconds":{seconds}}},"code":429}}"#
            )
        );
    }
}

fn resource(namespace: Option<&str>, subresource: Option<&str>, name: Option<&str>) -> Attributes {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Attributes::Resource {
        namespace: owned(namespace),
        verb: "get".to_owned(),
        group: "custom.metrics.k8s.io".to_owned(),
        version: "v1beta2".to_owned(),
        resource: "pods".to_owned(),
        subresource: owned(subresource),
        name: owned(name),
    }
}

#[test]
fn a_denial_reads_as_kubernetes_writes_it() {
    let user = User {
        name: "ada".to_owned(),
        ..User::default()
    };
    let path = |path: &str| Attributes::NonResource {
        path: path.to_owned(),
        verb: "get".to_owned(),
    };
    let hpa = resource(Some("jitsi"), Some("stress_level"), Some("*"));
    let cases = [
        (
            hpa.clone(),
            "",
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods.custom.metrics.k8s.io \"*\" is forbidden: User \"ada\" cannot get resource \"pods/stress_level\" in API group \"custom.metrics.k8s.io\" in the namespace \"jitsi\"","reason":"Forbidden","details":{"name":"*","group":"custom.metrics.k8s.io","kind":"pods"},"code":403}"#,
        ),
        (
            hpa,
            "RBAC: role \"x\" not found",
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods.custom.metrics.k8s.io \"*\" is forbidden: User \"ada\" cannot get resource \"pods/stress_level\" in API group \"custom.metrics.k8s.io\" in the namespace \"jitsi\": RBAC: role \"x\" not found","reason":"Forbidden","details":{"name":"*","group":"custom.metrics.k8s.io","kind":"pods"},"code":403}"#,
        ),
        (
            resource(None, None, None),
            "",
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods.custom.metrics.k8s.io is forbidden: User \"ada\" cannot get resource \"pods\" in API group \"custom.metrics.k8s.io\" at the cluster scope","reason":"Forbidden","details":{"group":"custom.metrics.k8s.io","kind":"pods"},"code":403}"#,
        ),
        (
            path("/metrics"),
            "",
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: User \"ada\" cannot get path \"/metrics\"","reason":"Forbidden","details":{},"code":403}"#,
        ),
        (
            path("/<b>&"),
            "",
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: User \"ada\" cannot get path \"/&lt;b&gt;&amp;\"","reason":"Forbidden","details":{},"code":403}"#,
        ),
    ];
    for (attributes, why, expected) in cases {
        assert_eq!(body(Status::denied(&user, &attributes, why)), expected);
    }
}

#[test]
fn what_waiting_may_mend_is_told_apart_from_what_an_operator_must() {
    let kind = "TokenReview";
    let cases = [
        (ReviewError::Busy, 429, "too many requests"),
        (ReviewError::Late { kind }, 503, "within 4s"),
        (
            ReviewError::Unreachable {
                kind,
                cause: "connection refused".to_owned(),
            },
            503,
            "connection refused",
        ),
        (ReviewError::Lost, 503, "without an answer"),
        (
            ReviewError::Refused {
                kind,
                message: "tokenreviews is forbidden".to_owned(),
            },
            500,
            "system:auth-delegator",
        ),
    ];
    for (error, code, text) in cases {
        let status = Status::from(error.clone());
        assert_eq!(status.code().as_u16(), code, "{error}");
        assert!(status.message().contains(text), "{}", status.message());
    }
}
