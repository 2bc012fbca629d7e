//! What is learned of a bridge and a jicofo before the suite is asked: which switches are on, in which state they are, and which of
//! jicofo's bridges it is. Pure: requests go out, replies come in.

use std::collections::{BTreeMap, BTreeSet};

use bridge::jicofo::{reply as jicofo, request as to_jicofo};
use bridge::source::Source;
use bridge::{reply, request};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::known::Known;
use crate::step::Server;
use crate::suite::get;

/// One thing that is asked at the beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Look {
    /// The bridge's state.
    Metrics,
    /// Whether the bridge drains, where its metrics do not tell.
    Drain,
    /// Whether `/colibri/stats` is there, and the bridge's relay id, by which jicofo knows it.
    Stats,
    /// Whether `/colibri/shutdown` is there.
    Shutdown,
    /// Whether the bridge is healthy.
    Health,
    /// The bridge's version.
    Version,
    /// Whether jicofo tells its health.
    JicofoHealth,
    /// jicofo's version.
    JicofoVersion,
    /// Which bridges jicofo knows.
    Debug,
}

/// What is asked of each server, in this order.
pub fn looks(server: Server) -> &'static [Look] {
    match server {
        Server::Bridge => &[
            Look::Metrics,
            Look::Drain,
            Look::Stats,
            Look::Shutdown,
            Look::Health,
            Look::Version,
        ],
        Server::Jicofo => &[Look::JicofoHealth, Look::JicofoVersion, Look::Debug],
    }
}

/// What was learned for people to read; what is known of it besides is in [`Known`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Survey {
    /// Who answered anything.
    pub reached: BTreeSet<Server>,
    /// The bridge's program and version.
    pub bridge: Option<String>,
    /// jicofo's.
    pub jicofo: Option<String>,
    /// The name under which other bridges relay to the bridge.
    relay_id: Option<String>,
}

impl Look {
    /// Its request. All of them are questions.
    pub fn request(self, known: &Known) -> Request<Vec<u8>> {
        let (bridge, jicofo) = (&known.names.bridge, &known.names.jicofo);
        match self {
            Self::Metrics => request::stats(Source::MetricsJson, bridge),
            Self::Drain => request::drain_state(bridge),
            Self::Stats => request::stats(Source::ColibriStats, bridge),
            Self::Shutdown => get(bridge, request::path::SHUTDOWN),
            Self::Health => request::health(bridge),
            Self::Version => request::version(bridge),
            Self::JicofoHealth => to_jicofo::health(jicofo),
            Self::JicofoVersion => to_jicofo::version(jicofo),
            Self::Debug => to_jicofo::debug(jicofo),
        }
    }

    /// Learns from its reply. `nick` is the bridge's nickname in the brewery, if somebody said it.
    pub fn learn(
        self,
        reply: &Response<Bytes>,
        nick: Option<&str>,
        known: &mut Known,
        survey: &mut Survey,
    ) {
        let (status, body) = (reply.status(), reply.body());
        let version = |version: reply::Version| format!("{} {}", version.name, version.version);
        match self {
            Self::Metrics => learn_state(reply, known),
            Self::Drain => {
                known.draining = known.draining.or(reply::drain_state(status, body).ok());
            }
            Self::Stats => {
                known.colibri_rest = status != StatusCode::NOT_FOUND;
                let read = reply::stats(Source::ColibriStats, status, reply.headers(), body, &[]);
                survey.relay_id = read.ok().and_then(|stats| stats.relay_id);
            }
            Self::Shutdown => known.shutdown_rest = status != StatusCode::NOT_FOUND,
            Self::Health => {
                known.healthy =
                    !matches!(reply::health(status, body), Ok(reply::Health::Unhealthy(_)));
            }
            Self::Version => survey.bridge = reply::version(status, body).ok().map(version),
            Self::JicofoHealth => known.jicofo_health = status != StatusCode::NOT_FOUND,
            Self::JicofoVersion => survey.jicofo = jicofo::version(status, body).ok().map(version),
            Self::Debug => {
                if let Ok(bridges) = jicofo::debug(status, body) {
                    known.bridges = Some(bridges.len() as u64);
                    known.names.member = member(&bridges, nick, survey.relay_id.as_deref());
                }
            }
        }
    }
}

fn learn_state(reply: &Response<Bytes>, known: &mut Known) {
    // Its own words and not the product's reading of them: a stress that is nonsense shall not hide the rest.
    let Ok(said) = serde_json::from_slice::<serde_json::Value>(reply.body()) else {
        return;
    };
    let flag = |name: &str| said.get(name).and_then(serde_json::Value::as_bool);
    known.draining = flag("drain_mode");
    known.graceful = flag("graceful_shutdown");
    known.shutting_down = flag("shutting_down");
    known.leaving = known.graceful == Some(true) || known.shutting_down == Some(true);
    known.people = said
        .get("local_endpoints")
        .and_then(serde_json::Value::as_u64);
}

/// Which of jicofo's bridges it is: the one that was named, that with its relay id, or the only one.
fn member(
    bridges: &BTreeMap<String, jicofo::Bridge>,
    nick: Option<&str>,
    relay_id: Option<&str>,
) -> Option<String> {
    let one = |mut those: Vec<&String>| {
        if those.len() == 1 {
            those.pop().cloned()
        } else {
            None
        }
    };
    if let Some(nick) = nick {
        let named = |address: &&String| jicofo::nick(address) == nick || address.as_str() == nick;
        return one(bridges.keys().filter(named).collect());
    }
    let relays = bridges
        .iter()
        .filter(|(_, bridge)| relay_id.is_some() && bridge.relay_id.as_deref() == relay_id);
    one(relays.map(|(address, _)| address).collect()).or_else(|| one(bridges.keys().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridges(of: &[(&str, Option<&str>)]) -> BTreeMap<String, jicofo::Bridge> {
        let bridge = |relay_id: Option<&str>| jicofo::Bridge {
            relay_id: relay_id.map(str::to_owned),
            ..jicofo::Bridge::default()
        };
        of.iter()
            .map(|(nick, relay_id)| (format!("brewery@muc/{nick}"), bridge(*relay_id)))
            .collect()
    }

    #[test]
    fn the_only_bridge_of_a_jicofo_is_the_one_that_is_asked() {
        let found = member(&bridges(&[("a", None)]), None, None);
        assert_eq!(found.as_deref(), Some("brewery@muc/a"));
    }

    #[test]
    fn of_several_the_relay_id_tells_which_it_is_and_without_one_nobody_guesses() {
        let several = bridges(&[("a", Some("one")), ("b", Some("two"))]);
        assert_eq!(
            member(&several, None, Some("two")).as_deref(),
            Some("brewery@muc/b")
        );
        assert_eq!(member(&several, None, Some("three")), None);
        assert_eq!(member(&several, None, None), None);
        let twins = bridges(&[("a", Some("one")), ("b", Some("one"))]);
        assert_eq!(member(&twins, None, Some("one")), None);
    }

    #[test]
    fn whoever_is_named_is_meant_and_nobody_else() {
        let several = bridges(&[("a", Some("one")), ("b", Some("two"))]);
        assert_eq!(
            member(&several, Some("a"), Some("two")).as_deref(),
            Some("brewery@muc/a")
        );
        assert_eq!(member(&several, Some("c"), Some("two")), None);
    }
}
