//! What the example `seed` is asked for, word by word.

use scaler_policy::Guard;

use super::scenario::Scenario;
use super::sim::Options;

/// All words that are known.
const KNOWN: &str = "known are: SEED, a number and the first word, alone or with one of `shrink`, `revive` and `to=SEED`; `only=0,2`, \
                     some of the faults of that seed; `without=GUARD`; and `guards=N` alone";

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// One seed.
    One {
        /// Which.
        seed: u64,
        /// With what of it.
        options: Options,
        /// What is to be told of it.
        what: Told,
    },
    /// All seeds from the first one on and before the second, and the table of them.
    Range {
        /// Which.
        seeds: std::ops::Range<u64>,
        /// With which guard switched off.
        options: Options,
    },
    /// In how many seeds each guard's bug is looked for.
    Guards(u64),
}

/// What is to be told of a seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Told {
    /// All that happens in it.
    Trace,
    /// The fewest faults with which it still fails.
    Shrunk,
    /// The guards without which it fails.
    Revived,
}

/// The words, sorted by what they say; each may be said once.
#[derive(Default)]
struct Said<'a> {
    seed: Option<u64>,
    only: Option<&'a str>,
    without: Option<&'a str>,
    to: Option<u64>,
    guards: Option<u64>,
    shrink: Option<()>,
    revive: Option<()>,
}

/// Understands the words.
///
/// # Errors
/// When one of them is not known, is said twice, does not go with another one, or means nothing of this seed: with what is known.
pub fn understand(words: &[String]) -> Result<Wanted, String> {
    let said = sort(words)?;
    if let Some(seeds) = said.guards {
        if words.len() > 1 {
            return Err(format!("guards= goes with no other word; {KNOWN}"));
        }
        if seeds == 0 {
            return Err("guards=0 looks nowhere: say in how many seeds".to_owned());
        }
        return Ok(Wanted::Guards(seeds));
    }
    let seed = said.seed.ok_or(format!("which seed? {KNOWN}"))?;
    let without = said.without.map(guard).transpose()?;
    let options = Options {
        without,
        only: said.only.map(|only| places(seed, only)).transpose()?,
        ..Options::default()
    };
    let what = match (said.to, said.shrink, said.revive) {
        (None, None, None) => Told::Trace,
        (None, Some(()), None) => Told::Shrunk,
        (None, None, Some(())) if without.is_some() => {
            return Err("revive switches each guard off in turn: leave without= out".to_owned());
        }
        (None, None, Some(())) => Told::Revived,
        (Some(_), None, None) if options.only.is_some() => {
            return Err("only= means the faults of one seed, and to= asks for many".to_owned());
        }
        (Some(to), None, None) if to <= seed => {
            return Err(format!(
                "to={to} leaves nothing to run: it is the seed before which to end, and the first one is {seed}"
            ));
        }
        (Some(to), None, None) => {
            let seeds = seed..to;
            return Ok(Wanted::Range { seeds, options });
        }
        _ => return Err(format!("that is more than one wish; {KNOWN}")),
    };
    Ok(Wanted::One {
        seed,
        options,
        what,
    })
}

fn sort(words: &[String]) -> Result<Said<'_>, String> {
    let mut said = Said::default();
    for (place, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        let new = match (name, value) {
            ("only", Some(value)) => said.only.replace(value).is_none(),
            ("without", Some(value)) => said.without.replace(value).is_none(),
            ("to", Some(value)) => said.to.replace(number(value)?).is_none(),
            ("guards", Some(value)) => said.guards.replace(number(value)?).is_none(),
            ("shrink", None) => said.shrink.replace(()).is_none(),
            ("revive", None) => said.revive.replace(()).is_none(),
            (seed, None) if place == 0 => said.seed.replace(number(seed)?).is_none(),
            _ => return Err(format!("{word:?} is no word that is known; {KNOWN}")),
        };
        if !new {
            return Err(format!("{name}= is said twice"));
        }
    }
    Ok(said)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is no number; {KNOWN}"))
}

fn guard(name: &str) -> Result<Guard, String> {
    let named = |guard: &Guard| format!("{guard:?}") == name;
    Guard::ALL.into_iter().find(named).ok_or_else(|| {
        let all = Guard::ALL.map(|guard| format!("{guard:?}")).join(", ");
        format!("there is no guard {name:?}; there are: {all}")
    })
}

/// The places of faults and interludes of a seed; an empty text is none of them.
fn places(seed: u64, text: &str) -> Result<Vec<usize>, String> {
    let scenario = Scenario::draw(seed, None);
    let faults = scenario.faults.iter().map(|one| format!("{:?}", one.fault));
    let interludes = scenario.interludes.iter();
    let interludes = interludes.map(|one| format!("{:?}", one.what));
    let all: Vec<String> = faults.chain(interludes).collect();
    let mut places = Vec::new();
    for place in text.split(',').filter(|_| !text.is_empty()) {
        let place = number(place)? as usize;
        if place >= all.len() {
            let all = all.iter().enumerate();
            let all = all.map(|(place, what)| format!("{place} {what}"));
            let all = all.collect::<Vec<_>>().join(", ");
            return Err(format!("seed {seed} has no fault {place}; it has: {all}"));
        }
        places.push(place);
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> Result<Wanted, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        understand(&words)
    }

    #[test]
    fn words_that_are_known_are_understood() {
        let of_one = [
            ("7", Told::Trace, None, None),
            ("2 only=1 shrink", Told::Shrunk, Some(vec![1]), None),
            ("2 revive only=0,1", Told::Revived, Some(vec![0, 1]), None),
            ("2 only=", Told::Trace, Some(vec![]), None),
            ("7 without=Pinned", Told::Trace, None, Some(Guard::Pinned)),
        ];
        for (text, told, only, without) in of_one {
            let Ok(Wanted::One { options, what, .. }) = say(text) else {
                panic!("{text}")
            };
            assert_eq!(
                (what, options.only, options.without),
                (told, only, without),
                "{text}"
            );
        }
        let range = say("5 to=9 without=Pinned");
        assert!(
            matches!(&range, Ok(Wanted::Range { seeds, options }) if *seeds == (5..9) && options.without == Some(Guard::Pinned)),
            "{range:?}"
        );
        assert!(matches!(say("guards=30"), Ok(Wanted::Guards(30))));
    }

    #[test]
    fn whatever_else_is_said_is_an_error_that_says_what_is_known() {
        for (text, expected) in [
            ("", "which seed?"),
            ("only=0", "which seed?"),
            (
                "5 bogus",
                "\"bogus\" is no word that is known; known are: SEED",
            ),
            ("5 6", "\"6\" is no word that is known"),
            ("5 shrink=1", "\"shrink=1\" is no word that is known"),
            ("five", "\"five\" is no number; known are: SEED"),
            ("5 only=x", "\"x\" is no number"),
            ("2 only=99", "seed 2 has no fault 99; it has: 0 "),
            ("5 only=0 only=0", "only= is said twice"),
            ("5 to=3", "to=3 leaves nothing to run"),
            ("5 to=5", "to=5 leaves nothing to run"),
            ("5 to=9 only=0", "only= means the faults of one seed"),
            ("5 to=9 shrink", "more than one wish"),
            ("5 shrink revive", "more than one wish"),
            ("5 revive without=Pinned", "leave without= out"),
            (
                "5 without=Luck",
                "there is no guard \"Luck\"; there are: AckOfThisRun, ",
            ),
            ("5 guards=9", "guards= goes with no other word"),
            ("guards=0", "guards=0 looks nowhere"),
        ] {
            match say(text) {
                Err(error) => assert!(error.contains(expected), "{text:?}: {error}"),
                Ok(wanted) => panic!("{text:?} is understood: {wanted:?}"),
            }
        }
    }

    #[test]
    fn every_place_of_a_seed_may_be_said_and_none_beyond_the_last() {
        for seed in 0..50 {
            let scenario = Scenario::draw(seed, None);
            let all = scenario.faults.len() + scenario.interludes.len();
            assert!(say(&format!("{seed} only={}", all - 1)).is_ok());
            assert!(say(&format!("{seed} only={all}")).is_err());
        }
    }
}
