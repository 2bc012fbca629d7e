//! Where it is written to.

use std::io::{IsTerminal as _, Write as _};

use jiff::tz::TimeZone;

use crate::show::Pen;
use crate::trouble::Trouble;

/// How to write to standard output.
pub(crate) fn pen() -> Pen {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let width = terminal_size::terminal_size()
        .filter(|_| terminal)
        .map(|(width, _)| width.0.into());
    Pen::new(width, terminal && !plain && !dumb, TimeZone::system())
}

/// Writes to standard output. Whether somebody is left to read it.
pub(crate) fn print(text: &str) -> bool {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}

/// Tells what is in the way, and what to do next.
pub(crate) fn complain(trouble: &Trouble) {
    let hint = trouble.hint().replace('\n', "\n      ");
    eprintln!("error: {trouble}\nhint: {hint}");
}
