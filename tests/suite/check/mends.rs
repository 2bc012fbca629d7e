//! What the check prints as mending something is run as it stands, and mends it.

use std::collections::BTreeSet;

use adapter::check::{CheckArguments, Report, Severity, Step};
use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridge::model::Load;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::Api;
use laboratory::{Authority, Laboratory, NAMESPACE, objects};
use serde_json::{Value, json};

use super::{V1BETA2, WITHIN, arguments, bridges, has, take_cpu_limit, until, until_by};

const V1BETA1: &str = "v1beta1.custom.metrics.k8s.io";

/// The commands that mend what is wrong in this step, each once.
fn mends(report: &Report, step: Step) -> BTreeSet<String> {
    let findings = report
        .findings
        .iter()
        .filter(|finding| finding.step == step);
    findings
        .filter_map(|finding| finding.mend.clone())
        .collect()
}

/// Whether nothing is wrong in this step.
fn is_well(report: &Report, step: Step) -> bool {
    let mut findings = report
        .findings
        .iter()
        .filter(|finding| finding.step == step);
    findings.all(|finding| finding.severity == Severity::Ok)
}

/// Something was broken: the check finds it in these words, and what it prints as mending it is run.
async fn run_what_mends(
    lab: &Laboratory,
    step: Step,
    severity: Severity,
    words: &[&str],
) -> Result<()> {
    run_what_mends_by(lab, &arguments(lab), step, severity, words).await
}

/// The same by a check with these arguments.
async fn run_what_mends_by(
    lab: &Laboratory,
    arguments: &CheckArguments,
    step: Step,
    severity: Severity,
    words: &[&str],
) -> Result<()> {
    let found = |report: &Report| words.iter().all(|words| has(report, step, severity, words));
    let report = until_by(lab, arguments, words[0], found).await?;
    let commands = mends(&report, step);
    ensure!(!commands.is_empty(), "nothing mends {report:#?}");
    for command in commands {
        println!("$ {command}");
        lab.shell(&command).await?;
    }
    Ok(())
}

/// The same, after which nothing is wrong in this step.
async fn is_mended(lab: &Laboratory, step: Step, severity: Severity, words: &[&str]) -> Result<()> {
    run_what_mends(lab, step, severity, words).await?;
    until(lab, "what was run has mended it", |report| {
        is_well(report, step)
    })
    .await?;
    Ok(())
}

/// Changes the spec of an APIService.
async fn change(lab: &Laboratory, name: &str, spec: Value) -> Result<()> {
    let patch = json!({"spec": spec}).to_string();
    lab.kubectl_text(&["patch", "apiservice", name, "--type=merge", "-p", &patch])
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_named_and_given() -> Result<()> {
    let lab = Laboratory::start().await?;
    let _bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().start().await?;
    let missing = [
        "HPA may not get pods/stress_level",
        "bridgetender/jvb-adapter may not list and watch pods",
        "may not create TokenReviews",
        "may not create SubjectAccessReviews",
        "may not read the ConfigMap kube-system/extension-apiserver-authentication",
    ];
    for binding in [
        "jvb-adapter",
        "jvb-adapter:auth-delegator",
        "system:controller:horizontal-pod-autoscaler",
    ] {
        lab.kubectl_text(&["delete", "clusterrolebinding", binding])
            .await?;
    }
    let reader = "jvb-adapter:authentication-reader";
    lab.kubectl_text(&["-n", "kube-system", "delete", "rolebinding", reader])
        .await?;
    is_mended(&lab, Step::Rights, Severity::Error, &missing).await?;

    // Roles and bindings that are there and do not do: added to, not refused because they exist.
    let none = r#"[{"op": "replace", "path": "/rules", "value": []}]"#;
    lab.kubectl_text(&[
        "patch",
        "clusterrole",
        "jvb-adapter",
        "--type=json",
        "-p",
        none,
    ])
    .await?;
    let nobody = r#"[{"op": "remove", "path": "/subjects"}]"#;
    for binding in ["jvb-adapter:auth-delegator", "hpa-custom-metrics"] {
        let patch = [
            "patch",
            "clusterrolebinding",
            binding,
            "--type=json",
            "-p",
            nobody,
        ];
        lab.kubectl_text(&patch).await?;
    }
    is_mended(&lab, Step::Rights, Severity::Error, &missing[..4]).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_to_an_own_authority_and_its_secret_are_given_and_are_enough() -> Result<()> {
    const NAME: &str = "jvb-adapter:certificates";
    const MISSING: [&str; 3] = [
        "may not get and update the Secret bridgetender/jvb-adapter-tls",
        "may not get and patch the APIServices",
        "has no Secret bridgetender/jvb-adapter-tls",
    ];
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let _adapters = lab.adapter().own_authority().start().await?;
    let arguments = CheckArguments {
        // Its pods would tell, if it had any.
        tls_secret: Some(("bridgetender".to_owned(), "jvb-adapter-tls".to_owned())),
        ..arguments(&lab)
    };
    let empty = [
        "--type=json",
        "-p",
        r#"[{"op": "replace", "path": "/rules", "value": []}]"#,
    ];
    let gone: [&[&str]; 3] = [
        &["delete", "clusterrolebinding", NAME],
        &["-n", "bridgetender", "delete", "rolebinding", NAME],
        &["-n", "bridgetender", "delete", "secret", "jvb-adapter-tls"],
    ];
    let emptied: [Vec<&str>; 2] = [
        [&["patch", "clusterrole", NAME][..], &empty].concat(),
        [&["-n", "bridgetender", "patch", "role", NAME][..], &empty].concat(),
    ];
    for words in gone {
        lab.kubectl_text(words).await?;
    }
    let mended = |words: &'static [&'static str]| async {
        run_what_mends_by(&lab, &arguments, Step::Rights, Severity::Error, words).await?;
        until_by(&lab, &arguments, "what was run has mended it", |report| {
            is_well(report, Step::Rights)
        })
        .await
    };
    mended(&MISSING).await?;
    for words in emptied {
        lab.kubectl_text(&words).await?;
    }
    mended(&MISSING[..2]).await?;
    let secret = ["-n", "bridgetender", "get", "secret", "jvb-adapter-tls"];
    let words = [&secret[..], &["-o", "jsonpath={.data.tls\\.crt}"]].concat();
    lab.eventually("the adapter has filled the Secret", WITHIN, || async {
        let filled = lab.kubectl_text(&words).await?;
        ensure!(!filled.trim().is_empty(), "it is empty");
        Ok(())
    })
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apiservice_that_is_missing_or_leads_elsewhere_or_trusts_others_is_put_right()
-> Result<()> {
    let lab = Laboratory::start().await?;
    let _bridges = bridges(&lab).await?;
    let adapters = lab.adapter().start().await?;
    // Where cert-manager keeps a certificate and its authority.
    let ca = std::fs::read_to_string(adapters.place().ca())?;
    let secret = json!({"data": {"ca.crt": STANDARD.encode(&ca)}}).to_string();
    lab.kubectl_text(&[
        "-n",
        "bridgetender",
        "patch",
        "secret",
        "jvb-adapter-tls",
        "--type=merge",
        "-p",
        &secret,
    ])
    .await?;
    let mended = |severity, words: &'static [&'static str]| {
        is_mended(&lab, Step::Aggregation, severity, words)
    };

    for gone in [V1BETA1, V1BETA2] {
        lab.kubectl_text(&["delete", "apiservice", gone]).await?;
        mended(Severity::Warning, &["there is no such APIService"]).await?;
    }
    lab.kubectl_text(&["delete", "apiservice", V1BETA1, V1BETA2])
        .await?;
    let both = &["there is no such APIService"];
    run_what_mends(&lab, Step::Aggregation, Severity::Error, both).await?;
    // Whom to ask is known; whom to trust is the next thing.
    mended(Severity::Warning, &["caBundle is empty"]).await?;

    let unverified = json!({"caBundle": null, "insecureSkipTLSVerify": true});
    change(&lab, V1BETA2, unverified).await?;
    mended(Severity::Warning, &["insecureSkipTLSVerify is set"]).await?;
    change(&lab, V1BETA1, json!({"caBundle": null})).await?;
    mended(Severity::Warning, &["caBundle is empty"]).await?;
    let stranger = STANDARD.encode(Authority::new("stranger")?.pem());
    for version in [V1BETA1, V1BETA2] {
        change(&lab, version, json!({"caBundle": stranger})).await?;
    }
    let mut untrusted = vec!["not signed by an authority in caBundle"];
    if lab.availability_needs_trust().await? {
        untrusted.push("is not available: FailedDiscoveryCheck");
    }
    is_mended(&lab, Step::Aggregation, Severity::Error, &untrusted).await?;

    // A second adapter's place, where nobody answers.
    lab.place("elsewhere", "jvb-adapter").await?;
    change(
        &lab,
        V1BETA1,
        json!({"service": {"namespace": "elsewhere"}}),
    )
    .await?;
    mended(Severity::Error, &["lead to two adapters"]).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_missing_or_has_another_port_is_put_right() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let _adapters = lab.adapter().start().await?;
    // The API server looks at the ports of a Service with an address of its own alone. Nobody is behind this one, which is another
    // finding.
    lab.kubectl_text(&["-n", "bridgetender", "delete", "service", "jvb-adapter"])
        .await?;
    // The adapter's Deployment has a name of its own.
    lab.put(&objects::idlers("bridgetender", "our-jvb-adapter", 1))
        .await?;
    for version in [V1BETA1, V1BETA2] {
        change(&lab, version, json!({"service": {"port": 8443}})).await?;
    }
    for (reason, next) in [
        (
            "is not available: ServiceNotFound",
            "is not available: ServicePortError",
        ),
        ("is not available: ServicePortError", "is not available: "),
    ] {
        // Of both versions, which the API server looks at one after the other.
        let found = |report: &Report| {
            let findings = report.findings.iter();
            findings
                .filter(|finding| finding.text.contains(reason))
                .count()
        };
        let report = until(&lab, reason, |report| found(report) == 2).await?;
        let findings = report.findings.into_iter();
        let said = findings.filter(|finding| finding.text.contains(reason));
        let commands: BTreeSet<String> = said.filter_map(|finding| finding.mend).collect();
        ensure!(!commands.is_empty(), "nothing mends it");
        for command in commands {
            println!("$ {command}");
            lab.shell(&command).await?;
        }
        until(&lab, "another reason", |report| {
            found(report) == 0 && has(report, Step::Aggregation, Severity::Error, next)
        })
        .await?;
    }
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hpa_that_is_missing_or_can_do_nothing_is_put_right() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().start().await?;
    let hpas: Api<HorizontalPodAutoscaler> = Api::namespaced(lab.client(), NAMESPACE);
    let patch = |patch: Value| {
        let lab = &lab;
        async move {
            let patch = patch.to_string();
            let words = [
                "-n",
                NAMESPACE,
                "patch",
                "hpa",
                "jvb",
                "--type=merge",
                "-p",
                &patch,
            ];
            lab.kubectl_text(&words).await
        }
    };
    let mended = |severity, words: &'static [&'static str]| {
        is_mended(&lab, Step::Autoscalers, severity, words)
    };

    let report = until(
        &lab,
        "the bridges are told, and one HPA is missing",
        |report| {
            has(report, Step::Bridges, Severity::Ok, "2 told to the HPA")
                && mends(report, Step::Autoscalers).len() == 1
        },
    )
    .await?;
    let commands = mends(&report, Step::Autoscalers);
    for command in &commands {
        println!("$ {command}");
        lab.shell(command).await?;
    }
    until(&lab, "there is an HPA", |report| {
        is_well(report, Step::Autoscalers)
            && has(
                report,
                Step::Autoscalers,
                Severity::Ok,
                "deployment/jvb on pods/stress_level, wants 2",
            )
    })
    .await?;

    patch(json!({"spec": {"scaleTargetRef": {"name": "gone"}}})).await?;
    mended(
        Severity::Error,
        &["its target deployment/gone is not there"],
    )
    .await?;

    let second = objects::Autoscaler::new(NAMESPACE, "jvb")
        .name("second")
        .pods("participants", "20")
        .build();
    lab.put(&second).await?;
    mended(Severity::Error, &["has several HPAs: jvb, second"]).await?;
    ensure!(hpas.get_opt("second").await?.is_none() && hpas.get_opt("jvb").await?.is_some());

    // 1.6 on two bridges, where each should have 0.4; those that come are idle, and none comes before it is limited.
    patch(json!({"spec": {"maxReplicas": 2}})).await?;
    bridges.jitsi().load_all(Load::Measured(0.8));
    bridges
        .jitsi()
        .configure_bridges(|bridge| bridge.load = Load::Measured(0.0));
    mended(Severity::Warning, &["is at maxReplicas (2) and wants more"]).await?;

    lab.kubectl_text(&[
        "-n",
        NAMESPACE,
        "scale",
        "deployment",
        "jvb",
        "--replicas=0",
    ])
    .await?;
    mended(Severity::Warning, &["ScalingDisabled"]).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_without_a_cpu_limit_are_given_one() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().start().await?;
    take_cpu_limit(&lab, &bridges).await?;
    is_mended(&lab, Step::Stress, Severity::Warning, &["no CPU limit"]).await?;
    lab.stop().await
}
