use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use scaler_token::PublicKeys;
use scaler_token::contract::KEYS_FILE;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "/api/v1/namespaces/bridgetender/secrets/bridgetender-signing-keys";

const PACE: Pace = Pace {
    rotation: Duration::from_hours(24),
    refresh: Duration::from_mins(3),
    overlap: Duration::from_hours(1),
};

/// An API server that knows objects by their path, and takes writes upon the version that was read alone.
#[derive(Clone, Default)]
struct Cluster(Arc<Mutex<Objects>>);

#[derive(Default)]
struct Objects {
    by_path: BTreeMap<String, Value>,
    writes: u64,
    /// What begins so is forbidden.
    forbidden: Option<&'static str>,
}

fn map(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps/{PUBLIC_KEYS}")
}

impl Objects {
    fn answer(
        &mut self,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Result<Value, (u16, &'static str)> {
        if self.forbidden.is_some_and(|begin| path.starts_with(begin)) {
            return Err((403, "Forbidden"));
        }
        if method == Method::GET {
            return self.by_path.get(path).cloned().ok_or((404, "NotFound"));
        }
        let mut object: Value = serde_json::from_slice(body).unwrap();
        let path = match object["metadata"]["name"].as_str() {
            Some(name) if method == Method::POST => format!("{path}/{name}"),
            _ => path.to_owned(),
        };
        let there = self.by_path.get(&path);
        match (method.as_str(), there) {
            ("POST", None) => {}
            ("POST", Some(_)) => return Err((409, "AlreadyExists")),
            ("PUT", None) => return Err((404, "NotFound")),
            ("PUT", Some(there)) => {
                let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
                if version(there) != version(&object) {
                    return Err((409, "Conflict"));
                }
            }
            _ => return Err((405, "MethodNotAllowed")),
        }
        self.writes += 1;
        object["metadata"]["resourceVersion"] = json!(self.writes.to_string());
        self.by_path.insert(path, object.clone());
        Ok(object)
    }
}

impl Cluster {
    fn client(&self) -> Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = cluster.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                // Others come in between.
                tokio::task::yield_now().await;
                let mut objects = cluster.0.lock().unwrap();
                let answer = objects.answer(&head.method, head.uri.path(), &body);
                let (code, answer) = answer.map_or_else(
                    |(code, reason)| {
                        let status = json!({
                            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                            "message": format!("it is {reason}"), "reason": reason, "code": code,
                        });
                        (code, status)
                    },
                    |object| (200, object),
                );
                let answer = Body::from(serde_json::to_vec(&answer).unwrap());
                let mut response = Response::new(answer);
                *response.status_mut() = StatusCode::from_u16(code).unwrap();
                Ok::<_, Infallible>(response)
            }
        });
        Client::new(service, "bridgetender")
    }

    /// A controller that leads, with these times of its keys.
    fn keeper(&self, pace: Pace) -> Keeper {
        let shared = Arc::new(Shared::new());
        shared.elected(Some(Time::from_millis(i64::MAX)));
        let signer = Signer::default();
        Keeper::new(&self.client(), "bridgetender", pace, &signer, &shared)
    }

    fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().by_path.get(path).cloned()
    }

    /// Somebody else writes an object.
    fn put(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let objects = &mut *self.0.lock().unwrap();
        let object = objects.by_path.get_mut(path).unwrap();
        change(object);
        objects.writes += 1;
        object["metadata"]["resourceVersion"] = json!(objects.writes.to_string());
    }

    fn published(&self, namespace: &str) -> PublicKeys {
        let map = self.get(&map(namespace)).unwrap();
        PublicKeys::parse(map["data"][KEYS_FILE].as_str().unwrap()).unwrap()
    }

    fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }
}

fn places(names: &[&str]) -> BTreeSet<String> {
    names.iter().copied().map(str::to_owned).collect()
}

/// Whether a pod that knows these keys obeys this controller.
fn obeys(keys: &PublicKeys, keeper: &Keeper) -> bool {
    let request = bridge::request::drain("10.1.2.3:8090");
    let now = keeper.shared.clock.now();
    let token = keeper.signer.sign("uid", &request, now, now).unwrap();
    let path = request.uri().path();
    keys.verify(Some(&token), "uid", request.method(), path, now)
        .is_ok()
}

#[tokio::test]
async fn a_first_key_is_made_published_in_each_namespace_and_signs_and_then_nothing_is_due() {
    let cluster = Cluster::default();
    let keeper = cluster.keeper(PACE);
    let places = places(&["jitsi", "school"]);
    keeper.look(&places).await.unwrap();
    for place in &places {
        assert!(obeys(&cluster.published(place), &keeper), "{place}");
    }
    let writes = cluster.writes();
    keeper.look(&places).await.unwrap();
    assert_eq!(cluster.writes(), writes);
    // Whoever starts anew goes on with the same key.
    let next = cluster.keeper(PACE);
    next.look(&places).await.unwrap();
    assert!(obeys(&cluster.published("jitsi"), &next));
    assert_eq!(cluster.writes(), writes);
}

#[tokio::test]
async fn two_controllers_at_once_agree() {
    let cluster = Cluster::default();
    let (first, second) = (cluster.keeper(PACE), cluster.keeper(PACE));
    let places = places(&["jitsi", "school"]);
    let (one, two) = tokio::join!(first.look(&places), second.look(&places));
    one.unwrap();
    two.unwrap();
    for place in &places {
        let keys = cluster.published(place);
        assert_eq!(keys.ids().count(), 1, "{place}");
        assert!(obeys(&keys, &first) && obeys(&keys, &second), "{place}");
    }
}

#[tokio::test]
async fn a_secret_that_was_made_empty_is_filled() {
    let cluster = Cluster::default();
    let secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "resourceVersion": "0" } });
    let objects = [(SECRET.to_owned(), secret)];
    cluster.0.lock().unwrap().by_path = objects.into();
    let keeper = cluster.keeper(PACE);
    keeper.look(&places(&["jitsi"])).await.unwrap();
    assert!(obeys(&cluster.published("jitsi"), &keeper));
}

#[tokio::test]
async fn what_somebody_writes_into_a_config_map_is_mended() {
    let cluster = Cluster::default();
    let keeper = cluster.keeper(PACE);
    let places = places(&["jitsi"]);
    keeper.look(&places).await.unwrap();
    let before = cluster.published("jitsi");
    for spoilt in [json!("garbage"), json!("{\"keys\":[]}"), json!("")] {
        cluster.put(&map("jitsi"), |map| map["data"][KEYS_FILE] = spoilt);
        keeper.look(&places).await.unwrap();
        assert_eq!(cluster.published("jitsi"), before);
    }
    cluster.0.lock().unwrap().by_path.remove(&map("jitsi"));
    keeper.look(&places).await.unwrap();
    assert_eq!(cluster.published("jitsi"), before);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_left_alone_and_what_to_do_is_told() {
    let cluster = Cluster::default();
    let keeper = cluster.keeper(PACE);
    let places = places(&["jitsi"]);
    keeper.look(&places).await.unwrap();
    let keys = cluster.published("jitsi");
    cluster.put(SECRET, |secret| {
        secret["data"] = json!({ "keys.json": "e30=" });
    });
    let writes = cluster.writes();
    let told = keeper.look(&places).await.unwrap_err().to_string();
    assert!(told.contains("keys.json: missing field `schema`"), "{told}");
    assert!(
        told.contains("\nhint: put back what was there; or delete it with kubectl -n bridgetender"),
        "{told}"
    );
    assert_eq!(cluster.writes(), writes);
    assert!(obeys(&keys, &keeper), "it signs with what it knows");
    let other = cluster.keeper(PACE);
    assert!(other.look(&places).await.is_err());
    assert_eq!(cluster.writes(), writes);
}

#[tokio::test]
async fn a_namespace_that_cannot_be_written_keeps_no_other_from_its_keys() {
    let cluster = Cluster::default();
    cluster.0.lock().unwrap().forbidden = Some("/api/v1/namespaces/jitsi/");
    let keeper = cluster.keeper(PACE);
    let told = keeper.look(&places(&["jitsi", "school"])).await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.starts_with("cannot get ConfigMap jitsi/bridgetender-keys: it is Forbidden"),
        "{told}"
    );
    assert!(told.contains("\nhint: "), "{told}");
    assert!(obeys(&cluster.published("school"), &keeper));
}

#[tokio::test]
async fn whoever_leads_no_longer_writes_nothing() {
    let cluster = Cluster::default();
    let keeper = cluster.keeper(PACE);
    keeper.shared.elected(None);
    keeper.look(&places(&["jitsi"])).await.unwrap();
    assert_eq!(cluster.writes(), 0);
}

#[tokio::test]
async fn a_rotation_loses_no_token_that_is_on_the_way() {
    let cluster = Cluster::default();
    let hasty = Pace {
        rotation: Duration::from_millis(20),
        refresh: Duration::from_millis(20),
        overlap: Duration::from_hours(1),
    };
    let (first, second) = (cluster.keeper(hasty), cluster.keeper(hasty));
    let places = places(&["jitsi"]);
    let request = bridge::request::drain("10.1.2.3:8090");
    let (method, path) = (request.method(), request.uri().path());
    let mut tokens = Vec::new();
    for n in 0..12 {
        let keeper = if n % 3 == 0 { &second } else { &first };
        keeper.look(&places).await.unwrap();
        let now = keeper.shared.clock.now();
        tokens.push(keeper.signer.sign("uid", &request, now, now).unwrap());
        let keys = cluster.published("jitsi");
        for token in &tokens {
            let told = keys.verify(Some(token), "uid", method, path, now);
            assert!(told.is_ok(), "{told:?} after {n} looks");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let keys = cluster.published("jitsi");
    assert!(keys.ids().count() > 3, "it was rotated: {keys:?}");
}
