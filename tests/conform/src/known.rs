//! What is known of a bridge and a jicofo while they are asked: what they are called, how they are configured, in which state they
//! are. Pure: it is told what was answered and what was done.

use std::collections::BTreeMap;

use crate::step::Command;

/// What the servers and things are called in requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// The bridge's address with its port.
    pub bridge: String,
    /// jicofo's address with its port.
    pub jicofo: String,
    /// The bridge's address in the brewery, whose last part is its nickname, where it is known.
    pub member: Option<String>,
    /// A room that nobody is in.
    pub room: String,
    /// Another one.
    pub elsewhere: String,
    /// A bridge that does not exist.
    pub stranger: String,
    /// An endpoint that does not exist.
    pub endpoint: String,
    /// The version of bridges that a pin names.
    pub version: String,
}

impl Names {
    /// Names for these two servers that nobody else uses.
    pub fn new(bridge: &str, jicofo: &str) -> Self {
        let text = str::to_owned;
        Self {
            bridge: text(bridge),
            jicofo: text(jicofo),
            member: None,
            room: text("bridgetender-conform@conference.invalid"),
            elsewhere: text("bridgetender-conform-nowhere@conference.invalid"),
            stranger: text("bridgetender-conform-nobody"),
            endpoint: text("c0f0c0f0"),
            version: text("bridgetender-conform"),
        }
    }

    /// The bridge's address in the brewery, or that of nobody.
    pub fn member(&self) -> &str {
        self.member.as_deref().unwrap_or(&self.stranger)
    }

    /// The bridge's nickname in the brewery, or that of nobody.
    pub fn nick(&self) -> &str {
        bridge::jicofo::reply::nick(self.member())
    }
}

/// What is known. What nobody has told is `None`, and nothing is compared with it.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the switches of the real thing, each independent of the others"
)]
pub struct Known {
    /// What everything is called.
    pub names: Names,
    /// `/colibri/stats` is there.
    pub colibri_rest: bool,
    /// `/colibri/shutdown` is there.
    pub shutdown_rest: bool,
    /// The bridge's own health check finds it well.
    pub healthy: bool,
    /// The bridge drains.
    pub draining: Option<bool>,
    /// The bridge was told to shut down.
    pub leaving: bool,
    /// Nobody answers on the bridge's address any more.
    pub gone: bool,
    /// The bridge says that it shuts down gracefully.
    pub graceful: Option<bool>,
    /// The bridge says that it is in SHUTTING_DOWN.
    pub shutting_down: Option<bool>,
    /// How many people are on the bridge.
    pub people: Option<u64>,
    /// jicofo's health can be asked for.
    pub jicofo_health: bool,
    /// How many bridges jicofo knows.
    pub bridges: Option<u64>,
    /// The suite's room is pinned.
    pub pinned: bool,
    /// Numbers that were noted, by name.
    pub noted: BTreeMap<&'static str, f64>,
}

impl Known {
    /// Before anything was told: everything is switched on, and the rest unknown.
    pub fn new(names: Names) -> Self {
        Self {
            names,
            colibri_rest: true,
            shutdown_rest: true,
            healthy: true,
            draining: None,
            leaving: false,
            gone: false,
            graceful: None,
            shutting_down: None,
            people: None,
            jicofo_health: true,
            bridges: None,
            pinned: false,
            noted: BTreeMap::new(),
        }
    }

    /// A number was told under this name.
    pub fn note(&mut self, name: &'static str, number: f64) {
        if name == "people" {
            self.people = Some(number as u64);
        }
        self.noted.insert(name, number);
    }

    /// A request was obeyed.
    pub fn obeyed(&mut self, command: Command) {
        match command {
            Command::Drain(on) => self.draining = Some(on),
            Command::Pin(set) => self.pinned = set,
            Command::Shutdown(graceful) => {
                self.leaving = true;
                if graceful {
                    self.graceful = Some(true);
                    // An idle bridge shuts down at once, one with people on it when the last has left.
                    let idle = self.people.map(|people| people == 0);
                    self.shutting_down = idle
                        .filter(|idle| *idle)
                        .or(self.shutting_down.filter(|down| *down));
                } else {
                    self.shutting_down = Some(true);
                }
            }
        }
    }
}
