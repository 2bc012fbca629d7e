//! An adapter that may see some namespaces alone.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use laboratory::Laboratory;

const PATIENCE: Duration = Duration::from_mins(2);
const ADAPTER: &str = "system:serviceaccount:bridgetender:jvb-adapter";

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_of_one_namespace_asks_for_nothing_of_the_cluster() -> Result<()> {
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.5)).start().await?;
    // Those that come are idle: two and a half bridges' worth is all there is, and three stay three.
    bridges
        .jitsi()
        .configure_bridges(|bridge| bridge.load = Load::Measured(0.0));
    let _adapters = lab.adapter().namespaced().start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    hpa.until_desired(3).await?;

    let elsewhere = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/stress_level";
    let refused = lab.kubectl(&["get", "--raw", elsewhere]).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(said.contains("--namespaces are jitsi"), "{said}");

    lab.eventually("the watch is in the audit log", PATIENCE, || async {
        let asked = lab.audit()?;
        let pods = asked
            .iter()
            .filter(|request| request.user.username == ADAPTER && request.uri.contains("/pods"));
        let pods: Vec<&str> = pods.map(|request| request.uri.as_str()).collect();
        ensure!(!pods.is_empty());
        let apart = |uri: &&&str| !uri.starts_with("/api/v1/namespaces/jitsi/pods?");
        ensure!(pods.iter().find(apart).is_none(), "{pods:?}");
        Ok(())
    })
    .await?;
    let denied = |code| code == 401 || code == 403;
    for request in lab.audit()? {
        let code = request.response_status.map_or(0, |status| status.code);
        ensure!(
            request.user.username != ADAPTER || !denied(code),
            "{} {}: {code}",
            request.verb,
            request.uri
        );
    }
    lab.stop().await
}
