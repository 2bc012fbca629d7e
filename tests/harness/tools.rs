//! The programs a laboratory is made of, and where they are found.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const ETCD_VERSION: &str = "3.6.16";
const STRANGERS_VERSION: &str = "0.36.3";
const TEST_ADAPTER_VERSION: &str = "1.36.0";
const DEFAULT_KUBERNETES_VERSION: &str = "1.36.3";

/// Paths of etcd, kube-apiserver, kube-controller-manager and kubectl.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) etcd: PathBuf,
    pub(crate) kube_apiserver: PathBuf,
    pub(crate) kube_controller_manager: PathBuf,
    pub(crate) kubectl: PathBuf,
}

impl Tools {
    /// Looks in `KUBEBUILDER_ASSETS`, else in the cache that `make tools` fills.
    ///
    /// # Errors
    /// Names the first program that is missing, and what brings it.
    pub(crate) fn find() -> Result<Self> {
        let (etcd, kubernetes) = match set("KUBEBUILDER_ASSETS") {
            Some(assets) => (from_root(&assets), from_root(&assets)),
            None => cached(),
        };
        Ok(Self {
            etcd: program(&etcd, "etcd")?,
            kube_apiserver: program(&kubernetes, "kube-apiserver")?,
            kube_controller_manager: program(&kubernetes, "kube-controller-manager")?,
            kubectl: program(&kubernetes, "kubectl")?,
        })
    }
}

/// Which Kubernetes the laboratory runs: `K8S_VERSION`, else 1.36.3. Only a label where `KUBEBUILDER_ASSETS` is set.
pub fn kubernetes_version() -> String {
    set("K8S_VERSION").unwrap_or_else(|| DEFAULT_KUBERNETES_VERSION.into())
}

/// Where the laboratory's kubectl is, for people who want to look around.
///
/// # Errors
/// When it was not built.
pub fn kubectl_path() -> Result<PathBuf> {
    let kubectl = Tools::find()?.kubectl;
    Ok(kubectl.canonicalize().unwrap_or(kubectl))
}

/// Where the reader with Kubernetes' own Go clients is: always in the cache.
///
/// # Errors
/// When it was not built.
pub(crate) fn metrics_reader() -> Result<PathBuf> {
    let path = cache().join(format!("strangers-{STRANGERS_VERSION}/metrics-reader"));
    if !path.is_file() {
        bail!(
            "{} is missing: run `make tools`, which needs Go",
            path.display()
        );
    }
    Ok(path)
}

/// Where the adapter is that custom-metrics-apiserver tests itself with: always in the cache.
///
/// # Errors
/// When it was not built.
pub fn test_adapter_path() -> Result<PathBuf> {
    let folder = format!("custom-metrics-apiserver-{TEST_ADAPTER_VERSION}");
    let path = cache().join(folder).join("test-adapter");
    if !path.is_file() {
        bail!(
            "custom-metrics-apiserver's test adapter was not built: `tests/tools/build peers` builds it, which needs Go"
        );
    }
    Ok(path.canonicalize().unwrap_or(path))
}

fn cached() -> (PathBuf, PathBuf) {
    let tools = cache();
    (
        tools.join(format!("etcd-{ETCD_VERSION}")),
        tools.join(format!("kubernetes-{}", kubernetes_version())),
    )
}

/// The folder that `make tools` fills.
fn cache() -> PathBuf {
    let cache = set("BRIDGETENDER_CACHE").unwrap_or_else(|| ".cache".into());
    from_root(&cache).join("tools")
}

/// A folder that counts from the root of the project where it is not absolute: cargo runs tests in one folder and programs in
/// another, and `tests/tools/build` must find the same.
fn from_root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder)
}

fn program(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    if !path.is_file() {
        bail!(
            "{} is missing: run `make tools`, or point KUBEBUILDER_ASSETS at a folder that has etcd, kube-apiserver, \
             kube-controller-manager and kubectl",
            path.display()
        );
    }
    Ok(path)
}

/// The value of an environment variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_from_the_root_of_the_project_unless_it_is_absolute() {
        assert!(from_root("tests/tools").join("build").is_file());
        assert_eq!(from_root("/opt/assets"), Path::new("/opt/assets"));
    }
}
