//! What may come next on a command line. kubectl asks for it by the program `kubectl_complete-bridgepool`.

mod names;

use clap::{Command, CommandFactory as _};

use self::names::names;
use crate::args::CommandLine;

/// What `completion kubectl` prints: a file of this text, executable and on the PATH, is the program that kubectl asks.
pub const SCRIPT: &str = "#!/bin/sh\nexec kubectl-bridgepool __complete \"$@\"\n";

/// The name by which kubectl calls its plugin's completion.
const PROGRAM: &str = "kubectl_complete-bridgepool";

/// The word that asks for completions, as it is with the programs of Kubernetes.
const WORD: &str = "__complete";

/// What follows the proposals: no file names beside them (cobra's ShellCompDirectiveNoFileComp).
const NO_FILES: &str = ":4\n";

/// What stands in a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// The name of a pool.
    Pool,
    /// The name of a bridge.
    Bridge,
}

/// What is proposed for a place.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proposals {
    /// Words that are known without a cluster, each with what it means.
    pub words: Vec<(String, String)>,
    /// Names of the cluster.
    pub names: Option<Place>,
}

/// The words that were typed so far, the last one perhaps not to its end, where that is what this program is asked for.
pub fn asked(words: &[String]) -> Option<&[String]> {
    let program = words.first()?;
    if program.rsplit('/').next() == Some(PROGRAM) {
        return Some(&words[1..]);
    }
    (words.get(1).map(String::as_str) == Some(WORD)).then(|| &words[2..])
}

/// Prints what may come next: the exit code.
pub fn run(typed: &[String]) -> u8 {
    let proposals = propose(typed);
    let begun = typed.last().map_or("", String::as_str);
    let mut text = String::new();
    let names = proposals.names.map(|place| names(place, typed));
    let words = proposals.words.into_iter();
    let names = names.unwrap_or_default().into_iter();
    for (word, meaning) in words.chain(names.map(|name| (name, String::new()))) {
        if word.starts_with(begun) {
            text += &word;
            if !meaning.is_empty() {
                text.push('\t');
                text += &meaning;
            }
            text.push('\n');
        }
    }
    text += NO_FILES;
    crate::terminal::print(&text);
    0
}

/// What may come next.
pub fn propose(typed: &[String]) -> Proposals {
    let mut root = CommandLine::command();
    // Only then it knows which place is which.
    root.build();
    let Some((begun, before)) = typed.split_last() else {
        return Proposals::default();
    };
    let line = Line::read(&root, before);
    if let Some(flag) = line.open {
        let values = flag.get_possible_values().into_iter();
        return Proposals {
            words: values
                .map(|value| (value.get_name().to_owned(), help(value.get_help())))
                .collect(),
            names: (flag.get_id() == "pool").then_some(Place::Pool),
        };
    }
    if begun.starts_with('-') {
        let flags = line.command.get_arguments().chain(root.get_arguments());
        let mut words: Vec<_> = flags
            .filter_map(|flag| Some((format!("--{}", flag.get_long()?), help(flag.get_help()))))
            .collect();
        words.dedup();
        return Proposals { words, names: None };
    }
    if line.command.has_subcommands() {
        let commands = line.command.get_subcommands();
        return Proposals {
            words: commands
                .map(|command| (command.get_name().to_owned(), help(command.get_about())))
                .collect(),
            names: None,
        };
    }
    let mut places = line.command.get_positionals();
    let place = places.find(|place| place.get_index() == Some(line.positionals + 1) || many(place));
    let Some(place) = place else {
        return Proposals::default();
    };
    let values = place.get_possible_values().into_iter();
    Proposals {
        words: values
            .map(|value| (value.get_name().to_owned(), help(value.get_help())))
            .collect(),
        names: match place.get_id().as_str() {
            "pool" => Some(Place::Pool),
            "bridge" | "bridges" => Some(Place::Bridge),
            _ => None,
        },
    }
}

fn many(place: &clap::Arg) -> bool {
    place
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1)
        || matches!(place.get_action(), clap::ArgAction::Append)
}

/// The first sentence of a help text.
fn help(help: Option<&clap::builder::StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// What was typed to its end.
struct Line<'a> {
    command: &'a Command,
    /// How many places are filled.
    positionals: usize,
    /// A flag whose value comes next.
    open: Option<&'a clap::Arg>,
}

impl<'a> Line<'a> {
    fn read(root: &'a Command, words: &[String]) -> Self {
        let mut line = Self {
            command: root,
            positionals: 0,
            open: None,
        };
        for word in words {
            if line.open.take().is_some() {
                continue;
            }
            if word.starts_with('-') {
                let arguments = line.command.get_arguments().chain(root.get_arguments());
                line.open = arguments
                    .filter(|flag| flag.get_action().takes_values())
                    .find(|flag| is(flag, word));
            } else if let Some(command) = line.command.find_subcommand(word) {
                line.command = command;
            } else {
                line.positionals += 1;
            }
        }
        line
    }
}

/// Whether a word is this flag, with its value to come.
fn is(flag: &clap::Arg, word: &str) -> bool {
    let long = flag.get_long().map(|long| format!("--{long}"));
    let short = flag.get_short().map(|short| format!("-{short}"));
    long.as_deref() == Some(word) || short.as_deref() == Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn words(line: &str) -> Vec<String> {
        let words = propose(&typed(line)).words.into_iter();
        words.map(|(word, _)| word).collect()
    }

    #[test]
    fn commands_come_first_and_flags_when_a_flag_is_begun() {
        assert!(words("").contains(&"explain".to_owned()));
        assert!(words("status -").contains(&"--all-namespaces".to_owned()));
        assert!(words("status -").contains(&"--namespace".to_owned()));
        assert_eq!(words("status -o "), ["table", "json"]);
        assert!(words("completion ").contains(&"kubectl".to_owned()));
    }

    #[test]
    fn names_come_where_names_are_wanted() {
        for (line, place) in [
            ("status ", Some(Place::Pool)),
            ("status jvb ", None),
            ("-n jitsi explain ", Some(Place::Bridge)),
            ("explain --pool ", Some(Place::Pool)),
            ("drain jvb-1 ", Some(Place::Bridge)),
            ("pause -n jitsi ", Some(Place::Pool)),
            ("template ", Some(Place::Pool)),
            ("template --slot ", None),
            ("watch -n ", None),
        ] {
            assert_eq!(propose(&typed(line)).names, place, "{line}");
        }
    }

    #[test]
    fn kubectl_asks_by_a_program_of_its_own_name() {
        for (words, rest) in [
            (
                &["/usr/bin/kubectl_complete-bridgepool", "sta"][..],
                Some(1),
            ),
            (&["kubectl-bridgepool", "__complete", "drain", ""], Some(2)),
            (&["kubectl-bridgepool", "status"], None),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(asked(&words).map(<[String]>::len), rest, "{words:?}");
        }
    }
}
