//! Which path is what.

use http::{Request, StatusCode};

use super::*;

const GROUP_PATH: &str = "/apis/custom.metrics.k8s.io";

fn question(method: &str, uri: &str) -> Result<(Question, Attributes), Status> {
    let request = Request::builder().method(method).uri(uri).body(()).unwrap();
    let (request, ()) = request.into_parts();
    let question = Question::of(&request)?;
    let attributes = question.attributes(&request);
    Ok((question, attributes))
}

fn read(path: &str) -> (Read, Attributes) {
    let uri = format!("{GROUP_PATH}/v1beta2{path}");
    match question("GET", &uri) {
        Ok((
            Question {
                route: Route::Read(read),
                ..
            },
            attributes,
        )) => (read, attributes),
        other => panic!("{uri} is no question for values: {other:?}"),
    }
}

fn code(uri: &str) -> Option<StatusCode> {
    question("GET", uri).err().map(|status| status.code())
}

fn resource(
    namespace: Option<&str>,
    resource: &str,
    metric: Option<&str>,
    name: &str,
) -> Attributes {
    Attributes::Resource {
        namespace: namespace.map(str::to_owned),
        verb: "get".to_owned(),
        group: GROUP.to_owned(),
        version: "v1beta2".to_owned(),
        resource: resource.to_owned(),
        subresource: metric.map(str::to_owned),
        name: Some(name.to_owned()),
    }
}

#[test]
fn authorization_is_asked_what_kubernetes_own_servers_ask() {
    let ns = Some("ns");
    let stress = Some("stress_level");
    let table = [
        (
            "/namespaces/ns/pods/%2A/stress_level",
            resource(ns, "pods", stress, "*"),
        ),
        (
            "/namespaces/ns/pods/*/stress_level?labelSelector=app%3Djvb",
            resource(ns, "pods", stress, "*"),
        ),
        (
            "/namespaces/ns/pods/jvb-0/stress_level",
            resource(ns, "pods", stress, "jvb-0"),
        ),
        (
            "/namespaces/ns/deployments.apps/jvb/stress_level",
            resource(ns, "deployments.apps", stress, "jvb"),
        ),
        (
            "/namespaces/ns/metrics/stress_level",
            resource(ns, "metrics", None, "stress_level"),
        ),
        (
            "/nodes/foo/stress_level",
            resource(None, "nodes", stress, "foo"),
        ),
    ];
    for (path, attributes) in table {
        assert_eq!(read(path).1, attributes, "{path}");
    }
}

#[test]
fn an_external_metric_is_a_resource_of_which_all_are_listed() {
    let uri = "/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/m?labelSelector=a";
    let (question, attributes) = question("GET", uri).unwrap();
    assert!(question.route.is_external());
    let expected = Attributes::Resource {
        namespace: Some("ns".to_owned()),
        verb: "list".to_owned(),
        group: "external.metrics.k8s.io".to_owned(),
        version: "v1beta1".to_owned(),
        resource: "m".to_owned(),
        subresource: None,
        name: None,
    };
    assert_eq!(attributes, expected);
}

#[test]
fn a_group_is_a_resource_that_a_role_can_allow() {
    let uri = "/keda/v1/namespaces/ns/deployments.apps/jvb";
    let (_, attributes) = question("GET", uri).unwrap();
    let expected = resource(Some("ns"), "deployments.apps", None, "jvb");
    assert_eq!(attributes, expected);
}

#[test]
fn what_is_no_resource_is_asked_by_its_path() {
    for path in [
        "/apis",
        GROUP_PATH,
        "/apis/custom.metrics.k8s.io/v1beta1",
        "/apis/custom.metrics.k8s.io/v1beta2",
        "/metrics",
        "/openapi/v3",
        "/openapi/v3/apis/custom.metrics.k8s.io/v1beta2",
        "/version",
    ] {
        let (_, attributes) = question("GET", &format!("{path}?timeout=32s")).unwrap();
        let path = path.to_owned();
        let verb = "get".to_owned();
        assert_eq!(attributes, Attributes::NonResource { path, verb });
    }
}

#[test]
fn each_segment_is_decoded_once() {
    assert_eq!(
        read("/namespaces/ns/pods/%2A/m").0.target,
        Target::All("pods".to_owned())
    );
    assert_eq!(
        read("/namespaces/ns/pods/%252A/m").0.target,
        Target::Named {
            resource: "pods".to_owned(),
            name: "%2A".to_owned()
        },
        "encoded twice is a name, and no pod has it"
    );
    assert_eq!(
        read("/namespaces/n%73/p%6Fds/a/%6D").0,
        read("/namespaces/ns/pods/a/m").0
    );
}

#[test]
fn a_path_that_leads_nowhere_is_not_found() {
    let rest = [
        "/",
        "//",
        "/pods",
        "/nodes/foo",
        "/nodes/foo/m/",
        "/nodes/foo/m/x",
        "/namespaces",
        "/namespaces/ns",
        "/namespaces/ns/m",
        "/namespaces/ns/pods/bar",
        "/namespaces/ns/pods/bar/",
        "/namespaces/ns/pods//m",
        "/namespaces//pods/bar/m",
        "/namespaces/ns/pods/bar/m/",
        "/namespaces/ns/pods/bar/m/n",
        "/namespaces/ns/pods/b%2Fr/m",
        "/namespaces/ns/pods/bar/m%2Fn",
        "/namespaces/ns/metrics/",
        "/namespaces/ns/pods/%FF/m",
        "/namespaces%2Fns/pods/bar/m",
    ];
    for path in rest.map(|rest| format!("{GROUP_PATH}/v1beta2{rest}")) {
        assert_eq!(code(&path), Some(StatusCode::NOT_FOUND), "{path}");
    }
    for path in [
        "/",
        "/apis/",
        "//apis",
        "/api",
        "/apis/custom.metrics.k8s.io/",
        "/apis/custom.metrics.k8s.io/v1",
        "/apis/custom.metrics.k8s.io/v1beta3/namespaces/ns/pods/*/m",
        "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods/a/m",
        "/openapi/v2",
        "/openapi/v3/",
        "/openapi/v3/apis/custom.metrics.k8s.io",
        "/metrics/",
        "/metrics/slis",
        "/debug/pprof",
    ] {
        assert_eq!(code(path), Some(StatusCode::NOT_FOUND), "{path}");
    }
}

#[test]
fn both_selectors_are_read_and_the_rest_of_the_query_is_tolerated() {
    let (read, _) = read(
        "/namespaces/ns/pods/*/m?fieldSelector=metadata.name%3D&labelSelector=app+in+%28a%2Cb%29&metricLabelSelector=%21x&limit=5&=&&a",
    );
    assert_eq!(read.selector, Selector::parse("app in (a,b)").unwrap());
    assert_eq!(read.metric_selector, Selector::parse("!x").unwrap());
    let (plain, _) = super::tests::read("/namespaces/ns/pods/*/m?labelSelector=");
    assert!(plain.selector.is_everything() && plain.metric_selector.is_everything());
}

#[test]
fn a_bad_query_is_a_bad_request() {
    for query in [
        "labelSelector=a%20b",
        "labelSelector=a%3D%3D%3Db",
        "labelSelector=%FF",
        "metricLabelSelector=%2C",
    ] {
        let uri = format!("{GROUP_PATH}/v1beta2/namespaces/ns/pods/*/m?{query}");
        assert_eq!(code(&uri), Some(StatusCode::BAD_REQUEST), "{query}");
    }
}

#[test]
fn pretty_is_for_eyes() {
    let pretty = |query: &str| question("GET", &format!("/apis{query}")).unwrap().0.pretty;
    assert!(pretty("?pretty=true") && pretty("?pretty=1") && pretty("?pretty"));
    assert!(!pretty("") && !pretty("?pretty=false") && !pretty("?pretty=0"));
}

#[test]
fn metrics_are_read_and_neither_written_nor_watched() {
    let uri = format!("{GROUP_PATH}/v1beta2/namespaces/ns/pods/*/m");
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let status = question(method, &uri).unwrap_err();
        assert_eq!(status.code(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert!(question("HEAD", &uri).is_ok());
    assert_eq!(
        code(&format!("{uri}?watch=true")),
        Some(StatusCode::METHOD_NOT_ALLOWED)
    );
    assert_eq!(code(&format!("{uri}?watch=false")), None);
}
