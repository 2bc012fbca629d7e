//! What is missing is never taken for nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use http::StatusCode;
use laboratory::mocks::Fault;
use laboratory::{Laboratory, NAMESPACE, Never};
use serde_json::Value;

const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
const TOTAL: &str =
    "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/deployments.apps/jvb/stress_level_total";

/// The names and values (in thousandths) of a metric's items, sorted.
async fn values(lab: &Laboratory, path: &str) -> Result<Vec<(String, i64)>> {
    let list: Value = serde_json::from_str(&lab.kubectl_text(&["get", "--raw", path]).await?)?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let mut values: Vec<(String, i64)> = items
        .iter()
        .map(|item| {
            let value = item["value"].as_str().unwrap_or_default();
            let milli = value.strip_suffix('m').map_or_else(
                || value.parse::<i64>().map(|whole| whole * 1000),
                str::parse,
            );
            Ok((
                item["describedObject"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                milli?,
            ))
        })
        .collect::<Result<_>>()?;
    values.sort();
    Ok(values)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_adapter_killed_the_hpa_holds_and_says_why_until_one_is_back() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(3).load(Load::Measured(0.4)).start().await?;
    let mut adapters = lab.adapter().replicas(2).start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;

    // One replica less is not noticed.
    adapters.kill(0);
    hpa.holds(3, Duration::from_secs(5)).await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;

    adapters.kill_all();
    // Nobody is there any more: what the HPA would see in idle bridges must not be what it sees now.
    bridges.jitsi().load_all(Load::Measured(0.0));
    hpa.until("ScalingActive", "False", "FailedGetPodsMetric")
        .await?;
    hpa.holds(3, Duration::from_secs(10)).await?;
    ensure!(bridges.replicas().await? == 3);

    adapters.start(1)?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    hpa.until_desired(1).await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_does_not_answer_sensibly_is_left_out_and_never_zero() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(8).load(Load::Measured(0.5)).start().await?;
    let _adapters = lab
        .adapter()
        .flags(&["--max-age=3s", "--deadline=1s"])
        .start()
        .await?;
    let all = bridges.names().await?;
    let within = Duration::from_mins(1);
    lab.eventually("all bridges are told", within, || async {
        let seen = values(&lab, STRESS).await?;
        ensure!(seen.len() == 8, "{seen:?}");
        Ok(())
    })
    .await?;

    let faults = [
        Fault::Hung,
        Fault::Reset,
        Fault::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::Truncated,
        Fault::Huge(4 * 1024 * 1024),
        Fault::NotANumber,
        Fault::Negative,
    ];
    for (name, fault) in all.iter().zip(&faults) {
        bridges.jitsi().break_bridge(name, fault.clone());
    }
    let healthy = vec![(all[7].clone(), 500)];
    lab.eventually("only the healthy bridge is told", within, || async {
        let seen = values(&lab, STRESS).await?;
        ensure!(
            seen.iter().all(|(_, milli)| *milli == 500),
            Never(format!("a value that nobody said: {seen:?}"))
        );
        ensure!(seen == healthy, "{seen:?}");
        Ok(())
    })
    .await?;

    // In the total the others keep what they last said. One of eight answering would be too few: four are mended.
    for name in &all[..4] {
        bridges.jitsi().break_bridge(name, None);
    }
    lab.eventually(
        "the total counts the silent ones with their last value",
        within,
        || async {
            let seen = values(&lab, TOTAL).await?;
            // It may be refused before, but there is no other total.
            let whole = seen == [("jvb".to_owned(), 4000)];
            ensure!(whole, Never(format!("a wrong total: {seen:?}")));
            Ok(())
        },
    )
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_of_which_less_than_half_is_known_is_refused() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(4).load(Load::Measured(0.5)).start().await?;
    let _adapters = lab
        .adapter()
        .flags(&["--max-age=2s", "--deadline=1s"])
        .start()
        .await?;
    let within = Duration::from_mins(1);
    lab.eventually("the total is told", within, || async {
        let seen = values(&lab, TOTAL).await?;
        ensure!(seen == [("jvb".to_owned(), 2000)], "{seen:?}");
        Ok(())
    })
    .await?;
    bridges.break_some(3, &Fault::Hung).await?;
    lab.eventually("the total is refused", within, || async {
        let refused = lab.kubectl(&["get", "--raw", TOTAL]).await?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(
            !refused.status.success() && said.contains("ServiceUnavailable"),
            "{said}"
        );
        Ok(())
    })
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_bridges_stress_is_unknown_at_first_and_a_gone_bridge_is_gone_at_once() -> Result<()>
{
    let lab = Laboratory::start().await?;
    // A placeholder as seen on real bridges, and a sampler that takes its time.
    let bridges = lab
        .bridges(1)
        .load(Load::Measured(0.5))
        .configure(|bridge| {
            bridge.stress_placeholder = 1.111;
            bridge.sample_interval = Duration::from_secs(5);
        })
        .start()
        .await?;
    let _adapters = lab
        .adapter()
        .flags(&["--interval=200ms", "--stress-unknown-for=8s"])
        .start()
        .await?;
    let within = Duration::from_mins(1);
    let known = async |least: usize| {
        let seen = values(&lab, STRESS).await?;
        ensure!(
            seen.iter().all(|(_, milli)| *milli == 500),
            Never(format!("the placeholder was told: {seen:?}"))
        );
        ensure!(seen.len() >= least, "{seen:?}");
        anyhow::Ok(())
    };
    lab.eventually("the stress is known", within, || known(1))
        .await?;

    // People are known at once, stress is not.
    bridges.scale(2).await?;
    let people =
        format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/{NAMESPACE}/pods/*/participants");
    lab.eventually("the new bridge's people are known", within, || async {
        known(1).await?;
        let seen = values(&lab, &people).await?;
        ensure!(seen.len() == 2, "{seen:?}");
        Ok(())
    })
    .await?;
    lab.eventually("the new bridge's stress is known", within, || known(2))
        .await?;

    bridges.scale(1).await?;
    lab.eventually("the pod is being deleted", within, || async {
        ensure!(bridges.pods().await?.len() == 1);
        Ok(())
    })
    .await?;
    // Far sooner than its last value would be too old (--max-age, 30 s).
    lab.eventually(
        "the bridge that goes is told no more",
        Duration::from_secs(25),
        || async {
            let seen = values(&lab, STRESS).await?;
            ensure!(seen.len() == 1, "{seen:?}");
            Ok(())
        },
    )
    .await?;
    lab.stop().await
}
