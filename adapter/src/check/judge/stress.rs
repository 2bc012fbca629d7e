//! Whether stress means anything.
//!
//! By default stress is CPU load as the JVM sees it: usage divided by the container's CPU limit, and without a limit by the whole
//! node (OpenJDK's `OperatingSystemImpl.getCpuLoad`). A bridge that burns 4 of 64 cores then says 0.07, whatever it suffers.

use crate::check::facts::{Bridge, Facts};
use crate::check::report::{Advice, Finding, Severity, Step};

use super::some;

const STEP: Step = Step::Stress;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let bridges = facts.bridges.as_deref().unwrap_or_default();
    let staying: Vec<&Bridge> = bridges.iter().filter(|bridge| !bridge.leaving).collect();
    let Some(first) = staying.first() else {
        return Vec::new();
    };
    let unlimited: Vec<&&Bridge> = staying
        .iter()
        .filter(|bridge| bridge.limit.is_none() && !bridge.by_packets)
        .collect();
    let Some(example) = unlimited.first() else {
        let text = if first.by_packets {
            "measured by packets".to_owned()
        } else {
            let limit = first.limit.as_deref().unwrap_or_default();
            format!("measured against a CPU limit ({limit})")
        };
        return vec![Finding::new(STEP, Severity::Ok, "stress", text)];
    };
    let names: Vec<String> = unlimited
        .iter()
        .map(|bridge| bridge.pod.to_string())
        .collect();
    vec![
        Finding::new(
            STEP,
            Severity::Warning,
            "stress",
            format!(
                "no CPU limit, and no packet-rate measurement to be seen, at {}",
                some(&names)
            ),
        )
        .why("their stress is CPU usage divided by the whole node: on a large node a full bridge looks idle, and nothing scales up")
        .advise(remedy(example)),
    ]
}

fn remedy(bridge: &Bridge) -> Advice {
    /// What a bridge may use that asks for nothing.
    const CORES: u32 = 4;
    let container = &bridge.container;
    let (namespace, pod) = (&bridge.pod.namespace, &bridge.pod.name);
    let configured = format!(
        "kubectl -n {namespace} exec {pod} -c {container} -- grep -rs load-measurement /config"
    );
    let Some(workload) = &bridge.workload else {
        return Advice::Look(format!(
            "{configured}  # is it packet-rate? if not: set that, or resources.limits.cpu in whole cores"
        ));
    };
    let cores = bridge.cores.unwrap_or(CORES);
    Advice::Mend(format!(
        "kubectl -n {namespace} set resources {workload} -c {container} --limits=cpu={cores}  # as many whole cores as a bridge may \
         use. It starts new bridges and ends these with the people on them. Or load-measurement = packet-rate; is that set? {configured}"
    ))
}
