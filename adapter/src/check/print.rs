//! A report for a person, or for a program.

use std::fmt::Write as _;

use clap::builder::styling::{AnsiColor, Style};
use serde_json::json;

use super::report::{Report, Severity};

#[cfg(test)]
mod tests;

/// Names longer than this do not push the texts of all the others to the right.
const WIDEST_SUBJECT: usize = 40;

/// What stands before a text: two spaces and the longest word for a severity, and a space.
const SEVERITY_WIDTH: usize = 8;

/// The report in lines, step by step, with what to do below what is wrong.
pub fn text(report: &Report, colours: bool) -> String {
    let mut text = String::new();
    let mut step = None;
    let widths = report
        .findings
        .iter()
        .map(|finding| finding.subject.chars().count());
    let width = widths
        .filter(|width| *width <= WIDEST_SUBJECT)
        .max()
        .unwrap_or_default();
    for finding in &report.findings {
        if step.replace(finding.step) != Some(finding.step) {
            let style = style(colours, Style::new().bold());
            let between = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{between}{style}{}{style:#}", finding.step.title());
        }
        let style = style(colours, colour(finding.severity));
        let word = finding.severity.name();
        let _ = writeln!(
            text,
            "  {style}{word:SEVERITY_WIDTH$}{style:#} {:width$}  {}",
            finding.subject, finding.text
        );
        let indent = SEVERITY_WIDTH + 3;
        let lines = [
            ("why", &finding.why),
            ("mend", &finding.mend),
            ("look", &finding.look),
        ];
        for (word, line) in lines {
            if let Some(line) = line {
                let _ = writeln!(text, "{:indent$}{word:4}  {line}", "");
            }
        }
    }
    let _ = writeln!(text, "\n{}", verdict(report));
    text
}

/// The report as one JSON object.
pub fn json(report: &Report) -> String {
    let report = json!({
        "severity": report.severity(),
        "exitCode": report.exit_code(),
        "findings": report.findings,
    });
    format!("{report:#}\n")
}

fn verdict(report: &Report) -> String {
    let several = |severity, one: &str, many: &str| match report.count(severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let found: Vec<String> = [
        several(Severity::Error, "error", "errors"),
        several(Severity::Unknown, "unknown", "unknown"),
        several(Severity::Warning, "warning", "warnings"),
        several(Severity::Skipped, "skipped", "skipped"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let meaning = match report.severity() {
        Severity::Ok | Severity::Skipped => "all is well as far as it can be seen from here",
        Severity::Warning => "the chain holds, with weak links",
        Severity::Unknown => "what matters could not be seen",
        Severity::Error => "the chain is broken",
    };
    if found.is_empty() {
        "all is well".to_owned()
    } else {
        format!("{}: {meaning}", found.join(", "))
    }
}

fn style(colours: bool, style: Style) -> Style {
    if colours { style } else { Style::new() }
}

fn colour(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Ok => AnsiColor::Green,
        Severity::Skipped => AnsiColor::BrightBlack,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Unknown => AnsiColor::Magenta,
        Severity::Error => AnsiColor::Red,
    };
    colour.on_default()
}
