//! Large answers made small for the way, for clients that can take it.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// What is smaller is sent as it is: packing costs more time than the way (Kubernetes' own servers have the same limit).
const WORTHWHILE: usize = 128 * 1024;

/// Whether an answer of this size is sent in another form to those who can take it.
pub(super) const fn is_large(body: &[u8]) -> bool {
    body.len() > WORTHWHILE
}

/// Whether the client takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = None;
    let codings = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|codings| codings.to_str().ok())
        .flat_map(|codings| codings.split(','));
    for coding in codings {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is_taken = !parts.any(|parameter| {
            let weight = parameter
                .strip_prefix("q=")
                .or_else(|| parameter.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0))
        });
        if name.eq_ignore_ascii_case("gzip") {
            return is_taken;
        }
        if name == "*" {
            any = Some(is_taken);
        }
    }
    any.unwrap_or(false)
}

/// The answer in gzip, at the speed that Kubernetes' own servers choose: numbers pack well anyhow.
pub(super) fn gzip(body: &[u8]) -> Bytes {
    let mut packed = GzEncoder::new(Vec::with_capacity(body.len() / 16), Compression::fast());
    let written = packed.write_all(body).and_then(|()| packed.finish());
    written.expect("memory does not fail to be written").into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn accepts(codings: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(ACCEPT_ENCODING, coding.parse().unwrap());
        }
        accepts_gzip(&headers)
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        for (codings, taken) in [
            (&["gzip"][..], true),
            (&["GZip"], true),
            (&["deflate, gzip;q=1.0, *;q=0.5"], true),
            (&["br", "gzip"], true),
            (&["*"], true),
            (&["gzip ; q=0.1"], true),
            (&[], false),
            (&[""], false),
            (&["identity"], false),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["*;q=0"], false),
            (&["x-gzipped"], false),
            (&[";;,=,"], false),
        ] {
            assert_eq!(accepts(codings), taken, "{codings:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_is_what_is_unpacked(body: Vec<u8>) {
            let mut unpacked = Vec::new();
            GzDecoder::new(&*gzip(&body)).read_to_end(&mut unpacked).unwrap();
            prop_assert_eq!(unpacked, body);
        }
    }
}
