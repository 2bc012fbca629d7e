//! A bridge's pod, as far as the check wants to know it.

use bridge::Time;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use crate::check::facts::{Asked, Bridge, Named, Workload};
use crate::telling;

/// What a container's configuration says where stress is measured by packets.
const BY_PACKETS: &str = "packet-rate";

/// What it sets by that.
const MEASUREMENT: &str = "load-measurement";

/// What matters of a pod, not asked yet; none where it is no pod.
pub(super) fn read(pod: &serde_json::Value, now: Time) -> Option<Bridge> {
    // Read twice: the adapter's own eyes say where it would ask, the whole pod says what to tell the operator.
    let seen = telling::Pod::of(&serde_json::from_value(pod.clone()).ok()?)?;
    let pod: Pod = serde_json::from_value(pod.clone()).ok()?;
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();
    let container = spec
        .containers
        .iter()
        .find(|container| container.name == telling::CONTAINER_NAME)
        .or_else(|| spec.containers.first())?;
    let statuses = status.container_statuses.unwrap_or_default();
    let ready = status
        .conditions
        .iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    Some(Bridge {
        pod: Named {
            namespace: (*seen.namespace).to_owned(),
            name: (*seen.name).to_owned(),
        },
        phase: status.phase.unwrap_or_default(),
        trouble: statuses.iter().find_map(trouble).or(status.reason),
        ready,
        leaving: seen.leaving,
        age: seen
            .process
            .as_ref()
            .and_then(|process| process.started)
            .map(|started| now.since(started)),
        address: seen.address.filter(|_| seen.is_alive()),
        container: container.name.clone(),
        workload: seen.outermost_owner().map(|(owner, name)| Workload {
            api_version: owner.api_version(),
            kind: owner.kind(),
            name: name.to_owned(),
        }),
        limit: limit(container),
        cores: cores(container),
        by_packets: by_packets(container),
        asked: Asked::Not,
    })
}

fn trouble(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    let waiting = state
        .waiting
        .as_ref()
        .and_then(|waiting| waiting.reason.clone());
    let ended = || {
        let ended = state.terminated.as_ref()?;
        let reason = ended.reason.as_deref().unwrap_or("ended");
        Some(format!("{reason}, exit code {}", ended.exit_code))
    };
    waiting.or_else(ended)
}

fn limit(container: &Container) -> Option<String> {
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    limits.get("cpu").map(|limit| limit.0.clone())
}

/// As many whole cores as it asks for.
fn cores(container: &Container) -> Option<u32> {
    let requests = container.resources.as_ref()?.requests.as_ref()?;
    let asked = &requests.get("cpu")?.0;
    let cores = match asked.strip_suffix('m') {
        Some(milli) => milli.parse::<f64>().ok()? / 1000.0,
        None => asked.parse().ok()?,
    };
    Some(cores.ceil() as u32).filter(|cores| *cores > 0)
}

/// Whether the pod itself says that stress is measured by packets: in a variable, a command or an argument.
fn by_packets(container: &Container) -> bool {
    let variables = container
        .env
        .iter()
        .flatten()
        .map(|variable| (Some(&variable.name), variable.value.as_deref()));
    let words = container.command.iter().chain(&container.args).flatten();
    variables
        .chain(words.map(|word| (None, Some(word.as_str()))))
        .any(|(name, text)| {
            let text = text.unwrap_or_default();
            let named = name
                .is_some_and(|name| name.to_lowercase().replace('_', "-").contains(MEASUREMENT));
            text.contains(BY_PACKETS) && (named || text.contains(MEASUREMENT))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(container: &Value) -> Bridge {
        let mut whole = json!({"name": "jvb"});
        whole
            .as_object_mut()
            .unwrap()
            .extend(container.as_object().unwrap().clone());
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "jvb-0", "namespace": "jitsi", "uid": "u"},
            "spec": {"containers": [{"name": "sidecar", "resources": {"limits": {"cpu": "1"}}}, whole]},
            "status": {
                "phase": "Running", "podIP": "10.0.0.7",
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        read(&pod, Time::default()).unwrap()
    }

    #[test]
    fn the_limit_is_that_of_the_bridges_own_container() {
        assert_eq!(pod(&json!({})).limit, None);
        let requested = json!({"resources": {"requests": {"cpu": "2"}}});
        assert_eq!(pod(&requested).limit, None);
        assert_eq!(pod(&requested).cores, Some(2));
        let limited = json!({"resources": {"limits": {"cpu": "2500m", "memory": "1Gi"}}});
        assert_eq!(pod(&limited).limit.as_deref(), Some("2500m"));
    }

    #[test]
    fn what_a_bridge_asks_for_is_rounded_up_to_whole_cores() {
        for (cpu, cores) in [
            ("2", Some(2)),
            ("1500m", Some(2)),
            ("0.5", Some(1)),
            ("0", None),
            ("2k", None),
        ] {
            let container = json!({"resources": {"requests": {"cpu": cpu}}});
            assert_eq!(pod(&container).cores, cores, "{cpu}");
        }
    }

    #[test]
    fn a_measurement_by_packets_is_seen_where_the_pod_shows_it() {
        let property =
            "-Dvideobridge.load-management.load-measurements.load-measurement=packet-rate";
        for (container, expected) in [
            (
                json!({"env": [{"name": "JAVA_SYS_PROPS", "value": property}]}),
                true,
            ),
            (
                json!({"env": [{"name": "JVB_LOAD_MEASUREMENT", "value": "packet-rate"}]}),
                true,
            ),
            (json!({"args": ["--x", property]}), true),
            (
                json!({"env": [{"name": "JVB_LOAD_MEASUREMENT", "value": "cpu-usage"}]}),
                false,
            ),
            (
                json!({"env": [{"name": "COMMENT", "value": "no packet-rate"}]}),
                false,
            ),
            (
                json!({"env": [{"name": "JVB_LOAD_MEASUREMENT", "valueFrom": {}}]}),
                false,
            ),
        ] {
            assert_eq!(pod(&container).by_packets, expected, "{container}");
        }
    }

    #[test]
    fn a_pod_is_asked_where_the_adapter_would_ask_it() {
        let named = json!({"ports": [{"name": "metrics", "containerPort": 9000}]});
        let address = |bridge: Bridge| bridge.address.map(|address| address.to_string());
        assert_eq!(address(pod(&named)).as_deref(), Some("10.0.0.7:9000"));
        assert_eq!(address(pod(&json!({}))).as_deref(), Some("10.0.0.7:8080"));
    }
}
