//! What happened, line by line: as text where somebody wants to read it, and always as a number to compare.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use bridge::Time;

/// The lines of a run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: u64,
    hasher: DefaultHasher,
    text: Option<String>,
    line: String,
}

impl Trace {
    /// A trace that keeps its text, or not.
    pub fn new(keep: bool) -> Self {
        Self {
            text: keep.then(String::new),
            ..Self::default()
        }
    }

    /// One line.
    pub fn tell(&mut self, at: Time, what: fmt::Arguments<'_>) {
        use fmt::Write as _;

        self.line.clear();
        // Writing to a text does not fail.
        let _ = writeln!(self.line, "{at} {what}");
        self.lines += 1;
        self.hasher.write(self.line.as_bytes());
        if let Some(text) = &mut self.text {
            text.push_str(&self.line);
        }
    }

    /// How many lines, and a number that depends on each byte of them.
    pub fn fingerprint(&self) -> (u64, u64) {
        (self.lines, self.hasher.finish())
    }

    /// The text, if it was kept.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}
