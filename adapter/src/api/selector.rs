//! Label selectors, in the grammar that Kubernetes gives them in a query.
//!
//! ```text
//! selector    = [ requirement *( "," requirement ) ]
//! requirement = key | "!" key | key ( "=" | "==" | "!=" ) value | key ( "in" | "notin" ) "(" value *( "," value ) ")"
//! ```
//!
//! White space is free between words; a value may be empty; `in` and `notin` are words only after a key.

use std::fmt;

mod lexer;
#[cfg(test)]
mod tests;

use lexer::{Lexer, Token};

/// Longest key of a label without its prefix, and longest value.
const LONGEST_NAME: usize = 63;

/// Longest prefix of a label's key: a DNS name.
const LONGEST_PREFIX: usize = 253;

/// What a label must be for its object to be meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Requirement {
    /// Key of the label.
    pub key: String,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of one label.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Test {
    /// It is there, with whatever value.
    Exists,
    /// It is not there.
    Absent,
    /// It is there with one of these values.
    In(Vec<String>),
    /// It is not there, or has none of these values.
    NotIn(Vec<String>),
}

/// Requirements that all must hold; none at all means everything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Selector(pub Vec<Requirement>);

/// Why a text is no selector.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unable to parse the selector `{text}`: {problem}")]
pub(crate) struct Unreadable {
    text: String,
    problem: String,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// Names the text and what was found where something else belongs.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        parse(text).map_err(|problem| Unreadable {
            text: text.to_owned(),
            problem,
        })
    }

    /// Whether everything is meant.
    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is meant whose labels this function looks up.
    pub(crate) fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(
            |requirement| match (label(&requirement.key), &requirement.test) {
                (Some(_), Test::Exists) | (None, Test::Absent | Test::NotIn(_)) => true,
                (None, Test::Exists | Test::In(_)) | (Some(_), Test::Absent) => false,
                (Some(value), Test::In(values)) => values.iter().any(|known| known == value),
                (Some(value), Test::NotIn(values)) => values.iter().all(|known| known != value),
            },
        )
    }
}

/// Written so that it reads back as the same selector.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, test }) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match test {
                Test::Exists => write!(f, "{comma}{key}")?,
                Test::Absent => write!(f, "{comma}!{key}")?,
                Test::In(values) => write!(f, "{comma}{key} in ({})", values.join(","))?,
                Test::NotIn(values) => write!(f, "{comma}{key} notin ({})", values.join(","))?,
            }
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Selector, String> {
    let mut lexer = Lexer::new(text);
    let mut requirements = Vec::new();
    if lexer.peek() == Token::End {
        return Ok(Selector(requirements));
    }
    loop {
        requirements.push(requirement(&mut lexer)?);
        match lexer.next() {
            Token::End => return Ok(Selector(requirements)),
            Token::Comma => {}
            other => return Err(format!("found {other}, expected `,` or the end")),
        }
    }
}

fn requirement(lexer: &mut Lexer<'_>) -> Result<Requirement, String> {
    if lexer.peek() == Token::Not {
        lexer.next();
        let key = key(lexer)?;
        return Ok(Requirement {
            key,
            test: Test::Absent,
        });
    }
    let key = key(lexer)?;
    let test = match lexer.peek() {
        Token::End | Token::Comma => Test::Exists,
        Token::Equals => {
            lexer.next();
            Test::In(vec![value(lexer)?])
        }
        Token::NotEquals => {
            lexer.next();
            Test::NotIn(vec![value(lexer)?])
        }
        Token::Word("in") => {
            lexer.next();
            Test::In(values(lexer)?)
        }
        Token::Word("notin") => {
            lexer.next();
            Test::NotIn(values(lexer)?)
        }
        other => {
            return Err(format!(
                "found {other} after `{key}`, expected one of =, ==, !=, in, notin"
            ));
        }
    };
    Ok(Requirement { key, test })
}

fn key(lexer: &mut Lexer<'_>) -> Result<String, String> {
    let Token::Word(word) = lexer.peek() else {
        return Err(format!("found {}, expected a label's key", lexer.next()));
    };
    lexer.next();
    let (prefix, name) = match word.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, word),
    };
    if !is_name(name) {
        return Err(format!("`{word}` is no label's key"));
    }
    if prefix.is_some_and(|prefix| !is_dns_name(prefix)) {
        return Err(format!("`{word}` has no DNS name before its `/`"));
    }
    Ok(word.to_owned())
}

/// One value after `=`, `==` or `!=`; nothing there is the empty value.
fn value(lexer: &mut Lexer<'_>) -> Result<String, String> {
    match lexer.peek() {
        Token::End | Token::Comma => Ok(String::new()),
        Token::Word(word) => {
            lexer.next();
            checked(word)
        }
        other => Err(format!("found {other}, expected a value")),
    }
}

/// The values between the brackets after `in` and `notin`; nothing between two commas is the empty value.
fn values(lexer: &mut Lexer<'_>) -> Result<Vec<String>, String> {
    match lexer.next() {
        Token::Open => {}
        other => return Err(format!("found {other}, expected `(`")),
    }
    let mut values = Vec::new();
    loop {
        values.push(match lexer.peek() {
            Token::Word(word) => {
                lexer.next();
                checked(word)?
            }
            _ => String::new(),
        });
        match lexer.next() {
            Token::Close => return Ok(values),
            Token::Comma => {}
            other => return Err(format!("found {other}, expected `,` or `)`")),
        }
    }
}

fn checked(word: &str) -> Result<String, String> {
    if is_name(word) {
        Ok(word.to_owned())
    } else {
        Err(format!("`{word}` is no label's value"))
    }
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_NAME
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn is_dns_name(text: &str) -> bool {
    text.len() <= LONGEST_PREFIX
        && text.split('.').all(|label| {
            let bytes = label.as_bytes();
            let edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            bytes.first().is_some_and(edge)
                && bytes.last().is_some_and(edge)
                && bytes.iter().all(|byte| edge(byte) || *byte == b'-')
        })
}
