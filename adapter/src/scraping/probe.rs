//! One bridge's statistics over HTTP.
//!
//! Between two questions a bridge costs an open socket and nothing else: the HTTP state is made for each question and taken
//! apart after it. That is cheaper than a connection object and a task that sleep 5 s for each of ten thousand bridges.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bridge::source::Source;
use bridge::{Stats, Time};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::net::TcpStream;
use tokio::time::timeout;

mod address;
mod failure;
#[cfg(test)]
mod tests;

pub(crate) use address::Loopback;
use address::is_of_a_pod;
pub(crate) use failure::Failure;

/// What a bridge may say at most: about fifty times what it does.
const BODY_CAP: usize = 256 * 1024;

/// After so many answers from a later source the first one is tried again: it may have failed in passing, and it is the cheapest.
const RETRY_FIRST_AFTER: u32 = 60;

/// Asks one process of one bridge, and remembers how it likes to be asked.
#[derive(Debug)]
pub(crate) struct Probe {
    address: SocketAddr,
    loopback: Loopback,
    source: Option<Source>,
    answers: u32,
    idle: Option<TcpStream>,
}

/// What a bridge said, and when by its own clock.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What it said.
    pub stats: Stats,
    /// The `Date` of its reply.
    pub bridge_clock: Option<Time>,
    /// In which form it said it.
    pub source: Source,
}

impl Probe {
    /// Nothing is asked yet.
    pub(crate) const fn new(address: SocketAddr, loopback: Loopback) -> Self {
        Self {
            address,
            loopback,
            source: None,
            answers: 0,
            idle: None,
        }
    }

    /// Another one to the same bridge, of which nothing is known.
    pub(crate) const fn anew(&self) -> Self {
        Self::new(self.address, self.loopback)
    }

    /// The only address that is ever asked.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anybody is asked there at all.
    ///
    /// # Errors
    /// [`Failure::Address`] where it is no pod's address.
    pub(crate) fn check_address(&self) -> Result<(), Failure> {
        let address = self.address.ip();
        if is_of_a_pod(address, self.loopback) {
            Ok(())
        } else {
            Err(Failure::Address(address))
        }
    }

    /// Asks for the statistics, and for these further numbers by the bridge's own keys.
    ///
    /// # Errors
    /// The failure of the source that answers best, when none does within the deadline.
    pub(crate) async fn ask(
        &mut self,
        keys: &[String],
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        self.check_address()?;
        let answer = timeout(deadline, self.ask_any(keys))
            .await
            .unwrap_or(Err(Failure::Timeout));
        if let Ok(answer) = &answer {
            self.answers += 1;
            let again =
                answer.source != Source::ALL[0] && self.answers.is_multiple_of(RETRY_FIRST_AFTER);
            self.source = (!again).then_some(answer.source);
        } else {
            self.source = None;
            self.idle = None;
        }
        answer
    }

    /// The source that worked last, then all others in their order; those that need another connection or more time than there
    /// is are no better with another source.
    async fn ask_any(&mut self, keys: &[String]) -> Result<Answer, Failure> {
        let mut first = None;
        let last = self.source;
        let others = Source::ALL
            .into_iter()
            .filter(|source| Some(*source) != last);
        for source in last.into_iter().chain(others) {
            match self.ask_for(source, keys).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.is_of_the_source() => {
                    first.get_or_insert(failure);
                }
                Err(failure) => return Err(first.unwrap_or(failure)),
            }
        }
        Err(first.unwrap_or(Failure::Timeout))
    }

    async fn ask_for(&mut self, source: Source, keys: &[String]) -> Result<Answer, Failure> {
        let (head, body) = match self.idle.take() {
            Some(stream) => match self.exchange(stream, source).await {
                // The bridge closed the connection between two questions: ask again on a new one.
                Err(Failure::Closed) => self.exchange(self.connect().await?, source).await?,
                other => other?,
            },
            None => self.exchange(self.connect().await?, source).await?,
        };
        if head.status.is_redirection() {
            return Err(Failure::Redirect);
        }
        if head.status != StatusCode::OK {
            return Err(Failure::Status(head.status));
        }
        check_content_type(source, &head.headers)?;
        let stats = source
            .read(&body, keys)
            .map_err(|error| Failure::Unreadable(format!("{:#}", anyhow::Error::from(error))))?;
        Ok(Answer {
            stats,
            bridge_clock: date(&head.headers),
            source,
        })
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| Failure::Connect(error.kind()))?;
        // Without it the small request may wait for the last answer's acknowledgement; where it cannot be set it only waits.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn exchange(
        &mut self,
        stream: TcpStream,
        source: Source,
    ) -> Result<(http::response::Parts, Bytes), Failure> {
        let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Closed)?;
        let request = in_origin_form(source.request(&self.address.to_string()));
        let conversation = async move {
            let response = sender.send_request(request).await.map_err(|error| {
                if error.is_parse() || error.is_parse_too_large() {
                    Failure::NotHttp
                } else {
                    Failure::Closed
                }
            })?;
            read(response).await
            // Here the sender ends, and with it the connection's state, but not its socket.
        };
        let mut conversation = pin!(conversation);
        let mut connection = pin!(connection.without_shutdown());
        let mut end = None;
        let answer = loop {
            tokio::select! {
                answer = &mut conversation => break answer?,
                ended = &mut connection, if end.is_none() => end = Some(ended),
            }
        };
        let end = match end {
            Some(end) => end,
            None => connection.await,
        };
        if let Ok(rest) = end
            && rest.read_buf.is_empty()
            && keeps_alive(&answer.0)
        {
            self.idle = Some(rest.io.into_inner());
        }
        Ok(answer)
    }
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

async fn read(response: Response<Incoming>) -> Result<(http::response::Parts, Bytes), Failure> {
    let (head, body) = response.into_parts();
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_CAP) {
        return Err(Failure::TooLarge);
    }
    let body = Limited::new(body, BODY_CAP)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                Failure::TooLarge
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

/// A page of a proxy or of another server is no statistics, whatever its status.
fn check_content_type(source: Source, headers: &HeaderMap) -> Result<(), Failure> {
    let told = headers
        .get(CONTENT_TYPE)
        .and_then(|told| told.to_str().ok())
        .unwrap_or_default();
    if source.comes_as(told) {
        Ok(())
    } else {
        Err(Failure::ContentType(told.to_owned()))
    }
}

/// The `Date` of a reply.
pub(crate) fn date(headers: &HeaderMap) -> Option<Time> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let date = PARSER.parse_timestamp(headers.get(DATE)?.as_bytes()).ok()?;
    Some(Time::from_millis(date.as_millisecond()))
}
