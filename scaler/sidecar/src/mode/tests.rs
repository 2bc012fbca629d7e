use proptest::prelude::*;

use super::*;

const fn word(mode: Mode, millis: i64) -> Word {
    Word {
        mode,
        issued: Time::from_millis(millis),
    }
}

use Mode::{Drained, Undrained};

#[test]
fn of_command_and_annotation_the_newer_counts() {
    for (command, annotation, expected) in [
        (None, None, None),
        (Some(word(Drained, 5)), None, Some((Drained, By::Command))),
        (
            None,
            Some(word(Undrained, 5)),
            Some((Undrained, By::Annotation)),
        ),
        (
            Some(word(Drained, 5)),
            Some(word(Undrained, 4)),
            Some((Drained, By::Command)),
        ),
        (
            Some(word(Drained, 5)),
            Some(word(Undrained, 5)),
            Some((Drained, By::Command)),
        ),
        (
            Some(word(Drained, 5)),
            Some(word(Undrained, 6)),
            Some((Undrained, By::Annotation)),
        ),
    ] {
        let mut words = Words::kept(command);
        words.annotated(annotation);
        assert_eq!(words.wanted(), expected, "{command:?} {annotation:?}");
    }
}

#[test]
fn an_annotation_that_is_gone_or_not_understood_leaves_what_was() {
    let mut words = Words::kept(None);
    words.annotated(Some(word(Drained, 5)));
    words.annotated(None);
    assert_eq!(words.wanted(), Some((Drained, By::Annotation)));
}

#[test]
fn a_command_that_is_sent_again_takes_back_nothing_that_was_said_since() {
    let mut words = Words::default();
    assert_eq!(words.commanded(word(Drained, 5)), Ok(true));
    assert_eq!(words.commanded(word(Drained, 5)), Ok(false), "a repetition");
    assert_eq!(words.commanded(word(Undrained, 9)), Ok(true));
    let again = words.commanded(word(Drained, 5));
    assert_eq!(again, Err(Overruled::Newer { by: By::Command }));
    words.annotated(Some(word(Drained, 20)));
    let late = words.commanded(word(Undrained, 12));
    assert_eq!(late, Err(Overruled::Newer { by: By::Annotation }));
    assert_eq!(words.wanted(), Some((Drained, By::Annotation)));
    assert_eq!(words.commanded(word(Undrained, 21)), Ok(true));
    assert_eq!(words.wanted(), Some((Undrained, By::Command)));
}

#[test]
fn an_older_command_that_wants_the_same_is_obeyed_and_not_kept() {
    let mut words = Words::kept(Some(word(Drained, 9)));
    assert_eq!(words.commanded(word(Drained, 5)), Ok(false));
    assert_eq!(words, Words::kept(Some(word(Drained, 9))));
}

#[test]
fn a_pod_that_ends_drains_whatever_is_said() {
    let mut words = Words::kept(Some(word(Undrained, 9)));
    words.ends(true);
    assert_eq!(words.wanted(), Some((Drained, By::Termination)));
    assert_eq!(words.commanded(word(Undrained, 10)), Err(Overruled::Ending));
    assert_eq!(words.commanded(word(Drained, 11)), Ok(true));
    words.ends(false);
    assert_eq!(words.wanted(), Some((Drained, By::Command)));
}

const FILE: &str = "app=\"jvb\"\n\
                    bridgetender.dev/deadline=\"2026-03-02T10:30:00Z\"\n\
                    bridgetender.dev/intent=\"drain\"\n\
                    bridgetender.dev/intent-reason=\"ScaleDown\"\n\
                    bridgetender.dev/intent-since=\"1970-01-01T00:00:07.005Z\"\n\
                    kubernetes.io/config.source=\"api\"\n";

#[test]
fn the_file_of_the_downward_api_is_read() {
    assert_eq!(annotation(FILE), Ok(Some(word(Drained, 7_005))));
    assert_eq!(annotation(""), Ok(None));
    assert_eq!(annotation("app=\"jvb\""), Ok(None));
    let timeless = annotation("bridgetender.dev/intent=\"active\"");
    assert_eq!(timeless, Ok(Some(word(Undrained, i64::MIN))));
}

#[test]
fn every_intent_has_its_mode() {
    for (intent, mode) in [
        ("active", Undrained),
        ("warm", Drained),
        ("drain", Drained),
        ("expel", Drained),
        ("remove", Drained),
    ] {
        let file = FILE.replace("\"drain\"", &format!("\"{intent}\""));
        assert_eq!(annotation(&file), Ok(Some(word(mode, 7_005))), "{intent}");
    }
}

#[test]
fn what_cannot_be_understood_is_an_error_and_no_guess() {
    for file in [
        "bridgetender.dev/intent=",
        "bridgetender.dev/intent=drain",
        "bridgetender.dev/intent=\"\"",
        "bridgetender.dev/intent=\"Drain\"",
        "bridgetender.dev/intent=\"dr\\u0061in\"",
        "bridgetender.dev/intent=\"drain\" ",
        "bridgetender.dev/intent=\"drain",
        "bridgetender.dev/intent=\"drain\"\nbridgetender.dev/intent-since=\"yesterday\"",
    ] {
        assert!(annotation(file).is_err(), "{file:?}");
    }
}

#[test]
fn what_another_annotation_quotes_is_not_read() {
    let file =
        "note=\"\\nbridgetender.dev/intent=\\\"drain\\\"\"\nxbridgetender.dev/intent=\"drain\"\n";
    assert_eq!(annotation(file), Ok(None));
}

fn any_word() -> impl Strategy<Value = Word> {
    (any::<bool>(), 0_i64..6)
        .prop_map(|(drained, at)| word(if drained { Drained } else { Undrained }, at))
}

proptest! {
    #[test]
    fn the_wanted_mode_is_that_of_the_newest_word_in_whatever_order_they_come(
        said in proptest::collection::vec((any::<bool>(), any_word()), 0..12),
    ) {
        let mut words = Words::default();
        let mut newest: Option<Time> = None;
        for (is_command, word) in said {
            let before = words;
            let followed = if is_command {
                words.commanded(word).is_ok()
            } else {
                // The kubelet brings no older annotation than the one before.
                let is_next = before.annotation.is_none_or(|last| last.issued <= word.issued);
                if is_next {
                    words.annotated(Some(word));
                }
                is_next
            };
            if followed {
                newest = newest.max(Some(word.issued));
                prop_assert!(is_command.then_some(word.mode).is_none_or(|mode| words.wanted().is_some_and(|(wanted, _)| wanted == mode)));
            } else {
                prop_assert_eq!(words, before);
            }
            let counted = words.newest().map(|(word, _)| word.issued);
            prop_assert_eq!(counted, newest);
        }
    }

    #[test]
    fn no_file_makes_it_fail(file in "\\PC{0,80}") {
        let _ = annotation(&file);
    }
}
