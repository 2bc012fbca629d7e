//! Figures of an adapter that was measured on another day, with its own sources of values, by the same method.

use crate::results::{Statistic, What};

/// Who it is.
pub(crate) const NAME: &str = "prometheus-adapter 0.12";

/// Where, when and with what.
pub(crate) const HOW: &str = "prometheus-adapter 0.12 with Prometheus 2.42, which scraped the text form (20 KB) every 5 s, was \
    measured on 21 November 2026 on a virtual machine with 2 cores of an AMD EPYC and 24 GiB that was shared with other builds \
    (Debian 12, kernel 6.18), with the laboratory's control plane of Kubernetes 1.36.3 and bridges whose stress was the time, read \
    through kube-apiserver. CPU and memory are those of the adapter and of Prometheus. It is limited by its own rate of requests \
    to the API server (5 in a second), from which it lists the pods at each read; with `--client-qps=1000` it made 4.4 to 5.4 \
    reads in a second just the same.";

/// One figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// What.
    pub(crate) what: What,
    /// Which statistic.
    pub(crate) statistic: Statistic,
    /// With so many bridges.
    pub(crate) bridges: usize,
    /// As it is told.
    pub(crate) told: &'static str,
    /// As it is drawn, in the unit of what was measured.
    pub(crate) drawn: f64,
}

const fn figure(
    what: What,
    statistic: Statistic,
    bridges: usize,
    told: &'static str,
    drawn: f64,
) -> Figure {
    Figure {
        what,
        statistic,
        bridges,
        told,
        drawn,
    }
}

/// All of them.
pub(crate) const FIGURES: [Figure; 12] = [
    figure(What::Age, Statistic::P50, 100, "2.49 s", 2.49),
    figure(What::Age, Statistic::P99, 100, "4.93 s", 4.93),
    figure(What::Age, Statistic::P50, 1_000, "2.34 s", 2.34),
    figure(What::Age, Statistic::P99, 1_000, "4.79 s", 4.79),
    figure(What::ReadThrough, Statistic::P50, 100, "33 ms", 33.0),
    figure(What::ReadThrough, Statistic::P50, 1_000, "185 ms", 185.0),
    figure(
        What::SaturatedThrough,
        Statistic::Only,
        100,
        "5.4 reads/s",
        5.4,
    ),
    figure(
        What::SaturatedThrough,
        Statistic::Only,
        1_000,
        "5.4 reads/s",
        5.4,
    ),
    figure(What::CpuAlone, Statistic::Only, 100, "2.1 + 2.2 %", 4.3),
    figure(
        What::CpuAlone,
        Statistic::Only,
        1_000,
        "14.5 + 12.2 %",
        26.7,
    ),
    figure(What::PeakMemory, Statistic::Only, 100, "78 + 108 MB", 186.0),
    figure(
        What::PeakMemory,
        Statistic::Only,
        1_000,
        "103–183 + 498–552 MB",
        735.0,
    ),
];

/// The figure for this, if there is one.
pub(crate) fn of(what: What, statistic: Statistic, bridges: usize) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| {
        figure.what == what && figure.statistic == statistic && figure.bridges == bridges
    })
}
