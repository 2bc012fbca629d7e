//! What the processes of the control plane are told on their command lines.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result};

use crate::address::{API_SERVER_PORT, CONTROLLER_MANAGER_PORT, ETCD_PEER_PORT, ETCD_PORT};
use crate::control_plane::Settings;
use crate::keys::{Keys, write};

/// The laboratory's nodes have no kubelet that reports; these three would take the nodes for dead and their pods away.
const CONTROLLERS: &str =
    "*,-pod-garbage-collector-controller,-node-lifecycle-controller,-taint-eviction-controller";
/// Every request once, when it is answered; deletions of pods with what was asked and answered.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  verbs: [delete]
  resources: [{resources: [pods]}]
- level: Metadata
";
/// Where the audit log lies in the laboratory's folder.
pub(crate) const AUDIT_LOG: &str = "audit.log";

#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) etcd: Vec<String>,
    pub(crate) api_server: Vec<String>,
    pub(crate) controller_manager: Vec<String>,
}

pub(crate) fn all(
    address: Ipv4Addr,
    keys: &Keys,
    folder: &Path,
    settings: &Settings,
) -> Result<Flags> {
    Ok(Flags {
        etcd: etcd(address, keys, folder),
        api_server: api_server(address, keys, folder, settings)?,
        controller_manager: controller_manager(address, keys, settings),
    })
}

/// Collects `--name=value`.
struct List<'a> {
    keys: &'a Keys,
    flags: Vec<String>,
}

impl<'a> List<'a> {
    fn new(keys: &'a Keys) -> Self {
        let flags = Vec::new();
        Self { keys, flags }
    }

    fn set(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.flags.push(format!("--{name}={value}"));
        self
    }

    /// The value is one of the cluster's key files.
    fn file(self, name: &str, file: &str) -> Self {
        let path = self.keys.path(file);
        self.set(name, path.display())
    }

    fn more(mut self, flags: &[String]) -> Vec<String> {
        self.flags.extend_from_slice(flags);
        self.flags
    }
}

fn etcd(address: Ipv4Addr, keys: &Keys, folder: &Path) -> Vec<String> {
    let client = format!("https://{address}:{ETCD_PORT}");
    let peer = format!("https://{address}:{ETCD_PEER_PORT}");
    List::new(keys)
        .set("name", "laboratory")
        .set("data-dir", folder.join("etcd").display())
        // What a laboratory knows need not outlive it.
        .set("unsafe-no-fsync", true)
        .set("log-level", "warn")
        .set("listen-client-urls", &client)
        .set("advertise-client-urls", &client)
        .set("listen-peer-urls", &peer)
        .set("initial-advertise-peer-urls", &peer)
        .set("initial-cluster", format!("laboratory={peer}"))
        .set("client-cert-auth", true)
        .file("trusted-ca-file", "cluster-ca.crt")
        .file("cert-file", "serving.crt")
        .file("key-file", "serving.key")
        .set("peer-client-cert-auth", true)
        .file("peer-trusted-ca-file", "cluster-ca.crt")
        .file("peer-cert-file", "serving.crt")
        .file("peer-key-file", "serving.key")
        .more(&[])
}

fn api_server(
    address: Ipv4Addr,
    keys: &Keys,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<String>> {
    let mut list = List::new(keys)
        .set("etcd-servers", format!("https://{address}:{ETCD_PORT}"))
        .file("etcd-cafile", "cluster-ca.crt")
        .file("etcd-certfile", "serving.crt")
        .file("etcd-keyfile", "serving.key")
        .set("bind-address", address)
        .set("advertise-address", address)
        .set("secure-port", API_SERVER_PORT)
        .set("endpoint-reconciler-type", "none")
        .set("service-cluster-ip-range", "10.96.0.0/16")
        .file("tls-cert-file", "serving.crt")
        .file("tls-private-key-file", "serving.key")
        .file("client-ca-file", "cluster-ca.crt")
        .set("authorization-mode", "RBAC")
        // Pods can then be made before the controller manager has made the ServiceAccounts.
        .set("disable-admission-plugins", "ServiceAccount")
        .set("service-account-issuer", "https://kubernetes.default.svc")
        .file("service-account-key-file", "service-accounts.pub")
        .file("service-account-signing-key-file", "service-accounts.key")
        // Aggregation: who the API server is to an adapter, and how it names the user.
        .file("requestheader-client-ca-file", "front-proxy-ca.crt")
        .set("requestheader-username-headers", "X-Remote-User")
        .set("requestheader-group-headers", "X-Remote-Group")
        .set("requestheader-extra-headers-prefix", "X-Remote-Extra-")
        .file("proxy-client-cert-file", "front-proxy.crt")
        .file("proxy-client-key-file", "front-proxy.key")
        .set("allow-privileged", true)
        .set("profiling", false);
    if settings.audit_log {
        let policy = folder.join("audit-policy.yaml");
        write(&policy, AUDIT_POLICY).context("cannot switch the audit log on")?;
        list = list
            .set("audit-policy-file", policy.display())
            .set("audit-log-path", folder.join(AUDIT_LOG).display());
    }
    Ok(list.more(&settings.api_server_flags))
}

fn controller_manager(address: Ipv4Addr, keys: &Keys, settings: &Settings) -> Vec<String> {
    let kubeconfig = keys.kubeconfig("system:kube-controller-manager");
    let controllers = settings.controllers.as_deref().unwrap_or(CONTROLLERS);
    let millis = |duration: std::time::Duration| format!("{}ms", duration.as_millis());
    let mut list = List::new(keys)
        .set("kubeconfig", kubeconfig.display())
        .set("authentication-kubeconfig", kubeconfig.display())
        .set("authorization-kubeconfig", kubeconfig.display())
        .set("bind-address", address)
        .set("secure-port", CONTROLLER_MANAGER_PORT)
        .file("tls-cert-file", "serving.crt")
        .file("tls-private-key-file", "serving.key")
        .file("root-ca-file", "cluster-ca.crt")
        .file("service-account-private-key-file", "service-accounts.key")
        // Without it no controller has any rights, and all fail quietly.
        .set("use-service-account-credentials", true)
        .set("leader-elect", false)
        .set("controllers", controllers)
        .set("kube-api-qps", 500)
        .set("kube-api-burst", 1000)
        .set(
            "horizontal-pod-autoscaler-sync-period",
            millis(settings.hpa_sync_period),
        );
    if let Some(delay) = settings.hpa_initial_readiness_delay {
        list = list.set(
            "horizontal-pod-autoscaler-initial-readiness-delay",
            millis(delay),
        );
    }
    if let Some(window) = settings.hpa_downscale_stabilization {
        list = list.set(
            "horizontal-pod-autoscaler-downscale-stabilization",
            millis(window),
        );
    }
    list.more(&settings.controller_manager_flags)
}
