//! How the API server is reached.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// How long to try to reach the API server in one attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the API server may be silent beyond the length of a watch: the watches' own margin.
const SILENCE: Duration = Duration::from_secs(5);

/// A client whose watches notice an API server that has fallen silent.
///
/// # Errors
/// As [`config`].
pub(crate) async fn watching(
    kubeconfig: Option<PathBuf>,
    watch_seconds: u32,
) -> anyhow::Result<kube::Client> {
    let mut config = self::config(kubeconfig).await?;
    // A watch ends by itself when nothing comes, but the request for a list or for the next watch would be waited for as long as
    // a dead connection lives.
    config.read_timeout = Some(Duration::from_secs(watch_seconds.into()) + SILENCE);
    config.reset_reader_on_write = true;
    kube::Client::try_from(config).context("cannot make a client of the API server")
}

/// How to reach the API server: by this kubeconfig, else by the environment's, else as a pod.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub(crate) async fn config(kubeconfig: Option<PathBuf>) -> anyhow::Result<kube::Config> {
    let mut config = match kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(&path)
                .with_context(|| format!("cannot read {} (--kubeconfig)", path.display()))?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .with_context(|| format!("cannot use {} (--kubeconfig)", path.display()))?
        }
        None => kube::Config::infer().await.context(
            "no cluster is configured: set --kubeconfig or KUBECONFIG, or run in a pod with a service account",
        )?,
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    Ok(config)
}
