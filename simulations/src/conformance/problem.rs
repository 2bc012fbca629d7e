//! What keeps a file from being replayed, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use hpa::replay::EpisodeError;

const FORM: &str =
    "simulations/hpa/tests/recorded/README.md tells the form of a recording, field by field";
const AGAIN: &str = "copy or record the file again: it is damaged";

/// A file, or the rest of it, that could not be replayed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    place: String,
    what: String,
    hint: &'static str,
}

fn place(file: &Path, line: usize) -> String {
    format!("{}:{line}", file.display())
}

impl Problem {
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self {
            place: file.display().to_string(),
            what: error.to_string(),
            hint: match error.kind() {
                io::ErrorKind::NotFound => "check the name: paths are taken from where you are",
                io::ErrorKind::IsADirectory => "name the files in it",
                _ => "check that it is a file which you may read",
            },
        }
    }

    pub(super) fn gzip(file: &Path, line: usize, error: &io::Error) -> Self {
        let cut = error.kind() == io::ErrorKind::UnexpectedEof;
        Self {
            place: place(file, line),
            what: if cut {
                "the gzip data end too early".to_owned()
            } else {
                format!("the gzip data are damaged: {error}")
            },
            hint: if cut {
                "copy or record the file again: it was cut off"
            } else {
                AGAIN
            },
        }
    }

    pub(super) fn long(file: &Path, line: usize) -> Self {
        Self {
            place: place(file, line),
            what: "the line is longer than 64 MiB".to_owned(),
            hint: "a recording has one episode in a line: write longer ones as several",
        }
    }

    pub(super) fn nothing(file: &Path) -> Self {
        Self {
            place: file.display().to_string(),
            what: "there is no episode in it, and nothing was replayed".to_owned(),
            hint: AGAIN,
        }
    }

    /// A line that begins with such a byte is no episode. `more` is whether other lines follow.
    pub(super) fn json(
        file: &Path,
        line: usize,
        error: &serde_json::Error,
        begins: Option<u8>,
        more: bool,
    ) -> Self {
        if begins == Some(b'[') {
            return Self {
                place: place(file, line),
                what: "this is a list, and an episode is an object".to_owned(),
                hint: "write one episode in a line, as `jq -c '.[]'` does with a list",
            };
        }
        if error.is_eof() && more {
            return Self {
                place: place(file, line),
                what: "the line ends in the middle of an episode, and others follow".to_owned(),
                hint: "write one episode in a line, as `jq -c .` does",
            };
        }
        // A line is its own document: the line that the error tells is always the first.
        let told = error.to_string();
        let what = told
            .split(" at line ")
            .next()
            .unwrap_or(&told)
            .replace('\n', " ");
        let column = error.column();
        Self {
            place: format!("{}:{column}", place(file, line)),
            what: if error.is_eof() {
                "the line ends in the middle of an episode".to_owned()
            } else {
                format!("this is no episode: {what}")
            },
            hint: if error.is_eof() {
                "copy or record the file again: it was cut off"
            } else {
                FORM
            },
        }
    }

    pub(super) fn episode(file: &Path, line: usize, error: &EpisodeError) -> Self {
        Self {
            place: place(file, line),
            what: error.to_string(),
            hint: match error {
                EpisodeError::NoVersion | EpisodeError::Version(_) => {
                    "say with --class whose decisions they are, such as --class 1.36"
                }
                EpisodeError::Empty
                | EpisodeError::Condition(_)
                | EpisodeError::Policy { .. }
                | EpisodeError::Step { .. } => FORM,
            },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, hint } = self;
        writeln!(f, "error: {place}: {what}\nhint: {hint}")
    }
}
