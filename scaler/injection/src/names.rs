//! Names in a bridge's pod that only concern its template. Those that others know too are in [`scaler_token::contract`].

/// The port of the bridge's own HTTP interface, where each pod has an address of its own: that of
/// [`BRIDGE_HTTP`](scaler_token::contract::BRIDGE_HTTP).
pub const HTTP_PORT: u16 = 8080;

/// On the node's address each slot has ports of its own: this is the bridge's in slot 0.
pub const FIRST_HTTP_PORT: u16 = 18_000;

/// The same of the sidecar.
pub const FIRST_SIDECAR_PORT: u16 = 19_000;

/// The media port of the container `jvb`, in a template of a pool with slots: each bridge gets its slot's instead.
pub const MEDIA_PORT_NAME: &str = "rtp-udp";

/// The media port of a bridge of which nothing else is said.
pub const MEDIA_PORT: u16 = 10_000;

/// Where images of docker-jitsi-meet look for configuration.
pub const CONF_FOLDER: &str = "/config";

/// Where the bridge's image looks for what the pool writes.
pub const CONF_PATH: &str = "/config/custom-jvb.conf";

/// What an operator may add to it, in the same folder.
pub const OWN_CONF: &str = "own-jvb.conf";

/// The variable with the node's address, in the container `jvb`.
pub const HOST_IP: &str = "BRIDGETENDER_HOST_IP";

#[cfg(test)]
mod tests {
    use scaler_api::annotations::JVB_CONF;
    use scaler_api::spec;
    use scaler_token::contract;

    use super::*;

    #[test]
    fn what_is_said_in_two_places_is_the_same() {
        assert_eq!(contract::BRIDGE_HTTP, format!("127.0.0.1:{HTTP_PORT}"));
        assert_eq!(contract::JVB_CONF_ANNOTATION, JVB_CONF.name());
        assert_eq!(contract::BRIDGE_CONTAINER, spec::BRIDGE_CONTAINER);
        let conf = format!("{CONF_FOLDER}/{}", contract::JVB_CONF_FILE);
        assert_eq!(CONF_PATH, conf);
    }
}
