use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use kube::api::DeleteParams;
use laboratory::BRIDGE_PORT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::bench::{Bench, Seen};

const TIMING: &str = "periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 1";

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_restarts_are_a_kubelets() -> Result<()> {
    let bench = Bench::start().await?;
    // At once: each of them mostly waits for the next turn of a probe.
    tokio::try_join!(
        readiness_follows_the_bridges_answer(&bench),
        a_failed_liveness_probe_restarts(&bench),
        a_failed_startup_probe_restarts(&bench),
        an_exit_restarts(&bench),
        a_job_succeeds(&bench),
    )?;
    Ok(())
}

async fn readiness_follows_the_bridges_answer(bench: &Bench) -> Result<()> {
    let startup =
        format!("tcpSocket: {{port: {BRIDGE_PORT}}}, periodSeconds: 1, failureThreshold: 300");
    let readiness = format!("httpGet: {{path: /about/health, port: metrics}}, {TIMING}");
    let port = format!("name: metrics, containerPort: {BRIDGE_PORT}");
    let container = format!(
        "name: jvb, image: bridge, ports: [{{{port}}}], startupProbe: {{{startup}}}, readinessProbe: {{{readiness}}}"
    );
    bench
        .pod("probed", &format!("{{containers: [{{{container}}}]}}"))
        .await?;

    let running = |pod: &Seen| pod.phase() == "Running";
    let pod = bench.until("runs", "probed", running).await?;
    ensure!(!pod.started() && !pod.is("Ready"), "nobody listens yet");

    let healthy = Arc::new(AtomicBool::new(false));
    let address = SocketAddr::new(pod.address().parse()?, BRIDGE_PORT);
    let server = tokio::spawn(answer_health(address, Arc::clone(&healthy)));
    let started = |pod: &Seen| pod.started() && !pod.is("Ready");
    bench
        .until("is started, unready", "probed", started)
        .await?;

    healthy.store(true, Ordering::Relaxed);
    bench.ready("probed").await?;

    healthy.store(false, Ordering::Relaxed);
    let unready = |pod: &Seen| !pod.is("Ready") && !pod.is("ContainersReady");
    let pod = bench.until("is unready again", "probed", unready).await?;
    ensure!(pod.restarts() == 0, "readiness restarts nothing");
    server.abort();
    Ok(())
}

async fn a_failed_liveness_probe_restarts(bench: &Bench) -> Result<()> {
    let probe = format!("exec: {{command: [alive]}}, {TIMING}");
    let container = format!("name: jvb, image: bridge, livenessProbe: {{{probe}}}");
    bench
        .pod("live", &format!("{{containers: [{{{container}}}]}}"))
        .await?;
    bench.ready("live").await?;
    bench.runtime.set_command("alive", 1);
    let restarted = |pod: &Seen| pod.restarts() >= 1;
    let pod = bench.until("is restarted", "live", restarted).await?;
    let said = pod.last_end().message.unwrap_or_default();
    ensure!(said.starts_with("liveness probe failed"), "{said}");
    let deeds = bench.deeds("live");
    ensure!(deeds.contains(&"jvb Terminate".into()), "{deeds:?}");
    Ok(())
}

async fn a_failed_startup_probe_restarts(bench: &Bench) -> Result<()> {
    let probe = format!("tcpSocket: {{port: {BRIDGE_PORT}}}, {TIMING}");
    let container = format!("name: jvb, image: bridge, startupProbe: {{{probe}}}");
    bench
        .pod("slow", &format!("{{containers: [{{{container}}}]}}"))
        .await?;
    let restarted = |pod: &Seen| pod.restarts() >= 1;
    let pod = bench.until("is restarted", "slow", restarted).await?;
    let said = pod.last_end().message.unwrap_or_default();
    ensure!(said.starts_with("startup probe failed"), "{said}");
    ensure!(!pod.is("Ready"), "it was never ready");
    Ok(())
}

async fn an_exit_restarts(bench: &Bench) -> Result<()> {
    bench
        .pod("exits", "{containers: [{name: jvb, image: bridge}]}")
        .await?;
    bench.ready("exits").await?;
    ensure!(bench.runtime.exit("exits", "jvb", 7));
    let again = |pod: &Seen| pod.restarts() == 1 && pod.is("Ready");
    let pod = bench.until("is ready again", "exits", again).await?;
    let end = pod.last_end();
    ensure!(
        end.exit_code == 7 && end.reason.as_deref() == Some("Error"),
        "{end:?}"
    );
    Ok(())
}

async fn a_job_succeeds(bench: &Bench) -> Result<()> {
    let spec = "{restartPolicy: Never, containers: [{name: jvb, image: job}]}";
    bench.pod("job", spec).await?;
    bench.ready("job").await?;
    ensure!(bench.runtime.exit("job", "jvb", 0));
    let succeeded = |pod: &Seen| pod.phase() == "Succeeded";
    let pod = bench.until("has succeeded", "job", succeeded).await?;
    ensure!(!pod.is("Ready") && pod.restarts() == 0);
    bench.pods.delete("job", &DeleteParams::default()).await?;
    bench.gone("job").await
}

/// Answers every request with 200 or 500.
async fn answer_health(address: SocketAddr, healthy: Arc<AtomicBool>) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let status = if healthy.load(Ordering::Relaxed) {
            "200 OK"
        } else {
            "500 Internal Server Error"
        };
        let mut request = [0; 1024];
        // The startup probe connects and asks nothing.
        if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}
