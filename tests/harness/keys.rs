//! The keys and certificates of one cluster, and the files its processes read them from.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use serde_json::json;

use crate::certificates::{Authority, Credentials};

/// Whom the API server's administrators' group consists of: every request of it is allowed.
const ADMINISTRATORS: &str = "system:masters";
/// As whom the API server calls an aggregated one.
const FRONT_PROXY: &str = "front-proxy-client";

/// The authorities of a cluster, and the folder with everything they signed.
#[derive(Debug)]
pub(crate) struct Keys {
    folder: PathBuf,
    server: String,
    cluster: Authority,
}

impl Keys {
    /// Makes all keys, certificates and kubeconfig files that the control plane needs.
    pub(crate) fn make(folder: &Path, address: Ipv4Addr, port: u16) -> Result<Self> {
        let keys = Self {
            folder: folder.to_owned(),
            server: format!("https://{address}:{port}"),
            cluster: Authority::new("laboratory-cluster")?,
        };
        let front_proxy = Authority::new("laboratory-front-proxy")?;
        keys.write("cluster-ca.crt", &keys.cluster.pem())?;
        keys.write("front-proxy-ca.crt", &front_proxy.pem())?;
        keys.write_pair("front-proxy", &front_proxy.client(FRONT_PROXY, &[])?)?;
        let names = [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "localhost",
        ];
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.push(address.to_string());
        keys.write_pair("serving", &keys.cluster.server("kube-apiserver", &names)?)?;
        let service_accounts = KeyPair::generate()?;
        keys.write("service-accounts.key", &service_accounts.serialize_pem())?;
        keys.write("service-accounts.pub", &service_accounts.public_key_pem())?;
        keys.identity("admin", &[ADMINISTRATORS])?;
        keys.identity("system:kube-controller-manager", &[])?;
        Ok(keys)
    }

    /// The path of a file of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where a user's kubeconfig lies.
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        let name: String = user
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        self.path(&format!("{name}.kubeconfig"))
    }

    /// Signs a client certificate and writes a kubeconfig around it that needs no other file.
    pub(crate) fn identity(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        let credentials = self.cluster.client(user, groups)?;
        let mut context = json!({"cluster": "laboratory", "user": user});
        // A service account is at home in its namespace, as in a pod.
        if let Some((namespace, _)) = user
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
        {
            context["namespace"] = namespace.into();
        }
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "laboratory", "cluster": {
                "server": self.server,
                "certificate-authority-data": STANDARD.encode(self.cluster.pem()),
            }}],
            "users": [{"name": user, "user": {
                "client-certificate-data": STANDARD.encode(credentials.certificate),
                "client-key-data": STANDARD.encode(credentials.key),
            }}],
            "contexts": [{"name": "laboratory", "context": context}],
            "current-context": "laboratory",
        });
        let path = self.kubeconfig(user);
        write(&path, &format!("{kubeconfig:#}\n"))?;
        Ok(path)
    }

    fn write(&self, name: &str, content: &str) -> Result<()> {
        write(&self.path(name), content)
    }

    fn write_pair(&self, name: &str, credentials: &Credentials) -> Result<()> {
        self.write(&format!("{name}.crt"), &credentials.certificate)?;
        self.write(&format!("{name}.key"), &credentials.key)
    }
}

/// Writes a file that nobody else may read.
pub(crate) fn write(path: &Path, content: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
