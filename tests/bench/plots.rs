//! The charts: age, latency and memory by the number of bridges.

use crate::elsewhere;
use crate::results::{OURS, Results, Statistic, What};
use crate::svg::{Chart, Line, draw};

const GREEN: &str = "#1a7f4b";
const BLUE: &str = "#0969da";
const ORANGE: &str = "#bc4c00";
/// Colours of other adapters, in their order.
const OTHERS: [&str; 3] = [BLUE, "#8250df", "#9a6700"];

const BRIDGES: &str = "bridges";

/// All charts, by the names of their files.
pub(crate) fn all(results: &Results) -> [(&'static str, String); 3] {
    [
        ("age.svg", age(results)),
        ("latency.svg", latency(results)),
        ("memory.svg", memory(results)),
    ]
}

fn age(results: &Results) -> String {
    let mut lines = Vec::new();
    for (statistic, dashed) in [(Statistic::P50, false), (Statistic::P99, true)] {
        for (name, colour) in subjects(results) {
            lines.push(line(results, name, What::Age, statistic, colour, dashed));
        }
        lines.push(foreign(What::Age, statistic, dashed));
    }
    draw(&Chart {
        title: "How old a value is when an HPA reads it",
        across: BRIDGES,
        up: "age in s",
        lines,
    })
}

fn latency(results: &Results) -> String {
    let mut lines = Vec::new();
    for (what, dashed) in [(What::ReadDirect, false), (What::ReadThrough, true)] {
        for (name, colour) in subjects(results) {
            lines.push(line(results, name, what, Statistic::P50, colour, dashed));
        }
    }
    lines.push(foreign(What::ReadThrough, Statistic::P50, true));
    draw(&Chart {
        title: "How long a read of all bridges takes",
        across: BRIDGES,
        up: "ms",
        lines,
    })
}

fn memory(results: &Results) -> String {
    let mut lines: Vec<Line> = subjects(results)
        .into_iter()
        .map(|(name, colour)| {
            line(
                results,
                name,
                What::PeakMemory,
                Statistic::Only,
                colour,
                false,
            )
        })
        .collect();
    lines.push(foreign(What::PeakMemory, Statistic::Only, false));
    draw(&Chart {
        title: "How much memory the adapter ever had",
        across: BRIDGES,
        up: "MB",
        lines,
    })
}

fn subjects(results: &Results) -> Vec<(&str, &'static str)> {
    let mut others = OTHERS.into_iter().cycle();
    (results.subjects.iter())
        .filter_map(|subject| {
            let colour = if subject.name == OURS {
                Some(GREEN)
            } else {
                others.next()
            };
            Some((subject.name.as_str(), colour?))
        })
        .collect()
}

fn line(
    results: &Results,
    name: &str,
    what: What,
    statistic: Statistic,
    colour: &'static str,
    dashed: bool,
) -> Line {
    let point = |bridges: usize| {
        let told = results.of(name, what, bridges)?.told(statistic)?;
        (told > 0.0).then_some((bridges as f64, told))
    };
    Line {
        name: format!("{name}{}", suffix(what, statistic)),
        colour,
        dashed,
        points: results.sizes().into_iter().filter_map(point).collect(),
    }
}

/// The one that was measured elsewhere.
fn foreign(what: What, statistic: Statistic, dashed: bool) -> Line {
    let figures = elsewhere::FIGURES
        .iter()
        .filter(|figure| figure.what == what && figure.statistic == statistic);
    Line {
        name: format!(
            "{}{} (measured elsewhere)",
            elsewhere::NAME,
            suffix(what, statistic)
        ),
        colour: ORANGE,
        dashed,
        points: figures
            .map(|figure| (figure.bridges as f64, figure.drawn))
            .collect(),
    }
}

const fn suffix(what: What, statistic: Statistic) -> &'static str {
    match (what, statistic) {
        (What::Age, Statistic::P99) => ", p99",
        (What::ReadThrough, _) => ", through kube-apiserver, p50",
        (What::Age, _) => ", p50",
        (What::ReadDirect, _) => ", direct, p50",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::results;

    #[test]
    fn the_charts_are_drawn_from_the_results_alone() {
        for (name, drawn) in all(&results()) {
            insta::assert_snapshot!(name, drawn);
        }
    }
}
