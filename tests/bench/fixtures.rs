//! Results of a run that never was, for tests.

use std::time::Duration;

use laboratory::machine::Machine;

use crate::results::{HARNESS, Measure, OURS, Results, SCALER, Subject, Value, What};
use crate::statistics::Series;

/// A run of a machine that is none, in which some figures were reached, one was missed and most were not measured.
pub(crate) fn results() -> Results {
    let peer = "another adapter";
    let subject = |name: &str, pushed| Subject {
        name: name.to_owned(),
        command: format!("{name} --port={{port}}"),
        open_files: 20_000,
        pushed,
    };
    Results {
        began: "2026-11-25T12:00:00Z".to_owned(),
        seconds: 900,
        command: "bench run".to_owned(),
        commit: "0123456789ab".to_owned(),
        quick: false,
        release: true,
        machine: Machine {
            processor: "Abacus".to_owned(),
            cores: 2,
            memory_megabytes: 24_000,
            system: "Debian".to_owned(),
            kernel: "6.18".to_owned(),
            libc: "glibc 2.36".to_owned(),
            rustc: "rustc 1.95.0".to_owned(),
            kubernetes: "1.36.3".to_owned(),
            load_before: "0.10".to_owned(),
        },
        subjects: vec![subject(OURS, false), subject(peer, true)],
        remarks: vec!["a third adapter was not built".to_owned()],
        measures: vec![
            times(OURS, What::Age, 1_000, 120, 12_000),
            times(OURS, What::ReadDirect, 1_000, 1, 100),
            times(OURS, What::ReadDirect, 10_000, 25, 100),
            times(peer, What::ReadDirect, 1_000, 170, 20),
            times(OURS, What::ReadThrough, 1_000, 4, 99),
            number(OURS, What::CpuAlone, 1_000, 3.25),
            number(HARNESS, What::CpuAlone, 1_000, 2.0),
            number(OURS, What::PeakMemory, 100, 12.0),
            number(OURS, What::PeakMemory, 1_000, 30.06),
            number(peer, What::PeakMemory, 1_000, 150.0),
        ],
    }
}

/// A run of the controller that never was.
pub(crate) fn of_scaler() -> Results {
    let mut results = results();
    results.command = "bench scaler".to_owned();
    results.subjects.truncate(1);
    results.subjects[0].name = SCALER.to_owned();
    results.subjects[0].command = format!("{SCALER} --bind={{address}}");
    results.measures = vec![number(HARNESS, What::CpuAlone, 1_000, 9.0)];
    for bridges in [100, 1_000] {
        let part = bridges as f64 / 1_000.0;
        results.measures.extend([
            number(SCALER, What::CpuAlone, bridges, 4.2 * part),
            number(SCALER, What::Memory, bridges, 20.0 + 15.0 * part),
            number(SCALER, What::PeakMemory, bridges, 25.0 + 40.0 * part),
            times(SCALER, What::Drain(1), bridges, 12, 6),
            times(SCALER, What::TakeBack(1), bridges, 11, 6),
            number(SCALER, What::Work(1), bridges, 9.0),
        ]);
    }
    results.measures.extend([
        times(SCALER, What::Drain(100), 1_000, 240, 6),
        times(SCALER, What::TakeBack(100), 1_000, 210, 4),
        number(SCALER, What::Work(100), 1_000, 600.0),
        times(SCALER, What::Create(100), 1_000, 1_400, 2),
    ]);
    results
}

fn times(subject: &str, what: What, bridges: usize, millis: u64, count: usize) -> Measure {
    let mut series = Series::default();
    series.extend((0..count as u64).map(|n| Duration::from_micros(millis * 1_000 + n % 7)));
    measure(subject, what, bridges, Value::Series(series))
}

fn number(subject: &str, what: What, bridges: usize, number: f64) -> Measure {
    measure(subject, what, bridges, Value::Number(number))
}

fn measure(subject: &str, what: What, bridges: usize, value: Value) -> Measure {
    Measure {
        subject: subject.to_owned(),
        what,
        bridges,
        failures: 0,
        value,
    }
}
