//! A serving certificate that is replaced on disk is taken up without a restart.

use std::convert::Infallible;
use std::time::Duration;

use reach::causes;
use tokio::time::MissedTickBehavior;

use super::files::{Contents, TlsError};
use super::{Files, Tls};

/// What a look at the files came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// Nothing is new.
    Same,
    /// Another certificate is in use now.
    Replaced,
    /// The files cannot be used, which is new; the certificate in use stays.
    Broken(String),
    /// The files are again those of the certificate in use.
    Mended,
}

/// Looks at the files every so often, for ever, and tells of each look.
///
/// By content, since whoever replaces them (cert-manager through the kubelet) swaps a symbolic link above them: neither an event
/// nor a time of change of the file itself could be relied on. The first look is at what was read at the start.
pub(crate) async fn follow(
    tls: Tls,
    files: Files,
    every: Duration,
    mut told: impl FnMut(Look),
) -> Infallible {
    let mut watcher = Watcher {
        loaded: None,
        suspicion: None,
        trouble: None,
    };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let reading = files.clone();
        // A disk may be slow, and requests are waiting.
        let Ok(contents) = tokio::task::spawn_blocking(move || reading.read()).await else {
            continue;
        };
        told(watcher.look(contents, |contents| tls.take(&files, contents)));
    }
}

/// What is known from the looks before.
struct Watcher {
    /// The contents in use.
    loaded: Option<Contents>,
    /// What was wrong at the last look. Believed at the second sight: the files are two, and the first may have been read before
    /// they were replaced, the other after.
    suspicion: Option<String>,
    /// What is wrong, told already.
    trouble: Option<String>,
}

impl Watcher {
    fn look(
        &mut self,
        contents: Result<Contents, TlsError>,
        take: impl FnOnce(&Contents) -> Result<bool, TlsError>,
    ) -> Look {
        let outcome = contents.and_then(|contents| {
            if self.loaded.as_ref() == Some(&contents) {
                return Ok(false);
            }
            let replaced = take(&contents)?;
            self.loaded = Some(contents);
            Ok(replaced)
        });
        match outcome {
            Ok(replaced) => {
                self.suspicion = None;
                match (replaced, self.trouble.take()) {
                    (true, _) => Look::Replaced,
                    (false, Some(_)) => Look::Mended,
                    (false, None) => Look::Same,
                }
            }
            Err(error) => {
                let problem = causes(&error);
                let seen = self.suspicion.replace(problem.clone());
                if seen.as_ref() != Some(&problem) || self.trouble.as_ref() == Some(&problem) {
                    return Look::Same;
                }
                self.trouble = Some(problem.clone());
                Look::Broken(problem)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(what: &str) -> Contents {
        Contents {
            certificate: what.as_bytes().to_vec(),
            key: what.as_bytes().to_vec(),
        }
    }

    fn problem() -> TlsError {
        TlsError::Setup(rustls::Error::General("bad".to_owned()))
    }

    /// Contents that begin with "bad" are refused.
    fn look(watcher: &mut Watcher, contents: Result<&str, TlsError>) -> Look {
        watcher.look(contents.map(holds), |contents| {
            if contents.certificate.starts_with(b"bad") {
                return Err(problem());
            }
            Ok(contents.certificate != b"first")
        })
    }

    #[test]
    fn what_is_broken_is_told_once_and_at_the_second_sight() {
        let mut watcher = Watcher {
            loaded: None,
            suspicion: None,
            trouble: None,
        };
        let broken = || Look::Broken("cannot set up TLS: unexpected error: bad".to_owned());
        let steps = [
            (Ok("first"), Look::Same),
            (Ok("first"), Look::Same),
            (Ok("second"), Look::Replaced),
            // Seen half replaced, then whole.
            (Ok("bad"), Look::Same),
            (Ok("third"), Look::Replaced),
            (Ok("bad"), Look::Same),
            (Ok("bad"), broken()),
            (Ok("bad"), Look::Same),
            (Ok("bad, too"), Look::Same),
            (Ok("third"), Look::Mended),
            (Err(problem()), Look::Same),
            (Err(problem()), broken()),
            (Ok("fourth"), Look::Replaced),
            (Ok("fourth"), Look::Same),
        ];
        for (n, (contents, expected)) in steps.into_iter().enumerate() {
            assert_eq!(look(&mut watcher, contents), expected, "step {n}");
        }
    }
}
