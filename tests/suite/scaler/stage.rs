//! What every test of the controller begins with, and what must hold at its end.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use laboratory::{Laboratory, Pool, Request, Scalers};
use serde_json::Value;

/// How long something may take that takes seconds on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The controller, as the audit log names it.
pub(crate) const CONTROLLER: &str = "system:serviceaccount:bridgetender:jvb-scaler";

/// A laboratory with a pool and controllers.
pub(crate) struct Stage {
    pub(crate) lab: Laboratory,
    pub(crate) pool: Pool,
    pub(crate) scalers: Scalers,
}

impl Stage {
    /// A pool of so many bridges, with this put upon its spec, all of which take conferences.
    pub(crate) async fn of(bridges: u32, spec: &Value, controllers: u8) -> Result<Self> {
        Self::with(bridges, spec, controllers, &[]).await
    }

    /// The same, with these flags of the controllers besides.
    pub(crate) async fn with(
        bridges: u32,
        spec: &Value,
        controllers: u8,
        flags: &[&str],
    ) -> Result<Self> {
        let lab = Laboratory::builder().audit_log(true).start().await?;
        let pool = lab.pool(bridges).spec(spec).start().await?;
        let scalers = lab
            .scaler()
            .replicas(controllers)
            .flags(flags)
            .start()
            .await?;
        pool.until_active(bridges).await?;
        Ok(Self { lab, pool, scalers })
    }

    /// `kubectl scale`, as an operator would.
    pub(crate) async fn scale(&self, replicas: u32) -> Result<()> {
        let flag = format!("--replicas={replicas}");
        self.lab
            .kubectl_text(&["-n", "jitsi", "scale", "bp/jvb", &flag])
            .await?;
        Ok(())
    }

    /// Nobody was hung up on or moved, jicofo lost no bridge, no plan broke an invariant, and no pod was deleted by the controller
    /// but by its UID and version.
    pub(crate) async fn unharmed(self) -> Result<()> {
        let (people, lost) = self.pool.truth();
        ensure!(people.cut == 0 && people.moved == 0, "{people:?}");
        ensure!(people.stranded == 0 && people.waiting == 0, "{people:?}");
        ensure!(lost == Some(0), "jicofo lost {lost:?} bridges");
        self.fenced().await
    }

    /// The controller did nothing that it must not do, whatever happened to people.
    pub(crate) async fn fenced(self) -> Result<()> {
        if let Some(leader) = self.scalers.leader().await {
            let metrics = self.scalers.says(leader, "/metrics").await?;
            let broken = metrics
                .lines()
                .find(|line| line.starts_with("jvb_scaler_invariant_violations_total{"));
            ensure!(broken.is_none(), "{broken:?}");
        }
        for removal in self.removals()? {
            ensure!(removal.verb == "delete", "{removal:?}");
            let body = removal.body.as_ref().context("a DELETE without a body")?;
            let fence = &body["preconditions"];
            let fenced = fence["uid"].is_string() && fence["resourceVersion"].is_string();
            ensure!(fenced, "a DELETE that holds for any pod: {removal:?}");
            // A pod that was protected when it was deleted is in the answer.
            let answer = removal.answer.as_ref();
            let labels = answer.map(|pod| &pod["metadata"]["labels"]["bridgetender.dev/protected"]);
            ensure!(
                labels.is_none_or(Value::is_null),
                "a protected pod was deleted: {removal:?}"
            );
        }
        self.lab.stop().await
    }

    /// What the controller asked the API server to delete of pods.
    pub(crate) fn removals(&self) -> Result<Vec<Request>> {
        let mut asked = self.lab.audit()?;
        asked.retain(|request| {
            request.user.username == CONTROLLER
                && request.verb.starts_with("delete")
                && request.uri.contains("/pods")
        });
        Ok(asked)
    }
}
