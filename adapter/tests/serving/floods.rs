//! More than anybody honest sends in one connection of HTTP/2. The connection ends, and nobody else notices.

use std::time::Duration;

use adapter::serving::Limits;
use http::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::support::caller::{Version, dial};
use super::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PING, PRIORITY,
    REFUSED_STREAM, RST_STREAM, SETTINGS, WINDOW_UPDATE, field, frame, get, greet,
};
use super::support::soon::SOON;
use super::support::stand::Stand;
use super::{ADA, stand_of_ada};

/// Writes what `next` gives, again and again, until the connection has ended: with the first error that the server told.
async fn flood(stand: &Stand, mut next: impl FnMut(u32) -> Vec<u8>) -> Option<u32> {
    let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
    let (mut reader, mut writer) = greet(stream, &[]).await;
    let writing = async {
        let mut turn = 0;
        while writer.write_all(&next(turn)).await.is_ok() {
            turn += 1;
        }
    };
    let reading = async {
        let error = reader.error().await;
        while reader.next().await.is_some() {}
        error
    };
    let ended = timeout(SOON, async { tokio::join!(writing, reading) });
    ended.await.expect("the connection ends").1
}

/// Somebody else is answered as if nothing were.
async fn others_are_served(stand: &Stand) {
    let mut ada = stand.call(None).await;
    let heard = timeout(SOON, ada.get("/pods", &[ADA])).await;
    assert_eq!(heard.expect("an answer").code, StatusCode::OK);
}

fn impatient() -> Limits {
    Limits {
        rest: Duration::from_secs(1),
        stranger_rest: Duration::from_secs(1),
        farewell: Duration::from_millis(500),
        ..Limits::default()
    }
}

#[tokio::test]
async fn requests_that_are_reset_at_once_end_the_connection() {
    // CVE-2023-44487: each pair is cheap to send, and dear to serve.
    let stand = stand_of_ada().await;
    let request = get("/pods", &[ADA]);
    let cancel = 8_u32.to_be_bytes();
    let error = flood(&stand, |turn| {
        let pairs = (0..100).flat_map(|n| {
            let stream = (turn * 100 + n) * 2 + 1;
            let mut pair = frame(HEADERS, END_HEADERS | END_STREAM, stream, &request);
            pair.extend(frame(RST_STREAM, 0, stream, &cancel));
            pair
        });
        pairs.collect()
    });
    assert_eq!(error.await, Some(ENHANCE_YOUR_CALM));
    others_are_served(&stand).await;
}

#[tokio::test]
async fn requests_that_provoke_resets_end_the_connection() {
    // CVE-2025-8671: the server is made to reset the streams itself, here by a window that grows by nothing.
    let stand = stand_of_ada().await;
    let request = get("/slow", &[ADA]);
    let error = flood(&stand, |turn| {
        let pairs = (0..100).flat_map(|n| {
            let stream = (turn * 100 + n) * 2 + 1;
            let mut pair = frame(HEADERS, END_HEADERS | END_STREAM, stream, &request);
            pair.extend(frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes()));
            pair
        });
        pairs.collect()
    });
    assert!(error.await.is_some());
    others_are_served(&stand).await;
}

#[tokio::test]
async fn a_header_that_goes_on_without_an_end_ends_the_connection() {
    // CVE-2024-27316: no limit of bytes helps against parts that are empty.
    let stand = stand_of_ada().await;
    let error = flood(&stand, |turn| match turn {
        0 => frame(HEADERS, END_STREAM, 1, &get("/pods", &[ADA])),
        _ => frame(CONTINUATION, 0, 1, &[]).repeat(100),
    });
    assert_eq!(error.await, Some(ENHANCE_YOUR_CALM));
    others_are_served(&stand).await;
}

#[tokio::test]
async fn a_header_that_unpacks_to_megabytes_is_not_unpacked() {
    let stand = stand_of_ada().await;
    let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
    let (mut reader, mut writer) = greet(stream, &[]).await;
    // One field of 4,000 bytes that is remembered, and then named (by its number, 62) 12,000 times by one byte each: 48 MB.
    let mut bomb = get("/pods", &[ADA]);
    bomb.extend(field(0x40, "x", &"y".repeat(4_000)));
    bomb.extend([0b1011_1110; 12_000]);
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb);
    writer.write_all(&request).await.unwrap();
    writer.flush().await.unwrap();
    let refused = timeout(SOON, async {
        while let Some(frame) = reader.next().await {
            // `:status: 431` in full, or an error.
            let told = frame.payload.windows(3).any(|text| text == b"431");
            if frame.error().is_some_and(|code| code != 0) || frame.kind == HEADERS {
                return told || frame.kind != HEADERS;
            }
        }
        true
    });
    assert!(refused.await.expect("an end"), "it was served");
    others_are_served(&stand).await;
}

#[tokio::test]
async fn more_requests_at_once_than_are_allowed_are_refused_one_by_one() {
    let stand = stand_of_ada().await;
    let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
    let (mut reader, mut writer) = greet(stream, &[]).await;
    let request = get("/never", &[ADA]);
    for n in 0..150 {
        let request = frame(HEADERS, END_HEADERS | END_STREAM, n * 2 + 1, &request);
        writer.write_all(&request).await.unwrap();
    }
    writer.flush().await.unwrap();
    let refused = timeout(SOON, async {
        let mut refused = Vec::new();
        while refused.len() < 50 {
            let frame = reader.next().await.expect("the connection lives");
            if frame.error() == Some(REFUSED_STREAM) {
                refused.push(frame.stream);
            }
        }
        refused
    });
    let refused = refused.await.expect("fifty are refused");
    assert!(refused.iter().all(|stream| *stream > 200), "{refused:?}");
    others_are_served(&stand).await;
}

#[tokio::test]
async fn frames_that_ask_for_nothing_keep_no_connection_open() {
    let stand = super::stand_within(impatient()).await;
    let eight = [0; 8];
    let floods: [(&str, Vec<u8>); 6] = [
        ("pings", frame(PING, 0, 0, &eight)),
        ("settings", frame(SETTINGS, 0, 0, &[])),
        ("windows", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 0])),
        ("priorities", frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 1])),
        ("unknown frames", frame(0xfa, 0, 0, &eight)),
        ("data of nobody", frame(DATA, 0, 1, &[])),
    ];
    for (what, one) in floods {
        let many = one.repeat(100);
        let ended = timeout(SOON, flood(&stand, |_| many.clone())).await;
        assert!(ended.is_ok(), "{what} go on");
    }
    others_are_served(&stand).await;
}

#[tokio::test]
async fn whoever_takes_no_answers_is_not_written_to_for_ever() {
    // Each ping and each change of settings wants an answer: unread ones must not pile up here.
    let stand = super::stand_within(impatient()).await;
    for one in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let stream = dial(stand.address, &stand.server, None, Version::Http2).await;
        let (_unread, mut writer) = greet(stream, &[]).await;
        let many = one.repeat(1_000);
        let ended = timeout(SOON, async {
            while writer.write_all(&many).await.is_ok() {}
        });
        ended.await.expect("the server hangs up");
    }
    others_are_served(&stand).await;
}

#[tokio::test]
async fn empty_parts_of_a_body_without_end_end_the_connection() {
    let stand = super::stand_within(impatient()).await;
    let request = get("/pods", &[ADA]);
    flood(&stand, |turn| match turn {
        0 => frame(HEADERS, END_HEADERS, 1, &request),
        _ => frame(DATA, 0, 1, &[]).repeat(100),
    })
    .await;
    others_are_served(&stand).await;
}
