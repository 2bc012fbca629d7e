//! What the HPA asked, and whether it was answered: by the API server's audit log.

use anyhow::{Context, Result};
use jiff::Timestamp;
use laboratory::Laboratory;

/// As whom kube-controller-manager reads metrics.
const HPA: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
const METRICS: &str = "/apis/custom.metrics.k8s.io/";

/// One question of an HPA for a metric.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) at: Timestamp,
    /// Of the total of a Deployment; else of the pods.
    pub(super) of_total: bool,
    pub(super) code: u16,
}

/// All questions of the HPAs since then that have been answered.
pub(super) fn since(lab: &Laboratory, since: Timestamp) -> Result<Vec<Asked>> {
    let mut all = Vec::new();
    for request in lab.audit()? {
        if request.user.username != HPA
            || !(request.uri.starts_with(METRICS) && request.uri.contains("/stress_level"))
        {
            continue;
        }
        let at: Timestamp = request
            .request_received_timestamp
            .parse()
            .context("when a request was received")?;
        if at >= since {
            all.push(Asked {
                at,
                of_total: request.uri.contains("stress_level_total"),
                code: request.response_status.map_or(0, |answer| answer.code),
            });
        }
    }
    all.sort_by_key(|asked| asked.at);
    Ok(all)
}
