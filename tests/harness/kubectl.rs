//! The real kubectl, as an operator would use it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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
        let mut command = self.janitor.command(&Tools::find()?.kubectl);
        command
            // An argument, not the environment: the janitor knows its processes by their command lines.
            .arg(format!("--kubeconfig={}", self.kubeconfig().display()))
            .args(args);
        self.spoken(command, input)
            .await
            .with_context(|| format!("kubectl {}", args.join(" ")))
    }

    /// Runs a line of shell as an operator would paste it, in a folder of its own: its kubectl is the laboratory's, as a user who
    /// may do everything. What it prints, where it succeeds.
    ///
    /// # Errors
    /// When it fails: with what it said.
    pub async fn shell(&self, line: &str) -> Result<String> {
        let folder = self.folder().join("shell");
        fs::create_dir_all(&folder)?;
        let (kubectl, kubeconfig) = (Tools::find()?.kubectl, self.kubeconfig());
        let (kubectl, kubeconfig) = (kubectl.display(), kubeconfig.display());
        let script = format!("#!/bin/sh\nexec '{kubectl}' '--kubeconfig={kubeconfig}' \"$@\"\n");
        let wrapper = folder.join("kubectl");
        fs::write(&wrapper, script)?;
        fs::set_permissions(&wrapper, Permissions::from_mode(0o700))?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
        let mut command = self.janitor.command(Path::new("/bin/sh"));
        command
            // The folder is `$0` there: the janitor knows its processes by it.
            .args(["-c", line])
            .arg(&folder)
            .current_dir(&folder)
            .env("PATH", std::env::join_paths(paths)?);
        let output = self
            .spoken(command, "")
            .await
            .with_context(|| line.to_owned())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{line}` failed: {}", said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn spoken(&self, command: std::process::Command, input: &str) -> Result<Output> {
        let home = self.folder().join("home");
        let mut child = tokio::process::Command::from(command)
            .env("HOME", &home)
            .env("KUBECACHEDIR", home.join("cache"))
            .env_remove("KUBECONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot be run")?;
        let stdin = child.stdin.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // Who does not read the input closes it: not an error of ours.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        // At once: one that says much before it has read all would wait for ever for its words to be taken.
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        let ended = tokio::time::timeout(LIMIT, both).await;
        ended
            .with_context(|| {
                let limit = humantime::format_duration(LIMIT);
                format!("it has not ended after {limit}")
            })?
            .context("cannot be waited for")
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
