//! A run in lines, for people.

use std::fmt::Write as _;

use crate::known::Known;
use crate::plan::{Options, Plan};
use crate::report::{Outcome, PutBack, Report, Unreachable, Verdict};
use crate::run::Told;
use crate::step::Server;
use crate::survey::Survey;

/// What is printed of what is told; each ends with a line feed.
pub fn lines(told: &Told<'_>) -> String {
    match told {
        Told::Plan(plan, options) => planned(plan, options),
        Told::Unreachable(unreachable) => unreached(unreachable),
        Told::Survey(survey, known) => surveyed(survey, known),
        Told::Step(outcome) => step(outcome),
        Told::PutBack(put_back) => put_back_line(put_back),
        Told::End(report) => end(report),
    }
}

/// The steps with what they change.
pub fn listed(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let changes = step
            .effect
            .changes()
            .map_or(String::new(), |what| format!(" (changes {what})"));
        line(
            &mut text,
            format_args!("{:<36} {}{changes}", step.name, step.says),
        );
    }
    text
}

/// Appends a line. Nothing can fail when a String is written to.
fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{arguments}");
}

fn planned(plan: &Plan, options: &Options) -> String {
    let mut text = String::new();
    let whom: Vec<_> = Server::ALL
        .into_iter()
        .filter_map(|server| {
            Some(format!(
                "{} http://{}",
                server.name(),
                options.place(server)?.authority(server)
            ))
        })
        .collect();
    line(
        &mut text,
        format_args!(
            "{} for {}",
            counted(plan.steps.len(), "step"),
            whom.join(" and ")
        ),
    );
    let changing: Vec<_> = plan.changing().collect();
    if changing.is_empty() {
        line(&mut text, format_args!("none of them changes anything"));
    } else {
        line(
            &mut text,
            format_args!("{} of them may change something:", changing.len()),
        );
    }
    for (step, what) in changing {
        line(&mut text, format_args!("  {:<34} {what}", step.name));
    }
    let withheld = plan.withheld_count();
    if withheld > 0 {
        line(
            &mut text,
            format_args!(
                "{} left out for that; --allow-changes asks those whose changes are put back, and with --allow-shutdown all",
                counted(withheld, "step")
            ),
        );
    }
    text + "\n"
}

fn unreached(unreachable: &Unreachable) -> String {
    let Unreachable {
        server,
        address,
        why,
        hint,
    } = unreachable;
    format!("error: {server} at http://{address} cannot be reached: {why}\nhint: {hint}\n\n")
}

fn surveyed(survey: &Survey, known: &Known) -> String {
    let mut text = String::new();
    let on = |on: bool| if on { "on" } else { "off" };
    let unknown = || "of an unknown version".to_owned();
    if survey.reached.contains(&Server::Bridge) {
        let drains = match known.draining {
            Some(true) => "drains",
            Some(false) => "does not drain",
            None => "does not tell whether it drains",
        };
        let people =
            known.people.map_or(
                "an unknown number of people".to_owned(),
                |people| match people {
                    0 => "nobody".to_owned(),
                    1 => "1 person".to_owned(),
                    people => format!("{people} people"),
                },
            );
        line(
            &mut text,
            format_args!(
                "bridge: {}; colibri REST {}, shutdown by REST {}; {drains}; {people} on it",
                survey.bridge.clone().unwrap_or_else(unknown),
                on(known.colibri_rest),
                on(known.shutdown_rest)
            ),
        );
    }
    if survey.reached.contains(&Server::Jicofo) {
        let bridges = known
            .bridges
            .map_or("an unknown number of bridges".to_owned(), |count| {
                counted(count as usize, "bridge")
            });
        let member = match &known.names.member {
            Some(member) if survey.reached.contains(&Server::Bridge) => {
                format!(", this one as {member}")
            }
            _ => String::new(),
        };
        line(
            &mut text,
            format_args!(
                "jicofo: {}; health checks {}; knows {bridges}{member}",
                survey.jicofo.clone().unwrap_or_else(unknown),
                on(known.jicofo_health)
            ),
        );
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn step(outcome: &Outcome) -> String {
    let mut text = String::new();
    match &outcome.verdict {
        Verdict::AsExpected => line(&mut text, format_args!("as expected  {}", outcome.name)),
        Verdict::LeftOut { why } => line(
            &mut text,
            format_args!("left out     {}: {why}", outcome.name),
        ),
        Verdict::NotAsked { why } => line(
            &mut text,
            format_args!("not asked    {}: {why}", outcome.name),
        ),
        Verdict::Different {
            request,
            differences,
            reply,
        } => {
            line(&mut text, format_args!("DIFFERENT    {}", outcome.name));
            line(
                &mut text,
                format_args!("    {} ({})", outcome.says, outcome.known_from),
            );
            for (index, words) in request.iter().enumerate() {
                let head = if index == 0 { "request" } else { "" };
                line(&mut text, format_args!("    {head:<9} {words}"));
            }
            for difference in differences {
                line(
                    &mut text,
                    format_args!(
                        "    {:<9} {}: {}",
                        "expected", difference.at, difference.expected
                    ),
                );
                line(
                    &mut text,
                    format_args!("    {:<9} {}: {}", "got", difference.at, difference.got),
                );
            }
            line(&mut text, format_args!("    {:<9} {reply}", "reply"));
        }
    }
    text
}

fn put_back_line(put_back: &PutBack) -> String {
    match &put_back.failed {
        None => format!("put back     {}\n", put_back.what),
        Some(failed) => format!(
            "NOT PUT BACK {}: {failed}\n    hint: do it by hand: {}\n",
            put_back.what, put_back.command
        ),
    }
}

fn end(report: &Report) -> String {
    let counts = report.counts();
    let mut text = String::from("\n");
    if report.interrupted {
        line(&mut text, format_args!("interrupted"));
    }
    line(
        &mut text,
        format_args!(
            "{}: {} as expected, {} different, {} left out, {} not asked",
            counted(report.steps.len(), "step"),
            counts.as_expected,
            counts.different,
            counts.left_out,
            counts.not_asked
        ),
    );
    if report.reached_nobody() {
        line(&mut text, format_args!("error: nothing could be reached"));
    } else if counts.as_expected + counts.different == 0 {
        line(
            &mut text,
            format_args!("nothing was asked: the reasons stand beside the steps"),
        );
    }
    text
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;
    use crate::judge::{excerpt, judge};
    use crate::known::Names;

    #[test]
    fn the_page_shows_a_difference_as_it_is_printed() {
        let steps = crate::suite::steps();
        let step = steps
            .iter()
            .find(|step| step.name == "metrics-without-accept")
            .unwrap();
        let known = Known::new(Names::new("127.0.0.1:8080", ""));
        let body = "# TYPE jitsi_jvb_relays counter\n# HELP jitsi_jvb_relays The total number of relays created.";
        let reply = Response::new(Bytes::from_static(body.as_bytes()));
        let verdict = Verdict::Different {
            request: crate::ask::lines(&(step.request)(&known.names)),
            differences: judge(&step.expected, &known, Ok(&reply)),
            reply: format!("{}: {}", reply.status(), excerpt(body)),
        };
        let printed = super::step(&Outcome::new(step, verdict));
        let page = include_str!("../../../docs/conform.md");
        assert!(page.contains(&printed), "{printed}");
    }
}
