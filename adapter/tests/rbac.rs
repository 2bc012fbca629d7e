//! What the adapter is given to be allowed: exactly this, and nothing wider.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject};
use serde::Deserialize;
use serde_json::Value;

/// Of the whole cluster: which pods there are, whom to believe, and the certificates of its own.
const RIGHTS: &str = "
everywhere, by ClusterRole jvb-adapter
  pods: list, watch
  services: list, watch
everywhere, by ClusterRole jvb-adapter:certificates
  apiservices.apiregistration.k8s.io v1beta2.custom.metrics.k8s.io: get, patch
  apiservices.apiregistration.k8s.io v1beta1.custom.metrics.k8s.io: get, patch
  apiservices.apiregistration.k8s.io v1beta1.external.metrics.k8s.io: get, patch
everywhere, by Kubernetes' own ClusterRole system:auth-delegator
in bridgetender, by Role jvb-adapter:certificates
  secrets jvb-adapter-tls: get, update
in kube-system, by Kubernetes' own Role extension-apiserver-authentication-reader
";

/// Of the cluster no object at all.
const RIGHTS_OF_ONE_NAMESPACE: &str = "
everywhere, by Kubernetes' own ClusterRole system:auth-delegator
in jitsi, by Role jvb-adapter
  pods: list, watch
  services: list, watch
in kube-system, by Kubernetes' own Role extension-apiserver-authentication-reader
";

/// Whatever there is in the files.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    rules: Vec<PolicyRule>,
    role_ref: Option<RoleRef>,
    #[serde(default)]
    subjects: Vec<Subject>,
    data: Option<Value>,
    string_data: Option<Value>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

/// What the adapter may do by a file, a line for each right.
fn rights(yaml: &str) -> String {
    let objects: Vec<Object> = serde_saphyr::from_multiple(yaml).expect("YAML of objects");
    // By kind, namespace and name.
    let mut defined = BTreeMap::new();
    let mut bindings = Vec::new();
    for object in &objects {
        let name = (
            object.metadata.namespace.as_deref(),
            object.metadata.name.as_str(),
        );
        match object.kind.as_str() {
            "Role" | "ClusterRole" => {
                assert!(!object.rules.is_empty(), "{name:?} allows nothing");
                defined.insert((object.kind.as_str(), name), &object.rules);
            }
            "RoleBinding" | "ClusterRoleBinding" => bindings.push(object),
            "Secret" => assert!(
                object.data.is_none() && object.string_data.is_none(),
                "{name:?} is to be empty"
            ),
            kind => assert!(matches!(kind, "Namespace" | "ServiceAccount"), "{kind}"),
        }
    }
    let mut all = Vec::new();
    for binding in bindings {
        let [subject] = &binding.subjects[..] else {
            panic!("{} is for somebody else too", binding.metadata.name);
        };
        let who = (
            subject.kind.as_str(),
            subject.namespace.as_deref(),
            subject.name.as_str(),
        );
        assert_eq!(who, ("ServiceAccount", Some("bridgetender"), "jvb-adapter"));
        let role = binding.role_ref.as_ref().expect("it binds a role");
        let namespace = binding.metadata.namespace.as_deref();
        let place = namespace.map_or("everywhere".to_owned(), |name| format!("in {name}"));
        // A ClusterRole that is bound in one namespace would be another thing than what the table says.
        assert_eq!(role.kind == "Role", namespace.is_some(), "{}", role.name);
        let rules = defined.remove(&(role.kind.as_str(), (namespace, role.name.as_str())));
        let whose = if rules.is_none() {
            "Kubernetes' own "
        } else {
            ""
        };
        let mut text = format!("{place}, by {whose}{} {}\n", role.kind, role.name);
        for rule in rules.into_iter().flatten() {
            write(&mut text, rule);
        }
        all.push(text);
    }
    assert!(defined.is_empty(), "bound to nobody: {:?}", defined.keys());
    all.sort();
    format!("\n{}", all.concat())
}

fn write(text: &mut String, rule: &PolicyRule) {
    assert!(rule.non_resource_urls.is_none(), "{rule:?}");
    let verbs = rule.verbs.join(", ");
    let nameless = vec![String::new()];
    for group in rule.api_groups.as_ref().expect("a rule of resources") {
        for resource in rule.resources.as_ref().expect("a rule of resources") {
            for name in rule.resource_names.as_ref().unwrap_or(&nameless) {
                let dot = if group.is_empty() { "" } else { "." };
                let blank = if name.is_empty() { "" } else { " " };
                let _ = writeln!(text, "  {resource}{dot}{group}{blank}{name}: {verbs}");
            }
        }
    }
}

#[test]
fn the_adapter_may_do_exactly_this() {
    assert_eq!(rights(include_str!("../rbac.yaml")), RIGHTS);
}

#[test]
fn an_adapter_of_one_namespace_may_read_nothing_of_the_cluster() {
    assert_eq!(
        rights(include_str!("../rbac-namespaced.yaml")),
        RIGHTS_OF_ONE_NAMESPACE
    );
}
