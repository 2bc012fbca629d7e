//! Which drain mode the bridge is to have: the newest word about it counts.
//!
//! Two tell: the controller's signed commands, at once, and the pod's annotation, which the kubelet brings within about a minute
//! and which is there after everybody was started anew. Both carry the moment at which the controller said it, by its clock, so
//! that our own is not asked.

#[cfg(test)]
mod tests;

use bridge::Time;
use scaler_api::annotations::{INTENT, INTENT_SINCE};
use scaler_api::key::{Key, Malformed, Value};
use scaler_api::state::Intent;
use serde::{Deserialize, Serialize};

/// Whether jicofo may give the bridge new conferences.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It may.
    Undrained,
    /// It gives them to others while there are others.
    Drained,
}

impl From<Intent> for Mode {
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::Active => Self::Undrained,
            Intent::Warm | Intent::Drain | Intent::Expel | Intent::Remove => Self::Drained,
        }
    }
}

impl Mode {
    /// Whether the bridge's own flag is to be set.
    pub const fn is_drained(self) -> bool {
        matches!(self, Self::Drained)
    }
}

/// Somebody's word about the mode.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Word {
    /// Which mode.
    pub mode: Mode,
    /// When the controller said it, by its clock, in milliseconds since 1970.
    pub issued: Time,
}

/// By whose word the bridge has its mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// The last signed command.
    Command,
    /// The pod's annotation.
    Annotation,
    /// The pod ends.
    Termination,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Command, Self::Annotation, Self::Termination];

    /// As a metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Annotation => "annotation",
            Self::Termination => "termination",
        }
    }
}

/// Why a command with a good token is not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Overruled {
    /// Something else was said after it.
    #[error("a newer {} wants the opposite: decide anew, and sign a new token", .by.label())]
    Newer {
        /// Who said it.
        by: By,
    },
    /// The pod ends, and takes no new conferences whatever is said.
    #[error("the pod ends: its bridge drains until it is gone")]
    Ending,
}

/// All that was said about the mode and counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Words {
    command: Option<Word>,
    annotation: Option<Word>,
    ending: bool,
}

impl Words {
    /// What is known at the start: the last command that was written down.
    pub const fn kept(command: Option<Word>) -> Self {
        Self {
            command,
            annotation: None,
            ending: false,
        }
    }

    /// The mode that is wanted, and by whose word; `None` while nobody has said anything, and then the bridge keeps the one it
    /// has.
    pub fn wanted(&self) -> Option<(Mode, By)> {
        if self.ending {
            return Some((Mode::Drained, By::Termination));
        }
        self.newest().map(|(word, by)| (word.mode, by))
    }

    fn newest(&self) -> Option<(Word, By)> {
        let command = self.command.map(|word| (word, By::Command));
        let annotation = self.annotation.map(|word| (word, By::Annotation));
        match (command, annotation) {
            // Of one moment the command is the later: the intent is written before anything is done about it.
            (Some(command), Some(annotation)) if annotation.0.issued > command.0.issued => {
                Some(annotation)
            }
            (Some(command), _) => Some(command),
            (None, annotation) => annotation,
        }
    }

    /// What the annotations say now; `None` where they say nothing or nothing that can be understood: then what they last said
    /// counts.
    pub const fn annotated(&mut self, word: Option<Word>) {
        if word.is_some() {
            self.annotation = word;
        }
    }

    /// A command with a good token was heard. Tells whether it is to be written down; one that only repeats what counts already
    /// is not.
    ///
    /// # Errors
    /// When it is not to be followed: a token that somebody kept and sends again takes nothing back that was said since.
    pub fn commanded(&mut self, word: Word) -> Result<bool, Overruled> {
        if self.ending && !word.mode.is_drained() {
            return Err(Overruled::Ending);
        }
        if let Some((newest, by)) = self.newest()
            && newest.issued > word.issued
            && newest.mode != word.mode
        {
            return Err(Overruled::Newer { by });
        }
        let is_newer = self
            .command
            .is_none_or(|last| last.issued <= word.issued && last != word);
        if is_newer {
            self.command = Some(word);
        }
        Ok(is_newer)
    }

    /// Whether the bridge ends, with its pod or only its container: one that was started anew in a pod that goes on has what was
    /// said.
    pub const fn ends(&mut self, ending: bool) {
        self.ending = ending;
    }
}

/// What the downward API's file of annotations says about the mode: lines of `key="value"`, as Go quotes it; `None` where it says
/// nothing about it.
///
/// # Errors
/// When it says something that cannot be understood.
pub fn annotation(file: &str) -> Result<Option<Word>, Malformed> {
    let intent = understood(file, &INTENT)?;
    let since = understood(file, &INTENT_SINCE)?;
    Ok(intent.map(|intent| Word {
        mode: intent.into(),
        // Of an intent without a moment it is only known that any command is newer.
        issued: since.unwrap_or(Time::from_millis(i64::MIN)),
    }))
}

/// The value of a key. None of those that are understood here has a character that Go would quote.
fn understood<T: Value>(file: &str, key: &Key<T>) -> Result<Option<T>, Malformed> {
    let mut lines = file.lines();
    let Some(quoted) = lines.find_map(|line| line.strip_prefix(key.name())?.strip_prefix('='))
    else {
        return Ok(None);
    };
    let bare = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|bare| !bare.contains(['"', '\\']));
    let malformed = || Malformed {
        key: key.name(),
        value: quoted.to_owned(),
        wanted: T::WANTED,
    };
    key.understand(Some(bare.ok_or_else(malformed)?))
}
