//! What bridges and jicofo are told: the one place where a bridge's state is changed from outside.
//!
//! A bridge is only ever told something on its own pod's address. One behind a sidecar is told by a token besides, which is made
//! when the request leaves: it is good for that pod and that request alone, and not for long. What a sidecar does not take is
//! decided about anew, like all that was refused.

use std::net::SocketAddr;

use http::Request;
use http::header::AUTHORIZATION;
use reach::{Failure, Probe, send};
use scaler_policy::world::Uid;
use scaler_policy::{Call, Outcome, heard};
use tracing::warn;

use super::Transport;
use crate::jicofo;

/// What a bridge answers to a command is a word or two.
const CAP: usize = 64 * 1024;

impl Transport {
    /// Tells a bridge or jicofo.
    pub(super) async fn tell(&self, call: &Call) -> Outcome {
        let jicofo = self.jicofo.as_deref().unwrap_or_default();
        let Some(mut request) = call.http(jicofo) else {
            return Outcome::Refused("this is nothing for a bridge or jicofo".to_owned());
        };
        let cap = match call {
            Call::Bridge {
                uid,
                authority,
                signed,
                ..
            } => {
                let ready = match self.check(authority) {
                    Ok(()) if *signed => self.sign(uid, &mut request),
                    Ok(()) => Ok(()),
                    Err(failure) => Err(failure.to_string()),
                };
                if let Err(why) = ready {
                    return Outcome::Refused(why);
                }
                CAP
            }
            _ => jicofo::CAP,
        };
        match send(request, cap, self.deadline).await {
            Ok((status, body)) => {
                let outcome = heard(call, Some((status, &body)));
                if let Outcome::Refused(why) = &outcome {
                    warn!(?call, "refused: {why}");
                }
                outcome
            }
            Err(failure) => {
                warn!(?call, "not heard: {failure}");
                heard(call, None)
            }
        }
    }

    /// Puts a token upon a request to this pod, or says why there is none.
    fn sign(&self, pod: &Uid, request: &mut Request<Vec<u8>>) -> Result<(), String> {
        let clock = &self.shared.clock;
        let now = clock.now();
        let told = clock.correction().of(now);
        let token = self.signer.sign(&pod.0, request, now, told);
        let token = token.map_err(|unsigned| unsigned.to_string())?;
        request.headers_mut().insert(AUTHORIZATION, token);
        Ok(())
    }

    /// Whether it is a pod's own address.
    fn check(&self, authority: &str) -> Result<(), Failure> {
        let address: SocketAddr = authority.parse().map_err(|_| Failure::NotHttp)?;
        Probe::new(address, self.loopback).check_address()
    }
}

#[cfg(test)]
mod tests;
