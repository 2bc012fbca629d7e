//! A server under test, with an API server beside it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter::access::Attributes;
use adapter::access::User;
use adapter::access::{Guard, StartError};
use adapter::serving::Status;
use adapter::serving::Tls;
use adapter::serving::{Body, Limits, Service, serve};
use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::api_server::ApiServer;
use super::caller::{Caller, NAME, Version};
use super::pki::{self, Authority, Identity, Wish};
use super::soon::SOON;

/// Bytes of the answer to `/large`: more than sockets keep.
pub(crate) const LARGE: usize = 32 * 1024 * 1024;

/// Says who asked and what headers reached it; a few paths misbehave.
#[derive(Default)]
pub(crate) struct Echo {
    /// A request to `/slow` has arrived.
    pub(crate) arrived: Notify,
    /// It may go on.
    pub(crate) proceed: Notify,
    /// With what requests were refused.
    pub(crate) refusals: Mutex<Vec<StatusCode>>,
}

impl Service for Echo {
    fn admit(&self, user: &User) -> Result<(), Status> {
        if user.name == "noisy" {
            return Err(Status::too_many_requests("too often", SOON));
        }
        Ok(())
    }

    fn has_room_of_its_own(&self, user: &User) -> bool {
        user.name == "hpa"
    }

    fn attributes(&self, request: &Parts) -> Result<Attributes, Status> {
        match request.uri.path() {
            "/unknown" => Err(Status::not_found("no such path")),
            "/pods" => Ok(Attributes::Resource {
                namespace: Some("jitsi".to_owned()),
                verb: "get".to_owned(),
                group: "custom.metrics.k8s.io".to_owned(),
                version: "v1beta2".to_owned(),
                resource: "pods".to_owned(),
                subresource: Some("stress_level".to_owned()),
                name: Some("*".to_owned()),
            }),
            path => Ok(Attributes::NonResource {
                path: path.to_owned(),
                verb: "get".to_owned(),
            }),
        }
    }

    async fn answer(&self, user: &User, request: &Parts) -> Response<Body> {
        match request.uri.path() {
            "/large" => return Response::new(Body::new(Bytes::from(vec![b'x'; LARGE]))),
            "/panic" => panic!("a bug"),
            "/slow" => {
                self.arrived.notify_one();
                self.proceed.notified().await;
            }
            "/never" => std::future::pending().await,
            _ => {}
        }
        let headers: Vec<_> = request.headers.keys().map(ToString::to_string).collect();
        let groups = user.groups.join(",");
        let said = json!({"user": user.name, "groups": groups, "headers": headers});
        Response::new(Body::new(Bytes::from(said.to_string())))
    }

    fn refused(&self, code: StatusCode) {
        self.refusals.lock().unwrap().push(code);
    }

    fn open(&self, path: &str) -> Option<Response<Body>> {
        (path == "/healthz").then(|| Response::new(Body::new(Bytes::from_static(b"ok"))))
    }
}

/// Everything that one test needs.
pub(crate) struct Stand {
    pub(crate) api: ApiServer,
    pub(crate) clients: Authority,
    pub(crate) proxies: Authority,
    pub(crate) server: Authority,
    pub(crate) service: Arc<Echo>,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<anyhow::Result<()>>,
}

impl Stand {
    pub(crate) async fn new() -> Self {
        Self::within(Limits::default()).await
    }

    pub(crate) async fn within(limits: Limits) -> Self {
        let (clients, proxies) = (Authority::new("clients"), Authority::new("proxies"));
        let api = ApiServer::start(published(&clients, &proxies)).await;
        let server = Authority::new("serving");
        let tls = serving(&server.issue(&Wish::server(NAME)));
        let shutdown = CancellationToken::new();
        let guard = guard(&api, SOON).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Arc::new(Echo::default());
        let serving = serve(
            limits,
            listener,
            tls,
            guard,
            Arc::clone(&service),
            shutdown.clone(),
        );
        Self {
            serving: tokio::spawn(serving),
            api,
            clients,
            proxies,
            server,
            service,
            address,
            shutdown,
        }
    }

    /// A connection of somebody.
    pub(crate) async fn call(&self, identity: Option<&Identity>) -> Caller {
        self.call_by(identity, Version::Http2).await
    }

    pub(crate) async fn call_by(&self, identity: Option<&Identity>, version: Version) -> Caller {
        Caller::dial(self.address, &self.server, identity, version).await
    }

    /// A connection of the aggregator.
    pub(crate) async fn aggregator(&self) -> Caller {
        let proxy = self.proxies.issue(&Wish::client("proxy"));
        self.call(Some(&proxy)).await
    }
}

/// Reads whom `api` believes.
pub(crate) async fn guard(api: &ApiServer, deadline: Duration) -> Result<Guard, StartError> {
    Guard::start(api.client(), deadline, 30, CancellationToken::new()).await
}

/// What an API server with these two authorities publishes.
pub(crate) fn published(clients: &Authority, proxies: &Authority) -> BTreeMap<String, String> {
    pki::published(&clients.pem(), &proxies.pem(), r#"["proxy"]"#)
}

fn serving(identity: &Identity) -> Tls {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("jvb-adapter-serving-{}-{number}", std::process::id());
    let folder: PathBuf = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&certificate, &identity.chain_pem).unwrap();
    std::fs::write(&key, &identity.key_pem).unwrap();
    let tls = Tls::from_files(&certificate, &key).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    tls
}
