//! Statistics while they are being read: each value goes to its field, or to [`Stats::nonsense`] when it cannot be true.

use crate::keys::{self, Field, KEYS, Key};
use crate::reading::ReadError;
use crate::source::Source;
use crate::stats::{Nonsense, StartupTime, Stats, Why};
use crate::time::Time;

/// Counts above this are not exact in a floating-point number, and nothing a bridge counts comes near.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// A value as a form gives it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Number(f64),
    Flag(bool),
    Text(String),
    /// Nothing that a field could be made of: null, an array, an object.
    Other,
}

/// Where a value of a wanted key goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    field: Option<usize>,
    extra: Option<usize>,
}

pub(super) struct Draft<'a> {
    form: Source,
    wanted: &'a [String],
    stats: Stats,
    seen: [bool; KEYS.len()],
    extras: Vec<Option<Raw>>,
    /// The first fault found; reading goes on, so that the reader of a form need not know of it.
    fault: Option<ReadError>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(form: Source, wanted: &'a [String]) -> Self {
        Self {
            form,
            wanted,
            stats: Stats::default(),
            seen: [false; KEYS.len()],
            extras: vec![None; wanted.len()],
            fault: None,
        }
    }

    /// Where the value of a key goes, the text form's without its prefix; `None` when nobody wants it.
    pub(super) fn slot(&self, key: &str) -> Option<Slot> {
        let field = KEYS.iter().position(|line| line.of(self.form) == Some(key));
        let extra = self
            .wanted
            .iter()
            .position(|wanted| keys::bare(wanted) == key);
        (field.is_some() || extra.is_some()).then_some(Slot { field, extra })
    }

    pub(super) fn set(&mut self, slot: Slot, raw: Raw) {
        if let Some(index) = slot.extra
            && self.extras[index].replace(raw.clone()).is_some()
        {
            self.twice(keys::bare(&self.wanted[index]));
        }
        if let Some(index) = slot.field {
            let line = &KEYS[index];
            let key = line.of(self.form).unwrap_or_default();
            if std::mem::replace(&mut self.seen[index], true) {
                self.twice(key);
            }
            match fill(&mut self.stats, line, self.form, raw) {
                Ok(()) => {}
                Err(Unfit::Nonsense(why)) => self.nonsense(key, why),
                Err(Unfit::NotAFlag) => {
                    let key = self.own(key);
                    self.fault.get_or_insert(ReadError::NotAFlag {
                        form: self.form,
                        key,
                    });
                }
            }
        }
    }

    /// What was read.
    pub(super) fn finish(mut self) -> Result<Stats, ReadError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let missing = KEYS
            .iter()
            .zip(self.seen)
            .filter(|(line, seen)| line.required && !seen);
        let missing: Vec<_> = missing
            .filter_map(|(line, _)| line.of(self.form))
            .map(|key| self.own(key))
            .collect();
        if !missing.is_empty() {
            return Err(ReadError::Missing {
                form: self.form,
                keys: missing,
            });
        }
        for wanted in self.wanted {
            let first = self
                .wanted
                .iter()
                .position(|other| keys::bare(other) == keys::bare(wanted));
            match first
                .and_then(|first| self.extras[first].as_ref())
                .map(extra)
            {
                Some(Ok(value)) => self.stats.extra.push((wanted.clone(), value)),
                Some(Err(why)) => self.nonsense(keys::bare(wanted), why),
                None => {}
            }
        }
        // The order in which a bridge tells its keys means nothing.
        self.stats.nonsense.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(self.stats)
    }

    fn twice(&mut self, key: &str) {
        let key = self.own(key);
        self.fault.get_or_insert(ReadError::Twice {
            form: self.form,
            key,
        });
    }

    fn nonsense(&mut self, key: &str, why: Why) {
        let key = self.own(key);
        if self.stats.nonsense.iter().all(|known| known.key != key) {
            self.stats.nonsense.push(Nonsense { key, why });
        }
    }

    /// The key as the bridge writes it in this form.
    fn own(&self, key: &str) -> String {
        match self.form {
            Source::MetricsText => format!("{}{key}", keys::PREFIX),
            Source::MetricsJson | Source::ColibriStats => key.to_owned(),
        }
    }
}

enum Unfit {
    Nonsense(Why),
    NotAFlag,
}

impl From<Why> for Unfit {
    fn from(why: Why) -> Self {
        Self::Nonsense(why)
    }
}

fn fill(stats: &mut Stats, line: &Key, form: Source, raw: Raw) -> Result<(), Unfit> {
    let factor = line.factor(form);
    match line.field {
        Field::Stress => stats.stress = Some(amount(&raw, factor)?),
        Field::LocalEndpoints => stats.local_endpoints = Some(count(&raw)?),
        Field::RelayedEndpoints => stats.relayed_endpoints = Some(count(&raw)?),
        Field::AllEndpoints => stats.all_endpoints = Some(count(&raw)?),
        Field::Conferences => stats.conferences = Some(count(&raw)?),
        Field::LargestConference => stats.largest_conference = Some(count(&raw)?),
        Field::IncomingBitRate => stats.incoming_bit_rate = Some(amount(&raw, factor)?),
        Field::OutgoingBitRate => stats.outgoing_bit_rate = Some(amount(&raw, factor)?),
        Field::IncomingPacketRate => stats.incoming_packet_rate = Some(amount(&raw, factor)?),
        Field::OutgoingPacketRate => stats.outgoing_packet_rate = Some(amount(&raw, factor)?),
        Field::Drain => stats.flags.drain = flag(&raw).ok_or(Unfit::NotAFlag)?,
        Field::GracefulShutdown => {
            stats.flags.graceful_shutdown = flag(&raw).ok_or(Unfit::NotAFlag)?;
        }
        Field::ShuttingDown => stats.flags.shutting_down = flag(&raw).ok_or(Unfit::NotAFlag)?,
        Field::Healthy => stats.healthy = Some(flag(&raw).ok_or(Why::NotANumber)?),
        Field::MucsJoined => stats.mucs_joined = Some(count(&raw)?),
        // Within i64 because every count is below 2^53.
        Field::StartupTime => {
            stats.startup_time = Some(StartupTime(Time::from_millis(count(&raw)?.cast_signed())));
        }
        Field::Version => stats.version = text(raw),
        Field::Region => stats.region = text(raw),
        Field::RelayId => stats.relay_id = text(raw),
    }
    Ok(())
}

fn amount(raw: &Raw, factor: f64) -> Result<f64, Why> {
    let Raw::Number(number) = raw else {
        return Err(Why::NotANumber);
    };
    let amount = number * factor;
    match amount {
        _ if !amount.is_finite() => Err(Why::NotANumber),
        _ if amount < 0.0 => Err(Why::Negative),
        // Java writes a negative zero as -0.0: it is zero.
        _ => Ok(amount + 0.0),
    }
}

fn count(raw: &Raw) -> Result<u64, Why> {
    let count = amount(raw, 1.0)?;
    if count.fract() == 0.0 && count <= LARGEST_COUNT {
        Ok(count as u64)
    } else {
        Err(Why::NotACount)
    }
}

fn extra(raw: &Raw) -> Result<f64, Why> {
    match raw {
        Raw::Flag(flag) => Ok(f64::from(u8::from(*flag))),
        raw => amount(raw, 1.0),
    }
}

/// True and false in JSON, 1.0 and 0.0 in text.
fn flag(raw: &Raw) -> Option<bool> {
    match raw {
        Raw::Flag(flag) => Some(*flag),
        Raw::Number(1.0) => Some(true),
        Raw::Number(0.0) => Some(false),
        _ => None,
    }
}

fn text(raw: Raw) -> Option<String> {
    match raw {
        Raw::Text(text) => Some(text),
        _ => None,
    }
}
