//! Bearer tokens, which the API server knows (`TokenReview`).

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use ring::hmac;
use ring::rand::SystemRandom;

use crate::access::cache::{Cache, Key};
use crate::access::identity::User;
use crate::access::review::{ReviewError, Reviewer};

/// How long a verdict holds, a yes and a no alike (the generic API server's default).
const LIFE: Duration = Duration::from_secs(10);

/// Verdicts that are kept at most.
const CAPACITY: usize = 4096;

/// A secret that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Takes the bearer token out of `headers`; nothing that other schemes hold counts.
///
/// # Errors
/// Where there are two `Authorization` headers, of which somebody else may have read the other.
pub(crate) fn take(headers: &mut HeaderMap) -> Result<Option<Token>, &'static str> {
    let mut values = headers.get_all(AUTHORIZATION).iter().cloned();
    let (value, another) = (values.next(), values.next());
    drop(values);
    headers.remove(AUTHORIZATION);
    if another.is_some() {
        return Err("more than one Authorization header");
    }
    let Some(value) = value else { return Ok(None) };
    let Ok(text) = value.to_str() else {
        return Err("the Authorization header is not ASCII");
    };
    let mut words = text.split_ascii_whitespace();
    Ok(match (words.next(), words.next()) {
        (Some(scheme), Some(token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Some(Token(token.to_owned()))
        }
        _ => None,
    })
}

/// Whose tokens they are, asked of the API server and kept for a short while.
pub(crate) struct Tokens {
    reviewer: Arc<Reviewer>,
    verdicts: Cache<Option<User>, ReviewError>,
    /// Verdicts lie under a keyed digest: the tokens themselves are not kept, and who chooses
    /// tokens cannot choose their places.
    secret: hmac::Key,
}

impl Tokens {
    pub(crate) fn new(reviewer: Arc<Reviewer>) -> Self {
        let secret = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .expect("without the system's randomness there is no TLS either");
        Self {
            reviewer,
            verdicts: Cache::new(CAPACITY, LIFE),
            secret,
        }
    }

    /// Whose token it is; nobody's where the API server does not know it or knows it as expired.
    pub(crate) async fn user(&self, token: &Token) -> Result<Option<User>, ReviewError> {
        let mut key = Key::default();
        key.copy_from_slice(hmac::sign(&self.secret, token.0.as_bytes()).as_ref());
        let (reviewer, token) = (Arc::clone(&self.reviewer), token.clone());
        let ask = || async move {
            let review = TokenReview {
                spec: TokenReviewSpec {
                    token: Some(token.0),
                    audiences: None,
                },
                ..TokenReview::default()
            };
            let status = reviewer.ask(&review).await?.status.unwrap_or_default();
            if let Some(error) = &status.error {
                tracing::debug!(error, "the API server rejects a token");
            }
            let vouched = status.authenticated.unwrap_or(false);
            Ok(status.user.filter(|_| vouched).and_then(user))
        };
        self.verdicts.get(key, ask).await
    }
}

fn user(info: UserInfo) -> Option<User> {
    Some(User {
        name: info.username.filter(|name| !name.is_empty())?,
        uid: info.uid.filter(|uid| !uid.is_empty()),
        groups: info.groups.unwrap_or_default(),
        extra: info.extra.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn taken(values: &[&[u8]]) -> (Result<Option<Token>, &'static str>, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("*/*"));
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(AUTHORIZATION, value);
        }
        (take(&mut headers), headers)
    }

    #[test]
    fn a_bearer_token_is_the_word_after_bearer() {
        let token = |text: &str| Ok(Some(Token(text.to_owned())));
        let two = Err("more than one Authorization header");
        let strange = Err("the Authorization header is not ASCII");
        let cases: [(&[&[u8]], _); 10] = [
            (&[], Ok(None)),
            (&[b"Bearer abc"], token("abc")),
            (&[b"bearer abc"], token("abc")),
            (&[b"  BEARER  abc  "], token("abc")),
            (&[b"Bearer abc def"], token("abc")),
            (&[b"Bearer"], Ok(None)),
            (&[b"Bearer "], Ok(None)),
            (&[b"Basic abc"], Ok(None)),
            (&[b"Bearer abc", b"Bearer def"], two),
            (&[b"Bearer \xff"], strange),
        ];
        for (values, expected) in cases {
            let (token, left) = taken(values);
            assert_eq!(token, expected, "{values:?}");
            assert_eq!(left.len(), 1, "nothing of it stays behind: {values:?}");
        }
    }

    #[test]
    fn a_token_never_shows_itself() {
        assert_eq!(format!("{:?}", Token("secret".to_owned())), "Token(..)");
    }

    #[test]
    fn a_user_without_a_name_is_nobody() {
        assert_eq!(user(UserInfo::default()), None);
        let named = UserInfo {
            username: Some("ada".to_owned()),
            uid: Some(String::new()),
            groups: Some(vec!["ops".to_owned()]),
            extra: None,
        };
        let user = user(named).unwrap();
        assert_eq!((user.name.as_str(), user.uid), ("ada", None));
        assert_eq!(user.groups, ["ops"]);
    }
}
