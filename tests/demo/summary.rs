//! The numbers of a day, side by side.

use std::fmt::Write as _;

use crate::outcome::Outcome;
use crate::setup::SetUp;

/// A line of the table: what it is, and a set-up's number.
type Line = (&'static str, fn(&Outcome) -> String);

const LINES: [Line; 15] = [
    ("people who came", |day| day.came.to_string()),
    ("  cut off: their bridge vanished", |day| {
        day.cut.to_string()
    }),
    ("    how often altogether", |day| day.cuts.to_string()),
    ("  moved to another bridge", |day| day.moved.to_string()),
    ("  left without a bridge", |day| day.stranded.to_string()),
    ("  undisturbed", |day| day.undisturbed().to_string()),
    ("seconds without media, all people", |day| {
        format!("{:.0}", day.lost_media_seconds)
    }),
    ("seconds short of bridges after lunch", |day| {
        format!("{:.1}", day.short_seconds)
    }),
    ("bridges started", |day| day.started.to_string()),
    ("  ended as they were", |day| day.ended.to_string()),
    ("  drained empty and removed", |day| {
        day.drained_empty.to_string()
    }),
    ("  drained, last people moved", |day| {
        day.evacuated.to_string()
    }),
    ("  taken back while they drained", |day| {
        day.taken_back.to_string()
    }),
    ("bridge-minutes", |day| format!("{:.1}", day.bridge_minutes)),
    ("lost bridges, as jicofo counts them", |day| {
        day.lost_bridges.to_string()
    }),
];

/// The table.
pub(crate) fn summary(days: &[(SetUp, &Outcome)]) -> String {
    let mut text = format!("{:<37}", "");
    for (set_up, _) in days {
        let _ = write!(text, " {:>18}", set_up.title());
    }
    text.push('\n');
    for (what, number) in LINES {
        let _ = write!(text, "{what:<37}");
        for (_, day) in days {
            let _ = write!(text, " {:>18}", number(day));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_day_stand_side_by_side() {
        let plain = Outcome {
            came: 1412,
            cut: 93,
            cuts: 112,
            lost_media_seconds: 84.4,
            started: 14,
            ended: 12,
            bridge_minutes: 12.25,
            lost_bridges: 12,
            short_seconds: 8.5,
            ..Outcome::default()
        };
        let pool = Outcome {
            came: 1412,
            moved: 4,
            drained_empty: 6,
            taken_back: 2,
            ..Outcome::default()
        };
        let table = summary(&[(SetUp::Plain, &plain), (SetUp::Pool, &pool)]);
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
        insta::assert_snapshot!(table);
    }
}
