//! Somebody who writes bytes to a socket and reads what comes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What was answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// All of it.
    pub(crate) text: String,
}

impl Heard {
    /// The status of the first answer; 0 where there was none.
    pub(crate) fn status(&self) -> u16 {
        let status = self.text.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// How many answers there were.
    pub(crate) fn answers(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }

    /// What stands behind the head of the first answer.
    pub(crate) fn body(&self) -> &str {
        self.text
            .split_once("\r\n\r\n")
            .map_or("", |(_, body)| body)
    }

    /// The value of a header of the first answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Connects.
pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("somebody who listens");
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).expect("a socket");
    stream.set_write_timeout(limit).expect("a socket");
    stream
}

/// Sends these bytes and reads until the connection is closed.
pub(crate) fn send(to: SocketAddr, bytes: &[u8]) -> Heard {
    let mut stream = connect(to);
    // Whoever refuses may have closed before all was written.
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

/// Reads until the connection is closed.
pub(crate) fn rest(stream: &mut TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend(&part[..read]),
        }
    }
    Heard {
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// A GET with nothing special about it.
pub(crate) fn get(to: SocketAddr, path: &str) -> Heard {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {to}\r\naccept: application/json\r\nconnection: close\r\n\r\n"
    );
    send(to, request.as_bytes())
}

/// A POST with these headers, each with its line end.
pub(crate) fn post(to: SocketAddr, path: &str, headers: &str, body: &str) -> Heard {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    send(to, request.as_bytes())
}
