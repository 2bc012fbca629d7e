//! What holds of every reply in each form, whatever the numbers.

use bridge::keys::{self, Field, KEYS};
use bridge::reading::ReadError;
use bridge::stats::{Flags, StartupTime, Stats};
use bridge::{Source, Time, fuzzing};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// The largest count that a floating-point number holds exactly.
const LARGEST_COUNT: u64 = 1 << 53;

/// A form as a bridge writes it: text comes in two formats.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written {
    Metrics,
    Stats,
    OpenMetrics,
    Classic,
}

impl Written {
    const ALL: [Self; 4] = [Self::Metrics, Self::Stats, Self::OpenMetrics, Self::Classic];

    fn source(self) -> Source {
        match self {
            Self::Metrics => Source::MetricsJson,
            Self::Stats => Source::ColibriStats,
            Self::OpenMetrics | Self::Classic => Source::MetricsText,
        }
    }

    /// Writes lines of a reply in this order.
    fn body(self, lines: &[Line]) -> Vec<u8> {
        let text = match self {
            Self::Metrics | Self::Stats => {
                let members = lines
                    .iter()
                    .map(|Line { key, value }| format!("{}:{}", json(key), value.in_json()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Self::OpenMetrics => {
                let families = lines.iter().map(|line| {
                    let (name, sample) = line.in_text(false);
                    format!(
                        "# TYPE {name} gauge\n# HELP {name} Some words: {{a=\"b\"}} 1.\n{sample}"
                    )
                });
                format!(
                    "# TYPE target_info info\n{}# EOF\n",
                    families.collect::<String>()
                )
            }
            Self::Classic => {
                let families = lines.iter().map(|line| {
                    let (name, sample) = line.in_text(true);
                    format!("# HELP {name} Some words.\n# TYPE {name} gauge\n{sample}")
                });
                format!("# HELP begins with help\n{}", families.collect::<String>())
            }
        };
        text.into_bytes()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    key: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Flag(bool),
    Text(String),
    Histogram,
}

impl Value {
    fn in_json(&self) -> String {
        match self {
            Self::Number(number) if number.fract() == 0.0 && number.abs() < LARGEST_COUNT as f64 => format!("{number}"),
            Self::Number(number) => java(*number),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => json(text),
            Self::Histogram => r#"{"bucket_le_+Inf":1.0,"stress":7,"local_endpoints":[7,{"drain":true}],"sum":null}"#.to_owned(),
        }
    }
}

impl Line {
    fn in_text(&self, comma: bool) -> (String, String) {
        let name = format!("{}{}", keys::PREFIX, self.key);
        let comma = if comma { "," } else { "" };
        let samples = match &self.value {
            Value::Number(number) => format!("{name} {}\n", java(*number)),
            Value::Flag(flag) => format!("{name} {}\n", java(f64::from(u8::from(*flag)))),
            Value::Text(text) => {
                let text = text
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                format!("{name}_info{{{}=\"{text}\"{comma}}} 1.0\n", self.key)
            }
            Value::Histogram => format!(
                "{name}_bucket{{le=\"0.0\"{comma}}} 0.0\n{name}_bucket{{le=\"+Inf\"{comma}}} 1.0\n{name}_count 1.0\n{name}_sum NaN\n{name}_created 1.795251073014E9\n"
            ),
        };
        (name, samples)
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}

/// A number as Java writes it.
fn java(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    if text.contains('.') {
        text
    } else {
        text.replace('E', ".0E")
    }
}

/// What a bridge tells in a form, in the order of the table.
fn lines(written: Written, stats: &Stats) -> Vec<Line> {
    let count = |count: Option<u64>| count.map(|count| Value::Number(count as f64));
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    let told = KEYS.iter().filter_map(|line| {
        let key = line.of(written.source())?.to_owned();
        let amount = |amount: Option<f64>| {
            amount.map(|amount| Value::Number(amount / line.factor(written.source())))
        };
        let value = match line.field {
            Field::Stress => amount(stats.stress),
            Field::LocalEndpoints => count(stats.local_endpoints),
            Field::RelayedEndpoints => count(stats.relayed_endpoints),
            Field::AllEndpoints => count(stats.all_endpoints),
            Field::Conferences => count(stats.conferences),
            Field::LargestConference => count(stats.largest_conference),
            Field::IncomingBitRate => amount(stats.incoming_bit_rate),
            Field::OutgoingBitRate => amount(stats.outgoing_bit_rate),
            Field::IncomingPacketRate => amount(stats.incoming_packet_rate),
            Field::OutgoingPacketRate => amount(stats.outgoing_packet_rate),
            Field::Drain => Some(Value::Flag(stats.flags.drain)),
            Field::GracefulShutdown => Some(Value::Flag(stats.flags.graceful_shutdown)),
            Field::ShuttingDown => Some(Value::Flag(stats.flags.shutting_down)),
            Field::Healthy => stats.healthy.map(Value::Flag),
            Field::MucsJoined => count(stats.mucs_joined),
            Field::StartupTime => stats
                .startup_time
                .map(|start| Value::Number(start.0.as_millis() as f64)),
            Field::Version => text(&stats.version),
            Field::Region => text(&stats.region),
            Field::RelayId => text(&stats.relay_id),
        };
        value.map(|value| Line { key, value })
    });
    told.collect()
}

fn amount() -> impl Strategy<Value = f64> {
    use proptest::num::f64;
    prop_oneof![
        0.0..2.0,
        0.0..1e9,
        f64::POSITIVE | f64::ZERO | f64::NORMAL | f64::SUBNORMAL
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..1000_u64, 0..=LARGEST_COUNT]
}

/// A region that both JSON and the text form can tell: the parser below gives up on a closing brace in a label.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{1,12}", "[^}]{0,12}"]
}

/// Statistics that a form can tell.
fn stats(written: Written) -> impl Strategy<Value = Stats> {
    let kilobits = (0..u32::MAX).prop_map(|kilobits| f64::from(kilobits) * 1000.0);
    let bit_rate = if written == Written::Stats {
        kilobits.boxed()
    } else {
        amount().boxed()
    };
    let counts = (
        count(),
        count(),
        option::of(count()),
        option::of(count()),
        option::of(count()),
        option::of(count()),
    );
    let rates = (
        amount(),
        option::of(bit_rate.clone()),
        option::of(bit_rate),
        option::of(amount()),
        option::of(amount()),
    );
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        option::of(any::<bool>()),
    );
    let names = (option::of(name()), option::of(name()), option::of(name()));
    (counts, rates, flags, names, option::of(count())).prop_map(
        move |(counts, rates, flags, names, startup_time)| {
            let in_stats = written == Written::Stats;
            let startup_time = startup_time.filter(|_| !in_stats);
            Stats {
                stress: Some(rates.0),
                local_endpoints: Some(counts.0),
                conferences: Some(counts.1),
                relayed_endpoints: counts.2,
                all_endpoints: counts.3,
                largest_conference: counts.4,
                mucs_joined: counts.5,
                incoming_bit_rate: rates.1,
                outgoing_bit_rate: rates.2,
                incoming_packet_rate: rates.3,
                outgoing_packet_rate: rates.4,
                flags: Flags {
                    drain: flags.0,
                    graceful_shutdown: flags.1,
                    shutting_down: flags.2,
                },
                healthy: flags.3,
                startup_time: startup_time
                    .map(|start| StartupTime(Time::from_millis(start.cast_signed()))),
                version: names.0.filter(|_| in_stats),
                region: names.1,
                relay_id: names.2.filter(|_| in_stats),
                extra: Vec::new(),
                nonsense: Vec::new(),
            }
        },
    )
}

fn reply() -> impl Strategy<Value = (Written, Stats)> {
    proptest::sample::select(Written::ALL.to_vec())
        .prop_flat_map(|written| (Just(written), stats(written)))
}

/// Keys that no field has, with every kind of value.
fn unknown() -> impl Strategy<Value = Vec<Line>> {
    let value = prop_oneof![
        any::<f64>()
            .prop_filter("JSON has none", |number| number.is_finite())
            .prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        "[^}]{0,12}".prop_map(Value::Text),
        Just(Value::Histogram),
    ];
    let unknown = proptest::collection::btree_map("x_[a-z]{1,8}", value, 0..6);
    unknown.prop_map(|lines| {
        lines
            .into_iter()
            .map(|(key, value)| Line { key, value })
            .collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_in_a_form_is_read_back_equal((written, stats) in reply()) {
        let body = written.body(&lines(written, &stats));
        let read = written.source().read(&body, &[]);
        prop_assert_eq!(read.expect("statistics"), stats, "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn neither_the_order_nor_unknown_keys_change_anything(
        (written, stats) in reply(), unknown in unknown(), order in any::<u64>()
    ) {
        let mut lines = lines(written, &stats);
        lines.extend(unknown);
        // Any order will do that differs from case to case: sorted by the remainder of a multiple.
        let length = lines.len() as u64;
        let mut shuffled: Vec<_> = lines.into_iter().zip(0_u64..).collect();
        shuffled.sort_by_key(|(_, index)| order.wrapping_mul(index + 1) % (2 * length + 1));
        let lines: Vec<_> = shuffled.into_iter().map(|(line, _)| line).collect();
        let body = written.body(&lines);
        let read = written.source().read(&body, &[]);
        prop_assert_eq!(read.expect("statistics"), stats, "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn a_reply_cut_short_is_an_error_or_tells_less_but_nothing_else((written, stats) in reply(), cut in any::<Index>()) {
        let body = written.body(&lines(written, &stats));
        let cut = &body[..cut.index(body.len())];
        match written.source().read(cut, &[]) {
            Err(_) => {}
            Ok(part) => {
                prop_assert_eq!(written, Written::Classic, "every other form has an end");
                prop_assert!(fuzzing::agrees(&part, &stats), "{part:?}");
            }
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_an_error((written, stats) in reply(), which in any::<Index>()) {
        let mut lines = lines(written, &stats);
        let twice = lines[which.index(lines.len())].clone();
        lines.push(twice.clone());
        let error = written.source().read(&written.body(&lines), &[]).expect_err("a key twice");
        prop_assert!(matches!(error, ReadError::Twice { .. } | ReadError::Text(_)), "{error}");
    }

    #[test]
    fn a_reply_without_a_required_key_is_an_error_that_names_it((written, stats) in reply(), which in any::<Index>()) {
        let required: Vec<_> = KEYS.iter().filter(|line| line.required).collect();
        let key = which.get(&required).of(written.source()).expect("every form has it");
        let mut lines = lines(written, &stats);
        lines.retain(|line| line.key != key);
        let error = written.source().read(&written.body(&lines), &[]).expect_err("a key is missing");
        prop_assert!(error.to_string().ends_with(key), "{error} names {key}");
    }

    #[test]
    fn a_number_that_cannot_be_true_is_left_out_and_listed(
        (written, stats) in reply(), which in any::<Index>(), negative in -1e300..-f64::MIN_POSITIVE
    ) {
        let mut lines = lines(written, &stats);
        let numbers: Vec<_> = (0..lines.len()).filter(|index| matches!(lines[*index].value, Value::Number(_))).collect();
        let bent = *which.get(&numbers);
        lines[bent].value = Value::Number(negative);
        let read = written.source().read(&written.body(&lines), &[]).expect("statistics");
        fuzzing::assert_sane(&read);
        prop_assert!(fuzzing::agrees(&Stats { nonsense: Vec::new(), ..read.clone() }, &stats), "{read:?}");
        prop_assert_eq!(read.nonsense.len(), 1);
        prop_assert!(read.nonsense[0].key.ends_with(&lines[bent].key), "{:?}", read.nonsense);
    }

    #[test]
    fn whatever_the_bytes_nothing_panics_and_no_number_is_absurd(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for source in Source::ALL {
            fuzzing::check(source, &bytes);
        }
    }

    #[test]
    fn whatever_is_bent_in_a_reply_no_number_is_absurd(
        (written, stats) in reply(), bends in proptest::collection::vec((any::<Index>(), "[-+0-9a-zA-Z\"{},:# \n.]"), 1..4)
    ) {
        let mut body = written.body(&lines(written, &stats));
        for (at, byte) in bends {
            let at = at.index(body.len());
            body[at] = byte.as_bytes()[0];
        }
        fuzzing::check(written.source(), &body);
    }
}
