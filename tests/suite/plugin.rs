//! `kubectl bridgepool`, on a real API server with the real controller and bridges that have people on them.

mod asking;
mod errors;
mod hands;
mod kubectl;
mod rights;
mod watching;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use laboratory::{Laboratory, Scalers};
use serde_json::Value;

use crate::programs::built;

/// The plugin, as a user of a cluster runs it.
pub(super) struct Plugin {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// Where the controller is: the API server asks no pod on a loopback address, which those of a laboratory are.
    controller: Option<String>,
}

/// What it ended with, and what it said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Said {
    /// All that it said, with no regard to where lines end.
    pub(super) fn words(&self) -> String {
        words(&format!("{} {}", self.out, self.err))
    }
}

/// A text with no regard to where its lines end.
pub(super) fn words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl Plugin {
    /// As whoever may do everything; it asks the first controller.
    pub(super) fn of(lab: &Laboratory, scalers: Option<&Scalers>) -> Result<Self> {
        Self::of_user(&lab.kubeconfig(), scalers)
    }

    /// As the user of a kubeconfig.
    pub(super) fn of_user(kubeconfig: &Path, scalers: Option<&Scalers>) -> Result<Self> {
        Ok(Self {
            program: built("kubectl-bridgepool")?,
            kubeconfig: kubeconfig.to_owned(),
            controller: scalers.map(|scalers| format!("http://{}", scalers.address(0))),
        })
    }

    /// The program itself.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The program with these arguments, not yet run.
    pub(super) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(arguments)
            .args(
                ["-n", "jitsi"]
                    .iter()
                    .filter(|_| !arguments.contains(&"-A")),
            )
            .arg(format!("--kubeconfig={}", self.kubeconfig.display()))
            // A busy machine is no silent API server.
            .arg("--request-timeout=1m")
            .args(
                self.controller
                    .as_ref()
                    .map(|url| format!("--controller={url}")),
            )
            .env("TZ", "UTC")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs it.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Said> {
        let output = self.command(arguments).output().await;
        Ok(said(&output.context("cannot run the plugin")?))
    }

    /// What it says where it succeeds.
    pub(super) async fn text(&self, arguments: &[&str]) -> Result<String> {
        let said = self.run(arguments).await?;
        ensure!(said.code == Some(0), "{arguments:?}: {said:?}");
        Ok(said.out)
    }

    /// The same as JSON.
    pub(super) async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["-o", "json"]].concat();
        let text = self.text(&arguments).await?;
        serde_json::from_str(&text).with_context(|| text.clone())
    }
}

pub(super) fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
