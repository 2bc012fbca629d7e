//! The real kubectl, as an operator would use it.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;

use crate::laboratory::Laboratory;
use crate::tools::Tools;

/// How long kubectl may take; then it is killed.
const LIMIT: Duration = Duration::from_mins(2);

impl Laboratory {
    /// Runs kubectl as a user who may do everything. Its home is in the laboratory's folder, so no configuration of this machine
    /// has a say. The output holds the exit code: a kubectl that fails is no error here.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl(&self, args: &[&str]) -> Result<Output> {
        self.kubectl_with(args, "").await
    }

    /// Like [`kubectl`](Self::kubectl), with a text on its standard input (for `-f -`).
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl_with(&self, args: &[&str], input: &str) -> Result<Output> {
        let home = self.folder().join("home");
        let mut command =
            tokio::process::Command::from(self.janitor.command(&Tools::find()?.kubectl));
        let mut child = command
            // An argument, not the environment: the janitor knows its processes by their command lines.
            .arg(format!("--kubeconfig={}", self.kubeconfig().display()))
            .args(args)
            .env("HOME", &home)
            .env("KUBECACHEDIR", home.join("cache"))
            .env_remove("KUBECONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            // A kubectl that does not read its input closes it: not an error of ours.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let ended = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
        ended
            .with_context(|| {
                let limit = humantime::format_duration(LIMIT);
                format!("kubectl {} has not ended after {limit}", args.join(" "))
            })?
            .context("cannot wait for kubectl")
    }

    /// What kubectl prints, where it succeeds.
    ///
    /// # Errors
    /// When kubectl fails: with what it said.
    pub async fn kubectl_text(&self, args: &[&str]) -> Result<String> {
        let output = self.kubectl(args).await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("kubectl {} failed: {}", args.join(" "), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
