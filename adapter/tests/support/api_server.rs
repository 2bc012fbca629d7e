//! An API server that knows a few tokens, a few rights, and one ConfigMap.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What it knows, and what it was asked.
#[derive(Default)]
pub(crate) struct Knowledge {
    /// The data of the ConfigMap; none: it does not exist.
    pub(crate) config: Option<BTreeMap<String, String>>,
    version: u64,
    /// Whether the ConfigMap may be read.
    pub(crate) forbids_config: bool,
    /// Whether reviews may be made.
    pub(crate) forbids_reviews: bool,
    /// Users by their tokens.
    pub(crate) tokens: BTreeMap<String, Value>,
    /// Who may do everything.
    pub(crate) allowed: BTreeSet<String>,
    /// The specs of all `TokenReview`s.
    pub(crate) token_reviews: Vec<Value>,
    /// The specs of all `SubjectAccessReview`s.
    pub(crate) access_reviews: Vec<Value>,
    watchers: Vec<UnboundedSender<Result<Frame<Bytes>, Infallible>>>,
}

struct Shared {
    knowledge: Mutex<Knowledge>,
    /// Reviews wait for a permit: with none they do not end.
    reviews: Semaphore,
}

/// The server; it ends with this.
pub(crate) struct ApiServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl ApiServer {
    pub(crate) async fn start(config: BTreeMap<String, String>) -> Self {
        let knowledge = Knowledge {
            config: Some(config),
            version: 1,
            ..Knowledge::default()
        };
        let shared = Arc::new(Shared {
            knowledge: Mutex::new(knowledge),
            reviews: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            shared,
            address,
            accepting,
        }
    }

    pub(crate) fn client(&self) -> kube::Client {
        let url = format!("http://{}", self.address).parse().unwrap();
        kube::Client::try_from(kube::Config::new(url)).unwrap()
    }

    pub(crate) fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.shared.knowledge.lock().unwrap()
    }

    /// Writes the ConfigMap and tells everybody who watches it.
    pub(crate) fn publish(&self, config: BTreeMap<String, String>) {
        let mut knowledge = self.knowledge();
        knowledge.config = Some(config);
        knowledge.version += 1;
        let event = json!({"type": "MODIFIED", "object": config_map(&knowledge)});
        knowledge.tell(&event);
    }

    /// Deletes the ConfigMap and tells everybody who watches it.
    pub(crate) fn withdraw(&self) {
        let mut knowledge = self.knowledge();
        knowledge.version += 1;
        let event = json!({"type": "DELETED", "object": config_map(&knowledge)});
        knowledge.config = None;
        knowledge.tell(&event);
    }

    /// Reviews from now on get no answer.
    pub(crate) fn hold_reviews(&self) {
        self.shared.reviews.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Answers all reviews again.
    pub(crate) fn release_reviews(&self) {
        self.shared.reviews.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Goes down, and cuts every connection.
    pub(crate) async fn stop(&mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }

    /// Comes back at the same address after [`ApiServer::stop`].
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accepting = tokio::spawn(accept(listener, Arc::clone(&self.shared)));
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Knowledge {
    fn tell(&mut self, event: &Value) {
        let line = Bytes::from(format!("{event}\n"));
        self.watchers.retain(|watcher| {
            watcher
                .unbounded_send(Ok(Frame::data(line.clone())))
                .is_ok()
        });
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Goes with this future, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let reads = parts.method == Method::GET;
    let reviews = parts.method == Method::POST;
    Ok(match parts.uri.path() {
        "/api/v1/namespaces/kube-system/configmaps" if reads => config(&shared, query),
        "/apis/authentication.k8s.io/v1/tokenreviews" if reviews => {
            let _permit = shared.reviews.acquire().await.unwrap();
            token_review(&shared, &read(body).await)
        }
        "/apis/authorization.k8s.io/v1/subjectaccessreviews" if reviews => {
            let _permit = shared.reviews.acquire().await.unwrap();
            access_review(&shared, &read(body).await)
        }
        path => status(404, &format!("unknown: {} {path}", parts.method)),
    })
}

async fn read(body: Incoming) -> Value {
    let body = body.collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

fn config(shared: &Shared, query: &str) -> Answer {
    assert!(
        query.contains("fieldSelector=metadata.name%3Dextension-apiserver-authentication"),
        "the role allows this name alone: {query}"
    );
    let mut knowledge = shared.knowledge.lock().unwrap();
    if knowledge.forbids_config {
        return status(
            403,
            "configmaps is forbidden: User \"jvb-adapter\" cannot list",
        );
    }
    if !query.contains("watch=true") {
        let items: Vec<_> = knowledge
            .config
            .iter()
            .map(|_| config_map(&knowledge))
            .collect();
        let list = json!({
            "apiVersion": "v1", "kind": "ConfigMapList", "items": items,
            "metadata": {"resourceVersion": knowledge.version.to_string()},
        });
        return whole(StatusCode::OK, &list);
    }
    let (watcher, events) = unbounded();
    // What happened between the list and the watch is told first.
    let current = format!("resourceVersion={}", knowledge.version);
    if !query.split('&').any(|parameter| parameter == current) && knowledge.config.is_some() {
        let event = json!({"type": "MODIFIED", "object": config_map(&knowledge)});
        let missed = Bytes::from(format!("{event}\n"));
        watcher.unbounded_send(Ok(Frame::data(missed))).unwrap();
    }
    knowledge.watchers.push(watcher);
    Response::new(StreamBody::new(events).boxed_unsync())
}

fn config_map(knowledge: &Knowledge) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": knowledge.config,
        "metadata": {
            "name": "extension-apiserver-authentication", "namespace": "kube-system",
            "resourceVersion": knowledge.version.to_string(),
        },
    })
}

fn token_review(shared: &Shared, review: &Value) -> Answer {
    let mut knowledge = shared.knowledge.lock().unwrap();
    if knowledge.forbids_reviews {
        return status(403, "tokenreviews.authentication.k8s.io is forbidden");
    }
    knowledge.token_reviews.push(review["spec"].clone());
    let token = review["spec"]["token"].as_str().unwrap();
    let verdict = match knowledge.tokens.get(token) {
        Some(user) => json!({"authenticated": true, "user": user}),
        None => json!({"error": "invalid bearer token"}),
    };
    reviewed(review, &verdict)
}

fn access_review(shared: &Shared, review: &Value) -> Answer {
    let mut knowledge = shared.knowledge.lock().unwrap();
    if knowledge.forbids_reviews {
        return status(
            403,
            "subjectaccessreviews.authorization.k8s.io is forbidden",
        );
    }
    knowledge.access_reviews.push(review["spec"].clone());
    let user = review["spec"]["user"].as_str().unwrap();
    let allowed = knowledge.allowed.contains(user);
    reviewed(review, &json!({"allowed": allowed}))
}

fn reviewed(review: &Value, verdict: &Value) -> Answer {
    let mut review = review.clone();
    review["status"] = verdict.clone();
    whole(StatusCode::CREATED, &review)
}

fn status(code: u16, message: &str) -> Answer {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": message, "reason": "", "code": code,
    });
    whole(StatusCode::from_u16(code).unwrap(), &status)
}

fn whole(code: StatusCode, body: &Value) -> Answer {
    let body = Full::new(Bytes::from(body.to_string())).boxed_unsync();
    Response::builder()
        .status(code)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}
