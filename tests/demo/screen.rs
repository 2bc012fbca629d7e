//! Where people read: a terminal whose last line is rewritten in place, or plain lines.

use std::io::{self, IsTerminal, Write};

/// What a line may be wide where the output is no terminal.
const PLAIN_WIDTH: usize = 100;
/// What a terminal is wide that does not say.
const USUAL_WIDTH: usize = 120;

/// The standard output. Everything fails with the error of writing, so that a closed pipe ends the demo.
pub(crate) struct Screen {
    live: bool,
}

impl Screen {
    /// The screen of this process; `plain` where even a terminal gets plain lines.
    pub(crate) fn new(plain: bool) -> Self {
        let live = !plain && io::stdout().is_terminal();
        Self { live }
    }

    /// How wide a line may be, in columns: at this moment, as people pull at their windows.
    pub(crate) fn width(&self) -> usize {
        if !self.live {
            return PLAIN_WIDTH;
        }
        terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0))
    }

    /// Sentences, which a terminal gets in lines that end at a word.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        if self.live {
            self.line(&textwrap::fill(text, self.width()))
        } else {
            self.line(text)
        }
    }

    /// Lines that stay, as they are.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.live {
            write!(out, "\r\x1b[2K")?;
        }
        writeln!(out, "{text}")
    }

    /// A line that the next one replaces; nothing where there is no terminal.
    pub(crate) fn flash(&self, text: &str) -> io::Result<()> {
        if !self.live {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write!(out, "\r\x1b[2K{text}")?;
        out.flush()
    }
}
