//! benchmarks/scaler.md and its charts, from the results alone.

use std::fmt::Write as _;

use crate::report::{circumstances, thousands, told, whole};
use crate::results::{HARNESS, Results, SCALER, Statistic, What};
use crate::svg::{Chart, Line, draw};
use crate::targets::{OF_SCALER, Verdict};

/// How things are measured: the same for every run.
const METHOD: &str = include_str!("method.md");

const GREEN: &str = "#1a7f4b";
const BLUE: &str = "#0969da";
const ORANGE: &str = "#bc4c00";

/// The page.
pub(super) fn page(results: &Results) -> String {
    let mut page = String::from("# Benchmarks of the controller\n\n");
    let _ = writeln!(
        page,
        "`make bench-scaler` wrote this page from [scaler.json](scaler.json). {}\n",
        summary(results)
    );
    page.push_str("## What must be reached\n| figure | bridges | must reach | measured | reached |\n| --- | ---: | --- | ---: | --- |\n");
    for target in &OF_SCALER {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            name(target.what),
            thousands(target.bridges),
            target.demand(),
            told(target.measure(results), target.statistic),
            target.judge(results)
        );
    }
    page.push_str(
        "\n## By bridges\n\
         ![Memory by the number of bridges](scaler-memory.svg)\n\n\
         ![CPU at rest by the number of bridges](scaler-cpu.svg)\n\n\
         ![Time to a scale decision by the number of bridges](scaler-bridges.svg)\n\n\
         ## By changes\n\
         ![Time to a scale decision, and its CPU, by how many bridges it is about](scaler-changes.svg)\n\n\
         ## Everything that was measured\n\
         Times are p50 / p99 / max.\n\n",
    );
    page.push_str(&everything(results));
    page.push_str(&circumstances(results, SCALER));
    page.push_str(METHOD);
    page
}

fn summary(results: &Results) -> String {
    let reached = OF_SCALER
        .iter()
        .filter(|target| target.judge(results) == Verdict::Reached);
    let mut summary = format!(
        "Of {} figures {} were reached.",
        OF_SCALER.len(),
        reached.count()
    );
    if results.quick {
        summary.push_str(
            " **This was a quick run: it shows that the benchmark works, and measures nothing.**",
        );
    }
    summary
}

/// What was measured, in the order of the table.
fn measured(results: &Results) -> Vec<What> {
    let mut all: Vec<What> = results
        .measures
        .iter()
        .filter(|measure| measure.subject == SCALER)
        .map(|measure| measure.what)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn everything(results: &Results) -> String {
    let sizes = results.sizes();
    let mut table = String::from("| |");
    for size in &sizes {
        let _ = write!(table, " {} bridges |", thousands(*size));
    }
    let _ = writeln!(table, "\n| --- |{}", " ---: |".repeat(sizes.len()));
    let mut row = |name: &str, subject: &str, what: What| {
        let _ = write!(table, "| {name} |");
        for size in &sizes {
            let _ = write!(table, " {} |", whole(results.of(subject, what, *size)));
        }
        table.push('\n');
    };
    for what in measured(results) {
        row(&name(what), SCALER, what);
    }
    row(
        "CPU of all bridges together, meanwhile",
        HARNESS,
        What::CpuAlone,
    );
    table
}

fn name(what: What) -> String {
    match what {
        What::CpuAlone => "CPU at rest".to_owned(),
        What::Memory => "memory at rest".to_owned(),
        What::PeakMemory => "peak memory".to_owned(),
        What::Drain(change) => format!("scale decision: {change} fewer"),
        What::TakeBack(change) => format!("scale decision: {change} taken back"),
        What::Create(change) => format!("scale decision: {change} new"),
        What::Work(change) => format!("CPU of a change: {change} fewer and taken back"),
        other => format!("{other:?}"),
    }
}

/// All charts, by the names of their files.
pub(super) fn charts(results: &Results) -> [(&'static str, String); 4] {
    let by_bridges = |what: What, statistic: Statistic, colour: &'static str, dashed: bool| Line {
        name: format!("{}{}", name(what), suffix(statistic)),
        colour,
        dashed,
        points: points(results.sizes().into_iter().map(|size| {
            (
                size as f64,
                results
                    .of(SCALER, what, size)
                    .and_then(|measure| measure.told(statistic)),
            )
        })),
    };
    let decisions = measured(results).into_iter().filter_map(|what| match what {
        What::Drain(change) if change > 1 => Some(change),
        _ => None,
    });
    let decisions = decisions.flat_map(|change| {
        let colour = if change < 100 { BLUE } else { GREEN };
        [
            by_bridges(What::Drain(change), Statistic::P50, colour, false),
            by_bridges(What::TakeBack(change), Statistic::P50, colour, true),
        ]
    });
    let (bridges, up) = ("bridges", "ms");
    [
        (
            "scaler-memory.svg",
            draw(&Chart {
                title: "How much memory the controller takes",
                across: bridges,
                up: "MB",
                lines: vec![
                    by_bridges(What::Memory, Statistic::Only, GREEN, false),
                    by_bridges(What::PeakMemory, Statistic::Only, BLUE, true),
                ],
            }),
        ),
        (
            "scaler-cpu.svg",
            draw(&Chart {
                title: "How much of a core the controller takes at rest",
                across: bridges,
                up: "% of a core",
                lines: vec![by_bridges(What::CpuAlone, Statistic::Only, GREEN, false)],
            }),
        ),
        (
            "scaler-bridges.svg",
            draw(&Chart {
                title: "How soon a scale decision is written down",
                across: bridges,
                up,
                lines: decisions.collect(),
            }),
        ),
        ("scaler-changes.svg", changes(results)),
    ]
}

/// At the size with most changes.
fn changes(results: &Results) -> String {
    let size = results
        .sizes()
        .into_iter()
        .max_by_key(|size| {
            results
                .measures
                .iter()
                .filter(|measure| measure.bridges == *size)
                .count()
        })
        .unwrap_or_default();
    let line =
        |name: &str, kind: fn(u32) -> What, statistic: Statistic, colour: &'static str| Line {
            name: name.to_owned(),
            colour,
            dashed: statistic == Statistic::Only,
            points: points(measured(results).into_iter().filter_map(|what| match what {
                What::Drain(change) => {
                    let measure = results.of(SCALER, kind(change), size);
                    Some((
                        f64::from(change),
                        measure.and_then(|measure| measure.told(statistic)),
                    ))
                }
                _ => None,
            })),
        };
    draw(&Chart {
        title: "How soon a scale decision is written down, and what it costs",
        across: "bridges that it is about",
        up: "ms",
        lines: vec![
            line("fewer, p50", What::Drain, Statistic::P50, GREEN),
            line("taken back, p50", What::TakeBack, Statistic::P50, BLUE),
            line("new, p50", What::Create, Statistic::P50, ORANGE),
            line(
                "CPU of fewer and taken back",
                What::Work,
                Statistic::Only,
                GREEN,
            ),
        ],
    })
}

/// Only what can be drawn on logarithmic axes.
fn points(all: impl Iterator<Item = (f64, Option<f64>)>) -> Vec<(f64, f64)> {
    all.filter_map(|(x, y)| Some((x, y.filter(|y| *y > 0.0)?)))
        .collect()
}

const fn suffix(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::P50 => ", p50",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::of_scaler;

    #[test]
    fn page_and_charts_are_made_from_the_results_alone() {
        let results = of_scaler();
        let page = page(&results);
        let method = page.find("## How it is measured").unwrap();
        insta::assert_snapshot!("page", page[..method]);
        for (name, drawn) in charts(&results) {
            insta::assert_snapshot!(name, drawn);
        }
    }

    #[test]
    fn a_quick_run_reaches_nothing() {
        let mut results = of_scaler();
        assert!(page(&results).contains("| yes |"));
        results.quick = true;
        assert!(!page(&results).contains("| yes |"));
    }
}
