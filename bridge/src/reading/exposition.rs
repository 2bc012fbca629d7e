//! Reads the text form, OpenMetrics 1.0.0 and Prometheus 0.0.4: the only place that knows prometheus-parse.
//!
//! prometheus-parse 0.2.5 drops without a word what it cannot read: a line out of form, a value that is no number, a name with a
//! colon, an empty label set, a label value with a closing brace; it never looks at what follows a sample, at `# EOF`, or at
//! samples that come twice; and it splits label values at commas. So only its reading of one line is used here, each line is
//! held against what it made of it, and what it drops is an error. A bridge writes none of that (seen on a running bridge).

use std::collections::BTreeSet;

use prometheus_parse::LineInfo;
use thiserror::Error;

use super::draft::{Draft, Raw};
use crate::keys;

/// Why a body is not in the text form. Lines count from 1.
#[derive(Debug, Error)]
pub enum TextError {
    /// Some bytes are not UTF-8.
    #[error("it is not UTF-8")]
    Encoding(#[from] std::str::Utf8Error),
    /// The last line has no end, so that its number may have lost digits.
    #[error("it was cut off in its last line")]
    CutInLine,
    /// OpenMetrics without its end mark.
    #[error("it was cut off: OpenMetrics without # EOF at the end")]
    CutBeforeEof,
    /// Something follows the end mark.
    #[error("line {line} comes after # EOF")]
    AfterEof {
        /// The line.
        line: usize,
    },
    /// Neither a comment nor a sample.
    #[error("line {line} is no sample: {text:?}")]
    NotASample {
        /// The line.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// One sample, with the same labels, came twice.
    #[error("line {line} gives {sample} a second time")]
    Twice {
        /// The line.
        line: usize,
        /// The metric with its labels.
        sample: String,
    },
}

/// How much of a line an error repeats, in characters.
const EXCERPT: usize = 80;

pub(super) fn read(draft: &mut Draft<'_>, body: &[u8]) -> Result<(), TextError> {
    let text = std::str::from_utf8(body)?;
    if !text.ends_with('\n') {
        return Err(TextError::CutInLine);
    }
    let mut seen = BTreeSet::new();
    let mut ended = false;
    for (line, text) in (1..).zip(text.lines()) {
        if ended {
            return Err(TextError::AfterEof { line });
        }
        ended = text == "# EOF";
        if text.starts_with('#') || text.trim().is_empty() {
            continue;
        }
        let Some(sample) = Sample::read(text) else {
            let text = text.chars().take(EXCERPT).collect();
            return Err(TextError::NotASample { line, text });
        };
        if !seen.insert(sample.identity) {
            let sample = sample.identity.chars().take(EXCERPT).collect();
            return Err(TextError::Twice { line, sample });
        }
        sample.fill(draft);
    }
    if is_open_metrics(text) && !ended {
        return Err(TextError::CutBeforeEof);
    }
    Ok(())
}

/// OpenMetrics begins each metric with its type, 0.0.4 with its help: the beginning tells them apart, even in a body cut short.
fn is_open_metrics(text: &str) -> bool {
    text.starts_with("# TYPE ") || text.starts_with("# UNIT ")
}

struct Sample<'a> {
    name: &'a str,
    /// Name and label set, as they stand.
    identity: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

impl<'a> Sample<'a> {
    /// `name{label="value",} value [timestamp] [# exemplar]`
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let LineInfo::Sample {
            metric_name: name,
            labels,
            ..
        } = LineInfo::parse(text)
        else {
            return None;
        };
        let braces = 2;
        let (identity, rest) =
            text.split_at_checked(name.len() + labels.map_or(0, |labels| labels.len() + braces))?;
        // What prometheus-parse calls the value and the timestamp may be followed by anything: read the rest here.
        let mut rest = rest.split_whitespace();
        let value = rest.next()?.parse().ok()?;
        let exemplar = match rest.next() {
            None | Some("#") => None,
            Some(timestamp) => {
                timestamp
                    .parse::<f64>()
                    .ok()
                    .filter(|timestamp| timestamp.is_finite())?;
                rest.next()
            }
        };
        let labels = read_labels(labels.unwrap_or_default())?;
        exemplar.is_none_or(|mark| mark == "#").then_some(Self {
            name,
            identity,
            labels,
            value,
        })
    }

    fn fill(self, draft: &mut Draft<'_>) {
        let Some(name) = self.name.strip_prefix(keys::PREFIX) else {
            return;
        };
        if self.labels.is_empty() {
            if let Some(slot) = draft.slot(name) {
                draft.set(slot, Raw::Number(self.value));
            }
        } else if (name, self.labels.len()) == (keys::REGION_LABEL.0, 1) {
            for (label, value) in self
                .labels
                .into_iter()
                .filter(|(label, _)| *label == keys::REGION_LABEL.1)
            {
                if let Some(slot) = draft.slot(label) {
                    draft.set(slot, Raw::Text(value));
                }
            }
        }
    }
}

/// `label="value",label="value"`, with or without a comma at the end.
fn read_labels(mut text: &str) -> Option<Vec<(&str, String)>> {
    let mut labels = Vec::new();
    while !text.is_empty() {
        let (label, rest) = text.split_once("=\"")?;
        let (value, rest) = unquote(rest)?;
        labels.push((label.trim(), value));
        text = match rest.trim_start() {
            "" => "",
            rest => rest.strip_prefix(',')?.trim_start(),
        };
    }
    Some(labels)
}

/// The text up to the closing quote, without its escapes, and what follows the quote.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            character => value.push(character),
        }
    }
    None
}
