//! At constant load an HPA that follows the average of the Pods shrinks a pool below what is needed, and one that follows the
//! committed stress does not.

use std::time::Duration;

use cluster::cascade::{
    Case, Course, Metric, ROWS, Row, Starts, Study, Table, course, page, study,
};

/// What 12 of stress need at a target of a half.
const NEEDED: u32 = 24;

/// What the pool begins with.
const BEGINNING: u32 = 32;

/// Long enough for every step downwards, one in five minutes until the average is near the target, and for the first upwards.
const LASTS: Duration = Duration::from_mins(70);

/// Long enough for the pool to grow back as well.
const GROWS_BACK: Duration = Duration::from_mins(150);

const CONSTANT: Case = Case {
    beginning: BEGINNING,
    metric: Metric::AverageOfPods,
    starts: Starts::Vary,
    rescue: false,
    dip: false,
    shipped: false,
};

fn run(case: Case, lasts: Duration) -> Course {
    let course = course(case, 0, lasts);
    assert_eq!(course.wrong, Vec::<String>::new());
    for load in &course.load {
        assert!(
            (10.0..14.0).contains(load),
            "the load is not constant: {load}"
        );
    }
    course
}

#[test]
fn the_average_of_the_pods_cascades_below_what_is_needed_at_constant_load() {
    let shrunk = run(CONSTANT, LASTS);
    assert!(shrunk.lowest < NEEDED - 4, "{} active", shrunk.lowest);
    assert!(shrunk.drains > 12, "{} drains", shrunk.drains);
}

#[test]
fn the_committed_stress_does_not_cascade() {
    let committed = Case {
        metric: Metric::Committed,
        ..CONSTANT
    };
    let held = run(committed, LASTS);
    assert!(held.lowest >= NEEDED - 1, "{} active", held.lowest);
    assert!(
        held.drains <= BEGINNING - NEEDED + 1,
        "{} drains",
        held.drains
    );
}

#[test]
fn rescue_makes_up_for_a_cascade_without_cold_starts() {
    let rescued = Case {
        rescue: true,
        ..CONSTANT
    };
    let rescued = run(rescued, LASTS);
    let started = run(CONSTANT, LASTS);
    assert!(rescued.rescues > 0, "nothing was taken back");
    assert_eq!(started.rescues, 0);
    assert!(
        rescued.starts < started.starts,
        "{} started with rescue, {} without",
        rescued.starts,
        started.starts
    );
}

#[test]
fn bridges_that_start_are_mistaken_for_average_ones_at_the_cost_of_starting_far_too_many() {
    let mistaken = Case {
        metric: Metric::AverageMistaken,
        starts: Starts::Minute,
        ..CONSTANT
    };
    let (mistaken, real) = (run(mistaken, GROWS_BACK), run(CONSTANT, GROWS_BACK));
    assert!(
        mistaken.starts >= 2 * real.starts,
        "{} started by mistake, {} without it",
        mistaken.starts,
        real.starts
    );
}

/// What came of nothing but words: each row so many drains.
fn of_drains(drains: impl Fn(&Row) -> u32) -> Study {
    let course = |row: &Row| Course {
        drains: drains(row),
        ..Course::default()
    };
    Study {
        lasted: Duration::from_hours(6),
        courses: ROWS.iter().map(|row| vec![course(row)]).collect(),
    }
}

/// A section of a page, without its head.
fn section<'a>(page: &'a str, head: &str) -> &'a str {
    let sections = page.split("\n## ");
    let mut sections = sections.filter_map(|section| section.strip_prefix(head));
    sections.next().expect("the section is there")
}

/// Every figure that is marked in the first table, as its row and column, and the same of every one that is told as a difference.
fn marked_and_told(page: &str) -> [Vec<(String, String)>; 2] {
    let lines = section(page, "The table").lines();
    let lines: Vec<&str> = lines.filter(|line| line.starts_with("| ")).collect();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let heads = cells(lines[0]);
    let mut marked = Vec::new();
    for row in lines[2..].iter().map(|line| cells(line)) {
        for (head, cell) in heads.iter().zip(&row) {
            if cell.contains('≠') {
                marked.push((row[0].clone(), head.clone()));
            }
        }
    }
    let told = section(page, "Each difference").lines();
    let told = told.filter_map(|line| line.strip_prefix("- *")?.split_once("*, "));
    let told = told.filter_map(|(row, rest)| Some((row, rest.split_once(": ")?.0)));
    let told = told.map(|(row, column)| (row.to_owned(), column.to_owned()));
    [marked, told.collect()]
}

const FIRST: &str = "average of the Pods, no rescue";

#[test]
fn a_difference_is_explained_only_by_a_row_in_which_the_figure_comes_out() {
    let explains = |drains| {
        let page = page(&of_drains(|row| match (row.table, row.name) {
            (Table::Granted, "both") => drains,
            _ => 17,
        }));
        let start = format!("- *{FIRST}*, drains begun: 42.4 calculated, 17.0 (17–17) here. ");
        let mut lines = section(&page, "Each difference").lines();
        let line = lines.find_map(|line| line.strip_prefix(&start));
        line.expect("the difference is told").to_owned()
    };
    assert_eq!(
        explains(42),
        "**Not explained:** nearest is *both*, 42.0 (42–42)."
    );
    assert_eq!(
        explains(17),
        "**Not explained:** nearest is *each start a minute long*, 17.0 (17–17)."
    );
    let both = |row: &Row| row.table == Table::Granted && row.name == "both";
    let mut wide = of_drains(|row| if both(row) { 40 } else { 17 });
    let place = ROWS.iter().position(both).expect("a row");
    let more = Course {
        drains: 45,
        ..Course::default()
    };
    wide.courses[place].push(more);
    assert!(page(&wide).contains("here. With *both*: 42.5 (40–45)."));
}

#[test]
fn what_happens_in_few_seeds_explains_what_it_holds() {
    let seldom = |row: &Row| row.table == Table::Seldom && row.name == "committed stress, rescue";
    let place = ROWS.iter().position(seldom).expect("a row");
    let mut study = of_drains(|_| 0);
    let start = "- *committed stress, rescue*, rescues: 0.4 calculated, 0.0 (0–0) here. ";
    let never = format!("{start}**Not explained:** 0.0 (0–0) in 1 seeds too.");
    assert!(page(&study).contains(&never), "{}", page(&study));
    let more = Course {
        rescues: 1,
        ..Course::default()
    };
    study.courses[place].push(more);
    let once = format!("{start}In 2 seeds: 0.5 (0–1).");
    assert!(page(&study).contains(&once), "{}", page(&study));
}

#[test]
fn every_figure_of_the_words_is_one_and_every_marked_one_is_told() {
    let committed = include_str!("../../../docs/cascade.md");
    for page in [&page(&of_drains(|_| 17)), committed] {
        assert!(!page.contains(['{', '}']), "{page}");
        let [marked, told] = marked_and_told(page);
        assert_eq!(marked, told);
        assert!(marked.contains(&(FIRST.to_owned(), "drains begun".to_owned())));
    }
}

#[test]
#[ignore = "takes a quarter of an hour: make test-long runs it"]
fn the_committed_page_is_the_one_that_the_command_writes() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let written = page(&study(5, Duration::from_hours(6), threads));
    assert!(
        written == include_str!("../../../docs/cascade.md"),
        "docs/cascade.md tells something else: write it anew by its own command, and look at the difference"
    );
}
