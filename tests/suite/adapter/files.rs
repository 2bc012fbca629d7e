//! A serving certificate in files, as cert-manager replaces it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use laboratory::{Adapters, Authority, Laboratory};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::authority::ask;
use super::readers::Readers;
use super::trust::trust;

const SOON: Duration = Duration::from_mins(1);
const REPLICAS: usize = 2;

/// In one moment, as whoever replaces a file in use does it.
fn replace(file: &Path, content: &str) -> Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, content)?;
    std::fs::rename(&beside, file).with_context(|| format!("cannot replace {}", file.display()))
}

/// Waits until each replica serves a certificate of this authority.
async fn is_served(lab: &Laboratory, adapters: &Adapters, authority: &str) -> Result<()> {
    let bundle = vec![CertificateDer::from_pem_slice(authority.as_bytes())?.to_vec()];
    for n in 0..REPLICAS {
        let what = format!("replica {n} serves the new certificate");
        lab.eventually(&what, SOON, || {
            ask(lab, adapters, n, "/readyz", bundle.clone())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_and_its_authority_that_are_replaced_under_load_lose_no_read() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let adapters = lab.adapter().replicas(2).start().await?;
    let place = adapters.place();
    let host = place.host();
    let readers = Readers::start(&lab, 4).await?;
    readers.more(200).await?;

    let mut old = std::fs::read_to_string(place.ca())?;
    for round in 0..2 {
        let authority = Authority::new(&format!("{host}-ca-{round}"))?;
        let new = authority.pem();
        let serving = authority.server(&host, std::slice::from_ref(&host))?;
        // First all who read believe both; then the files are replaced, one after the other; then the old one is believed no more.
        trust(&lab, &format!("{old}{new}")).await?;
        readers.more(200).await?;
        replace(place.certificate(), &serving.certificate)?;
        // Whoever looks now finds a certificate and a key that do not belong together, and keeps what it has.
        readers.more(100).await?;
        replace(place.key(), &serving.key)?;
        is_served(&lab, &adapters, &new).await?;
        trust(&lab, &new).await?;
        readers.more(200).await?;
        old = new;
    }
    let reads = readers.stop().await?;
    ensure!(reads >= 1000, "{reads} reads are no load");
    lab.stop().await
}
