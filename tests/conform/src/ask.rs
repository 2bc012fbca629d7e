//! Requests on their way to a server and their replies. The only part with a network.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use reach::Failure;
use tokio::net::TcpStream;

/// The most that is read of a reply, in bytes: the largest real one has some 60 KB, a dump of all conferences more.
const CAP: usize = 1024 * 1024;

/// Asks, each request once.
#[derive(Debug)]
pub(crate) struct Asker {
    /// For how long a reply is waited for.
    pub(crate) deadline: Duration,
}

impl Asker {
    /// The reply to a request, on a connection of its own.
    pub(crate) async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, Failure> {
        let (reply, _) = self.ask_on(None, request).await?;
        Ok(reply)
    }

    /// The reply to a request, and the connection where it stays open.
    pub(crate) async fn ask_on(
        &self,
        connection: Option<TcpStream>,
        request: Request<Vec<u8>>,
    ) -> Result<(Response<Bytes>, Option<TcpStream>), Failure> {
        reach::converse(connection, request, CAP, self.deadline).await
    }
}

/// A request in lines, as it goes out.
pub(crate) fn lines(request: &Request<Vec<u8>>) -> Vec<String> {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    for (name, value) in request.headers() {
        lines.push(format!(
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    if !request.headers().contains_key(http::header::ACCEPT) {
        lines.push("(no accept header)".to_owned());
    }
    if !request.body().is_empty() {
        lines.push(String::from_utf8_lossy(request.body()).into_owned());
    }
    lines
}
