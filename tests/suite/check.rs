//! `jvb-adapter check`, in a cluster that is well and in clusters with one broken link each.

use std::time::Duration;

use adapter::check::{self, CheckArguments, Finding, Output, Report, Severity, Step};
use anyhow::{Result, ensure};
use bridge::model::Load;
use laboratory::mocks::Fault;
use laboratory::{Bridges, Laboratory};
use serde_json::json;

mod mends;

const WITHIN: Duration = Duration::from_mins(2);
const GROUP: &str = "custom.metrics.k8s.io";
const V1BETA2: &str = "v1beta2.custom.metrics.k8s.io";

/// The check as whoever may do everything, patient for two seconds.
pub(super) fn arguments(lab: &Laboratory) -> CheckArguments {
    CheckArguments {
        kubeconfig: Some(lab.kubeconfig()),
        namespace: None,
        bridges: "app.kubernetes.io/component=jvb".to_owned(),
        service_account: None,
        tls_secret: None,
        timeout: Duration::from_secs(2),
        loopback_bridges: true,
        output: Output::Text,
    }
}

/// Walks until the report is as it should be: the API server and the adapter learn of a change within seconds.
pub(super) async fn until(
    lab: &Laboratory,
    what: &str,
    is_so: impl Fn(&Report) -> bool,
) -> Result<Report> {
    until_by(lab, &arguments(lab), what, is_so).await
}

/// The same with these arguments.
pub(super) async fn until_by(
    lab: &Laboratory,
    arguments: &CheckArguments,
    what: &str,
    is_so: impl Fn(&Report) -> bool,
) -> Result<Report> {
    lab.eventually(what, WITHIN, || async {
        let report = check::run(arguments).await;
        ensure!(is_so(&report), "{}", check::text(&report, false));
        Ok(report)
    })
    .await
}

/// The findings of this kind whose text holds these words.
pub(super) fn has(report: &Report, step: Step, severity: Severity, words: &str) -> bool {
    let is_it = |finding: &&Finding| {
        finding.step == step
            && finding.severity == severity
            && format!("{} {}", finding.subject, finding.text).contains(words)
            && (severity == Severity::Ok || is_advised(finding) && finding.why.is_some())
    };
    report.findings.iter().any(|finding| is_it(&finding))
}

fn is_advised(finding: &Finding) -> bool {
    finding.mend.is_some() || finding.look.is_some()
}

async fn bridges(lab: &Laboratory) -> Result<Bridges> {
    lab.bridges(2).load(Load::Measured(0.4)).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_holds_is_said_to_hold() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().replicas(2).start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    let all = [
        (Step::ApiServer, "Kubernetes v1."),
        (
            Step::Aggregation,
            "bridgetender/jvb-adapter, available, certificate good for",
        ),
        (Step::Rights, "may do all that it needs"),
        (Step::Discovery, "pods/stress_level among them"),
        (Step::Bridges, "2 answer, 2 told to the HPA"),
        (Step::Stress, "against a CPU limit"),
        (Step::Clocks, "3 clocks agree"),
        (Step::Autoscalers, "wants 2 of at most 20"),
    ];
    // At first the stress of new bridges is left out, which is no fault.
    let report = until(&lab, "every step is well", |report| {
        report.severity() == Severity::Ok
            && all
                .iter()
                .all(|(step, words)| has(report, *step, Severity::Ok, words))
    })
    .await?;
    ensure!(report.exit_code() == 0);
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apiservice_of_somebody_else_is_named_and_not_taken() -> Result<()> {
    let lab = Laboratory::start().await?;
    let _bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().versions(&["v1beta2"]).start().await?;
    let other = lab.place("monitoring", "prometheus-adapter").await?;
    lab.aggregate(&other, GROUP, "v1beta1", laboratory::Priority::default())
        .await?;
    until(&lab, "the owner is named", |report| {
        has(
            report,
            Step::Aggregation,
            Severity::Error,
            "belongs to somebody else: monitoring/prometheus-adapter (Prometheus Adapter)",
        ) && report.exit_code() == 2
    })
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_is_down_breaks_the_chain() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let mut adapters = lab.adapter().start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    adapters.kill_all();
    // The bridges themselves are well, and it says so.
    until(&lab, "the adapter is found down", |report| {
        has(report, Step::Aggregation, Severity::Error, V1BETA2)
            && has(
                report,
                Step::Autoscalers,
                Severity::Error,
                "FailedGetPodsMetric",
            )
            && has(report, Step::Bridges, Severity::Ok, "2 answer")
            && report.exit_code() == 2
    })
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_hangs_is_named_with_its_class() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().start().await?;
    let hung = bridges.break_some(1, &Fault::Hung).await?;
    until(&lab, "the hung bridge is named", |report| {
        has(
            report,
            Step::Bridges,
            Severity::Error,
            &format!("jitsi/{} gives no statistics (timeout)", hung[0]),
        ) && has(report, Step::Bridges, Severity::Ok, "1 answer")
            && report.exit_code() == 2
    })
    .await?;
    lab.stop().await
}

/// Bridges whose stress is measured against the whole node from now on.
async fn take_cpu_limit(lab: &Laboratory, bridges: &Bridges) -> Result<()> {
    let limits = "/spec/template/spec/containers/0/resources/limits";
    let patch = json!([{"op": "remove", "path": limits}]).to_string();
    let of = ["-n", laboratory::NAMESPACE, "patch", "deployment"];
    let words = [&of[..], &[bridges.name(), "--type=json", "-p", &patch]].concat();
    lab.kubectl_text(&words).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_without_a_cpu_limit_has_a_stress_that_means_nothing() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = bridges(&lab).await?;
    let _adapters = lab.adapter().start().await?;
    take_cpu_limit(&lab, &bridges).await?;
    let report = until(
        &lab,
        "the missing limit is found, and nothing else",
        |report| {
            has(report, Step::Stress, Severity::Warning, "no CPU limit")
                && report.severity() == Severity::Warning
        },
    )
    .await?;
    ensure!(report.exit_code() == 1);
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_bridges_the_selector_is_to_blame() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let _adapters = lab.adapter().start().await?;
    until(&lab, "no bridges are found", |report| {
        has(
            report,
            Step::Bridges,
            Severity::Error,
            "no pod in any namespace has the labels app.kubernetes.io/component=jvb",
        ) && report.exit_code() == 2
    })
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_look_is_told_so_and_nothing_is_called_well() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let arguments = CheckArguments {
        kubeconfig: Some(lab.identity("nobody", &[])?),
        namespace: Some("jitsi".to_owned()),
        bridges: "app=jvb".to_owned(),
        service_account: Some(("bridgetender".to_owned(), "jvb-adapter".to_owned())),
        tls_secret: None,
        timeout: Duration::from_secs(2),
        loopback_bridges: true,
        output: Output::Json,
    };
    // A question that is not answered in time is another reason to know nothing.
    until_by(&lab, &arguments, "nobody may look", |report| {
        report.exit_code() == 3 && check::text(report, false).contains("you may not look: ")
    })
    .await?;
    lab.kill_api_server().await?;
    let report = check::run(&arguments).await;
    ensure!(report.exit_code() == 3);
    ensure!(
        report.findings.len() == 1,
        "{}",
        check::text(&report, false)
    );
    lab.stop().await
}
