//! Jicofo's pins: a conference that may only be put on bridges of one version, for a while.

use std::time::Duration;

use serde_json::Value;

use super::Jitsi;
use super::java::{Json, timestamp};
use super::jicofo::Pin;
use super::jicofo_http::pinned;
use super::page::Reply;
use super::query::{Refusal, jid};

const CLASS: &str =
    "Failed to convert request body to class org.jitsi.jicofo.ktor.Application$pin$";

impl Jitsi {
    /// `POST /pin`.
    pub(super) fn pin(&mut self, body: &[u8]) -> Reply {
        pinned(self.set_pin(body))
    }

    /// `POST /pin/remove`: a conference that is not pinned is no error, and what is an error has another status than with `/pin`.
    pub(super) fn unpin(&mut self, body: &[u8]) -> Reply {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        pinned(match json["conferenceId"].as_str() {
            None => Err(Refusal::Unhandled(format!("{CLASS}UnpinJson"))),
            Some(conference) => self.remove_pin(conference),
        })
    }

    /// `GET /pin`.
    pub(super) fn pins(&self) -> Json {
        let pins = self.jicofo.iter().flat_map(|jicofo| &jicofo.pins);
        let running = pins.filter(|(_, pin)| pin.until > self.now);
        Json::Array(
            running
                .map(|(conference, pin)| {
                    let until = timestamp(pin.until.as_millis());
                    let until = until
                        .split('.')
                        .next()
                        .unwrap_or_default()
                        .replace(' ', "T");
                    Json::object([
                        ("conferenceId", Json::from(conference.as_ref())),
                        ("jvbVersion", pin.version.as_str().into()),
                        ("expiresAt", format!("{until}Z").as_str().into()),
                    ])
                })
                .collect(),
        )
    }

    fn set_pin(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let unreadable = || Refusal::BadRequest(format!("{CLASS}PinJson"));
        let json: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
        let conference = json["conferenceId"].as_str().ok_or_else(unreadable)?;
        let version = json["jvbVersion"]
            .as_str()
            .ok_or_else(unreadable)?
            .to_owned();
        let minutes = json["durationMinutes"].as_i64().ok_or_else(unreadable)?;
        let conference = jid(conference).ok_or_else(invalid)?;
        let minutes = u64::try_from(minutes).unwrap_or(0);
        let until = self.now + Duration::from_secs(minutes.saturating_mul(60));
        if let Some(jicofo) = &mut self.jicofo {
            jicofo
                .pins
                .insert(conference.into(), Pin { version, until });
        }
        Ok(())
    }

    fn remove_pin(&mut self, conference: &str) -> Result<(), Refusal> {
        let conference = jid(conference).ok_or_else(invalid)?;
        if let Some(jicofo) = &mut self.jicofo {
            jicofo.pins.remove(conference.as_str());
        }
        Ok(())
    }
}

fn invalid() -> Refusal {
    Refusal::BadRequest("Invalid conference ID".to_owned())
}
