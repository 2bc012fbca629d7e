//! What came of it, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use hpa::replay::{Difference, Episode};

use super::problem::Problem;

/// What came of one file.
#[derive(Clone, Debug)]
pub(super) struct Replayed {
    file: String,
    pub(super) episodes: usize,
    pub(super) syncs: usize,
    pub(super) differences: usize,
    pub(super) problem: Option<Problem>,
}

impl Replayed {
    pub(super) fn of(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            episodes: 0,
            syncs: 0,
            differences: 0,
            problem: None,
        }
    }
}

/// Where an episode stands, and which it is.
pub(super) struct Title(String);

impl Title {
    pub(super) fn of(file: &Path, line: usize, episode: &Episode) -> Self {
        let Episode { id, name, note, .. } = episode;
        let place = format!("{}:{line} episode {id}", file.display());
        let words = [place.as_str(), name, note];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Self(words.join(", "))
    }
}

/// What came of all.
#[derive(Clone, Debug)]
pub struct Report {
    show: usize,
    files: Vec<Replayed>,
    shown: Vec<String>,
    fields: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(super) fn new(show: usize) -> Self {
        Self {
            show,
            files: Vec::new(),
            shown: Vec::new(),
            fields: BTreeMap::new(),
        }
    }

    pub(super) fn end(&mut self, replayed: Replayed) {
        self.files.push(replayed);
    }

    pub(super) fn differ(&mut self, Title(title): &Title, differences: &[Difference]) {
        for difference in differences {
            let Difference {
                step,
                seconds,
                field,
                recorded,
                computed,
            } = difference;
            *self.fields.entry(field).or_default() += 1;
            if self.shown.len() < self.show {
                self.shown.push(format!(
                    "{title}\n  step {step} at {seconds} s, {field}\n    recorded {recorded}\n    computed {computed}\n"
                ));
            }
        }
    }

    fn total(&self, of: impl Fn(&Replayed) -> usize) -> usize {
        self.files.iter().map(of).sum()
    }

    /// What kept files from being replayed.
    pub fn problems(&self) -> String {
        let problems = self.files.iter().filter_map(|file| file.problem.as_ref());
        problems.map(ToString::to_string).collect()
    }

    /// 0 no differences, 1 differences, 2 a file could not be replayed.
    pub fn exit_code(&self) -> u8 {
        if self.files.iter().any(|file| file.problem.is_some()) {
            2
        } else {
            u8::from(!self.fields.is_empty())
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.shown {
            writeln!(f, "{difference}")?;
        }
        let columns = ["episodes", "syncs", "differences"];
        let [episodes, syncs, differences] = columns;
        writeln!(f, "{episodes:>9} {syncs:>9} {differences:>12}  file")?;
        for file in &self.files {
            let Replayed {
                episodes,
                syncs,
                differences,
                ..
            } = file;
            let note = if file.problem.is_some() {
                ", up to an error"
            } else {
                ""
            };
            let name = &file.file;
            writeln!(
                f,
                "{episodes:>9} {syncs:>9} {differences:>12}  {name}{note}"
            )?;
        }
        if self.files.len() > 1 {
            writeln!(
                f,
                "{:>9} {:>9} {:>12}  in all",
                self.total(|file| file.episodes),
                self.total(|file| file.syncs),
                self.total(|file| file.differences)
            )?;
        }
        if !self.fields.is_empty() {
            writeln!(f, "\ndifferences by field:")?;
            for (field, count) in &self.fields {
                writeln!(f, "{count:>9}  {field}")?;
            }
        }
        Ok(())
    }
}
