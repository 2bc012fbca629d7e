//! What happens, in words that need no other.

use humantime::format_duration;

use crate::pace::Pace;
use crate::setup::SetUp;
use crate::story::Happening;

/// A line for each thing that happened at one moment; bridges that are started together share one.
pub(crate) fn say(set_up: SetUp, happenings: &[Happening]) -> Vec<String> {
    let started: Vec<usize> = happenings
        .iter()
        .filter_map(|happening| match happening {
            Happening::Started(bridge) => Some(*bridge),
            _ => None,
        })
        .collect();
    let mut sentences: Vec<String> = happenings.iter().filter_map(sentence).collect();
    match &started[..] {
        [] => {}
        [one] => sentences.push(format!("+ bridge {one} is started")),
        [several @ .., last] => {
            let several: Vec<_> = several.iter().map(ToString::to_string).collect();
            sentences.push(format!(
                "+ bridges {} and {last} are started",
                several.join(", ")
            ));
        }
    }
    let who = set_up.namespace();
    let line = |sentence| format!("       {who:>7}  {sentence}");
    sentences.into_iter().map(line).collect()
}

fn sentence(happening: &Happening) -> Option<String> {
    Some(match happening {
        Happening::Started(_) => return None,
        Happening::Drains(bridge, people) => {
            let people = match people {
                0 => "nobody is on it".to_owned(),
                1 => "its 1 person stays".to_owned(),
                people => format!("its {people} people stay"),
            };
            format!("▽ bridge {bridge} drains: {people}, newcomers go elsewhere")
        }
        Happening::TakenBack(bridge, people) => {
            let people = of(*people);
            format!("△ bridge {bridge} is taken back with {people} on it: nothing to boot")
        }
        Happening::Moves(bridge, people) => {
            let drained = format_duration(Pace::PLAYED.deadline);
            let people = match people {
                0 => "people have just left".to_owned(),
                1 => "person is moved on".to_owned(),
                people => format!("{people} people are moved on"),
            };
            format!("→ bridge {bridge} drained for {drained}: its last {people}")
        }
        Happening::Removed(bridge) => format!("− bridge {bridge} is empty and is removed"),
        Happening::Ended(bridge, 0) => format!("− bridge {bridge} is ended, by chance empty"),
        Happening::Ended(bridge, 1) => format!("✗ bridge {bridge} is ended: one person is cut off"),
        Happening::Ended(bridge, people) => {
            format!("✗ bridge {bridge} is ended: {people} people are cut off")
        }
    })
}

fn of(people: u32) -> String {
    match people {
        0 => "nobody".to_owned(),
        1 => "1 person".to_owned(),
        people => format!("{people} people"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_happening_is_a_line_of_a_terminal() {
        let everything = [
            Happening::Started(3),
            Happening::Drains(10, 114),
            Happening::Drains(10, 0),
            Happening::TakenBack(10, 109),
            Happening::Moves(10, 115),
            Happening::Moves(10, 1),
            Happening::Moves(10, 0),
            Happening::Drains(10, 1),
            Happening::Removed(10),
            Happening::Ended(10, 123),
            Happening::Ended(10, 1),
            Happening::Ended(10, 0),
            Happening::Started(4),
            Happening::Started(5),
        ];
        let mut lines = say(SetUp::Pool, &everything);
        lines.extend(say(SetUp::Plain, &everything[..1]));
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{lines:#?}"
        );
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert!(say(SetUp::Plain, &[]).is_empty());
    }
}
