//! Connections that are waited for, whatever becomes of one.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(20);

/// The next connection. May be given up at any time without losing one.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of file descriptors, most likely: others are being closed. At once it would fail again, and again.
            Err(_) => sleep(PAUSE).await,
        }
    }
}
