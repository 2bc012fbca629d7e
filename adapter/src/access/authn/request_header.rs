//! Identities that the front proxy claims in headers (`X-Remote-User` and its kin).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::access::delegation::FrontProxy;
use crate::access::identity::User;

/// Headers that begin so claim an identity whatever the API server's configuration calls them:
/// its own names may differ, but these are what others would believe.
const USUAL_PREFIX: &str = "x-remote-";

/// What the headers of a request claim, whether they may or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    users: Vec<HeaderValue>,
    uids: Vec<HeaderValue>,
    groups: Vec<HeaderValue>,
    extra: BTreeMap<String, Vec<HeaderValue>>,
}

const NOT_TEXT: &str = "a header that names the user is not UTF-8";

impl Claims {
    /// Takes every claim out of `headers`.
    pub(crate) fn take(headers: &mut HeaderMap, proxy: Option<&FrontProxy>) -> Self {
        let mut claims = Self::default();
        if let Some(proxy) = proxy {
            claims.users = first(headers, &proxy.user_headers);
            claims.uids = first(headers, &proxy.uid_headers);
            for name in &proxy.group_headers {
                let groups = headers.get_all(name).iter();
                let groups = groups.filter(|group| !group.is_empty());
                claims.groups.extend(groups.cloned());
            }
            for prefix in &proxy.extra_prefixes {
                for (name, value) in headers.iter() {
                    if let Some(key) = name.as_str().strip_prefix(prefix.as_str()) {
                        let values = claims.extra.entry(extra_key(key)).or_default();
                        values.push(value.clone());
                    }
                }
            }
        }
        let claiming: Vec<HeaderName> = headers
            .keys()
            .filter(|name| is_claim(name, proxy))
            .cloned()
            .collect();
        for name in claiming {
            headers.remove(name);
        }
        claims
    }

    /// The user, if one is named. For the mouth of a verified front proxy only.
    ///
    /// # Errors
    /// Where the headers name two users: a proxy that adds its header behind the client's own
    /// instead of replacing it would otherwise let anybody be anybody.
    pub(crate) fn user(self) -> Result<Option<User>, &'static str> {
        let name = match self.users.as_slice() {
            [] => return Ok(None),
            [name] => text(name)?,
            _ => return Err("its headers name more than one user"),
        };
        let uid = match self.uids.as_slice() {
            [] => None,
            [uid] => Some(text(uid)?),
            _ => return Err("its headers give more than one uid"),
        };
        let texts = |values: Vec<HeaderValue>| values.iter().map(text).collect::<Result<_, _>>();
        let mut extra = BTreeMap::new();
        for (key, values) in self.extra {
            extra.insert(key, texts(values)?);
        }
        Ok(Some(User {
            name,
            uid,
            groups: texts(self.groups)?,
            extra,
        }))
    }
}

/// The values of the first of these headers that has any.
fn first(headers: &HeaderMap, names: &[HeaderName]) -> Vec<HeaderValue> {
    names
        .iter()
        .map(|name| {
            let values = headers.get_all(name).iter();
            values.filter(|value| !value.is_empty()).cloned().collect()
        })
        .find(|values: &Vec<_>| !values.is_empty())
        .unwrap_or_default()
}

fn is_claim(name: &HeaderName, proxy: Option<&FrontProxy>) -> bool {
    name.as_str().starts_with(USUAL_PREFIX)
        || proxy.is_some_and(|proxy| {
            let mut names = proxy
                .user_headers
                .iter()
                .chain(&proxy.uid_headers)
                .chain(&proxy.group_headers);
            let mut prefixes = proxy.extra_prefixes.iter();
            names.any(|claim| claim == name)
                || prefixes.any(|prefix| name.as_str().starts_with(prefix.as_str()))
        })
}

/// The key as it was meant: header names are lower case, what they cannot hold is percent-encoded
/// (so an encoded capital stays one). A key that is not well encoded is taken literally.
fn extra_key(encoded: &str) -> String {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(key) if well_encoded(encoded) => key.into_owned(),
        _ => encoded.to_owned(),
    }
}

fn well_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().iter().take(2);
        digits.filter(|byte| byte.is_ascii_hexdigit()).count() == 2
    })
}

fn text(value: &HeaderValue) -> Result<String, &'static str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(NOT_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::access::delegation::Delegation;
    use crate::pki::Authority;

    type Header<'a> = (&'a str, &'a [u8]);

    /// A front proxy with header names of its own.
    fn delegation(entries: &[(&str, &str)]) -> Delegation {
        let pem = Authority::new("proxies").pem();
        let mut data: BTreeMap<_, _> = [("requestheader-client-ca-file".to_owned(), pem)].into();
        for (key, value) in entries {
            data.insert(format!("requestheader-{key}"), (*value).to_owned());
        }
        Delegation::default().updated(&data).0
    }

    fn usual() -> Delegation {
        delegation(&[
            ("username-headers", r#"["X-Remote-User"]"#),
            ("uid-headers", r#"["X-Remote-Uid"]"#),
            ("group-headers", r#"["X-Remote-Group"]"#),
            ("extra-headers-prefix", r#"["X-Remote-Extra-"]"#),
        ])
    }

    fn take(delegation: &Delegation, list: &[Header<'_>]) -> (HeaderMap, Claims) {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            let name = HeaderName::try_from(*name).unwrap();
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let claims = Claims::take(&mut headers, delegation.front_proxy());
        (headers, claims)
    }

    #[test]
    fn the_names_of_the_headers_are_the_api_servers_choice() {
        let delegation = delegation(&[
            ("username-headers", r#"["X-Who", "X-Else"]"#),
            ("group-headers", r#"["X-Team", "X-Crew"]"#),
            ("extra-headers-prefix", r#"["X-More-"]"#),
        ]);
        let request: [Header<'_>; 8] = [
            ("x-remote-user", b"eve"),
            ("x-remote-uid", b"0"),
            ("x-who", b""),
            ("x-else", b"ada"),
            ("x-crew", b"dev"),
            ("x-team", b"ops"),
            ("x-more-a", b"1"),
            ("accept", b"*/*"),
        ];
        let (left, claims) = take(&delegation, &request);
        let user = claims.user().unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.uid), ("ada", None));
        assert_eq!(user.groups, ["ops", "dev"]);
        assert_eq!(user.extra["a"], ["1"]);
        let left: Vec<_> = left.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }

    #[test]
    fn the_rules_of_one_header_each() {
        let ada: Header<'_> = ("X-Remote-User", b"ada");
        let name = |name: &str| Ok(Some(name.to_owned()));
        let cases: [(&[Header<'_>], _); 8] = [
            (&[], Ok(None)),
            (&[("X-Remote-User", b"")], Ok(None)),
            (&[ada], name("ada")),
            (&[("x-remote-user", "Adèle".as_bytes())], name("Adèle")),
            (&[("x-remote-user", b"\xff")], Err(NOT_TEXT)),
            (&[ada, ada], Err("its headers name more than one user")),
            (
                &[ada, ("x-remote-uid", b"1"), ("x-remote-uid", b"2")],
                Err("its headers give more than one uid"),
            ),
            (&[ada, ("x-remote-group", b"\xff")], Err(NOT_TEXT)),
        ];
        for (request, expected) in cases {
            let (left, claims) = take(&usual(), request);
            let user = claims.user().map(|user| user.map(|user| user.name));
            assert_eq!(user, expected, "{request:?}");
            assert!(left.is_empty(), "{left:?}");
        }
    }

    #[test]
    fn keys_of_extra_values_are_decoded_as_go_does() {
        for (header, key) in [
            ("X-Remote-Extra-Scopes", "scopes"),
            ("X-Remote-Extra-example.com%2Fa%25b", "example.com/a%b"),
            ("X-Remote-Extra-%41bc", "Abc"),
            ("X-Remote-Extra-", ""),
            ("X-Remote-Extra-100%", "100%"),
            ("X-Remote-Extra-a%2fb%zz", "a%2fb%zz"),
            ("X-Remote-Extra-%ff", "%ff"),
        ] {
            let request: [Header<'_>; 2] = [("x-remote-user", b"ada"), (header, b"1")];
            let user = take(&usual(), &request).1.user().unwrap().unwrap();
            assert_eq!(
                user.extra,
                BTreeMap::from([(key.to_owned(), vec!["1".to_owned()])])
            );
        }
    }

    proptest! {
        #[test]
        fn no_claim_stays_behind(tails in prop::collection::vec("[A-Za-z0-9%._-]{0,20}", 0..8)) {
            let mut headers = HeaderMap::new();
            for tail in &tails {
                let name = HeaderName::try_from(format!("X-Remote-{tail}")).unwrap();
                headers.append(name, HeaderValue::from_static("eve"));
            }
            for delegation in [usual(), Delegation::default()] {
                let mut headers = headers.clone();
                let _ = Claims::take(&mut headers, delegation.front_proxy());
                prop_assert!(headers.is_empty());
            }
        }
    }
}
