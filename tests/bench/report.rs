//! docs/benchmarks.md, from the results alone.

use std::fmt::Write as _;

use crate::elsewhere;
use crate::results::{HARNESS, Measure, OURS, Results, Statistic, Subject, Value, What};
use crate::targets::{TARGETS, Target, Verdict};

/// How things are measured: the same for every run.
const METHOD: &str = include_str!("method.md");

/// What each thing is called in tables, in their order.
const NAMES: [(What, &str); 18] = [
    (What::Age, "age of a value when read by an HPA every 15 s"),
    (
        What::AgeSampled,
        "the same, with the 10 s of the bridge's own sampler",
    ),
    (
        What::AgeUnrefreshed,
        "the same, asking no bridge for a reader's sake",
    ),
    (
        What::AgeHpa,
        "mean age at three real HPAs, two replicas, when their status tells it",
    ),
    (What::ReadDirect, "one read from a fresh snapshot, direct"),
    (
        What::ReadDirectPacked,
        "one read from a fresh snapshot, direct, packed",
    ),
    (
        What::ReadThrough,
        "one read from a fresh snapshot, through kube-apiserver",
    ),
    (
        What::ReadThroughPacked,
        "one read from a fresh snapshot, through kube-apiserver, packed",
    ),
    (
        What::ReadWithRound,
        "a read that triggers a round, through kube-apiserver",
    ),
    (What::Saturated, "saturated, 4 clients, direct"),
    (
        What::SaturatedUnrefreshed,
        "saturated, 4 clients, direct, asking no bridge for a reader's sake",
    ),
    (
        What::SaturatedThrough,
        "saturated, 4 clients, through kube-apiserver",
    ),
    (What::CpuAlone, "CPU, every bridge asked every 5 s"),
    (What::CpuRead, "CPU, read every 5 s besides"),
    (What::PeakMemory, "peak memory"),
    (
        What::FirstServed,
        "first answered `local_endpoints` to served",
    ),
    (What::GoneAbsent, "pod deleted to absent"),
    (
        What::StartAvailable,
        "start to Available, APIServices created at the same moment",
    ),
];

/// The page.
pub(crate) fn page(results: &Results) -> String {
    let mut page = String::from("# Benchmarks\n\n");
    let _ = writeln!(
        page,
        "`make bench-adapter` wrote this page from [benchmarks/results.json](benchmarks/results.json). {}\n\n\
         What a decision about a pool costs is in [benchmarks/policy.md](benchmarks/policy.md), a sync of the HPA in\n\
         [benchmarks/hpa.md](benchmarks/hpa.md).\n",
        summary(results)
    );
    page.push_str("## What must be reached\n");
    page.push_str(&figures(results));
    page.push_str(
        "\n![Age of values by the number of bridges](benchmarks/age.svg)\n\n\
         ![Duration of a read by the number of bridges](benchmarks/latency.svg)\n\n\
         ![Peak memory by the number of bridges](benchmarks/memory.svg)\n\n\
         ## Everything that was measured\n\
         Times are p50 / p99 / max.\n",
    );
    for subject in &results.subjects {
        page.push_str(&everything(results, subject));
    }
    page.push_str(&circumstances(results, OURS));
    page.push_str(METHOD);
    let _ = write!(page, "\n## Measured elsewhere\n{}\n", elsewhere::HOW);
    page
}

fn summary(results: &Results) -> String {
    let verdicts: Vec<Verdict> = TARGETS.iter().map(|target| target.judge(results)).collect();
    let count = |wanted: &Verdict| verdicts.iter().filter(|one| *one == wanted).count();
    let (reached, missed) = (count(&Verdict::Reached), count(&Verdict::Missed));
    let unknown = verdicts.len() - reached - missed;
    let mut summary = format!("Of {} figures {reached} were reached", verdicts.len());
    if missed > 0 {
        let _ = write!(summary, ", {missed} were missed");
    }
    if unknown > 0 {
        let _ = write!(summary, ", {unknown} were not measured");
    }
    summary.push('.');
    if results.quick {
        summary.push_str(
            " **This was a quick run: it shows that the benchmark works, and measures nothing.**",
        );
    }
    summary
}

fn others(results: &Results) -> impl Iterator<Item = &Subject> {
    let all = results.subjects.iter();
    all.filter(|subject| subject.name != OURS)
}

fn figures(results: &Results) -> String {
    let mut table = String::from("| figure | bridges | must reach | measured | reached |");
    let mut rule = String::from("| --- | ---: | --- | ---: | --- |");
    for other in others(results) {
        let _ = write!(table, " {} |", other.name);
        rule.push_str(" ---: |");
    }
    let _ = writeln!(
        table,
        " {}, measured elsewhere |\n{rule} ---: |",
        elsewhere::NAME
    );
    for target in &TARGETS {
        let Target {
            what,
            bridges,
            statistic,
            ..
        } = *target;
        let _ = write!(
            table,
            "| {} | {} | {} | {} | {} |",
            name(what),
            thousands(bridges),
            target.demand(),
            told(target.measure(results), statistic),
            target.judge(results)
        );
        for other in others(results) {
            let measure = results.of(&other.name, what, bridges);
            let _ = write!(table, " {} |", told(measure, statistic));
        }
        let foreign = elsewhere::of(what, statistic, bridges);
        let _ = writeln!(table, " {} |", foreign.map_or("–", |figure| figure.told));
    }
    table
}

fn everything(results: &Results, subject: &Subject) -> String {
    let sizes = results.sizes();
    let mut table = format!("\n### {}\n", subject.name);
    if subject.pushed {
        table.push_str("Values were pushed to it before; it asks no bridge.\n\n");
    }
    table.push_str("| |");
    for size in &sizes {
        let _ = write!(table, " {} bridges |", thousands(*size));
    }
    let _ = writeln!(table, "\n| --- |{}", " ---: |".repeat(sizes.len()));
    for (what, name) in NAMES {
        let of = |bridges: &usize| results.of(&subject.name, what, *bridges);
        if sizes.iter().all(|bridges| of(bridges).is_none()) {
            continue;
        }
        let _ = write!(table, "| {name} |");
        for measure in sizes.iter().map(of) {
            let _ = write!(table, " {} |", whole(measure));
        }
        table.push('\n');
    }
    if subject.name == OURS {
        table.push_str("| CPU of all bridges and readers together, meanwhile |");
        for bridges in &sizes {
            let measure = results.of(HARNESS, What::CpuAlone, *bridges);
            let _ = write!(table, " {} |", whole(measure));
        }
        table.push('\n');
    }
    table
}

/// Machine, programs and what was left out.
pub(crate) fn circumstances(results: &Results, ours: &str) -> String {
    let machine = &results.machine;
    let build = if results.release {
        "optimised"
    } else {
        "not optimised"
    };
    let mut text = format!(
        "\n## What it was measured with\n\
         | | |\n| --- | --- |\n\
         | machine | {}, {} cores, {} MB |\n\
         | system | {}, kernel {}, {} |\n\
         | load before the run | {} |\n\
         | Kubernetes | {} |\n\
         | build | {build}, {}, commit {} |\n\
         | allocator of {ours} | malloc of {} |\n\
         | begun | {}, took {} s |\n\
         | command | `{}` |\n",
        machine.processor,
        machine.cores,
        machine.memory_megabytes,
        machine.system,
        machine.kernel,
        machine.libc,
        machine.load_before,
        machine.kubernetes,
        machine.rustc,
        results.commit,
        machine.libc,
        results.began,
        results.seconds,
        results.command,
    );
    for subject in &results.subjects {
        let _ = writeln!(
            text,
            "| {} | `{}`, at most {} open files |",
            subject.name, subject.command, subject.open_files
        );
    }
    if !results.remarks.is_empty() {
        text.push_str("\nWhat was left out, or failed:\n");
        for remark in &results.remarks {
            let _ = writeln!(text, "- {}", remark.replace('\n', " "));
        }
    }
    text.push('\n');
    text
}

fn name(what: What) -> &'static str {
    let named = NAMES.iter().find(|(named, _)| *named == what);
    named.map_or("", |(_, name)| name)
}

/// One statistic of a measure, with its unit.
pub(crate) fn told(measure: Option<&Measure>, statistic: Statistic) -> String {
    let value = measure.and_then(|measure| Some((measure.told(statistic)?, measure.what.unit())));
    value.map_or_else(
        || "–".to_owned(),
        |(value, unit)| format!("{} {unit}", rounded(value)),
    )
}

/// All statistics of a measure.
pub(crate) fn whole(measure: Option<&Measure>) -> String {
    let Some(measure) = measure else {
        return "–".to_owned();
    };
    let statistics: &[Statistic] = match measure.value {
        Value::Number(_) => &[Statistic::Only],
        Value::Series(_) => &[Statistic::P50, Statistic::P99, Statistic::Max],
    };
    let values: Vec<String> = statistics
        .iter()
        .filter_map(|statistic| measure.told(*statistic))
        .map(rounded)
        .collect();
    let failures = match measure.failures {
        0 => String::new(),
        failures => format!(", {failures} failed"),
    };
    if values.is_empty() {
        return format!("nothing{failures}");
    }
    format!("{} {}{failures}", values.join(" / "), measure.what.unit())
}

/// Three digits that mean something.
fn rounded(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: usize) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", number / 1_000, number % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::results;

    #[test]
    fn the_page_is_made_from_the_results_alone() {
        let page = page(&results());
        let method = page.find("## How it is measured").unwrap();
        insta::assert_snapshot!(page[..method]);
    }

    #[test]
    fn a_quick_run_says_of_no_figure_that_it_was_reached() {
        let mut results = results();
        let reached = |results: &Results| page(results).matches("| yes |").count();
        assert!(reached(&results) > 0);
        results.quick = true;
        assert_eq!(reached(&results), 0);
        assert!(page(&results).contains("0 were reached"));
    }

    #[test]
    fn everything_that_can_be_measured_has_a_name() {
        for target in TARGETS {
            assert!(!name(target.what).is_empty(), "{target:?}");
        }
    }
}
