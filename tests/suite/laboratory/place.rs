use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, ensure};
use laboratory::{Laboratory, Place, Priority};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::task::AbortHandle;

const GROUP: &str = "laboratory.example";
const SOON: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_reaches_an_adapter_through_an_external_name_on_loopback() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let place = lab.place("bridgetender", "adapter").await?;
    ensure!(place.host() == "adapter.bridgetender.svc");
    let replicas = [lab.adapter_address(0), lab.adapter_address(1)];
    let first = replica(&place, replicas[0], "first")?;
    let second = replica(&place, replicas[1], "second")?;
    place.set_backends(&replicas);
    lab.aggregate(&place, GROUP, "v1", Priority::default())
        .await?;
    lab.aggregated(GROUP, "v1", true, SOON).await?;

    let path = format!("/apis/{GROUP}/v1/who");
    let ask = || async { lab.kubectl_text(&["get", "--raw", &path]).await };
    // The API server's own probes take turns too, so no two requests in a row need meet both.
    let answers = Mutex::new(BTreeSet::new());
    lab.eventually("both replicas have answered", SOON, || async {
        let answer = ask().await?;
        let mut answers = answers.lock().unwrap();
        answers.insert(answer);
        ensure!(answers.len() == 2, "{answers:?}");
        Ok(())
    })
    .await?;

    first.abort();
    lab.eventually("only the second answers", SOON, || async {
        let answers = [ask().await?, ask().await?];
        ensure!(
            answers.iter().all(|answer| answer == "second"),
            "{answers:?}"
        );
        Ok(())
    })
    .await?;
    second.abort();
    lab.eventually("nobody answers", SOON, || async {
        let said = ask().await.err().map(|error| format!("{error:#}"));
        let unavailable = said
            .as_ref()
            .is_some_and(|said| said.contains("unable to handle the request"));
        ensure!(unavailable, "{said:?}");
        Ok(())
    })
    .await
}

/// A server of one answer to everything, one connection for each.
fn replica(place: &Place, address: SocketAddr, answer: &'static str) -> Result<AbortHandle> {
    let certificates = vec![CertificateDer::from_pem_file(place.certificate())?];
    let key = PrivateKeyDer::from_pem_file(place.key())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let config = Arc::clone(&config);
            tokio::task::spawn_blocking(move || -> Result<()> {
                let stream = stream.into_std()?;
                stream.set_nonblocking(false)?;
                // Whoever connects and says nothing holds up nobody.
                stream.set_read_timeout(Some(SOON))?;
                let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") {
                    stream.read_exact(&mut byte)?;
                    request.push(byte[0]);
                }
                let length = answer.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
                )?;
                stream.conn.send_close_notify();
                stream.flush()?;
                Ok(())
            });
        }
    };
    Ok(tokio::spawn(serve).abort_handle())
}
