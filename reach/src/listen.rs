//! A socket that others connect to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait until they are taken.
const BACKLOG: u32 = 1024;

/// Listens on this address. On `[::]` that is every address of both families, whatever the system's default for such sockets; where
/// the system has no IPv6, every address of IPv4.
///
/// # Errors
/// What the system says.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    listen_on(address).or_else(|error| match instead(address, &error) {
        Some(address) => listen_on(address),
        None => Err(error),
    })
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => {
            let socket = TcpSocket::new_v6()?;
            set_ipv6_v6only(&socket, false)?;
            socket
        }
    };
    // Otherwise an address is taken for a minute after whoever listened there has ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where to listen after this error: on a node whose kernel was told to do without IPv6 there is no such socket, or no such address.
fn instead(address: SocketAddr, error: &io::Error) -> Option<SocketAddr> {
    let without = [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].map(Errno::raw_os_error);
    let lacks_ipv6 = error
        .raw_os_error()
        .is_some_and(|code| without.contains(&code));
    let is_everywhere = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    (lacks_ipv6 && is_everywhere).then(|| (Ipv4Addr::UNSPECIFIED, address.port()).into())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_socket_of_ipv6_takes_connections_of_ipv4() {
        // The address of IPv4 as one of IPv6: a socket for IPv6 alone could not have it.
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        let listener = match listen((mapped, 0).into()) {
            Ok(listener) => listener,
            Err(error) => {
                let lacks = instead((Ipv6Addr::UNSPECIFIED, 0).into(), &error);
                assert!(lacks.is_some(), "{error}");
                println!("not shown: this system has no IPv6 ({error})");
                return;
            }
        };
        let port = listener.local_addr().unwrap().port();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.port(), stream.local_addr().unwrap().port());
        assert_eq!(peer.ip().to_canonical(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_an_error() {
        let first = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let error = listen(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn without_ipv6_everywhere_is_everywhere_in_ipv4_and_nothing_else_changes() {
        let code = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        for (address, error, expected) in [
            ("[::]:6443", code(Errno::AFNOSUPPORT), Some("0.0.0.0:6443")),
            ("[::]:6443", code(Errno::ADDRNOTAVAIL), Some("0.0.0.0:6443")),
            ("[::]:6443", code(Errno::ADDRINUSE), None),
            ("[::]:443", code(Errno::ACCESS), None),
            ("[fd00::1]:6443", code(Errno::AFNOSUPPORT), None),
            ("10.0.0.1:6443", code(Errno::ADDRNOTAVAIL), None),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            let expected = expected.map(|expected| expected.parse().unwrap());
            assert_eq!(instead(address, &error), expected, "{address} {error}");
        }
    }
}
