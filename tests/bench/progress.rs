//! What is going on, and how long it will take.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Says what happens, line by line, with the time that is left.
#[derive(Debug)]
pub(crate) struct Progress {
    now: Mutex<Now>,
}

#[derive(Clone, Copy, Debug)]
struct Now {
    began: Instant,
    takes: Duration,
    later: Duration,
}

impl Progress {
    /// Nothing has begun.
    pub(crate) fn new() -> Self {
        let now = Now {
            began: Instant::now(),
            takes: Duration::ZERO,
            later: Duration::ZERO,
        };
        Self {
            now: Mutex::new(now),
        }
    }

    /// A scene begins that takes so long, and so much is to come later.
    pub(crate) fn begin(&self, title: &str, takes: Duration, later: Duration) {
        let now = Now {
            began: Instant::now(),
            takes,
            later,
        };
        *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = now;
        println!("bench: {title}; {} left", left(takes + later));
    }

    /// Something happens within the scene.
    pub(crate) fn say(&self, what: &str) {
        let now = *self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let rest = now.takes.saturating_sub(now.began.elapsed());
        println!("bench:   {what}; {} left", left(rest + now.later));
    }
}

fn left(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("about {seconds} s"),
        seconds => format!("about {} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_words() {
        assert_eq!(left(Duration::from_millis(1_900)), "about 1 s");
        assert_eq!(left(Duration::from_secs(89)), "about 89 s");
        assert_eq!(left(Duration::from_secs(901)), "about 16 min");
    }
}
