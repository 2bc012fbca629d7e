use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::Api;
use kube::api::DeleteParams;
use laboratory::{BRIDGE_PORT, Deed, Kubelet, Laboratory, Recorder, objects};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOON: Duration = Duration::from_secs(30);

/// One laboratory for a theme: starting one is what takes time.
struct Bench {
    lab: Laboratory,
    runtime: Arc<Recorder>,
    kubelet: Kubelet,
    pods: Api<Pod>,
}

impl Bench {
    async fn start() -> Result<Self> {
        let lab = Laboratory::builder()
            .controller_manager(false)
            .start()
            .await?;
        let runtime = Arc::new(Recorder::default());
        let kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).start().await?;
        let pods = Api::default_namespaced(lab.client());
        Ok(Self {
            lab,
            runtime,
            kubelet,
            pods,
        })
    }

    async fn pod(&self, name: &str, spec: Value) -> Result<()> {
        let metadata = json!({"name": name, "labels": {"app": "jvb"}});
        self.lab
            .put(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
            .await
    }

    /// Waits until `look` is content with the pod.
    async fn until(&self, what: &str, name: &str, look: impl Fn(&Seen<'_>) -> bool) -> Result<Pod> {
        self.lab
            .eventually(&format!("{name}: {what}"), SOON, || async {
                let pod = self.pods.get(name).await?;
                let seen = Seen(&pod);
                ensure!(look(&seen), "{:?}", pod.status);
                Ok(pod)
            })
            .await
    }

    async fn gone(&self, name: &str) -> Result<()> {
        self.lab
            .eventually(&format!("{name} is gone"), SOON, || async {
                ensure!(
                    self.pods.get_opt(name).await?.is_none(),
                    "{:?}",
                    self.runtime.deeds(name)
                );
                Ok(())
            })
            .await
    }

    fn deeds(&self, name: &str) -> Vec<String> {
        let deeds = self.runtime.deeds(name).into_iter();
        deeds
            .map(|(container, deed)| format!("{container} {deed:?}"))
            .collect()
    }
}

struct Seen<'a>(&'a Pod);

impl Seen<'_> {
    fn phase(&self) -> &str {
        self.0
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            .unwrap_or("")
    }

    fn holds(&self, condition: &str) -> bool {
        let status = self.0.status.as_ref();
        let mut conditions = status
            .and_then(|status| status.conditions.as_ref())
            .into_iter()
            .flatten();
        conditions.any(|c| c.type_ == condition && c.status == "True")
    }

    fn container(&self) -> ContainerStatus {
        let statuses = self
            .0
            .status
            .as_ref()
            .and_then(|status| status.container_statuses.clone());
        statuses
            .unwrap_or_default()
            .into_iter()
            .next()
            .unwrap_or_default()
    }
}

fn container(more: &Value) -> Value {
    let mut container = json!({"name": "jvb", "image": "bridge", "ports": [{"name": "metrics", "containerPort": BRIDGE_PORT}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        container[key] = value.clone();
    }
    container
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_becomes_available_and_goes_with_pre_stop_and_grace() -> Result<()> {
    let lab = Laboratory::start().await?;
    let runtime = Arc::new(Recorder::default());
    let boot = Duration::from_secs(1);
    let _kubelet = Kubelet::builder(&lab, Arc::clone(&runtime))
        .boot(boot)
        .start()
        .await?;
    let mut bridges = objects::bridges("default", "jvb", 3);
    let spec = bridges
        .spec
        .as_mut()
        .and_then(|spec| spec.template.spec.as_mut())
        .context("a spec")?;
    spec.containers[0].lifecycle =
        serde_json::from_value(json!({"preStop": {"exec": {"command": ["drain", "--wait"]}}}))?;
    let begun = Instant::now();
    lab.put(&bridges).await?;
    let wide = [
        "get",
        "pods",
        "-o",
        "custom-columns=:.status.phase,:.status.containerStatuses[0].state.waiting.reason",
    ];
    lab.eventually("all three are being created", SOON, || async {
        let pods = lab.kubectl_text(&wide).await?;
        ensure!(
            pods.matches("ContainerCreating").count() == 3 && !pods.contains("Running"),
            "{pods}"
        );
        Ok(())
    })
    .await?;
    lab.kubectl_text(&[
        "wait",
        "deployment/jvb",
        "--for=condition=Available",
        "--timeout=30s",
    ])
    .await?;
    ensure!(begun.elapsed() >= boot, "booting takes its time");
    let nodes = lab.kubectl_text(&["get", "nodes"]).await?;
    ensure!(nodes.contains("node-0   Ready"), "{nodes}");
    let lease = lab
        .kubectl_text(&["get", "lease", "-n", "kube-node-lease", "-o", "name"])
        .await?;
    ensure!(lease.contains("node-0"), "{lease}");

    lab.kubectl_text(&["scale", "deployment/jvb", "--replicas=0"])
        .await?;
    lab.kubectl_text(&[
        "wait",
        "pod",
        "-l",
        "app=jvb",
        "--for=delete",
        "--timeout=30s",
    ])
    .await?;
    let names: std::collections::BTreeSet<String> = runtime
        .entries()
        .into_iter()
        .map(|entry| entry.pod.name)
        .collect();
    ensure!(names.len() == 3, "{names:?}");
    for name in names {
        let deeds: Vec<Deed> = runtime
            .deeds(&name)
            .into_iter()
            .map(|(_, deed)| deed)
            .collect();
        let drain = Deed::Exec(vec!["drain".into(), "--wait".into()]);
        ensure!(deeds == [Deed::Start, drain, Deed::Terminate], "{deeds:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_ends_as_a_kubelet_would_end_it() -> Result<()> {
    let bench = Bench::start().await?;
    bench.runtime.set_stubborn(true);
    let spec = |grace: i64| json!({"terminationGracePeriodSeconds": grace, "containers": [container(&json!({}))]});
    bench.pod("stubborn", spec(3)).await?;
    bench.pod("shortened", spec(600)).await?;
    bench.pod("forced", spec(600)).await?;
    for name in ["stubborn", "shortened", "forced"] {
        bench
            .until("is ready", name, |seen| seen.holds("Ready"))
            .await?;
    }
    let begun = Instant::now();
    let usual = DeleteParams::default();
    for name in ["stubborn", "shortened"] {
        bench.pods.delete(name, &usual).await?;
    }
    let terminated = |name: &str| bench.deeds(name).contains(&"jvb Terminate".into());
    bench
        .lab
        .eventually("both got SIGTERM", SOON, || async {
            ensure!(terminated("stubborn") && terminated("shortened"));
            Ok(())
        })
        .await?;
    // The object stays, and the container runs, until the grace period is over; a second delete may shorten it.
    let pod = bench.pods.get("shortened").await?;
    ensure!(Seen(&pod).phase() == "Running" && pod.metadata.deletion_timestamp.is_some());
    bench
        .pods
        .delete(
            "shortened",
            &DeleteParams {
                grace_period_seconds: Some(1),
                ..usual.clone()
            },
        )
        .await?;
    bench.gone("shortened").await?;
    bench.gone("stubborn").await?;
    let took = begun.elapsed();
    ensure!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(20),
        "{took:?}"
    );
    for name in ["stubborn", "shortened"] {
        ensure!(
            bench.deeds(name) == ["jvb Start", "jvb Terminate", "jvb Kill"],
            "{:?}",
            bench.deeds(name)
        );
    }

    // By force the object is gone at once, the container a little later.
    bench
        .pods
        .delete(
            "forced",
            &DeleteParams {
                grace_period_seconds: Some(0),
                ..usual
            },
        )
        .await?;
    ensure!(bench.pods.get_opt("forced").await?.is_none());
    bench
        .lab
        .eventually("forced is killed", SOON, || async {
            ensure!(
                bench
                    .deeds("forced")
                    .last()
                    .is_some_and(|deed| deed == "jvb Kill")
            );
            Ok(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_restarts_are_a_kubelets() -> Result<()> {
    let bench = Bench::start().await?;
    let quick = |action: &str, what: Value| json!({action: what, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1});
    let readiness = quick(
        "httpGet",
        json!({"path": "/about/health", "port": "metrics"}),
    );
    let startup = quick("tcpSocket", json!({"port": BRIDGE_PORT}));
    let liveness = quick("exec", json!({"command": ["alive"]}));
    let patient =
        json!({"tcpSocket": {"port": BRIDGE_PORT}, "periodSeconds": 1, "failureThreshold": 30});
    bench.pod("ready", json!({"containers": [container(&json!({"readinessProbe": readiness, "startupProbe": patient}))]})).await?;
    bench
        .pod(
            "live",
            json!({"containers": [container(&json!({"livenessProbe": liveness}))]}),
        )
        .await?;
    bench
        .pod(
            "slow",
            json!({"containers": [container(&json!({"startupProbe": startup}))]}),
        )
        .await?;
    bench
        .pod("exits", json!({"containers": [container(&json!({}))]}))
        .await?;
    bench
        .pod(
            "job",
            json!({"restartPolicy": "Never", "containers": [container(&json!({}))]}),
        )
        .await?;

    // Nobody listens at first: neither started nor ready. Then the answer decides.
    let pod = bench
        .until("runs, unready", "ready", |seen| {
            seen.phase() == "Running" && !seen.holds("Ready")
        })
        .await?;
    let seen = Seen(&pod).container();
    ensure!(
        seen.started == Some(false) && seen.restart_count == 0,
        "{seen:?}"
    );
    let address = pod
        .status
        .and_then(|status| status.pod_ip)
        .context("an address")?;
    let healthy = Arc::new(AtomicBool::new(false));
    let server = tokio::spawn(health(
        SocketAddr::new(address.parse()?, BRIDGE_PORT),
        Arc::clone(&healthy),
    ));
    bench
        .until("started, unready", "ready", |seen| {
            seen.container().started == Some(true) && !seen.holds("Ready")
        })
        .await?;
    healthy.store(true, Ordering::Relaxed);
    bench
        .until("ready", "ready", |seen| {
            seen.holds("Ready") && seen.container().ready
        })
        .await?;
    healthy.store(false, Ordering::Relaxed);
    bench
        .until("unready again", "ready", |seen| {
            !seen.holds("Ready") && seen.container().restart_count == 0
        })
        .await?;
    server.abort();

    bench.runtime.set_command("alive", 1);
    bench
        .until("is restarted for its liveness probe", "live", |seen| {
            seen.container().restart_count >= 1
        })
        .await?;
    let deeds = bench.deeds("live");
    ensure!(deeds.contains(&"jvb Terminate".into()), "{deeds:?}");
    let pod = bench
        .until("is restarted, never started", "slow", |seen| {
            seen.container().restart_count >= 1
        })
        .await?;
    let ended = Seen(&pod)
        .container()
        .last_state
        .and_then(|last| last.terminated)
        .context("a last state")?;
    ensure!(
        ended.exit_code == 143
            && ended
                .message
                .is_some_and(|said| said.starts_with("startup probe failed"))
    );

    bench
        .until("ready", "exits", |seen| seen.holds("Ready"))
        .await?;
    ensure!(bench.runtime.exit("exits", "jvb", 7));
    let pod = bench
        .until("ready again", "exits", |seen| {
            seen.holds("Ready") && seen.container().restart_count == 1
        })
        .await?;
    let ended = Seen(&pod)
        .container()
        .last_state
        .and_then(|last| last.terminated)
        .context("a last state")?;
    ensure!(
        ended.exit_code == 7 && ended.reason.as_deref() == Some("Error"),
        "{ended:?}"
    );

    bench
        .until("ready", "job", |seen| seen.holds("Ready"))
        .await?;
    ensure!(bench.runtime.exit("job", "jvb", 0));
    bench
        .until("has succeeded", "job", |seen| {
            seen.phase() == "Succeeded" && !seen.holds("Ready")
        })
        .await?;
    bench.pods.delete("job", &DeleteParams::default()).await?;
    bench.gone("job").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_start_before_and_end_after_the_bridge() -> Result<()> {
    let bench = Bench::start().await?;
    let hook = json!({"preStop": {"exec": {"command": ["drain"]}}});
    bench.pod("pod", json!({
        "initContainers": [
            {"name": "init", "image": "init"},
            {"name": "one", "image": "sidecar", "restartPolicy": "Always", "lifecycle": hook},
            {"name": "two", "image": "sidecar", "restartPolicy": "Always"},
        ],
        "containers": [container(&json!({}))],
    })).await?;
    bench
        .lab
        .eventually("the init container runs", SOON, || async {
            ensure!(
                bench.runtime.exit("pod", "init", 0),
                "{:?}",
                bench.deeds("pod")
            );
            Ok(())
        })
        .await?;
    let pod = bench
        .until("is ready", "pod", |seen| seen.holds("Ready"))
        .await?;
    let init = pod
        .status
        .and_then(|status| status.init_container_statuses)
        .context("init containers")?;
    let states: Vec<bool> = init
        .iter()
        .map(|status| status.state.as_ref().is_some_and(|s| s.running.is_some()))
        .collect();
    ensure!(states == [false, true, true], "{init:?}");
    ensure!(
        bench.deeds("pod") == ["init Start", "one Start", "two Start", "jvb Start"],
        "{:?}",
        bench.deeds("pod")
    );

    bench.pods.delete("pod", &DeleteParams::default()).await?;
    bench.gone("pod").await?;
    let deeds = bench.deeds("pod");
    let place = |deed: &str| {
        deeds
            .iter()
            .position(|d| d == deed)
            .with_context(|| format!("{deed} in {deeds:?}"))
    };
    // The sidecar's preStop does not wait for the bridge; its SIGTERM does, and the last started goes first.
    ensure!(
        place("one Exec([\"drain\"])")? < place("two Terminate")?,
        "{deeds:?}"
    );
    ensure!(
        place("jvb Terminate")? < place("two Terminate")?,
        "{deeds:?}"
    );
    ensure!(
        place("two Terminate")? < place("one Terminate")?,
        "{deeds:?}"
    );

    // Addresses are not given again soon, unless a test asks for it.
    let first = bench.runtime.entries()[0].pod.ip;
    bench
        .pod("next", json!({"containers": [container(&json!({}))]}))
        .await?;
    let pod = bench
        .until("is ready", "next", |seen| seen.holds("Ready"))
        .await?;
    ensure!(pod.status.and_then(|status| status.pod_ip) != Some(first.to_string()));
    bench.kubelet.next_address(first);
    bench
        .pod("heir", json!({"containers": [container(&json!({}))]}))
        .await?;
    let pod = bench
        .until("is ready", "heir", |seen| seen.holds("Ready"))
        .await?;
    ensure!(pod.status.and_then(|status| status.pod_ip) == Some(first.to_string()));
    Ok(())
}

/// Answers health checks with 200 or 500.
async fn health(address: SocketAddr, healthy: Arc<AtomicBool>) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let status = if healthy.load(Ordering::Relaxed) {
            "200 OK"
        } else {
            "500 Internal Server Error"
        };
        tokio::spawn(async move {
            let mut request = [0; 1024];
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                // A prober that has gone is not this server's concern.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
    }
}
