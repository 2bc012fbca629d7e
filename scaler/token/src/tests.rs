//! What must hold of tokens and of public keys.

use bridge::Time;
use http::{HeaderValue, Method};
use proptest::prelude::*;

use super::*;

const POD: &str = "3d0c2a7e-7b1e-4e0e-9d0a-5f6b1f1c2d3e";
const PATH: &str = "/colibri/drain/enable";
const NOW: Time = Time::from_millis(1_795_219_200_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; SEED_BYTES])
}

fn published(seeds: &[u8]) -> PublicKeys {
    seeds.iter().map(|seed| key(*seed).public()).collect()
}

fn claims() -> Claims {
    Claims::new(POD, Method::POST, PATH, NOW)
}

/// What becomes of a header at a moment, in the pod and for the request that [`claims`] are about.
fn told(header: &HeaderValue, now: Time) -> Result<Claims, Denied> {
    published(&[1]).verify(Some(header), POD, &Method::POST, PATH, now)
}

/// The same for a header of this text.
fn told_of(text: &str) -> Result<Claims, Denied> {
    told(&HeaderValue::from_str(text).unwrap(), NOW)
}

#[test]
fn what_the_controller_signs_the_sidecar_obeys() {
    let header = key(1).sign(&claims());
    assert_eq!(told(&header, NOW), Ok(claims()));
    assert!(header.is_sensitive(), "it would be logged");
    assert!(header.len() < MAX_BYTES / 2, "{}", header.len());
}

#[test]
fn a_token_is_written_as_it_was_agreed() {
    let header = key(1).sign(&Claims::new(
        "uid",
        Method::POST,
        "/p",
        Time::from_millis(7),
    ));
    let token = header
        .to_str()
        .unwrap()
        .strip_prefix("Bridgetender ")
        .unwrap();
    let (payload, signature) = token.split_once('.').unwrap();
    let decoded = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .unwrap()
    };
    let id = key(1).id().clone();
    let expected =
        format!(r#"{{"key":"{id}","pod":"uid","method":"POST","path":"/p","iat":7,"exp":30007}}"#);
    assert_eq!(String::from_utf8(decoded(payload)).unwrap(), expected);
    assert_eq!(decoded(signature).len(), 64);
}

#[test]
fn a_key_is_named_by_the_hash_of_its_public_half() {
    // The first test of RFC 8032, 7.1: seed and public key; the hash is of sha256sum.
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let key = SigningKey::from_seed(&seed);
    assert_eq!(key.public().bytes(), &public);
    assert_eq!(key.id().as_str(), "21fe31dfa154a261");
    assert_eq!(key.public().id(), key.id());
}

fn hex(digits: &str) -> [u8; SEED_BYTES] {
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}

#[test]
fn a_seed_is_not_told() {
    let shown = format!("{:?}", key(0x5a));
    assert_eq!(
        shown,
        format!("SigningKey(KeyId({:?}))", key(0x5a).id().as_str())
    );
}

#[test]
fn each_reason_to_deny_is_reached() {
    let good = key(1).sign(&claims());
    let long = Claims {
        expires: NOW + LIFETIME + Duration::from_millis(1),
        ..claims()
    };
    let forged = {
        // The claims of one token under the signature of another.
        let other = key(1).sign(&Claims::new(POD, Method::POST, "/other", NOW));
        let (payload, _) = good.to_str().unwrap().split_once('.').unwrap();
        let (_, signature) = other.to_str().unwrap().split_once('.').unwrap();
        HeaderValue::from_str(&format!("{payload}.{signature}")).unwrap()
    };
    let late = NOW + LIFETIME + SKEW + Duration::from_millis(1);
    let early = NOW - SKEW - Duration::from_millis(1);
    let nonsense = HeaderValue::from_static("Bearer abc");
    let unknown = key(2).sign(&claims());
    let long = key(1).sign(&long);
    let (post, get) = (Method::POST, Method::GET);
    let cases = [
        (None, POD, &post, PATH, NOW, Denied::Missing),
        (Some(&nonsense), POD, &post, PATH, NOW, Denied::Malformed),
        (Some(&unknown), POD, &post, PATH, NOW, Denied::UnknownKey),
        (Some(&forged), POD, &post, PATH, NOW, Denied::BadSignature),
        (Some(&good), "other", &post, PATH, NOW, Denied::OtherPod),
        (Some(&good), POD, &get, PATH, NOW, Denied::OtherMethod),
        (Some(&good), POD, &post, "/other", NOW, Denied::OtherPath),
        (Some(&long), POD, &post, PATH, NOW, Denied::TooLong),
        (Some(&good), POD, &post, PATH, early, Denied::NotYet),
        (Some(&good), POD, &post, PATH, late, Denied::Expired),
    ];
    let reached = cases.map(|(header, pod, method, path, now, expected)| {
        let denied = published(&[1]).verify(header, pod, method, path, now);
        assert_eq!(denied, Err(expected));
        expected
    });
    assert_eq!(
        reached,
        Denied::ALL,
        "each, in the order in which they are looked for"
    );
}

#[test]
fn clocks_may_differ_by_ten_seconds_and_no_more() {
    let header = key(1).sign(&claims());
    let begin = NOW - SKEW;
    let end = NOW + LIFETIME + SKEW;
    let bit = Duration::from_millis(1);
    for (now, expected) in [
        (begin - bit, Err(Denied::NotYet)),
        (begin, Ok(claims())),
        (NOW, Ok(claims())),
        (end, Ok(claims())),
        (end + bit, Err(Denied::Expired)),
        (Time::from_millis(i64::MIN), Err(Denied::NotYet)),
        (Time::from_millis(i64::MAX), Err(Denied::Expired)),
    ] {
        assert_eq!(told(&header, now), expected, "{now}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let header = key(1).sign(&claims());
    let good = header.to_str().unwrap();
    let token = good.strip_prefix("Bridgetender ").unwrap();
    let (payload, signature) = token.split_once('.').unwrap();
    let signed = |text: &str| {
        use base64::Engine as _;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("Bridgetender {payload}.{signature}")
    };
    let id = key(1).id().clone();
    for text in [
        String::new(),
        "Bridgetender".to_owned(),
        "Bridgetender ".to_owned(),
        "Bridgetender .".to_owned(),
        format!("bridgetender {token}"),
        format!("Bridgetender  {token}"),
        format!("Bridgetender\t{token}"),
        format!("{good} "),
        format!("{good}="),
        format!("{good}.{signature}"),
        format!("{good}, {good}"),
        format!("Bridgetender {payload}"),
        format!("Bridgetender {payload}={signature}"),
        signed("{}"),
        signed("[]"),
        signed("nonsense"),
        signed(r#"{"key":"k","pod":"p","method":"POST","path":"/","iat":1,"exp":2,"more":3}"#),
        signed(r#"{"key":"k","pod":"p","pod":"q","method":"POST","path":"/","iat":1,"exp":2}"#),
        signed(r#"{"key":"k","pod":"p","method":"NO SUCH","path":"/","iat":1,"exp":2}"#),
        signed(r#"{"key":"k","pod":"p","method":"POST","path":"/","iat":1.5,"exp":2}"#),
        signed(r#"{"key":"k","pod":"p","method":"POST","path":"/","iat":1,"exp":1e999}"#),
        signed(&format!(
            r#"{{"key":"{id}","pod":"p","method":"POST","path":"/","iat":3,"exp":2}}"#
        )),
    ] {
        assert_eq!(told_of(&text), Err(Denied::Malformed), "{text}");
    }
}

#[test]
fn a_header_longer_than_a_kibibyte_is_not_looked_at() {
    let of_length = |path: usize| {
        let path = "/".repeat(path);
        let header = key(1).sign(&Claims::new(POD, Method::POST, &path, NOW));
        let keys = published(&[1]);
        let told = keys.verify(Some(&header), POD, &Method::POST, &path, NOW);
        (header.len(), told.err())
    };
    let lengths: Vec<_> = (1..1_000).map(of_length).collect();
    for (length, denied) in &lengths {
        let expected = (*length > MAX_BYTES).then_some(Denied::Malformed);
        assert_eq!(*denied, expected, "{length}");
    }
    assert!(lengths.iter().any(|(length, _)| *length > MAX_BYTES));
}

#[test]
fn each_reason_has_a_label_of_its_own_by_which_it_is_found() {
    for why in Denied::ALL {
        assert_eq!(Denied::from_label(why.label()), Some(why));
        assert!(!why.to_string().is_empty());
    }
    assert_eq!(Denied::from_label("nothing"), None);
}

#[test]
fn keys_overlap_and_each_is_good_until_it_is_gone() {
    let old = key(1).sign(&claims());
    let new = key(2).sign(&claims());
    for (seeds, old_is_good, new_is_good) in [
        (&[1][..], true, false),
        (&[1, 2], true, true),
        (&[2], false, true),
        (&[], false, false),
    ] {
        let keys = published(seeds);
        let good = |header| {
            let told = keys.verify(Some(header), POD, &Method::POST, PATH, NOW);
            assert!(matches!(told, Ok(_) | Err(Denied::UnknownKey)), "{told:?}");
            told.is_ok()
        };
        assert_eq!(
            (good(&old), good(&new)),
            (old_is_good, new_is_good),
            "{seeds:?}"
        );
    }
}

#[test]
fn public_keys_are_read_as_they_were_written() {
    for seeds in [&[][..], &[1], &[1, 2, 3]] {
        let keys = published(seeds);
        assert_eq!(PublicKeys::parse(&keys.print()), Ok(keys.clone()));
        assert_eq!(keys.is_empty(), seeds.is_empty());
        assert_eq!(keys.ids().count(), seeds.len());
    }
    assert_eq!(published(&[1, 2]).print(), published(&[2, 1]).print());
    let later = r#"{"schema":2,"keys":[]}"#;
    assert_eq!(PublicKeys::parse(later), Ok(PublicKeys::default()));
}

#[test]
fn keys_that_are_none_are_told_with_the_place() {
    let entry = |seed: u8| {
        let text = published(&[seed]).print();
        text.strip_prefix(r#"{"keys":["#)
            .unwrap()
            .strip_suffix("]}")
            .unwrap()
            .to_owned()
    };
    let (one, two) = (entry(1), entry(2));
    let file = |entries: &[&str]| format!(r#"{{"keys":[{}]}}"#, entries.join(","));
    let id = key(2).id().clone();
    let renamed = two.replace(id.as_str(), "0000000000000000");
    for (text, at, problem) in [
        (String::new(), "the text", "EOF"),
        ("garbage".to_owned(), "the text", "line 1 column 1"),
        ("{}".to_owned(), "the text", "missing field `keys`"),
        (file(&[]) + "x", "the text", "trailing characters"),
        (r#"{"keys":3}"#.to_owned(), "keys", "integer `3`"),
        (file(&[&one, "7"]), "keys[1]", "integer `7`"),
        (
            file(&[&one, r#"{"id":"a"}"#]),
            "keys[1]",
            "missing field `key`",
        ),
        (
            file(&[&one, r#"{"id":1,"key":""}"#]),
            "keys[1].id",
            "integer `1`",
        ),
        (
            file(&[&one, r#"{"id":"a","key":"%"}"#]),
            "keys[1].key",
            "is not base64",
        ),
        (
            file(&[&one, r#"{"id":"a","key":"AAAA"}"#]),
            "keys[1].key",
            "is 3 bytes long",
        ),
        (file(&[&one, &renamed]), "keys[1].id", "the key's name is"),
        (file(&[&one, &two, &one]), "keys[2]", "is there twice"),
    ] {
        let error = PublicKeys::parse(&text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.problem.contains(problem), "{text}: {error}");
        assert!(error.to_string().contains("\nhint: "), "{error}");
    }
}

prop_compose! {
    fn some_claims()(
        pod in "[a-f0-9-]{1,36}",
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::PUT]),
        path in "/[ -~]{0,80}",
        issued in 0..4_000_000_000_000_i64,
        life in 0..=30_000_u64,
    ) -> Claims {
        let issued = Time::from_millis(issued);
        Claims { pod, method, path, issued, expires: issued + Duration::from_millis(life) }
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_is_obeyed_as_long_as_it_is_good_and_nowhere_else(claims in some_claims(), seed: [u8; 32], at in 0_u64..60_000) {
        let key = SigningKey::from_seed(&seed);
        let keys = PublicKeys::from_iter([key.public()]);
        let header = key.sign(&claims);
        let now = claims.issued - SKEW + Duration::from_millis(at);
        let told = keys.verify(Some(&header), &claims.pod, &claims.method, &claims.path, now);
        let good = now <= claims.expires + SKEW;
        prop_assert_eq!(told, if good { Ok(claims.clone()) } else { Err(Denied::Expired) });
        let elsewhere = keys.verify(Some(&header), "elsewhere!", &claims.method, &claims.path, now);
        prop_assert_eq!(elsewhere, Err(Denied::OtherPod));
    }

    #[test]
    fn a_changed_bit_anywhere_is_denied(claims in some_claims(), at: prop::sample::Index, bit in 0..8_u8) {
        let header = key(1).sign(&claims);
        let mut bytes = header.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // What cannot stand in a header at all reaches nobody.
        if let Ok(changed) = HeaderValue::from_bytes(&bytes) {
            let told = published(&[1]).verify(Some(&changed), &claims.pod, &claims.method, &claims.path, claims.issued);
            prop_assert!(told.is_err());
        }
    }

    #[test]
    fn no_bytes_are_obeyed_or_make_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..1_200), after_the_scheme: bool) {
        let bytes = if after_the_scheme { [b"Bridgetender ", &bytes[..]].concat() } else { bytes };
        if let Ok(header) = HeaderValue::from_bytes(&bytes) {
            prop_assert!(told(&header, NOW).is_err());
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_keys_fall(text in ".{0,200}") {
        let _ = PublicKeys::parse(&text);
    }
}
