//! A chain that holds, and the same with one thing wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;

use super::*;
use crate::check::facts::{
    Aggregated, Asked, Autoscaler, Bridge, By, Condition, Moment, Named, Need, Served, Trust,
    Workload,
};

const NOW: Time = Time::from_millis(1_795_000_000_000);
const DAY: Duration = Duration::from_hours(24);
const V1BETA1: usize = 1;
const EXTERNAL: usize = 2;

fn named(namespace: &str, name: &str) -> Named {
    Named {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn condition(kind: &str, is_true: bool, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        is_true,
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

fn service(namespace: &str, name: &str) -> Aggregated {
    Aggregated {
        service: Some(named(namespace, name)),
        available: Some(condition("Available", true, "Passed", "all checks passed")),
        trust: Trust::Authorities(vec![(NOW - DAY, NOW + DAY * 100)]),
        insecure: false,
        served: Served::Verified {
            until: NOW + DAY * 60,
            lifetime: DAY * 90,
        },
    }
}

fn bridge(name: &str) -> Bridge {
    Bridge {
        pod: named("jitsi", name),
        phase: "Running".to_owned(),
        trouble: None,
        ready: true,
        leaving: false,
        age: Some(DAY),
        address: Some(([10, 0, 0, 7], 8080).into()),
        container: "jvb".to_owned(),
        workload: Some(Workload {
            api_version: "apps/v1",
            kind: "Deployment",
            name: "jvb".to_owned(),
        }),
        cores: Some(2),
        limit: Some("4".to_owned()),
        by_packets: false,
        asked: Asked::Answered {
            stress: Some(0.4),
            clock: Some(moment(0)),
            by: By::Address,
        },
    }
}

/// A clock that is so many seconds ahead, read within 100 ms.
fn moment(ahead: i64) -> Moment {
    Moment {
        told: Time::from_millis(NOW.as_millis() + ahead * 1000),
        asked: NOW,
        answered: NOW + Duration::from_millis(100),
    }
}

fn failed(class: &'static str) -> Asked {
    Asked::Failed {
        class,
        text: "as it is".to_owned(),
        by: By::Address,
    }
}

/// A deployment in which nothing is wrong.
pub(in crate::check) fn healthy() -> Facts {
    let metrics = [
        "pods",
        "pods/stress_level",
        "namespaces/free_capacity",
        "deployments.apps/stress_level_total",
    ];
    let metrics: Vec<String> = metrics.map(str::to_owned).into();
    let versions = ["v1beta2", "v1beta1"].map(|version| format!("{version}.custom.metrics.k8s.io"));
    let ours = |name: &String| {
        (
            name.clone(),
            Ok(Some(service("bridgetender", "jvb-adapter"))),
        )
    };
    let mut services: Vec<_> = versions.iter().map(ours).collect();
    services.push(("v1beta1.external.metrics.k8s.io".to_owned(), Ok(None)));
    Facts {
        now: NOW,
        server: "https://10.0.0.1:6443/, Kubernetes v1.36.3".to_owned(),
        server_clock: Some(moment(0)),
        selector: "app.kubernetes.io/component=jvb".to_owned(),
        namespace: None,
        services,
        home: Ok(None),
        deployment: Some("metrics".to_owned()),
        certificate: Some(named("bridgetender", "jvb-adapter-tls")),
        own_authority: Some((named("bridgetender", "jvb-adapter-tls"), Ok(true))),
        identity: Ok(named("bridgetender", "jvb-adapter")),
        rights: [
            Need::ReadStress("jitsi".to_owned()),
            Need::WatchPods(None),
            Need::WatchServices(None),
            Need::ReviewTokens,
            Need::ReviewAccess,
            Need::ReadAuthentication,
            Need::KeepAuthority(named("bridgetender", "jvb-adapter-tls")),
            Need::PublishAuthority,
        ]
        .map(|need| (need, Ok(true)))
        .into(),
        resources: versions
            .map(|name| (name, Ok(Some(metrics.clone()))))
            .into(),
        stale: Ok(Vec::new()),
        bridges: Ok(vec![bridge("jvb-0"), bridge("jvb-1")]),
        told: BTreeMap::from([(
            "jitsi".to_owned(),
            Ok(["jvb-0", "jvb-1"]
                .map(|name| (name.to_owned(), "400m".to_owned()))
                .into()),
        )]),
        autoscalers: Ok(vec![Autoscaler {
            hpa: named("jitsi", "jvb"),
            target: "deployment/jvb".to_owned(),
            scalable: Ok(true),
            metrics: vec!["pods/stress_level".to_owned()],
            conditions: vec![
                condition("AbleToScale", true, "ReadyForNewScale", ""),
                condition("ScalingActive", true, "ValidMetricFound", ""),
                condition("ScalingLimited", false, "DesiredWithinRange", ""),
            ],
            max: 20,
            desired: Some(2),
        }]),
    }
}

fn aggregated(facts: &mut Facts, index: usize) -> &mut Aggregated {
    facts.services[index].1.as_mut().unwrap().as_mut().unwrap()
}

fn first(facts: &mut Facts) -> &mut Bridge {
    &mut facts.bridges.as_mut().unwrap()[0]
}

fn hpa(facts: &mut Facts) -> &mut Autoscaler {
    &mut facts.autoscalers.as_mut().unwrap()[0]
}

fn unavailable(facts: &mut Facts, reason: &str, message: &str) {
    for index in 0..2 {
        let service = aggregated(facts, index);
        service.available = Some(condition("Available", false, reason, message));
        service.served = Served::Unreachable("nobody".to_owned());
    }
    for (_, resources) in &mut facts.resources {
        *resources = Err(Unknown::Failed("503 Service Unavailable".to_owned()));
    }
}

type Change = fn(&mut Facts);

/// What is changed, and the one finding that is neither ok nor skipped; then words of its text and of what is advised.
const CASES: [(Change, Severity, Step, &str, &str); 43] = [
    (
        |f| f.services[V1BETA1].1 = Ok(None),
        Severity::Warning,
        Step::Aggregation,
        "no such APIService",
        "s/v1beta2/v1beta1/g",
    ),
    (
        |f| aggregated(f, 0).service = None,
        Severity::Error,
        Step::Aggregation,
        "the API server itself",
        "",
    ),
    (
        |f| aggregated(f, 0).insecure = true,
        Severity::Warning,
        Step::Aggregation,
        "insecureSkipTLSVerify",
        "get secret jvb-adapter-tls",
    ),
    (
        |f| aggregated(f, 0).trust = Trust::Absent,
        Severity::Warning,
        Step::Aggregation,
        "caBundle is empty",
        "caBundle",
    ),
    (
        |f| aggregated(f, 0).trust = Trust::Unreadable("no PEM".into()),
        Severity::Error,
        Step::Aggregation,
        "no PEM",
        "patch apiservice v1beta2",
    ),
    (
        |f| aggregated(f, 0).trust = Trust::Authorities(vec![(NOW - DAY * 2, NOW - DAY)]),
        Severity::Error,
        Step::Aggregation,
        "valid now",
        "caBundle",
    ),
    (
        |f| aggregated(f, 0).served = Served::Refused("it has expired".into()),
        Severity::Error,
        Step::Aggregation,
        "has expired",
        "logs service/jvb-adapter",
    ),
    (
        |f| {
            aggregated(f, 0).served = Served::Verified {
                until: NOW + DAY,
                lifetime: DAY * 90,
            }
        },
        Severity::Warning,
        Step::Aggregation,
        "ends in 1 day",
        "grep -i certificate",
    ),
    (
        |f| aggregated(f, V1BETA1).service = Some(named("other", "jvb-adapter")),
        Severity::Error,
        Step::Aggregation,
        "two adapters",
        "patch apiservice v1beta1",
    ),
    (
        |f| f.services[0].1 = Err(Unknown::Forbidden("no".into())),
        Severity::Unknown,
        Step::Aggregation,
        "you may not look",
        "whoami",
    ),
    (
        |f| f.rights[0].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "pods/stress_level",
        "clusterrolebinding",
    ),
    (
        |f| f.rights[1].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "watch pods",
        "create clusterrole jvb-adapter",
    ),
    (
        |f| f.rights[2].1 = Ok(false),
        Severity::Warning,
        Step::Rights,
        "watch services",
        "--serviceaccount=bridgetender:jvb-adapter",
    ),
    (
        |f| f.rights[3].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "TokenReviews",
        "bridgetender:jvb-adapter",
    ),
    (
        |f| f.rights[4].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "SubjectAccessReviews",
        "auth-delegator",
    ),
    (
        |f| f.rights[5].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "extension-apiserver-authentication",
        "rolebinding",
    ),
    (
        |f| f.rights[6].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "update the Secret bridgetender/jvb-adapter-tls",
        "--resource=secrets --resource-name=jvb-adapter-tls",
    ),
    (
        |f| f.rights[7].1 = Ok(false),
        Severity::Error,
        Step::Rights,
        "patch the APIServices",
        "--resource-name=v1beta1.external.metrics.k8s.io",
    ),
    (
        |f| f.own_authority = Some((named("tools", "cert"), Ok(false))),
        Severity::Error,
        Step::Rights,
        "has no Secret tools/cert",
        "\"name\":\"cert\"",
    ),
    (
        |f| {
            f.certificate = Some(named("tools", "cert"));
            aggregated(f, 0).trust = Trust::Absent;
        },
        Severity::Warning,
        Step::Aggregation,
        "caBundle is empty",
        "kubectl -n tools get secret cert",
    ),
    (
        |f| f.resources[0].1 = Ok(Some(Vec::new())),
        Severity::Error,
        Step::Discovery,
        "lists nothing",
        "v1beta2",
    ),
    (
        |f| f.resources[1].1 = Ok(None),
        Severity::Error,
        Step::Discovery,
        "not served",
        "custom.metrics.k8s.io/v1beta1",
    ),
    (
        |f| f.stale = Ok(vec!["v1beta2.custom.metrics.k8s.io".into()]),
        Severity::Warning,
        Step::Discovery,
        "stale",
        "describe",
    ),
    (
        |f| f.bridges = Err(Unknown::Forbidden("no".into())),
        Severity::Unknown,
        Step::Bridges,
        "may not look",
        "whoami",
    ),
    (
        |f| first(f).asked = failed("connect"),
        Severity::Error,
        Step::Bridges,
        "(connect)",
        "0.0.0.0",
    ),
    (
        |f| first(f).asked = failed("timeout"),
        Severity::Error,
        Step::Bridges,
        "(timeout)",
        "top pod jvb-0",
    ),
    (
        |f| first(f).asked = failed("redirect"),
        Severity::Error,
        Step::Bridges,
        "(redirect)",
        "`metrics`",
    ),
    (
        |f| first(f).asked = failed("parse"),
        Severity::Error,
        Step::Bridges,
        "(parse)",
        "jvb-0:8080/proxy",
    ),
    (
        |f| {
            first(f).asked = Asked::Answered {
                stress: None,
                clock: None,
                by: By::Address,
            }
        },
        Severity::Error,
        Step::Bridges,
        "no stress",
        "jvb-0:8080/proxy",
    ),
    (
        |f| {
            first(f).address = None;
            first(f).asked = Asked::Not;
            first(f).trouble = Some("CrashLoopBackOff".into());
        },
        Severity::Warning,
        Step::Bridges,
        "CrashLoopBackOff",
        "describe pod jvb-0",
    ),
    (
        |f| first(f).ready = false,
        Severity::Warning,
        Step::Bridges,
        "not Ready",
        "describe",
    ),
    (
        |f| {
            f.told.insert("jitsi".into(), Ok(BTreeMap::new()));
        },
        Severity::Error,
        Step::Bridges,
        "nothing of jvb-0, jvb-1",
        "exec",
    ),
    (
        |f| first(f).limit = None,
        Severity::Warning,
        Step::Stress,
        "no CPU limit",
        "set resources deployment/jvb -c jvb --limits=cpu=2",
    ),
    (
        |f| f.server_clock = Some(moment(-20)),
        Severity::Warning,
        Step::Clocks,
        "the API server by 19s",
        "timedatectl",
    ),
    (
        |f| f.server_clock = Some(moment(3600)),
        Severity::Error,
        Step::Clocks,
        "59m 59s",
        "set-ntp",
    ),
    (
        |f| hpa(f).scalable = Ok(false),
        Severity::Error,
        Step::Autoscalers,
        "deployment/jvb is not there",
        "scaleTargetRef",
    ),
    (
        |f| hpa(f).metrics.push("pods/http_requests".into()),
        Severity::Error,
        Step::Autoscalers,
        "pods/http_requests",
        "raw",
    ),
    (
        |f| hpa(f).hpa.namespace = "default".into(),
        Severity::Error,
        Step::Autoscalers,
        "no bridge in its namespace",
        "-A",
    ),
    (
        |f| hpa(f).conditions.clear(),
        Severity::Warning,
        Step::Autoscalers,
        "not looked",
        "describe hpa jvb",
    ),
    (
        |f| hpa(f).conditions[1] = condition("ScalingActive", false, "FailedGetPodsMetric", "x"),
        Severity::Error,
        Step::Autoscalers,
        "FailedGetPodsMetric",
        "describe hpa jvb",
    ),
    (
        |f| hpa(f).conditions[1] = condition("ScalingActive", false, "AmbiguousSelector", "x"),
        Severity::Error,
        Step::Autoscalers,
        "AmbiguousSelector",
        "keep one",
    ),
    (
        |f| hpa(f).conditions[1] = condition("ScalingActive", false, "ScalingDisabled", "x"),
        Severity::Warning,
        Step::Autoscalers,
        "ScalingDisabled",
        "--replicas=1",
    ),
    (
        |f| hpa(f).conditions[2] = condition("ScalingLimited", true, "TooManyReplicas", "x"),
        Severity::Warning,
        Step::Autoscalers,
        "maxReplicas (20)",
        "\"maxReplicas\":40",
    ),
];

/// Why the API server does not ask an adapter, in its words, and words of what is advised.
const REASONS: [(&str, &str, &str); 9] = [
    (
        "ServiceNotFound",
        "",
        "expose deployment metrics --name=jvb-adapter",
    ),
    ("MissingEndpoints", "", "no Ready pod"),
    ("ServicePortError", "", "spec.ports[0].port"),
    (
        "FailedDiscoveryCheck",
        "x509: certificate signed by unknown authority",
        "caBundle",
    ),
    (
        "FailedDiscoveryCheck",
        "x509: certificate is valid for a, not b",
        "certificate for jvb-adapter.bridgetender.svc",
    ),
    (
        "FailedDiscoveryCheck",
        "x509: certificate has expired or is not yet valid",
        "has to make new ones",
    ),
    (
        "FailedDiscoveryCheck",
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "logs service/jvb-adapter",
    ),
    (
        "FailedDiscoveryCheck",
        "context deadline exceeded",
        "networkpolicy",
    ),
    (
        "FailedDiscoveryCheck",
        "bad status: 403",
        "logs service/jvb-adapter",
    ),
];

fn troubles(facts: &Facts) -> Vec<Finding> {
    let findings = all(facts).findings;
    let bad = |finding: &Finding| finding.severity >= Severity::Warning;
    findings.into_iter().filter(bad).collect()
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let report = all(&healthy());
    assert_eq!(report.exit_code(), 0);
    let bad = |finding: &&Finding| finding.severity != Severity::Ok;
    assert_eq!(report.findings.iter().find(bad), None);
}

#[test]
fn each_thing_that_is_wrong_is_one_finding_with_a_remedy() {
    for (index, (change, severity, step, text, mend)) in CASES.into_iter().enumerate() {
        let mut facts = healthy();
        change(&mut facts);
        let found = troubles(&facts);
        let [finding] = &found[..] else {
            panic!("case {index}: {found:#?}");
        };
        assert_eq!(
            (finding.severity, finding.step),
            (severity, step),
            "case {index}: {finding:#?}"
        );
        let code = match severity {
            Severity::Ok | Severity::Skipped => 0,
            Severity::Warning => 1,
            Severity::Error => 2,
            Severity::Unknown => 3,
        };
        assert_eq!(all(&facts).exit_code(), code, "case {index}");
        assert!(finding.text.contains(text), "case {index}: {finding:#?}");
        assert!(
            advised(finding).contains(mend),
            "case {index}: {finding:#?}"
        );
    }
}

/// The command that mends it, else the one that shows more.
fn advised(finding: &Finding) -> &str {
    let advised = finding.mend.as_deref().or(finding.look.as_deref());
    advised.unwrap_or_default()
}

#[test]
fn every_command_is_one_for_a_shell_and_says_the_rest_in_a_remark() {
    let mut advices: Vec<String> = Vec::new();
    let mut with = |change: &dyn Fn(&mut Facts)| {
        let mut facts = healthy();
        change(&mut facts);
        let findings = all(&facts).findings.into_iter();
        advices.extend(findings.flat_map(|finding| finding.mend.into_iter().chain(finding.look)));
    };
    for (change, ..) in CASES {
        with(&change);
    }
    for (reason, message, _) in REASONS {
        with(&|facts| unavailable(facts, reason, message));
    }
    with(&|facts| {
        unavailable(facts, "ServiceNotFound", "");
        facts.deployment = None;
    });
    with(&|facts| facts.autoscalers = Ok(Vec::new()));
    with(&|facts| facts.bridges = Ok(Vec::new()));
    with(&|facts| {
        facts.services[0].1 = Ok(None);
        facts.services[1].1 = Ok(None);
        facts.home = Ok(Some((named("bridgetender", "jvb-adapter"), 443)));
    });
    with(&|facts| facts.rights[1] = (Need::WatchPods(Some("jitsi".to_owned())), Ok(false)));
    for class in ["address", "connect", "redirect", "timeout", "status", "new"] {
        with(&|facts| first(facts).asked = failed(class));
    }
    let unavailable = Report::unreachable(&anyhow::anyhow!("nobody answers"));
    advices.extend(unavailable.findings.into_iter().filter_map(|f| f.look));
    assert!(advices.len() > 50, "{}", advices.len());
    for advice in advices {
        let known = ["kubectl ", "ca=$(kubectl ", "echo '{", "timedatectl "];
        assert!(
            known.iter().any(|start| advice.starts_with(start)),
            "{advice}"
        );
        assert_eq!(advice.lines().count(), 1, "{advice}");
        let read = std::process::Command::new("sh")
            .args(["-n", "-c", &advice])
            .status();
        assert!(read.unwrap().success(), "{advice}");
    }
}

#[test]
fn an_adapter_of_one_namespace_is_given_no_right_in_others() {
    let mut facts = healthy();
    facts.identity = Ok(named("tools", "metrics"));
    facts.rights[1] = (Need::WatchPods(Some("jitsi".to_owned())), Ok(false));
    let found = troubles(&facts);
    let mend = found[0].mend.as_deref().unwrap();
    assert!(!mend.contains("cluster"), "{mend}");
    for words in [
        "create role jvb-adapter -n jitsi",
        "create rolebinding jvb-adapter -n jitsi",
        "--serviceaccount=tools:metrics",
    ] {
        assert!(mend.contains(words), "{mend}");
    }
}

#[test]
fn an_owner_is_known_by_what_it_tells_and_else_by_its_name() {
    let ours = vec![
        "pods/stress_level".to_owned(),
        "namespaces/free_capacity".to_owned(),
    ];
    let others = vec!["pods/http_requests".to_owned()];
    for (name, resources, expected) in [
        ("anything", Ok(Some(ours.clone())), None),
        ("prometheus-adapter", Ok(Some(ours)), None),
        (
            "anything",
            Ok(Some(others)),
            Some("somebody else: a/anything"),
        ),
        (
            "prometheus-adapter",
            Ok(None),
            Some("a/prometheus-adapter (Prometheus Adapter)"),
        ),
        ("keda-operator-metrics-apiserver", Ok(None), Some("(KEDA)")),
        ("anything", Ok(None), Some("tells nothing of its metrics")),
    ] {
        let mut facts = healthy();
        aggregated(&mut facts, V1BETA1).service = Some(named("a", name));
        aggregated(&mut facts, 0).service = Some(named("a", name));
        for (_, known) in &mut facts.resources {
            *known = resources.clone();
        }
        let said = troubles(&facts);
        let said = said
            .iter()
            .find(|finding| finding.step == Step::Aggregation);
        match expected {
            Some(words) => assert!(said.unwrap().text.contains(words), "{name}: {said:?}"),
            None => assert_eq!(said, None, "{name}"),
        }
    }
}

#[test]
fn each_reason_of_the_api_server_has_its_remedy() {
    for (reason, message, mend) in REASONS {
        let mut facts = healthy();
        unavailable(&mut facts, reason, message);
        let found = troubles(&facts);
        // Said of each version; what follows from it is not said again.
        assert_eq!(found.len(), 2, "{found:#?}");
        for finding in found {
            assert!(advised(&finding).contains(mend), "{finding:#?}");
        }
    }
}

#[test]
fn what_is_as_it_should_be_is_not_complained_of() {
    let changes: [Change; 7] = [
        // A young bridge's stress is left out on purpose.
        |f| {
            first(f).age = Some(Duration::from_secs(15));
            f.told.insert(
                "jitsi".into(),
                Ok(BTreeMap::from([("jvb-1".into(), "1".into())])),
            );
        },
        // One that leaves need not answer, nor be told.
        |f| {
            first(f).leaving = true;
            first(f).asked = Asked::Not;
            f.told.insert(
                "jitsi".into(),
                Ok(BTreeMap::from([("jvb-1".into(), "1".into())])),
            );
        },
        // Packets mean the same on every node.
        |f| {
            for bridge in f.bridges.as_mut().unwrap() {
                bridge.limit = None;
                bridge.by_packets = true;
            }
        },
        // The external API is somebody's, and that is well.
        |f| f.services[EXTERNAL].1 = Ok(Some(service("keda", "keda-operator-metrics-apiserver"))),
        // What cannot be reached from here is told by the adapter all the same.
        |f| first(f).asked = Asked::Unreachable("no route".into()),
        |f| aggregated(f, 0).served = Served::Unreachable("no route".into()),
        // Who may not look at Secrets sees the adapter's rights all the same.
        |f| {
            f.own_authority = Some((named("tools", "cert"), Err(Unknown::Forbidden("no".into()))));
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut facts = healthy();
        change(&mut facts);
        assert_eq!(troubles(&facts), [], "case {index}");
        assert_eq!(all(&facts).exit_code(), 0, "case {index}");
    }
}

#[test]
fn without_bridges_and_without_apiservices_the_chain_is_broken() {
    let mut facts = healthy();
    facts.bridges = Ok(Vec::new());
    facts.told.clear();
    let found = troubles(&facts);
    assert!(
        found
            .iter()
            .any(|finding| finding.text.contains("app.kubernetes.io/component=jvb")),
        "{found:#?}"
    );
    let mut facts = healthy();
    facts.services[0].1 = Ok(None);
    facts.services[1].1 = Ok(None);
    let report = all(&facts);
    assert_eq!(report.exit_code(), 2);
    assert_eq!(report.count(Severity::Error), 2, "{report:#?}");
}

#[test]
fn hpas_that_have_nothing_to_do_with_bridges_are_not_judged() {
    let mut facts = healthy();
    let mut other = hpa(&mut facts).clone();
    other.hpa = named("shop", "web");
    other.metrics = vec!["pods/http_requests".to_owned()];
    other.conditions[1] = condition("ScalingActive", false, "FailedGetPodsMetric", "x");
    facts.autoscalers.as_mut().unwrap().push(other);
    assert_eq!(troubles(&facts), []);
}

#[test]
fn an_hpa_on_an_external_metric_is_judged_where_the_metric_is_ours() {
    for (namespace, metric, judged) in [
        ("jitsi", "external/stress_level_total", true),
        // Beside the bridges, and so about them: KEDA's, for one.
        ("jitsi", "external/s0-metric-api-stress_level_total", true),
        ("shop", "external/queue_length", false),
    ] {
        let mut facts = healthy();
        let hpa = hpa(&mut facts);
        hpa.hpa.namespace = namespace.to_owned();
        hpa.metrics = vec![metric.to_owned()];
        hpa.conditions[1] = condition("ScalingActive", false, "FailedGetExternalMetric", "x");
        let found = troubles(&facts);
        assert_eq!(found.len(), usize::from(judged), "{metric}: {found:#?}");
    }
}

#[test]
fn two_hpas_on_one_target_are_named() {
    let mut facts = healthy();
    let mut other = hpa(&mut facts).clone();
    other.hpa.name = "jvb-cpu".to_owned();
    facts.autoscalers.as_mut().unwrap().push(other);
    let found = troubles(&facts);
    assert!(found[0].text.contains("jvb, jvb-cpu"), "{found:#?}");
    assert!(
        found[0]
            .mend
            .as_ref()
            .unwrap()
            .contains("delete hpa jvb-cpu")
    );
}

#[test]
fn a_clock_is_off_only_by_what_its_reading_cannot_explain() {
    for (ahead, off) in [
        (0, false),
        (-1, false),
        (5, false),
        (-6, false),
        (7, true),
        (-8, true),
    ] {
        let mut facts = healthy();
        facts.server_clock = Some(moment(ahead));
        assert_eq!(!troubles(&facts).is_empty(), off, "{ahead} s ahead");
    }
}

/// The same chain with a pool instead of a Deployment.
fn with_a_pool() -> Facts {
    let mut facts = healthy();
    for bridge in facts.bridges.as_mut().unwrap() {
        bridge.workload = Some(Workload {
            api_version: "bridgetender.dev/v1alpha1",
            kind: "BridgePool",
            name: "jvb".to_owned(),
        });
    }
    for (_, resources) in &mut facts.resources {
        let names = resources.as_mut().unwrap().as_mut().unwrap();
        names.push("pods/committed_stress".to_owned());
        names.push("bridgepools.bridgetender.dev/committed_stress_total".to_owned());
    }
    hpa(&mut facts).target = "bridgepool/jvb".to_owned();
    facts
}

#[test]
fn a_pool_is_scaled_by_what_sees_its_draining_bridges() {
    for (metrics, blind) in [
        (&["pods/stress_level"][..], true),
        (&["pods/participants", "*/stress_level_total"], true),
        (&["*/committed_stress_total"], false),
        (&["external/committed_stress_total"], false),
        (&["pods/participants", "pods/committed_stress"], false),
    ] {
        let mut facts = with_a_pool();
        facts.resources.iter_mut().for_each(|(_, list)| {
            let list = list.as_mut().unwrap().as_mut().unwrap();
            list.push("pods/participants".to_owned());
        });
        hpa(&mut facts).metrics = metrics.iter().map(|&metric| metric.to_owned()).collect();
        let found = troubles(&facts);
        assert_eq!(found.len(), usize::from(blind), "{metrics:?}: {found:#?}");
        for finding in found {
            assert!(finding.text.contains("does not see what drains"));
            let mend = finding.mend.unwrap();
            assert!(mend.contains("committed_stress_total"), "{mend}");
        }
    }
}

#[test]
fn a_pool_without_an_hpa_is_given_the_one_that_goes_with_it() {
    let mut facts = with_a_pool();
    facts.autoscalers = Ok(Vec::new());
    let findings = all(&facts).findings;
    let none = findings
        .iter()
        .find(|found| found.step == Step::Autoscalers);
    let mend = none.and_then(|found| found.mend.clone()).unwrap();
    for words in ["\"kind\":\"BridgePool\"", "committed_stress_total"] {
        assert!(mend.contains(words), "{mend}");
    }
}
