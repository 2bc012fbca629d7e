//! What things are called in a bridge's pod, for those who make it, live in it and ask it.

/// The container of the bridge.
pub const BRIDGE_CONTAINER: &str = "jvb";

/// The container of the sidecar: a native one, among the init containers with `restartPolicy: Always`.
pub const SIDECAR_CONTAINER: &str = "bridgetender-sidecar";

/// Where the bridge's own HTTP interface listens: nobody outside the pod reaches it.
pub const BRIDGE_HTTP: &str = "127.0.0.1:8080";

/// The name of the sidecar's port among the container ports.
pub const PORT_NAME: &str = "metrics";

/// The number of the sidecar's port, on the pod's address. In the network of the host each slot has another one.
pub const PORT: u16 = 8090;

/// The paths that are read without a token; they are the bridge's own.
pub const READS: [&str; 5] = [
    "/metrics",
    "/colibri/stats",
    bridge::request::path::DRAIN,
    bridge::request::path::HEALTH,
    bridge::request::path::VERSION,
];

/// The paths that change a bridge's state, by POST and with a token; they are the bridge's own, with the bridge's own bodies.
pub const MUTATIONS: [&str; 3] = [
    bridge::request::path::DRAIN_ENABLE,
    bridge::request::path::DRAIN_DISABLE,
    bridge::request::path::SHUTDOWN,
];

/// Whether the sidecar itself lives.
pub const LIVE: &str = "/sidecar/live";

/// Whether the bridge has joined its brewery since it started.
pub const READY: &str = "/sidecar/ready";

/// The sidecar's own metrics, as text for Prometheus, each with the prefix [`METRICS_PREFIX`].
pub const METRICS: &str = "/sidecar/metrics";

/// What the names of the sidecar's own metrics begin with.
pub const METRICS_PREFIX: &str = "jvb_sidecar_";

/// The header of a 401 in which the sidecar says why, as [`crate::Denied::label`]. The body says it in words.
pub const DENIED_HEADER: &str = "bridgetender-denied";

/// The volume that both containers share, an `emptyDir`.
pub const SHARED_VOLUME: &str = "bridgetender";

/// Where both containers have it.
pub const SHARED_PATH: &str = "/run/bridgetender";

/// The sidecar's binary as the bridge's container runs it; the sidecar puts it there when it starts.
pub const BINARY: &str = "/run/bridgetender/bin/jvb-sidecar";

/// The file that says for which start of the bridge it has joined its brewery, under [`SHARED_PATH`].
pub const READY_FILE: &str = "state/ready";

/// The file that holds the last signed command, under [`SHARED_PATH`].
pub const COMMAND_FILE: &str = "state/command";

/// The file that is there once the pod's termination has begun, under [`SHARED_PATH`].
pub const TERMINATING_FILE: &str = "state/terminating";

/// The ConfigMap with the public keys in each namespace that has a pool, and the volume of that name.
pub const PUBLIC_KEYS: &str = "bridgetender-keys";

/// Where the sidecar has that volume.
pub const PUBLIC_KEYS_PATH: &str = "/run/bridgetender-keys";

/// The Secret with the seeds, in the controller's own namespace.
pub const SIGNING_KEYS: &str = "bridgetender-signing-keys";

/// The one key of that ConfigMap and of that Secret.
pub const KEYS_FILE: &str = "keys.json";

/// The volume with the downward API.
pub const POD_VOLUME: &str = "bridgetender-pod";

/// Where the sidecar has that volume.
pub const POD_PATH: &str = "/run/bridgetender-pod";

/// The file in it with the pod's annotations.
pub const ANNOTATIONS_FILE: &str = "annotations";

/// The file in it with the bridge's configuration.
pub const JVB_CONF_FILE: &str = "custom-jvb.conf";

/// The annotation of which that file is made.
pub const JVB_CONF_ANNOTATION: &str = "bridgetender.dev/jvb-conf";

/// The environment variable with the pod's UID.
pub const POD_UID: &str = "POD_UID";

/// The environment variable with the pod's name.
pub const POD_NAME: &str = "POD_NAME";

#[cfg(test)]
mod tests {
    use bridge::Source;

    use super::*;

    #[test]
    fn each_form_of_statistics_may_be_read_and_nothing_that_changes_a_bridge() {
        for source in Source::ALL {
            assert!(READS.contains(&source.path()), "{source:?}");
        }
        for path in MUTATIONS {
            assert!(!READS.contains(&path), "{path}");
        }
    }

    #[test]
    fn what_is_put_together_is_of_its_parts() {
        let binary = format!("{SHARED_PATH}/bin/jvb-sidecar");
        assert_eq!(BINARY, binary);
    }
}
