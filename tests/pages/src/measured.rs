//! Pages that tell what criterion measured: each has its figures between two marks, and its own benchmark writes them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use crate::{machine, read};

/// What stands around the figures of a page.
const MARKS: [&str; 2] = ["<!-- measured -->\n", "<!-- end -->\n"];

/// The variable that has figures written into a page; its value does not matter.
const WRITE: &str = "BENCH_WRITE";

/// A benchmark that fills a page.
#[derive(Clone, Debug)]
pub struct Bench {
    criterion: PathBuf,
    began: SystemTime,
    load: String,
    missing: Vec<String>,
}

/// What a call costs, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// In the sample that was disturbed least.
    pub fastest: f64,
    /// In half of the samples it is less.
    pub median: f64,
}

impl Bench {
    /// Begins. `target_tmp` is `env!("CARGO_TARGET_TMPDIR")` of the benchmark.
    pub fn begin(target_tmp: &str) -> Self {
        let tmp = Path::new(target_tmp);
        Self {
            criterion: tmp.parent().unwrap_or(tmp).join("criterion"),
            // Files are dated by a coarser clock.
            began: SystemTime::now() - Duration::from_secs(1),
            load: machine::load(),
            missing: Vec::new(),
        }
    }

    /// Where criterion is to put its files.
    pub fn folder(&self) -> &Path {
        &self.criterion
    }

    /// What one of them, by criterion's name of it, has cost since the beginning; `None` where it was not measured.
    pub fn cost(&mut self, name: &str) -> Option<Cost> {
        let file = self.criterion.join(name).join("new/sample.json");
        let written = file.metadata().and_then(|file| file.modified());
        let cost = written
            .is_ok_and(|at| at >= self.began)
            .then(|| cost(&read(&file)))
            .flatten();
        if cost.is_none() {
            self.missing.push(name.to_owned());
        }
        cost
    }

    /// Ends: prints the figures, a table, and writes them into the page of this path from the root of the sources where that is
    /// asked for. `sources` are what is measured.
    ///
    /// It fails, and says why, when the page is to be written and something was not measured, or the page has no place for figures
    /// or cannot be written.
    pub fn end(self, page: &str, sources: &[&str], table: &str) -> ExitCode {
        println!("\n{table}");
        match self.write(page, sources, table) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn write(self, page: &str, sources: &[&str], table: &str) -> Result<(), String> {
        if std::env::var_os(WRITE).is_none() {
            return Ok(());
        }
        if let Some(name) = self.missing.first() {
            return Err(format!(
                "{page} was not written: {name:?} was not measured; measure all of them"
            ));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = root.join(page);
        let conditions = format!(
            "Measured on {}, {} cores of {}, load average {} before it began, {}, commit {}.",
            machine::said("date", &["--utc", "+%F"]),
            machine::cores(),
            machine::processor(),
            self.load,
            machine::rustc(),
            machine::commit(&root, sources),
        );
        let figures = format!("{conditions}\n\n{table}");
        let whole = with_figures(&read(&file), &figures).ok_or_else(|| {
            format!(
                "{page} was not written: it has no lines {MARKS:?} for figures to stand between"
            )
        })?;
        std::fs::write(&file, whole)
            .map_err(|error| format!("{page} cannot be written: {error}"))?;
        println!("written to {page}");
        Ok(())
    }
}

/// What criterion's samples come to.
fn cost(sample: &str) -> Option<Cost> {
    let sample: serde_json::Value = serde_json::from_str(sample).ok()?;
    let numbers = |key: &str| {
        let numbers = sample[key].as_array()?.iter();
        numbers
            .map(serde_json::Value::as_f64)
            .collect::<Option<Vec<f64>>>()
    };
    let times = numbers("iters")?.into_iter().zip(numbers("times")?);
    let mut each: Vec<f64> = times.map(|(calls, time)| time / calls).collect();
    each.sort_by(f64::total_cmp);
    Some(Cost {
        fastest: *each.first()?,
        median: *each.get(each.len() / 2)?,
    })
}

/// A page with other figures; `None` where it has no place for them.
fn with_figures(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some(format!(
        "{before}{}{}\n{}{after}",
        MARKS[0],
        figures.trim_end(),
        MARKS[1]
    ))
}

/// Nanoseconds as people read them.
pub fn time(nanos: f64) -> String {
    match nanos {
        nanos if nanos < 1e3 => format!("{nanos:.0} ns"),
        nanos if nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
        nanos => format!("{:.2} ms", nanos / 1e6),
    }
}

/// The nanoseconds of a text such as `20 µs`; `None` where it is none.
pub fn nanos(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once(' ')?;
    let unit = match unit {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * unit)
}

/// The head of the column of [`margin`].
pub const MARGIN: &str = "asked / reached, in time";

/// How many times the time that something takes goes into the time that it may take, both in nanoseconds: above 1 the aim is reached.
pub fn margin(asked: f64, reached: f64) -> String {
    match asked / reached {
        times if times < 10.0 => format!("{times:.1}"),
        times => number(times),
    }
}

/// How often that is done in a second, to three figures.
pub fn rate(nanos: f64) -> String {
    let exact = 1e9 / nanos;
    let step = 10_f64.powf((exact.log10().floor() - 2.0).max(0.0));
    number((exact / step).round() * step)
}

/// A whole number with commas.
pub fn number(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut told = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// A table in Markdown: the heads, of which all but the first are of numbers, and the rows.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n| --- |", heads.join(" | "));
    text.push_str(&" ---: |".repeat(heads.len().saturating_sub(1)));
    text.push('\n');
    for row in rows {
        // Writing to a text does not fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_samples_is_told_and_the_fastest() {
        let sample = r#"{"iters": [1.0, 2.0, 3.0], "times": [30.0, 20.0, 60.0]}"#;
        let (fastest, median) = (10.0, 20.0);
        assert_eq!(cost(sample), Some(Cost { fastest, median }));
        assert_eq!(cost(r#"{"iters": [], "times": []}"#), None);
        assert_eq!(cost("{}"), None);
    }

    #[test]
    fn what_was_not_measured_now_has_no_cost() {
        let folder = tempfile::tempdir().expect("a folder");
        let tmp = folder.path().join("tmp").display().to_string();
        let mut bench = Bench::begin(&tmp);
        let sample = bench.folder().join("old/new");
        std::fs::create_dir_all(&sample).expect("a folder");
        let text = r#"{"iters": [1.0], "times": [5.0]}"#;
        std::fs::write(sample.join("sample.json"), text).expect("a file");
        assert!(bench.cost("old").is_some());
        bench.began += Duration::from_mins(1);
        assert_eq!(bench.cost("old"), None);
        assert_eq!(bench.cost("never"), None);
        assert_eq!(bench.missing, ["old", "never"]);
    }

    #[test]
    fn figures_stand_between_their_marks_and_nothing_else_changes() {
        let page = "# A\n<!-- measured -->\nold\n<!-- end -->\nB\n";
        let written = with_figures(page, "new\n").expect("a place");
        assert_eq!(written, "# A\n<!-- measured -->\nnew\n<!-- end -->\nB\n");
        assert_eq!(with_figures(&written, "new\n"), Some(written.clone()));
        assert_eq!(with_figures("# A\n<!-- measured -->\n", "new"), None);
    }

    #[test]
    fn numbers_are_told_as_people_read_them() {
        assert_eq!(time(12.4), "12 ns");
        assert_eq!(time(19_940.0), "19.9 µs");
        assert_eq!(time(4_512_000.0), "4.51 ms");
        assert_eq!(nanos("20 µs"), Some(20e3));
        assert_eq!(nanos(&time(4_512_000.0)), Some(4_510_000.0));
        assert_eq!(nanos("20"), None);
        assert_eq!(margin(5e6, 6e6), "0.8");
        assert_eq!(margin(20e3, 15.0), "1,333");
        assert_eq!(rate(309.0), "3,240,000");
        assert_eq!(rate(12_550.0), "79,700");
        assert_eq!(rate(2e6), "500");
        let rows = [vec!["one".to_owned(), "2".to_owned()]];
        let told = "| | b |\n| --- | ---: |\n| one | 2 |\n";
        assert_eq!(table(&["", "b"], &rows).replace("|  |", "| |"), told);
    }
}
