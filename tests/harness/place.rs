//! An adapter's place in the cluster: a Service that leads to it, its certificate, and the groups it serves.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Api;
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::balancer::Balancer;
use crate::certificates::{Authority, Credentials};
use crate::keys::write;
use crate::laboratory::Laboratory;
use crate::readiness::Readiness;

/// How an aggregated group version ranks among others; where nothing is said as metrics adapters usually do.
#[derive(Clone, Copy, Debug)]
pub struct Priority {
    /// `groupPriorityMinimum`: 1 to 20000.
    pub group: u16,
    /// `versionPriority`: 1 to 1000, the higher is preferred.
    pub version: u16,
}

impl Default for Priority {
    fn default() -> Self {
        Self {
            group: 100,
            version: 100,
        }
    }
}

/// A Service that leads the API server to an adapter outside the cluster, through a balancer.
///
/// The Service is of type ExternalName: EndpointSlices refuse loopback addresses.
#[derive(Debug)]
pub struct Place {
    namespace: String,
    name: String,
    balancer: Arc<Balancer>,
    authority: Authority,
    serving: Credentials,
    certificate: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

impl Laboratory {
    /// Makes a place for an adapter: its namespace, its Service, a balancer, and a serving certificate for
    /// `NAME.NAMESPACE.svc` under an authority of its own. Give it [backends](Place::set_backends) and
    /// [`aggregate`](Self::aggregate) what they serve.
    ///
    /// # Errors
    /// When the API server refuses the objects or the balancer cannot listen.
    pub async fn place(&self, namespace: &str, name: &str) -> Result<Place> {
        let balancer = Arc::new(Balancer::start(self.network.balancer(self.next_place())).await?);
        let host = format!("{name}.{namespace}.svc");
        let authority = Authority::new(&format!("{host}-ca"))?;
        let serving = authority.server(&host, std::slice::from_ref(&host))?;
        let file = |end: &str| self.folder().join(format!("{host}{end}"));
        let place = Place {
            namespace: namespace.into(),
            name: name.into(),
            balancer,
            certificate: file(".crt"),
            key: file(".key"),
            ca: file("-ca.crt"),
            authority,
            serving,
        };
        write(&place.certificate, &place.serving.certificate)?;
        write(&place.key, &place.serving.key)?;
        write(&place.ca, &place.authority.pem())?;
        self.namespace(namespace).await?;
        self.lead(&place, place.balancer.address().ip()).await?;
        Ok(place)
    }

    /// Lets the Service of a place lead to this address instead of the balancer's, on the same port, as it would past a
    /// kube-proxy: for measurements, in which a balancer's copying of bytes has no place. The API server follows at once.
    ///
    /// # Errors
    /// When the API server refuses the Service.
    pub async fn lead(&self, place: &Place, address: IpAddr) -> Result<()> {
        self.put(&json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": place.name, "namespace": place.namespace},
            "spec": {
                "type": "ExternalName", "externalName": address,
                "ports": [{"name": "https", "port": place.balancer.address().port()}],
            },
        }))
        .await
    }

    /// Tells the API server that the adapter at a place serves a group version.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn aggregate(
        &self,
        place: &Place,
        group: &str,
        version: &str,
        priority: Priority,
    ) -> Result<()> {
        let authority = STANDARD.encode(place.authority.pem());
        self.register(place, group, version, priority, &json!(authority))
            .await
    }

    /// The same without saying whom to trust: the adapter is to publish that itself.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn aggregate_untrusted(
        &self,
        place: &Place,
        group: &str,
        version: &str,
        priority: Priority,
    ) -> Result<()> {
        self.register(place, group, version, priority, &Value::Null)
            .await
    }

    async fn register(
        &self,
        place: &Place,
        group: &str,
        version: &str,
        priority: Priority,
        authority: &Value,
    ) -> Result<()> {
        self.put(&json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": format!("{version}.{group}")},
            "spec": {
                "group": group, "version": version,
                "groupPriorityMinimum": priority.group, "versionPriority": priority.version,
                "caBundle": authority,
                "service": {
                    "namespace": place.namespace, "name": place.name, "port": place.balancer.address().port(),
                },
            },
        }))
        .await
    }

    /// Waits until the API server finds an aggregated group version available; or not available, where `available` is false.
    ///
    /// # Errors
    /// When it does not within the time: with the condition it has.
    pub async fn aggregated(
        &self,
        group: &str,
        version: &str,
        available: bool,
        within: Duration,
    ) -> Result<()> {
        let kind = GroupVersionKind::gvk("apiregistration.k8s.io", "v1", "APIService");
        let api: Api<DynamicObject> = Api::all_with(self.client(), &ApiResource::from_gvk(&kind));
        let name = format!("{version}.{group}");
        let what = format!("APIService {name} has Available={available}");
        crate::eventually(&what, within, || async {
            let service = api.get(&name).await?;
            let conditions = service.data["status"]["conditions"].as_array();
            let condition = conditions
                .and_then(|conditions| conditions.iter().find(|c| c["type"] == "Available"))
                .context("no condition yet")?;
            let wanted = if available { "True" } else { "False" };
            ensure!(condition["status"] == wanted, "{condition}");
            Ok(())
        })
        .await
    }

    /// Whether the API server calls an aggregated API unavailable whose certificate does not verify. Before Kubernetes 1.36 it looks
    /// at the certificate only when it forwards a request, and answers each with 503 while the APIService stays available
    /// (kube-aggregator's remote_available_controller: `Insecure: true` up to v0.35.4, no longer in v0.36.0).
    ///
    /// # Errors
    /// When it does not tell its version.
    pub async fn availability_needs_trust(&self) -> Result<bool> {
        let version = self.client().apiserver_version().await?;
        let digits: String = version
            .minor
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let minor: u32 = digits
            .parse()
            .with_context(|| format!("version {version:?}"))?;
        Ok(minor >= 36)
    }

    /// Makes a namespace.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn namespace(&self, name: &str) -> Result<()> {
        self.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
            .await
    }
}

impl Place {
    /// Which replicas get the connections from now on.
    pub fn set_backends(&self, addresses: &[SocketAddr]) {
        self.balancer.set_backends(addresses);
    }

    /// The same, as they are ready: whoever says at `/readyz` that it is not gets no connection.
    pub(crate) fn follow_backends(&self, addresses: &[SocketAddr]) -> Result<Readiness> {
        Readiness::follow(&self.balancer, addresses)
    }

    /// Where the Service leads to.
    pub fn address(&self) -> SocketAddr {
        self.balancer.address()
    }

    /// The name that the serving certificate is for and that a client must ask for: `NAME.NAMESPACE.svc`.
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }

    /// The file with the serving certificate, PEM.
    pub fn certificate(&self) -> &PathBuf {
        &self.certificate
    }

    /// The file with the serving certificate's key, PEM.
    pub fn key(&self) -> &PathBuf {
        &self.key
    }

    /// The file with the authority to trust, PEM: what the APIServices' caBundle holds.
    pub fn ca(&self) -> &PathBuf {
        &self.ca
    }

    /// How the user of a kubeconfig reaches what is served here, past the API server. Nothing is asked twice.
    ///
    /// # Errors
    /// When the kubeconfig is none.
    pub async fn config(&self, kubeconfig: &Path) -> Result<kube::Config> {
        let mut config = crate::laboratory::config(kubeconfig).await?;
        config.cluster_url = format!("https://{}", self.address()).parse()?;
        config.tls_server_name = Some(self.host());
        let authority = CertificateDer::from_pem_slice(self.authority.pem().as_bytes())?;
        config.root_cert = Some(vec![authority.to_vec()]);
        config.default_retry = false;
        Ok(config)
    }

    /// The authority that signed the serving certificate, to sign another one with.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}
