//! Bridges that behave, and bridges that do not.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const DEADLINE: Duration = Duration::from_secs(30);

const BODY: &str = r#"{"stress":0.25,"local_endpoints":3,"conferences":1,"drain_mode":false,"graceful_shutdown":false,"shutting_down":false,"startup_time":1795251073014,"incoming_loss":0.5}"#;

const TEXT: &str = "# TYPE jitsi_jvb_stress gauge\njitsi_jvb_stress 0.5\n# TYPE jitsi_jvb_local_endpoints gauge\n\
    jitsi_jvb_local_endpoints 4.0\n# TYPE jitsi_jvb_conferences gauge\njitsi_jvb_conferences 2.0\n# TYPE jitsi_jvb_drain_mode gauge\n\
    jitsi_jvb_drain_mode 0.0\n# TYPE jitsi_jvb_graceful_shutdown gauge\njitsi_jvb_graceful_shutdown 0.0\n\
    # TYPE jitsi_jvb_shutting_down gauge\njitsi_jvb_shutting_down 0.0\n# EOF\n";

/// What a bridge does with one request, whose head it is given.
#[derive(Clone)]
enum Reaction {
    /// These bytes, then the connection stays open.
    Say(String),
    /// These bytes, then the connection is closed.
    SayAndClose(String),
    /// These bytes again and again.
    Babble(String),
    /// These bytes, and then these again and again, slowly.
    Drip(String, &'static str),
    /// Nothing.
    Hang,
    /// No answer, and the connection is closed.
    Close,
}

/// A bridge made of one function from the head of a request to a reaction.
struct Bridge {
    probe: Probe,
    connections: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Bridge {
    async fn new(react: impl Fn(&str) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let react = Arc::new(react);
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, Arc::clone(&react)));
            }
        });
        Self {
            probe: Probe::new(address, Loopback::Asked),
            connections,
            listening,
        }
    }

    async fn ask(&mut self) -> Result<Answer, Failure> {
        self.probe.ask(&[], DEADLINE).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn converse(mut stream: TcpStream, react: Arc<impl Fn(&str) -> Reaction>) {
    let mut head = String::new();
    let mut buffer = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        head.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if !head.ends_with("\r\n\r\n") {
            continue;
        }
        match react(&head) {
            Reaction::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Reaction::SayAndClose(text) => return stream.write_all(text.as_bytes()).await.unwrap(),
            Reaction::Babble(text) => {
                while stream.write_all(text.as_bytes()).await.is_ok() {}
                return;
            }
            Reaction::Drip(start, drop) => {
                stream.write_all(start.as_bytes()).await.unwrap();
                while stream.write_all(drop.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                return;
            }
            Reaction::Hang => std::future::pending().await,
            Reaction::Close => return,
        }
        head.clear();
    }
}

fn reply(status: &str, content_type: &str, body: &str) -> Reaction {
    Reaction::Say(format!(
        "HTTP/1.1 {status}\r\nDate: Sat, 21 Nov 2026 08:52:11 GMT\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn well() -> Reaction {
    reply("200 OK", "application/json", BODY)
}

fn wants_json(head: &str) -> bool {
    head.starts_with("GET /metrics ")
        && head
            .to_ascii_lowercase()
            .contains("accept: application/json")
}

#[tokio::test]
async fn a_bridge_is_asked_in_origin_form_with_host_and_accept() {
    let mut bridge = Bridge::new(|head| {
        let lines = head.to_ascii_lowercase();
        if wants_json(head) && lines.contains("\r\nhost: 127.0.0.1:") {
            well()
        } else {
            reply("400 Bad Request", "text/plain", "")
        }
    })
    .await;
    let answer = bridge.ask().await.unwrap();
    assert_eq!(answer.source, Source::MetricsJson);
    assert_eq!(answer.stats.stress, Some(0.25));
    assert_eq!(answer.stats.local_endpoints, Some(3));
    assert_eq!(
        answer.bridge_clock,
        Some(Time::from_millis(1_795_251_131_000))
    );
}

#[tokio::test]
async fn further_numbers_are_asked_for_by_their_key() {
    let mut bridge = Bridge::new(|_| well()).await;
    let keys = ["incoming_loss".to_owned()];
    let answer = bridge.probe.ask(&keys, DEADLINE).await.unwrap();
    assert_eq!(answer.stats.extra, [("incoming_loss".to_owned(), 0.5)]);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_question() {
    let mut bridge = Bridge::new(|_| well()).await;
    for _ in 0..5 {
        bridge.ask().await.unwrap();
    }
    assert_eq!(bridge.connections(), 1);
}

#[tokio::test]
async fn a_chunked_answer_keeps_its_connection_too() {
    let mut bridge = Bridge::new(|_| {
        Reaction::Say(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{BODY}\r\n0\r\n\r\n",
            BODY.len()
        ))
    })
    .await;
    for _ in 0..3 {
        bridge.ask().await.unwrap();
    }
    assert_eq!(bridge.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_in_between_is_made_again() {
    let mut bridge = Bridge::new(|_| {
        let Reaction::Say(text) = well() else {
            unreachable!("a well bridge says something")
        };
        Reaction::SayAndClose(text)
    })
    .await;
    for asked in 1..=3 {
        bridge.ask().await.unwrap();
        assert_eq!(bridge.connections(), asked);
    }
}

#[tokio::test]
async fn a_connection_that_the_bridge_wants_closed_is_not_used_again() {
    let mut bridge = Bridge::new(|_| {
        Reaction::Say(format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
            BODY.len()
        ))
    })
    .await;
    bridge.ask().await.unwrap();
    bridge.ask().await.unwrap();
    assert_eq!(bridge.connections(), 2);
}

#[tokio::test]
async fn the_sources_are_tried_in_order_and_the_one_that_works_is_remembered() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let mut bridge = Bridge::new(move |head| {
        counter.fetch_add(1, Ordering::SeqCst);
        if wants_json(head) {
            reply("500 Server Error", "text/html", "")
        } else if head.starts_with("GET /colibri/stats ") {
            reply("404 Not Found", "text/html", "")
        } else {
            reply(
                "200 OK",
                "application/openmetrics-text;charset=utf-8;version=1.0.0",
                TEXT,
            )
        }
    })
    .await;
    let answer = bridge.ask().await.unwrap();
    assert_eq!(answer.source, Source::MetricsText);
    assert_eq!(answer.stats.stress, Some(0.5));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    bridge.ask().await.unwrap();
    assert_eq!(
        asked.load(Ordering::SeqCst),
        4,
        "the others are not asked again"
    );
    assert_eq!(bridge.connections(), 1);
    for _ in 2..RETRY_FIRST_AFTER {
        bridge.ask().await.unwrap();
    }
    let before = asked.load(Ordering::SeqCst);
    bridge.ask().await.unwrap();
    assert_eq!(
        asked.load(Ordering::SeqCst),
        before + 3,
        "now and then the first is tried again"
    );
}

#[tokio::test]
async fn a_source_that_stops_working_is_replaced_in_the_same_question() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let mut bridge = Bridge::new(move |head| {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        if first || !wants_json(head) {
            reply(
                "200 OK",
                "application/json",
                &BODY
                    .replace("drain_mode", "drain")
                    .replace("\"stress\"", "\"stress_level\"")
                    .replace('{', "{\"stress\":0.25,\"drain_mode\":false,"),
            )
        } else {
            reply("500 Server Error", "text/html", "")
        }
    })
    .await;
    assert_eq!(bridge.ask().await.unwrap().source, Source::MetricsJson);
    assert_eq!(bridge.ask().await.unwrap().source, Source::ColibriStats);
}

#[tokio::test]
async fn every_failure_has_its_class() {
    let huge = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        BODY_CAP + 1
    );
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let cut = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len() + 1
    );
    let table = [
        (reply("500 Server Error", "text/html", ""), "status"),
        (reply("204 No Content", "application/json", ""), "status"),
        (reply("302 Found", "text/html", ""), "redirect"),
        (
            Reaction::Say(
                "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
                    .to_owned(),
            ),
            "redirect",
        ),
        (reply("200 OK", "text/html", "<html>"), "content_type"),
        (reply("200 OK", "application/json", "{"), "parse"),
        (reply("200 OK", "application/json", "[]"), "parse"),
        (Reaction::Say(huge), "too_large"),
        (Reaction::SayAndClose(cut), "parse"),
        (
            Reaction::SayAndClose("SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
            "parse",
        ),
        (Reaction::Close, "connect"),
    ];
    for (reaction, class) in table {
        let mut bridge = Bridge::new(move |_| reaction.clone()).await;
        let failure = bridge.ask().await.unwrap_err();
        assert_eq!(failure.class(), class, "{failure:?}");
    }
    let mut endless = Bridge::new(move |_| {
        Reaction::Babble(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{}", chunk.repeat(100)))
    })
    .await;
    assert_eq!(
        endless.ask().await.unwrap_err(),
        Failure::TooLarge(BODY_CAP)
    );
}

#[tokio::test]
async fn nobody_there_is_a_failure_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut probe = Probe::new(address, Loopback::Asked);
    let failure = probe.ask(&[], DEADLINE).await.unwrap_err();
    assert_eq!(failure, Failure::Connect(ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn a_bridge_that_hangs_is_left_at_the_deadline() {
    let mut bridge = Bridge::new(|_| Reaction::Hang).await;
    let short = Duration::from_millis(50);
    let failure = bridge.probe.ask(&[], short).await.unwrap_err();
    assert_eq!(failure, Failure::Timeout);
}

/// Speaks for ever, slowly: each of these parts alone is what an honest bridge may say.
async fn drips(start: &str, drop: &'static str) -> Result<Answer, Failure> {
    let start = start.to_owned();
    let mut bridge = Bridge::new(move |_| Reaction::Drip(start.clone(), drop)).await;
    bridge.probe.ask(&[], Duration::from_millis(300)).await
}

#[tokio::test]
async fn a_bridge_that_answers_drop_by_drop_is_left_at_the_deadline() {
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    for (start, drop) in [
        (format!("{json}Content-Length: 100000\r\n\r\n"), " "),
        (
            format!("{json}Transfer-Encoding: chunked\r\n\r\n"),
            "1\r\n \r\n",
        ),
        (json.to_owned(), "X: y\r\n"),
        (String::new(), "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let failure = drips(&start, drop).await.unwrap_err();
        assert_eq!(failure, Failure::Timeout, "{start}{drop}");
    }
}

#[tokio::test]
async fn a_bridge_whose_header_never_ends_is_left() {
    let mut bridge =
        Bridge::new(|_| Reaction::Babble(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(65_536))))
            .await;
    assert_eq!(bridge.ask().await.unwrap_err(), Failure::NotHttp);
}

#[tokio::test]
async fn where_no_pod_can_be_nobody_is_asked() {
    let mut bridge = Bridge::new(|_| well()).await;
    bridge.probe.loopback = Loopback::Refused;
    let failure = bridge.ask().await.unwrap_err();
    assert_eq!(failure.class(), "address");
    assert_eq!(bridge.connections(), 0);
    for address in ["169.254.169.254:80", "[fe80::1]:80", "224.0.0.1:8080"] {
        let mut probe = Probe::new(address.parse().unwrap(), Loopback::Asked);
        let failure = probe.ask(&[], DEADLINE).await.unwrap_err();
        assert_eq!(failure.class(), "address", "{address}");
    }
}
