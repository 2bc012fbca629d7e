//! The words and signs of a selector.

use std::fmt;

/// One word or sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    Not,
    Equals,
    NotEquals,
    Comma,
    Open,
    Close,
    /// A sign that the grammar does not have.
    Stray(char),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Not => f.write_str("`!`"),
            Self::Equals => f.write_str("`=`"),
            Self::NotEquals => f.write_str("`!=`"),
            Self::Comma => f.write_str("`,`"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::Stray(sign) => write!(f, "`{sign}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Reads one token after the other.
pub(super) struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn peek(&self) -> Token<'a> {
        self.split().0
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let (token, rest) = self.split();
        self.rest = rest;
        token
    }

    fn split(&self) -> (Token<'a>, &'a str) {
        let text = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        for (sign, token) in [
            ("==", Token::Equals),
            ("=", Token::Equals),
            ("!=", Token::NotEquals),
            ("!", Token::Not),
            (",", Token::Comma),
            ("(", Token::Open),
            (")", Token::Close),
        ] {
            if let Some(rest) = text.strip_prefix(sign) {
                return (token, rest);
            }
        }
        let end = text
            .find(|c: char| " \t\r\n=!,()<>".contains(c))
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if !word.is_empty() {
            return (Token::Word(word), rest);
        }
        let mut signs = text.chars();
        match signs.next() {
            Some(sign) => (Token::Stray(sign), signs.as_str()),
            None => (Token::End, text),
        }
    }
}
