//! Peers who take their time: each holds a place that somebody else may need, and none holds it for long.

use std::any::Any;
use std::time::Duration;

use adapter::serving::Limits;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::support::caller::{Version, dial};
use super::support::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, frame, get, greet};
use super::support::soon::SOON;
use super::support::stand::{LARGE, Stand};
use super::{ADA, stand_within};

/// Short for whoever waits for it, and long for a busy machine.
const BRIEF: Duration = Duration::from_secs(1);

fn impatient() -> Limits {
    Limits {
        handshake: BRIEF,
        header: BRIEF,
        rest: BRIEF,
        stranger_rest: BRIEF,
        farewell: BRIEF,
        ..Limits::default()
    }
}

/// Reads until the server has hung up: how much it said.
async fn read_to_the_end(stream: &mut (impl AsyncRead + Unpin)) -> usize {
    let mut buffer = vec![0; 65_536];
    let mut heard = 0;
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        heard += read;
    }
    heard
}

#[tokio::test]
async fn a_handshake_byte_by_byte_is_cut() {
    let stand = stand_within(impatient()).await;
    let mut stream = TcpStream::connect(stand.address).await.unwrap();
    // A TLS record that announces 512 bytes of a ClientHello.
    let mut hello = vec![22, 3, 1, 2, 0, 1, 0, 1, 252];
    hello.resize(500, 0);
    let cut = timeout(SOON, async {
        for byte in hello {
            if stream.write_all(&[byte]).await.is_err() {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    });
    assert!(cut.await.expect("in time"), "it was let finish");
}

#[tokio::test]
async fn a_header_byte_by_byte_is_cut_however_steadily_it_comes() {
    let stand = stand_within(impatient()).await;
    let mut stream = dial(stand.address, &stand.server, None, Version::Http1).await;
    stream.write_all(b"GET /pods HTTP/1.1\r\n").await.unwrap();
    let cut = timeout(SOON, async {
        while stream.write_all(b"X: y\r\n").await.is_ok() && stream.flush().await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    cut.await.expect("slowloris is cut");
}

#[tokio::test]
async fn half_a_header_is_cut_in_http2_too() {
    let stand = stand_within(impatient()).await;
    let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
    let (mut reader, mut writer) = greet(stream, &[]).await;
    let half = frame(HEADERS, END_STREAM, 1, &get("/pods", &[ADA]));
    writer.write_all(&half).await.unwrap();
    writer.flush().await.unwrap();
    let cut = timeout(SOON, async { while reader.next().await.is_some() {} });
    cut.await.expect("half a header is cut");
}

#[tokio::test]
async fn a_body_byte_by_byte_is_not_waited_for() {
    let stand = stand_within(impatient()).await;
    for (method, code) in [("GET", "413"), ("POST", "405")] {
        let mut stream = dial(stand.address, &stand.server, None, Version::Http1).await;
        let head = format!(
            "{method} /pods HTTP/1.1\r\nHost: x\r\n{}: {}\r\nContent-Length: 1000000\r\n\r\n",
            ADA.0, ADA.1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut start = [0; 12];
        timeout(SOON, stream.read_exact(&mut start))
            .await
            .expect("an answer before the body")
            .unwrap();
        assert_eq!(&start, format!("HTTP/1.1 {code}").as_bytes());
        let cut = timeout(SOON, async {
            while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
        });
        cut.await.expect("the body is not waited for");
    }
}

#[tokio::test]
async fn whoever_does_not_read_the_answer_does_not_keep_it_here() {
    let stand = stand_within(impatient()).await;
    let mut stream = dial(stand.address, &stand.server, None, Version::Http1).await;
    let request = format!(
        "GET /large HTTP/1.1\r\nHost: x\r\n{}: {}\r\n\r\n",
        ADA.0, ADA.1
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    // Longer than rest and farewell together; what is in the sockets' buffers is there to be read still.
    sleep(BRIEF * 4).await;
    let heard = timeout(SOON, read_to_the_end(&mut stream)).await;
    assert!(heard.expect("the server hangs up") < LARGE);

    // In HTTP/2 by a window of nothing.
    let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
    let (mut reader, mut writer) = greet(stream, &[(4, 0)]).await;
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/large", &[ADA]));
    writer.write_all(&request).await.unwrap();
    writer.flush().await.unwrap();
    let cut = timeout(SOON, async { while reader.next().await.is_some() {} });
    cut.await.expect("the server hangs up");
}

#[tokio::test]
async fn a_steady_reader_gets_all_of_a_large_answer() {
    let stand = super::stand_of_ada().await;
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(None, version).await;
        let heard = caller.get("/large", &[ADA]).await;
        assert_eq!((heard.code, heard.body.len()), (StatusCode::OK, LARGE));
    }
}

#[tokio::test]
async fn a_stranger_rests_for_less_time_than_somebody_known() {
    let stand = stand_within(Limits {
        stranger_rest: BRIEF,
        rest: SOON * 10,
        ..Limits::default()
    })
    .await;
    for version in [Version::Http1, Version::Http2] {
        let mut known = stand.call_by(None, version).await;
        assert_eq!(known.get("/pods", &[ADA]).await.code, StatusCode::OK);
        let mut stranger = dial(stand.address, &stand.server, None, version).await;
        let sent_away = timeout(SOON, read_to_the_end(&mut stranger)).await;
        sent_away.expect("a stranger is sent away");
        // Whoever only looks at /healthz is still a stranger.
        let mut prober = stand.call_by(None, version).await;
        assert_eq!(prober.get("/healthz", &[]).await.code, StatusCode::OK);
        sleep(BRIEF * 2).await;
        assert_eq!(
            known.get("/pods", &[ADA]).await.code,
            StatusCode::OK,
            "{version:?}"
        );
    }
}

/// Asks for `/large` and reads no more than the beginning, as long as what is returned is held.
async fn ask_and_read_nothing(stand: &Stand, version: Version) -> Box<dyn Any> {
    let mut stream = dial(stand.address, &stand.server, None, version).await;
    if version == Version::Http1 {
        let request = format!(
            "GET /large HTTP/1.1\r\nHost: x\r\n{}: {}\r\n\r\n",
            ADA.0, ADA.1
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut start = [0; 12];
        let begun = timeout(SOON, stream.read_exact(&mut start)).await;
        begun.expect("it begins").unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        return Box::new(stream);
    }
    let (mut reader, mut writer) = greet(stream, &[]).await;
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/large", &[ADA]));
    writer.write_all(&request).await.unwrap();
    writer.flush().await.unwrap();
    let begun = timeout(SOON, async {
        while reader.next().await.expect("the connection lives").kind != DATA {}
    });
    begun.await.expect("it begins");
    Box::new((reader, writer))
}

#[tokio::test]
async fn answers_that_nobody_reads_take_no_more_than_their_room() {
    let limits = Limits {
        unread: 2 * LARGE,
        ..Limits::default()
    };
    for version in [Version::Http1, Version::Http2] {
        let stand = stand_within(limits.clone()).await;
        let first = ask_and_read_nothing(&stand, version).await;
        let second = ask_and_read_nothing(&stand, version).await;
        let mut other = stand.call_by(None, version).await;
        let refused = other.get("/large", &[ADA]).await;
        assert_eq!(
            refused.code,
            StatusCode::TOO_MANY_REQUESTS,
            "{version:?}: there was room for a third"
        );
        assert!(
            refused.message().contains("wait for their readers"),
            "{refused:?}"
        );
        assert_eq!(refused.headers["retry-after"], "1");
        // What must be told is told.
        let hpa = [
            ("x-remote-user", "hpa"),
            ("x-remote-group", "system:masters"),
        ];
        let heard = stand.aggregator().await.get("/large", &hpa).await;
        assert_eq!((heard.code, heard.body.len()), (StatusCode::OK, LARGE));
        drop((first, second));
        let again = timeout(SOON, async {
            while other.get("/large", &[ADA]).await.code != StatusCode::OK {
                sleep(Duration::from_millis(10)).await;
            }
        });
        again.await.expect("the room is free again");
    }
}
