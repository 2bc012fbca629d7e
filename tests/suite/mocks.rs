//! Mock bridges over real sockets: they answer as the recorded ones, and their faults are what they say.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bridge::model::{JicofoConfig, Load, Stop, Videobridge};
use bridge::source::Source;
use http::StatusCode;
use laboratory::mocks::{Fault, MockJitsi};
use laboratory::{BRIDGE_PORT, Network, quick};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WITHIN: Duration = Duration::from_mins(1);

/// What comes back, byte for byte, until the other side closes or resets.
async fn ask(address: SocketAddr, request: &str) -> Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await?;
        Ok(String::from_utf8(reply)?)
    };
    let reply = tokio::time::timeout(WITHIN, exchange).await;
    reply.with_context(|| format!("{address} does not answer within {WITHIN:?}"))?
}

fn get(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: bridge\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    )
}

/// One bridge that listens, on a network that nobody else has as long as the claim is held.
async fn bridge() -> Result<(MockJitsi, SocketAddr, TcpListener)> {
    let (network, claim) = Network::claim()?;
    let address = SocketAddr::from((network.pod(0), BRIDGE_PORT));
    let jitsi = MockJitsi::start(JicofoConfig::default(), quick(), None).await?;
    jitsi.load_all(Load::Measured(0.5));
    jitsi.start_bridge("jvb", address);
    laboratory::eventually("the bridge listens", WITHIN, || async {
        Ok(TcpStream::connect(address).await?)
    })
    .await?;
    Ok((jitsi, address, claim))
}

#[tokio::test]
async fn a_mock_bridge_refuses_without_accept_as_the_real_one_does() -> Result<()> {
    let (_jitsi, address, _claim) = bridge().await?;
    let reply = ask(
        address,
        "GET /metrics HTTP/1.1\r\nHost: 127.0.1.1:8080\r\nConnection: close\r\n\r\n",
    )
    .await?;
    let recorded = include_str!("../../bridge/tests/recorded/1-metrics/accept-none.txt");
    let (_, page) = recorded
        .split_once("\n\n")
        .context("the recording has a body")?;
    let page = page.trim_end().trim_end_matches("# curl exit=0").trim_end();
    ensure!(reply.starts_with("HTTP/1.1 500"), "{reply}");
    ensure!(reply.contains(page), "not the recorded page:\n{reply}");
    Ok(())
}

#[tokio::test]
async fn a_mock_bridge_is_read_by_the_same_reader_as_a_real_one() -> Result<()> {
    let (_jitsi, address, _claim) = bridge().await?;
    laboratory::eventually("the first sample is told", WITHIN, || async {
        for (path, source) in [
            ("/metrics", Source::MetricsJson),
            ("/colibri/stats", Source::ColibriStats),
        ] {
            let reply = ask(address, &get(path)).await?;
            let (_, body) = reply.split_once("\r\n\r\n").context("a reply has a body")?;
            let stats = source.read(body.as_bytes(), &[])?;
            ensure!(stats.stress == Some(0.5), "{path}: {stats:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_mock_bridge_that_is_killed_refuses_connections_and_comes_back_as_another() -> Result<()>
{
    let (jitsi, address, _claim) = bridge().await?;
    let first = jitsi.look(|model| model.bridge("jvb").map(Videobridge::startup_time));
    jitsi.stop_bridge("jvb", Stop::Kill);
    laboratory::eventually("nobody listens", WITHIN, || async {
        ensure!(
            TcpStream::connect(address).await.is_err(),
            "somebody still listens"
        );
        Ok(())
    })
    .await?;
    jitsi.start_bridge("jvb", address);
    laboratory::eventually("it listens again", WITHIN, || async {
        Ok(TcpStream::connect(address).await?)
    })
    .await?;
    let second = jitsi.look(|model| model.bridge("jvb").map(Videobridge::startup_time));
    ensure!(first < second, "the same bridge: {first:?} {second:?}");
    Ok(())
}

#[tokio::test]
async fn every_fault_is_what_it_says_and_ends_when_it_is_mended() -> Result<()> {
    let (jitsi, address, _claim) = bridge().await?;
    laboratory::eventually("the first sample is told", WITHIN, || async {
        let reply = ask(address, &get("/metrics")).await?;
        ensure!(reply.contains("\"stress\":0.5"), "{reply}");
        Ok(())
    })
    .await?;
    let broken = async |fault: Fault| {
        jitsi.break_bridge("jvb", fault);
        ask(address, &get("/metrics")).await
    };

    let started = Instant::now();
    let slow = broken(Fault::Slow(Duration::from_millis(300))).await?;
    ensure!(slow.contains("\"stress\":0.5") && started.elapsed() >= Duration::from_millis(300));

    jitsi.break_bridge("jvb", Fault::Hung);
    let hung =
        tokio::time::timeout(Duration::from_millis(500), ask(address, &get("/metrics"))).await;
    ensure!(hung.is_err(), "a hung bridge answered: {hung:?}");

    ensure!(broken(Fault::Deaf).await?.contains("\"stress\":0.5"));
    let drain = get("/colibri/drain/enable").replacen("GET", "POST", 1);
    let drained = tokio::time::timeout(Duration::from_millis(500), ask(address, &drain)).await;
    let state = ask(address, &get("/colibri/drain")).await?;
    ensure!(
        drained.is_err() && state.contains("false"),
        "a deaf bridge did what it was told: {drained:?}, {state}"
    );
    jitsi.break_bridge("jvb", None);
    let drained = ask(address, &drain).await?;
    let state = ask(address, &get("/colibri/drain")).await?;
    ensure!(state.contains("true"), "{drained}, {state}");

    let failing = broken(Fault::Status(StatusCode::INTERNAL_SERVER_ERROR)).await?;
    ensure!(failing.starts_with("HTTP/1.1 500"), "{failing}");

    let reset = broken(Fault::Reset).await;
    let kind = reset
        .as_ref()
        .err()
        .and_then(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    ensure!(
        kind == Some(std::io::ErrorKind::ConnectionReset),
        "{reset:?}"
    );

    let truncated = broken(Fault::Truncated).await?;
    let (head, body) = truncated
        .split_once("\r\n\r\n")
        .context("the head is whole")?;
    let announced = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse::<usize>()
            .ok()
    });
    ensure!(
        announced.is_some_and(|length| body.len() == length / 2),
        "{announced:?} announced, {} sent",
        body.len()
    );

    let huge = broken(Fault::Huge(3_000_000)).await?;
    ensure!(huge.len() > 3_000_000);

    ensure!(
        broken(Fault::NotANumber)
            .await?
            .contains("\"stress\":\"NaN\"")
    );
    ensure!(broken(Fault::Negative).await?.contains("\"stress\":-1.1"));
    ensure!(
        broken(Fault::Lying(42.5))
            .await?
            .contains("\"stress\":42.5")
    );
    ensure!(
        broken(Fault::Redirect("http://127.0.0.9/".into()))
            .await?
            .contains("location: http://127.0.0.9/")
    );

    // Frozen: people come, and the bridge goes on saying what it said.
    let before = broken(Fault::Frozen).await?;
    jitsi.load_all(Load::Measured(0.9));
    tokio::time::sleep(quick().sample_interval * 2).await;
    let after = ask(address, &get("/metrics")).await?;
    let body = |reply: &str| {
        reply
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
    };
    ensure!(
        body(&before) == body(&after),
        "a frozen bridge said something new"
    );

    jitsi.break_bridge("jvb", None);
    let mended = ask(address, &get("/metrics")).await?;
    ensure!(mended.contains("\"stress\":0.9"), "{mended}");
    Ok(())
}

#[tokio::test]
async fn two_thousand_bridges_answer_from_one_process() -> Result<()> {
    let jitsi = MockJitsi::start(JicofoConfig::default(), quick(), None).await?;
    let (network, _claim) = Network::claim()?;
    let addresses: Vec<SocketAddr> = (0..2000)
        .map(|n| SocketAddr::from((network.pod(n), BRIDGE_PORT)))
        .collect();
    for (n, address) in addresses.iter().enumerate() {
        jitsi.start_bridge(&format!("jvb-{n}"), *address);
    }
    for address in &addresses {
        let reply = laboratory::eventually("a bridge answers", WITHIN, || async {
            ask(*address, &get("/metrics")).await
        })
        .await?;
        ensure!(reply.starts_with("HTTP/1.1 200"), "{address}: {reply}");
    }
    Ok(())
}

/// Status code and body of a recorded reply.
fn recorded(text: &str) -> Result<(&str, &str)> {
    let (_, reply) = text
        .split_once('\n')
        .context("a recording begins with its command")?;
    let (head, rest) = reply
        .split_once("\r\n\r\n")
        .or_else(|| reply.split_once("\n\n"))
        .context("a reply has a head")?;
    let status = head
        .split_whitespace()
        .nth(1)
        .context("a head has a status")?;
    Ok((
        status,
        rest.trim_end().trim_end_matches("# curl exit=0").trim_end(),
    ))
}

#[tokio::test]
async fn a_mock_jicofo_answers_as_the_recorded_one() -> Result<()> {
    let (network, _claim) = Network::claim()?;
    let address = network.jicofo();
    let _jitsi = MockJitsi::start(JicofoConfig::default(), quick(), Some(address)).await?;
    for (path, text) in [
        (
            "/about/version",
            include_str!("../../bridge/tests/recorded/5-jicofo/about-version.txt"),
        ),
        (
            "/move-endpoints/move-endpoints",
            include_str!("../../bridge/tests/recorded/5-jicofo/move-endpoints-noparams.txt"),
        ),
        (
            "/move-endpoints/move-endpoints?bridge=nope",
            include_str!("../../bridge/tests/recorded/5-jicofo/move-endpoints-nobridge.txt"),
        ),
        (
            "/nope",
            include_str!("../../bridge/tests/recorded/5-jicofo/notfound.txt"),
        ),
    ] {
        let (status, body) = recorded(text)?;
        laboratory::eventually(
            &format!("{path} is answered as recorded"),
            WITHIN,
            || async {
                let reply = ask(address, &get(path)).await?;
                ensure!(
                    reply.starts_with(&format!("HTTP/1.1 {status} ")) && reply.contains(body),
                    "{reply}"
                );
                Ok(())
            },
        )
        .await?;
    }
    Ok(())
}
