//! What must hold of whatever strangers send: shared by the fuzz targets and the tests.
//!
//! Each function takes any bytes, panics where something does not hold, and says whether the bytes were understood.

use bridge::Time;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use scaler_token::{LIFETIME, PublicKeys, SKEW, SigningKey};

use crate::mode;
use crate::routes::{Read, Route, framing};

/// The pod that tokens are for.
pub const POD: &str = "5f1c2f6e-6f0e-4f0a-9a55-2f4f4f9d7c11";

/// The moment at which they are shown, in milliseconds since 1970.
pub const NOW: Time = Time::from_millis(1_772_443_800_000);

/// The key that they are signed with.
pub fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// A token: what is believed was signed for this and is of this time, and there is one way to write it.
///
/// # Panics
/// When that does not hold.
pub fn token(bytes: &[u8]) -> bool {
    let Ok(header) = HeaderValue::from_bytes(bytes) else {
        return false;
    };
    let keys: PublicKeys = [signing_key().public()].into_iter().collect();
    let mut believed = 0;
    for route in Route::ALL {
        let (method, path) = (route.method(), route.path());
        let Ok(claims) = keys.verify(Some(&header), POD, &method, path, NOW) else {
            continue;
        };
        believed += 1;
        assert_eq!(
            (&*claims.pod, &claims.method, &*claims.path),
            (POD, &method, path)
        );
        assert!(
            claims.expires.since(claims.issued) <= LIFETIME,
            "{claims:?}"
        );
        assert!(
            claims.issued <= NOW + SKEW && NOW <= claims.expires + SKEW,
            "{claims:?}"
        );
        assert_eq!(
            signing_key().sign(&claims),
            header,
            "written in another way"
        );
    }
    assert!(believed <= 1, "good for two commands");
    let nobody = PublicKeys::default();
    let path = "/colibri/drain/enable";
    assert!(
        nobody
            .verify(Some(&header), POD, &Method::POST, path, NOW)
            .is_err()
    );
    believed == 1
}

/// The head of a request, as `METHOD TARGET` and lines of `name: value`: whatever is answered has its path letter by letter, and
/// what the bridge is asked for it has nothing of it but the path and the Accept header.
///
/// # Panics
/// When that does not hold.
pub fn request(bytes: &[u8]) -> bool {
    let Some((method, target, headers)) = head(bytes) else {
        return false;
    };
    let Ok(uri) = Uri::try_from(target) else {
        return false;
    };
    let Ok(method) = Method::from_bytes(method) else {
        return false;
    };
    let Ok(route) = Route::of(&method, &uri) else {
        return false;
    };
    // What stands behind a `#` no server is told of: `Uri` leaves it out.
    let mut parts = target.split(|byte| *byte == b'#');
    let target = parts.next().unwrap_or_default();
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    assert_eq!(path, route.path().as_bytes(), "{uri}");
    assert_eq!(method, route.method());
    if framing(route, &headers).is_err() {
        return false;
    }
    let bridge = "127.0.0.1:8080";
    let request = match route {
        Route::Own(_) => return true,
        Route::Read(read) => {
            let request = Read::request(read, bridge, &headers);
            assert_eq!(request.headers().len(), 1, "{:?}", request.headers());
            request
        }
        Route::Change(change) => {
            assert_eq!(target, path, "a query");
            let body = headers
                .get("x-body")
                .map_or(&b""[..], HeaderValue::as_bytes);
            let Ok(request) = change.request(bridge, body) else {
                return false;
            };
            let sent = request.body();
            assert!(sent.is_empty() || serde_json::from_slice::<serde_json::Value>(sent).is_ok());
            request
        }
    };
    assert_eq!(request.method(), method);
    let passed = format!("http://{bridge}{}", route.path());
    assert_eq!(request.uri(), passed.as_str());
    true
}

/// Method, target and headers; those that HTTP could not carry are left out.
fn head(bytes: &[u8]) -> Option<(&[u8], &[u8], HeaderMap)> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let gap = first.iter().position(|byte| *byte == b' ')?;
    let (method, target) = (&first[..gap], &first[gap + 1..]);
    let mut headers = HeaderMap::new();
    for line in lines.take(64) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Some((method, target, headers))
}

/// The file of annotations: a mode is one that the file names in a line of its own.
///
/// # Panics
/// When that does not hold.
pub fn annotations(bytes: &[u8]) -> bool {
    let Ok(file) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(Some(word)) = mode::annotation(file) else {
        return false;
    };
    let named = |intents: &[&str]| {
        intents.iter().any(|intent| {
            let line = format!("bridgetender.dev/intent=\"{intent}\"");
            file.lines().any(|told| told == line)
        })
    };
    let drained = word.mode.is_drained();
    assert!(
        !drained || named(&["warm", "drain", "expel", "remove"]),
        "{file:?}"
    );
    assert!(drained || named(&["active"]), "{file:?}");
    true
}
