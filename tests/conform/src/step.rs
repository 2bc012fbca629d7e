//! A step of the suite: one request, what is expected of its reply, and what it changes.

use http::Request;

use crate::expect::Expected;
use crate::known::{Known, Names};

/// Whom a step asks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Server {
    /// A videobridge's private HTTP.
    Bridge,
    /// A jicofo's HTTP.
    Jicofo,
}

impl Server {
    /// Both, in the order in which they are told of.
    pub const ALL: [Self; 2] = [Self::Bridge, Self::Jicofo];

    /// What it is called in a sentence.
    pub const fn called(self) -> &'static str {
        match self {
            Self::Bridge => "the bridge",
            Self::Jicofo => "jicofo",
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Jicofo => "jicofo",
        }
    }
}

/// What a step changes about whom it asks, also where the reply is not the expected one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// This, which is put back at the end.
    Changes(&'static str),
    /// The bridge leaves for good, or would where it takes what a real one refuses.
    Ends(&'static str),
}

impl Effect {
    /// What it changes in words, if anything.
    pub const fn changes(self) -> Option<&'static str> {
        match self {
            Self::Reads => None,
            Self::Changes(what) | Self::Ends(what) => Some(what),
        }
    }
}

/// What a request does when it is obeyed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    /// Drain mode, on or off.
    Drain(bool),
    /// A shutdown, gracefully or not.
    Shutdown(bool),
    /// A pin, set or removed.
    Pin(bool),
}

/// What must be so for a step to be asked: a real Jitsi is configured as its operator likes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Given {
    /// `/colibri/stats` is switched on, or off.
    ColibriRest(bool),
    /// `/colibri/shutdown` is switched on, or off.
    ShutdownRest(bool),
    /// The bridge's own health check finds it well, or not.
    Healthy(bool),
    /// Whether the bridge drained at the beginning is known, and can be put back.
    DrainKnown,
    /// Nobody is on the bridge.
    Idle,
    /// The bridge has been told to shut down, or has not.
    Leaving(bool),
    /// The bridge has been seen to be gone.
    Gone,
    /// jicofo's health checks are switched on, or off.
    JicofoHealth(bool),
    /// jicofo knows bridges, or none.
    Bridges(bool),
    /// Which of jicofo's bridges is the one that is asked is known, and it has not gone.
    ThisBridge,
}

impl Given {
    /// Whether it is so.
    pub fn holds(self, known: &Known) -> bool {
        match self {
            Self::ColibriRest(on) => known.colibri_rest == on,
            Self::ShutdownRest(on) => known.shutdown_rest == on,
            Self::Healthy(good) => known.healthy == good,
            Self::DrainKnown => known.draining.is_some(),
            Self::Idle => known.people == Some(0),
            Self::Leaving(leaving) => known.leaving == leaving,
            Self::Gone => known.gone,
            Self::JicofoHealth(on) => known.jicofo_health == on,
            Self::Bridges(some) => known.bridges.is_none_or(|count| (count > 0) == some),
            Self::ThisBridge => known.names.member.is_some() && !known.gone,
        }
    }

    /// Why a step is left out for which this is not so.
    pub const fn otherwise(self) -> &'static str {
        match self {
            Self::ColibriRest(true) => "colibri REST is off (COLIBRI_REST_ENABLED)",
            Self::ColibriRest(false) => "colibri REST is on",
            Self::ShutdownRest(true) => "shutdown by REST is off (SHUTDOWN_REST_ENABLED)",
            Self::ShutdownRest(false) => "shutdown by REST is on",
            Self::Healthy(true) => "the bridge is not healthy",
            Self::Healthy(false) => "the bridge is healthy",
            Self::DrainKnown => {
                "whether the bridge drains is not known, so it could not be put back"
            }
            Self::Idle => "people are on the bridge, or it is not known that nobody is",
            Self::Leaving(true) => "the bridge was not told to shut down",
            Self::Leaving(false) => "the bridge was told to shut down",
            Self::Gone => "the bridge has not gone, or not been seen to",
            Self::JicofoHealth(true) => {
                "jicofo's health checks are off (JICOFO_ENABLE_HEALTH_CHECKS)"
            }
            Self::JicofoHealth(false) => "jicofo's health checks are on",
            Self::Bridges(true) => "jicofo knows no bridge",
            Self::Bridges(false) => "jicofo knows a bridge",
            Self::ThisBridge => "which of jicofo's bridges is asked is not known: --nick names it",
        }
    }
}

/// For how long a step is asked again until its reply is the expected one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Wait {
    /// It is asked once.
    #[default]
    Never,
    /// What a bridge tells becomes known to jicofo with its next presence, 5 s at most, and stress is sampled every 10 s.
    Presence,
    /// A bridge in SHUTTING_DOWN leaves after a minute.
    Exit,
}

/// On which connection a step is asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Connection {
    /// On one of its own.
    #[default]
    Own,
    /// On one of its own, which stays open.
    Kept,
    /// On the one that was kept.
    Again,
}

/// One request, and what is expected of its reply.
#[derive(Clone, Debug)]
pub struct Step {
    /// By which it is known; unique.
    pub name: &'static str,
    /// What a real one does, as a statement.
    pub says: &'static str,
    /// From where that is known: a folder of `bridge/tests/recorded`, or a source file.
    pub known_from: &'static str,
    /// Whom it asks.
    pub server: Server,
    /// What it changes.
    pub effect: Effect,
    /// What must be so for it to be asked.
    pub given: Vec<Given>,
    /// The request.
    pub request: fn(&Names) -> Request<Vec<u8>>,
    /// What it does when it is obeyed.
    pub command: Option<Command>,
    /// What is expected.
    pub expected: Expected,
    /// Numbers that later steps compare with: under which name, and where they are in the body.
    pub notes: Vec<(&'static str, &'static str)>,
    /// For how long it is asked again.
    pub wait: Wait,
    /// The step whose numbers are noted anew each time before this one is asked.
    pub beside: Option<&'static str>,
    /// On which connection.
    pub connection: Connection,
}

impl Step {
    fn new(
        server: Server,
        [name, says, known_from]: [&'static str; 3],
        request: fn(&Names) -> Request<Vec<u8>>,
        expected: Expected,
    ) -> Self {
        Self {
            name,
            says,
            known_from,
            server,
            effect: Effect::Reads,
            given: Vec::new(),
            request,
            command: None,
            expected,
            notes: Vec::new(),
            wait: Wait::Never,
            beside: None,
            connection: Connection::Own,
        }
    }

    /// A step that asks a bridge: its name, what it says, from where that is known.
    pub(crate) fn bridge(
        texts: [&'static str; 3],
        request: fn(&Names) -> Request<Vec<u8>>,
        expected: Expected,
    ) -> Self {
        Self::new(Server::Bridge, texts, request, expected)
    }

    /// A step that asks a jicofo.
    pub(crate) fn jicofo(
        texts: [&'static str; 3],
        request: fn(&Names) -> Request<Vec<u8>>,
        expected: Expected,
    ) -> Self {
        Self::new(Server::Jicofo, texts, request, expected)
    }

    pub(crate) fn given(mut self, given: Given) -> Self {
        self.given.push(given);
        self
    }

    pub(crate) fn changes(mut self, what: &'static str) -> Self {
        self.effect = Effect::Changes(what);
        self
    }

    pub(crate) fn ends(mut self, what: &'static str) -> Self {
        self.effect = Effect::Ends(what);
        self
    }

    pub(crate) fn commands(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    pub(crate) fn notes(mut self, name: &'static str, path: &'static str) -> Self {
        self.notes.push((name, path));
        self
    }

    pub(crate) fn waits(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }

    pub(crate) fn beside(mut self, name: &'static str) -> Self {
        self.beside = Some(name);
        self
    }

    pub(crate) fn on(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }
}
