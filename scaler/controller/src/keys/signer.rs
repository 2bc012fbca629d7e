//! Signs what bridges are told, with the key that the keeper last read.

use std::sync::{Arc, Mutex, PoisonError};

use bridge::Time;
use http::{HeaderValue, Request};
use scaler_token::{Claims, SigningKey};

/// What can sign; a clone of it is the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signer(Arc<Mutex<Option<Known>>>);

#[derive(Clone, Debug)]
struct Known {
    key: Arc<SigningKey>,
    until: Time,
}

/// Why nothing is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unsigned {
    /// No key was read yet.
    #[error(
        "there is no key to sign it with yet; hint: the log of jvb-scaler says what is in the way of Secret \
         bridgetender-signing-keys"
    )]
    NoKey,
    /// The key was read too long ago.
    #[error(
        "the key to sign it with was read too long ago, and may have been replaced; hint: the log of jvb-scaler says why Secret \
         bridgetender-signing-keys cannot be read"
    )]
    Stale,
}

impl Signer {
    /// This is the key that signs, until then if nothing newer is read.
    pub(crate) fn know(&self, key: SigningKey, until: Time) {
        let known = Known {
            key: Arc::new(key),
            until,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// The token for a request to a pod, made now; `told` is the same moment by the system's clock, by which it is judged.
    ///
    /// # Errors
    /// When there is no key that the pods can be expected to know.
    pub(crate) fn sign<T>(
        &self,
        pod: &str,
        request: &Request<T>,
        now: Time,
        told: Time,
    ) -> Result<HeaderValue, Unsigned> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.clone().ok_or(Unsigned::NoKey)?;
        if now > known.until {
            return Err(Unsigned::Stale);
        }
        let path = request.uri().path();
        let claims = Claims::new(pod, request.method().clone(), path, told);
        Ok(known.key.sign(&claims))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use scaler_token::PublicKeys;

    use super::*;

    const NOW: Time = Time::from_millis(1_000);

    #[test]
    fn a_request_is_signed_for_its_pod_its_method_and_its_path_by_the_clock_of_the_system() {
        let key = SigningKey::from_seed(&[1; 32]);
        let keys = PublicKeys::from_iter([key.public()]);
        let signer = Signer::default();
        signer.know(key, NOW);
        let request = bridge::request::drain("10.1.2.3:8090");
        let told = NOW + Duration::from_hours(1);
        let token = signer.sign("uid", &request, NOW, told).unwrap();
        let path = bridge::request::path::DRAIN_ENABLE;
        let claims = keys.verify(Some(&token), "uid", &Method::POST, path, told);
        assert_eq!(claims.unwrap().issued, told);
    }

    #[test]
    fn nothing_is_signed_without_a_key_or_with_one_of_long_ago() {
        let signer = Signer::default();
        let request = bridge::request::drain("10.1.2.3:8090");
        let sign = |now| signer.sign("uid", &request, now, now).err();
        assert_eq!(sign(NOW), Some(Unsigned::NoKey));
        signer.know(SigningKey::from_seed(&[1; 32]), NOW);
        assert_eq!(sign(NOW), None);
        assert_eq!(sign(NOW + Duration::from_millis(1)), Some(Unsigned::Stale));
    }
}
