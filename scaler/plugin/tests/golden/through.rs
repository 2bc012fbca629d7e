//! The leader is asked through the API server's proxy to its pod. An API server asks no pod on a loopback address, so that here one
//! that answers by heart stands in for it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::pools;

const POOL: &str = "/apis/bridgetender.dev/v1alpha1/namespaces/jitsi/bridgepools/jvb";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/bridgetender/leases/jvb-scaler";
const PODS: &str = "/api/v1/namespaces/jitsi/pods";
const LEADER: &str = "/api/v1/namespaces/bridgetender/pods/jvb-scaler-0:8081/proxy/pools/jitsi/jvb";

/// An API server that answers each path as it is told.
struct Server {
    kubeconfig: tempfile::NamedTempFile,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(answers: Vec<(&'static str, u16, Value)>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    // It ends with the test program.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines
                .by_ref()
                .take_while(|line| !line.is_empty())
                .for_each(drop);
            let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let path = target.split('?').next().unwrap_or_default();
            let found = answers.iter().find(|(known, ..)| *known == path);
            let missing = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": format!("no {path}"), "code": 404, "details": {"name": "jvb"}});
            let (code, body) = found.map_or((404, &missing), |(_, code, body)| (*code, body));
            heard.lock().unwrap().push(target);
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = (&stream).write_all((answer + &body).as_bytes());
        }
    });
    let kubeconfig = tempfile::NamedTempFile::new().unwrap();
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "jitsi"}}],
    });
    std::fs::write(kubeconfig.path(), text.to_string()).unwrap();
    Server { kubeconfig, asked }
}

fn status(server: &Server) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-bridgepool"))
        .args(["status", "jvb"])
        .env_clear()
        .env("KUBECONFIG", server.kubeconfig.path())
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The pool of the calm afternoon, as an object, and what its leader says of it.
fn calm() -> (Value, Value) {
    let seen = pools::calm();
    let pool = &seen.pool;
    let object = json!({
        "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool",
        "metadata": {"name": "jvb", "namespace": "jitsi", "uid": "pool", "resourceVersion": "77", "generation": 3},
        "spec": pool.spec, "status": pool.status,
    });
    (object, serde_json::to_value(&seen.report).unwrap())
}

fn refusal(code: u16, message: &str, name: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code, "details": {"name": name}})
}

fn lease(renewed: jiff::Timestamp) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "jvb-scaler", "namespace": "bridgetender"},
        "spec": {"holderIdentity": "jvb-scaler-0_1f", "leaseDurationSeconds": 15, "renewTime": format!("{renewed:.6}")},
    })
}

#[test]
fn one_request_through_the_api_server_tells_how_all_bridges_are() {
    let (pool, report) = calm();
    let server = serve(vec![(POOL, 200, pool), (LEADER, 200, report)]);
    let (code, out, err) = status(&server);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(err, "");
    let view = bridgepool::view::View::new(&pools::calm());
    assert_eq!(out, bridgepool::show::status(&[view], &super::stage::pen()));
    assert_eq!(*server.asked.lock().unwrap(), [POOL, LEADER]);
}

#[test]
fn when_the_leader_cannot_be_asked_it_says_why_and_what_to_do() {
    let now = jiff::Timestamp::now();
    let long_ago = now - jiff::SignedDuration::from_mins(5);
    let newer = json!({"form": 2});
    let (pool, report) = calm();
    let mut torn = report.to_string();
    torn.truncate(300);
    for (what, answer, renewed, code, words, hint) in [
        (
            "no right",
            (
                403,
                refusal(403, "pods \"jvb-scaler-0\" is forbidden", "jvb-scaler-0"),
            ),
            now,
            0,
            "you may not ask pods in namespace bridgetender",
            "pods/proxy",
        ),
        (
            "a pod that is gone",
            (
                404,
                refusal(404, "pods \"jvb-scaler-0\" not found", "jvb-scaler-0"),
            ),
            now,
            0,
            "pod bridgetender/jvb-scaler-0 is gone",
            "try again",
        ),
        (
            "one that follows",
            (503, json!("waits for the Lease")),
            now,
            0,
            "does not answer at bridgetender/jvb-scaler-0:8081",
            "--controller",
        ),
        (
            "a newer one",
            (200, newer),
            now,
            0,
            "form 2",
            "same version",
        ),
        (
            "no JSON",
            (200, json!(torn)),
            now,
            0,
            "has no form",
            "--controller",
        ),
        (
            "nobody leads",
            (503, json!("dial tcp: connection refused")),
            long_ago,
            1,
            "NoLeader: no jvb-scaler leads",
            "look at jvb-scaler's pods",
        ),
    ] {
        let server = serve(vec![
            (POOL, 200, pool.clone()),
            (LEADER, answer.0, answer.1),
            (LEASE, 200, lease(renewed)),
            (
                PODS,
                200,
                json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}),
            ),
        ]);
        let (ended, out, err) = status(&server);
        assert_eq!(ended, Some(code), "{what}: {out}{err}");
        let flat = out.replace('\n', " ");
        assert!(flat.contains(words), "{what}: {words:?} is not in {out}");
        assert!(err.contains(hint), "{what}: {hint:?} is not in {err}");
    }
}
