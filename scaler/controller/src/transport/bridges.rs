//! What bridges and jicofo are told: the one place where a bridge's state is changed from outside.
//!
//! A bridge is only ever told something on its own pod's address.

use std::net::SocketAddr;

use reach::{Failure, Probe, send};
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
        let Some(request) = call.http(jicofo) else {
            return Outcome::Refused("this is nothing for a bridge or jicofo".to_owned());
        };
        let cap = match call {
            Call::Bridge { authority, .. } => {
                if let Err(failure) = self.check(authority) {
                    return Outcome::Refused(failure.to_string());
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

    /// Whether it is a pod's own address.
    fn check(&self, authority: &str) -> Result<(), Failure> {
        let address: SocketAddr = authority.parse().map_err(|_| Failure::NotHttp)?;
        Probe::new(address, self.loopback).check_address()
    }
}
