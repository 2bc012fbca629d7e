//! HTTP/2 frame by frame, for what no honest client sends.

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Types of frames (RFC 9113, section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Flags of frames that begin or end something.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Codes of errors (RFC 9113, section 7).
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// One frame of the server.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The code of the error of a RST_STREAM or GOAWAY.
    pub(crate) fn error(&self) -> Option<u32> {
        let at = match self.kind {
            RST_STREAM => 0,
            GOAWAY => 4,
            _ => return None,
        };
        let code = self.payload.get(at..at + 4)?;
        Some(u32::from_be_bytes(code.try_into().unwrap()))
    }
}

/// The reading side of a connection.
pub(crate) struct Reader(ReadHalf<TlsStream<TcpStream>>);

/// The writing side of a connection.
pub(crate) type Writer = WriteHalf<TlsStream<TcpStream>>;

/// Greets the server with these settings (number and value).
pub(crate) async fn greet(
    stream: TlsStream<TcpStream>,
    settings: &[(u16, u32)],
) -> (Reader, Writer) {
    let (reader, mut writer) = split(stream);
    let mut payload = Vec::new();
    for (number, value) in settings {
        payload.extend(number.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    let mut greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    greeting.extend(frame(SETTINGS, 0, 0, &payload));
    writer.write_all(&greeting).await.unwrap();
    (Reader(reader), writer)
}

impl Reader {
    /// The next frame, none where the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
            payload,
        })
    }

    /// The first error that the server tells, of one stream or of all; none where the connection ends without.
    pub(crate) async fn error(&mut self) -> Option<u32> {
        while let Some(frame) = self.next().await {
            if let Some(code) = frame.error().filter(|code| *code != 0) {
                return Some(code);
            }
        }
        None
    }
}

/// One frame on the wire.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The fields of a GET (HPACK, each written in full), those of `more` behind it.
pub(crate) fn get(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let usual = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", super::caller::NAME),
        (":path", path),
    ];
    let fields = usual.iter().chain(more);
    fields
        .flat_map(|(name, value)| field(0, name, value))
        .collect()
}

/// One field in full (RFC 7541, section 6.2); `form` 0x40 has it remembered, 0 not.
pub(crate) fn field(form: u8, name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![form];
    for text in [name, value] {
        length(&mut field, text.len());
        field.extend(text.as_bytes());
    }
    field
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn length(field: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 127;
    if length < PREFIX {
        return field.push(length as u8);
    }
    field.push(PREFIX as u8);
    let mut rest = length - PREFIX;
    while rest >= 128 {
        field.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    field.push(rest as u8);
}
