//! What can be wrong with a bridge's answers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// What is wrong with a bridge's answers. The bridge itself goes on as if nothing were.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Answers after so long.
    Slow(Duration),
    /// Takes the request and never answers.
    Hung,
    /// Tells what it is asked as ever. Takes a command, does nothing and never answers.
    Deaf,
    /// Answers every request with this status and an empty body.
    Status(StatusCode),
    /// Resets the connection instead of answering.
    Reset,
    /// Announces the whole body, sends half of it and closes.
    Truncated,
    /// Sends a body of so many bytes.
    Huge(usize),
    /// Says that its stress is not a number.
    NotANumber,
    /// Says that its stress is below zero, as a bridge does whose CPU load is not available.
    Negative,
    /// Gives the first answer after the fault began, for ever.
    Frozen,
    /// Says that its stress is this.
    Lying(f64),
    /// Tells the truth while its process lives. After that its open connections stay open, and on them it says that its stress
    /// is this; its address is free for another one.
    Haunting(f64),
    /// Sends the reader to another address.
    Redirect(String),
}

/// A reply of the model on its way out.
pub(super) enum Outcome {
    /// To be sent as it is.
    Reply(Response<Bytes>),
    /// To be sent with the announced length of the whole, but cut after so many bytes.
    Cut(Response<Bytes>, usize),
    /// Nothing is ever sent.
    Silence,
    /// The connection ends here and now.
    Reset,
}

impl Fault {
    /// How long the answer takes.
    pub(super) fn delay(&self) -> Duration {
        if let Self::Slow(delay) = self {
            *delay
        } else {
            Duration::ZERO
        }
    }

    /// What becomes of a `reply`.
    pub(super) fn spoil(&self, mut reply: Response<Bytes>) -> Outcome {
        match self {
            // A frozen answer was kept by the server, which kept a command from a deaf bridge: what comes here is right.
            Self::Slow(_) | Self::Deaf | Self::Frozen | Self::Haunting(_) => Outcome::Reply(reply),
            Self::Hung => Outcome::Silence,
            Self::Reset => Outcome::Reset,
            Self::Truncated => {
                let half = reply.body().len() / 2;
                Outcome::Cut(reply, half)
            }
            Self::Status(status) => {
                let mut empty = Response::new(Bytes::new());
                *empty.status_mut() = *status;
                Outcome::Reply(empty)
            }
            Self::Huge(bytes) => {
                *reply.body_mut() = vec![b' '; *bytes].into();
                reply.headers_mut().remove(header::CONTENT_LENGTH);
                Outcome::Reply(reply)
            }
            Self::Redirect(location) => {
                let mut away = Response::new(Bytes::new());
                *away.status_mut() = StatusCode::FOUND;
                if let Ok(location) = HeaderValue::from_str(location) {
                    away.headers_mut().insert(header::LOCATION, location);
                }
                Outcome::Reply(away)
            }
            // JSON has no NaN: Java's libraries write it as a string, the text forms as a word.
            Self::NotANumber => Outcome::Reply(with_stress(reply, "\"NaN\"", "NaN")),
            Self::Negative => Outcome::Reply(with_stress(
                reply,
                "-1.1111111111111112",
                "-1.1111111111111112",
            )),
            Self::Lying(stress) => {
                let stress = format!("{stress:?}");
                Outcome::Reply(with_stress(reply, &stress, &stress))
            }
        }
    }
}

/// The reply with another stress, in whichever of the three forms it is; a reply without stress stays as it is.
fn with_stress(mut reply: Response<Bytes>, json: &str, text: &str) -> Response<Bytes> {
    let Ok(body) = std::str::from_utf8(reply.body()) else {
        return reply;
    };
    let forms = [
        ("\"stress\":", json),
        ("\"stress_level\":", json),
        ("\njitsi_jvb_stress ", text),
    ];
    let changed = forms.iter().find_map(|(key, value)| {
        let start = body.find(key)? + key.len();
        let length = body[start..].find([',', '}', '\n', ' '])?;
        Some([&body[..start], value, &body[start + length..]].concat())
    });
    if let Some(changed) = changed {
        if reply.headers().contains_key(header::CONTENT_LENGTH) {
            reply
                .headers_mut()
                .insert(header::CONTENT_LENGTH, changed.len().into());
        }
        *reply.body_mut() = changed.into();
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &'static str) -> Response<Bytes> {
        let length = body.len().to_string();
        Response::builder()
            .header(header::CONTENT_LENGTH, length)
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    }

    fn body(outcome: Outcome) -> String {
        let Outcome::Reply(reply) = outcome else {
            panic!("a reply was to be sent")
        };
        let length = reply.headers()[header::CONTENT_LENGTH]
            .to_str()
            .unwrap()
            .parse::<usize>()
            .unwrap();
        assert_eq!(
            length,
            reply.body().len(),
            "the announced length is the body's"
        );
        String::from_utf8(reply.body().to_vec()).unwrap()
    }

    #[test]
    fn a_lie_replaces_the_stress_in_every_form_and_nothing_else() {
        for (truth, lie) in [
            (
                r#"{"a":1,"stress":0.5,"b":2}"#,
                r#"{"a":1,"stress":7.25,"b":2}"#,
            ),
            (r#"{"stress_level":0.123456}"#, r#"{"stress_level":7.25}"#),
            (
                "# TYPE\njitsi_jvb_stress 0.9\nother 1\n",
                "# TYPE\njitsi_jvb_stress 7.25\nother 1\n",
            ),
            (r#"{"drain":true}"#, r#"{"drain":true}"#),
        ] {
            assert_eq!(body(Fault::Lying(7.25).spoil(reply(truth))), lie);
        }
    }

    #[test]
    fn not_a_number_is_a_word_in_text_and_a_string_in_json() {
        assert_eq!(
            body(Fault::NotANumber.spoil(reply(r#"{"stress":0.5}"#))),
            r#"{"stress":"NaN"}"#
        );
        assert_eq!(
            body(Fault::NotANumber.spoil(reply("\njitsi_jvb_stress 0.9\n"))),
            "\njitsi_jvb_stress NaN\n"
        );
    }
}
