//! Whether an API server that believes a bundle believes a leaf.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Nothing if who trusts `bundle` believes that `leaf` is `host`.
pub(super) fn verify(
    leaf: &CertificateDer<'_>,
    bundle: &[CertificateDer<'_>],
    host: &str,
    now: i64,
) -> Result<(), String> {
    let now = std::time::Duration::from_secs(now.max(0).unsigned_abs());
    let now = UnixTime::since_unix_epoch(now);
    let leaf = EndEntityCert::try_from(leaf).map_err(|error| error.to_string())?;
    // One that is no authority vouches for nobody; it need not keep the others from it.
    let anchors: Vec<_> = bundle
        .iter()
        .filter_map(|one| anchor_from_trusted_cert(one).ok())
        .collect();
    leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &[],
        now,
        KeyUsage::server_auth(),
        None,
        None,
    )
    .map_err(|error| error.to_string())?;
    let host = ServerName::try_from(host).map_err(|error| error.to_string())?;
    leaf.verify_is_valid_for_subject_name(&host)
        .map_err(|error| error.to_string())
}
