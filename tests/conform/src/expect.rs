//! What is expected of a reply.

use bridge::source::Source;

/// What is expected of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A reply.
    Reply(Reply),
    /// That nobody answers any more.
    Nobody,
}

/// What is expected of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Of its headers; others may be there.
    pub headers: Vec<Header>,
    /// Of its body.
    pub body: Body,
}

/// What is expected of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Header {
    /// The content type, whatever its parameters.
    Type(&'static str),
    /// The parameter `version` of the content type.
    Version(&'static str),
    /// The methods of `Allow`, in any order.
    Allow(&'static [&'static str]),
    /// The path of `Location`, whatever the address before it.
    Location(&'static str),
}

/// What is expected of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    Any,
    /// That there is none.
    Empty,
    /// This text.
    Is(&'static str),
    /// A text with this in it.
    Has(&'static str),
    /// A reason in plain text, whatever the content type says.
    Reason,
    /// A page for a browser that names the status.
    Page,
    /// A JSON object with these fields; others may be there.
    Json(Vec<Field>),
    /// A JSON object that is told as statistics and can be read as such, with these fields.
    Statistics(Source, Vec<Field>),
    /// A JSON list of objects or texts.
    List,
    /// A JSON list that has the room of the suite among its conferences, or has it not.
    Pins,
    /// Metrics as text, with these names.
    Exposition(Exposition),
}

/// What is expected of metrics as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposition {
    /// Whether it is OpenMetrics, which ends with `# EOF`.
    pub open_metrics: bool,
    /// Whether a bridge's statistics can be read from it.
    pub readable: bool,
    /// Names of metrics each of which has a sample.
    pub names: &'static [&'static str],
}

/// A field of a JSON object: a JSON pointer, in which `{bridge}` stands for the bridge's address in the brewery.
pub type Field = (&'static str, Want);

/// What is expected of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Want {
    /// `true` or `false`.
    Flag,
    /// Exactly this flag.
    Is(bool),
    /// Exactly this text.
    Says(&'static str),
    /// Any text but an empty one.
    Text,
    /// An object.
    Object,
    /// A whole number from 0 up.
    Count,
    /// Exactly this whole number.
    Exactly(u64),
    /// A stress: a number from 0 up.
    Stress,
    /// Milliseconds since 1970 that can be true.
    Moment,
    /// Whether the bridge drains, as far as is known.
    Draining,
    /// Whether the bridge shuts down gracefully, as far as is known.
    Graceful,
    /// Whether the bridge is in SHUTTING_DOWN, as far as is known.
    ShuttingDown,
    /// More than the number that was noted under this name.
    Above(&'static str),
    /// The number that was noted under this name.
    Noted(&'static str),
    /// That there is no such field.
    Absent,
}

/// A reply with this status and any body.
pub(crate) fn status(status: u16) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: Body::Any,
    }
}

/// 200 with JSON in which these fields are.
pub(crate) fn json(fields: Vec<Field>) -> Expected {
    let reply = status(200).header(Header::Type("application/json"));
    reply.body(Body::Json(fields))
}

/// 200 with nothing.
pub(crate) fn nothing() -> Expected {
    status(200).body(Body::Empty)
}

/// A status with a page for a browser, as the bridge's Jetty makes it.
pub(crate) fn page(code: u16) -> Expected {
    let reply = status(code).header(Header::Type("text/html"));
    reply.body(Body::Page)
}

/// A status with exactly this in plain text, as jicofo's Ktor makes it.
pub(crate) fn plain(code: u16, text: &'static str) -> Expected {
    let reply = status(code).header(Header::Type("text/plain"));
    reply.body(Body::Is(text))
}

impl Reply {
    pub(crate) fn header(mut self, header: Header) -> Self {
        self.headers.push(header);
        self
    }

    pub(crate) fn body(mut self, body: Body) -> Expected {
        self.body = body;
        Expected::Reply(self)
    }
}
