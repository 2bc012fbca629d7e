//! One HTTP request and its whole answer.

use std::pin::pin;
use std::time::Duration;

use bridge::Time;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::Failure;

/// A whole answer, and the connection where it can be used again.
pub(crate) struct Reply {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Bytes,
    pub(crate) idle: Option<TcpStream>,
}

/// The status and the body of [`fetch`].
///
/// # Errors
/// Those of [`fetch`].
pub async fn send(
    request: Request<Vec<u8>>,
    cap: usize,
    deadline: Duration,
) -> Result<(StatusCode, Bytes), Failure> {
    let answer = fetch(request, cap, deadline).await?;
    Ok((answer.status(), answer.into_body()))
}

/// Sends a request to whoever its URI names, once and on a connection of its own, and reads the whole answer, of at most `cap`
/// bytes. No redirect is followed: it is an answer like any other.
///
/// # Errors
/// When there is no whole answer within the deadline: whether the request was heard is then unknown, unless nobody could be
/// connected to ([`Failure::Connect`]).
pub async fn fetch(
    request: Request<Vec<u8>>,
    cap: usize,
    deadline: Duration,
) -> Result<Response<Bytes>, Failure> {
    let (answer, _) = converse(None, request, cap, deadline).await?;
    Ok(answer)
}

/// Like [`fetch`], with the connection, where it can be used again; or on one that was used before.
///
/// # Errors
/// Those of [`fetch`].
pub async fn converse(
    stream: Option<TcpStream>,
    request: Request<Vec<u8>>,
    cap: usize,
    deadline: Duration,
) -> Result<(Response<Bytes>, Option<TcpStream>), Failure> {
    let conversation = async {
        let stream = if let Some(stream) = stream {
            stream
        } else {
            // A request without an authority leads nowhere, and is the fault of whoever configured the address.
            let authority = request.uri().authority().map(http::uri::Authority::as_str);
            connect(authority.unwrap_or_default()).await?
        };
        exchange(stream, request, cap).await
    };
    let reply = timeout(deadline, conversation)
        .await
        .unwrap_or(Err(Failure::Timeout))?;
    Ok((Response::from_parts(reply.head, reply.body), reply.idle))
}

/// Connects to an address with a port.
pub(crate) async fn connect(to: impl tokio::net::ToSocketAddrs) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(to)
        .await
        .map_err(|error| Failure::Connect(error.kind()))?;
    // Without it the small request may wait for the last answer's acknowledgement; where it cannot be set it only waits.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// One request on this connection, and its answer of at most `cap` bytes.
pub(crate) async fn exchange(
    stream: TcpStream,
    request: Request<Vec<u8>>,
    cap: usize,
) -> Result<Reply, Failure> {
    let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::Closed)?;
    let request = in_origin_form(request);
    let conversation = async move {
        let response = sender.send_request(request).await.map_err(|error| {
            if error.is_parse() || error.is_parse_too_large() {
                Failure::NotHttp
            } else {
                Failure::Closed
            }
        })?;
        read(response, cap).await
        // Here the sender ends, and with it the connection's state, but not its socket.
    };
    let mut conversation = pin!(conversation);
    let mut connection = pin!(connection.without_shutdown());
    let mut end = None;
    let (head, body) = loop {
        tokio::select! {
            answer = &mut conversation => break answer?,
            ended = &mut connection, if end.is_none() => end = Some(ended),
        }
    };
    let end = match end {
        Some(end) => end,
        None => connection.await,
    };
    let idle = end
        .ok()
        .filter(|rest| rest.read_buf.is_empty() && keeps_alive(&head))
        .map(|rest| rest.io.into_inner());
    Ok(Reply { head, body, idle })
}

/// Requests are built with an absolute address; a server that is no proxy wants the path and a `Host`.
fn in_origin_form(request: Request<Vec<u8>>) -> Request<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    if let Some(authority) = head.uri.authority()
        && let Ok(host) = authority.as_str().parse()
    {
        head.headers.insert(http::header::HOST, host);
    }
    if let Some(path) = head.uri.path_and_query() {
        head.uri = path.clone().into();
    }
    Request::from_parts(head, Full::new(body.into()))
}

async fn read(
    response: Response<Incoming>,
    cap: usize,
) -> Result<(http::response::Parts, Bytes), Failure> {
    let (head, body) = response.into_parts();
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > cap) {
        return Err(Failure::TooLarge(cap));
    }
    let body = Limited::new(body, cap).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Failure::TooLarge(cap)
        } else {
            Failure::Truncated
        }
    })?;
    Ok((head, body.to_bytes()))
}

fn keeps_alive(head: &http::response::Parts) -> bool {
    head.version == http::Version::HTTP_11
        && !head
            .headers
            .get_all(http::header::CONNECTION)
            .iter()
            .any(|value| {
                value
                    .to_str()
                    .is_ok_and(|value| value.to_ascii_lowercase().contains("close"))
            })
}

/// The `Date` of a reply.
pub fn date(headers: &HeaderMap) -> Option<Time> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let date = PARSER.parse_timestamp(headers.get(DATE)?.as_bytes()).ok()?;
    Some(Time::from_millis(date.as_millisecond()))
}
