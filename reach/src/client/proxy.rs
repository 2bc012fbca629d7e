//! Whether a proxy stands between this process and the API server.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// What the environment says of proxies.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// `HTTPS_PROXY`, else `https_proxy`.
    https: Option<String>,
    /// `NO_PROXY`, else `no_proxy`: hosts, domains, addresses and networks that no proxy is asked for.
    no: String,
}

impl Surroundings {
    pub(super) fn from_env() -> Self {
        let read = |names: [&str; 2]| {
            let values = names
                .into_iter()
                .filter_map(|name| std::env::var(name).ok());
            values.into_iter().find(|value| !value.is_empty())
        };
        Self {
            https: read(["HTTPS_PROXY", "https_proxy"]),
            no: read(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }

    /// The proxy for the API server `server`, as kubectl chooses it: the kubeconfig's own, else the environment's but for a server
    /// of this machine or of `NO_PROXY`. What kube 5.0 found, `found`, is right only in the first case: otherwise it asked
    /// `NO_PROXY` about the proxy itself and not about the server.
    pub(super) fn choose(&self, server: &Uri, found: Option<Uri>) -> Option<Uri> {
        let environment = self.https.as_deref();
        let parsed = environment.and_then(|proxy| proxy.parse::<Uri>().ok());
        if found.is_some() && found != parsed {
            return found;
        }
        // As Go and curl do.
        let environment = environment.map(|proxy| {
            if proxy.contains("://") {
                proxy.to_owned()
            } else {
                format!("http://{proxy}")
            }
        });
        environment
            .filter(|_| !self.spares(server))
            .and_then(|proxy| proxy.parse().ok())
    }

    fn spares(&self, server: &Uri) -> bool {
        let host = server.host().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback()) {
            return true;
        }
        let everything = Matcher::builder().all("http://proxy").no(self.no.as_str());
        everything.build().intercept(server).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "http://proxy.example:3128";
    const OWN: &str = "http://its.own:1";

    /// The proxy for a server where `HTTPS_PROXY` and `NO_PROXY` are these, and kube found that one.
    fn chosen(https: Option<&str>, no: &str, server: &str, found: Option<&str>) -> Option<String> {
        let surroundings = Surroundings {
            https: https.map(ToOwned::to_owned),
            no: no.to_owned(),
        };
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        let chosen = surroundings.choose(&uri(server), found.map(uri));
        chosen.map(|proxy| proxy.to_string().trim_end_matches('/').to_owned())
    }

    #[test]
    fn the_proxy_of_a_kubeconfig_is_taken_whatever_the_environment_says() {
        let server = "https://api.example";
        assert_eq!(chosen(None, "", server, None), None);
        assert_eq!(chosen(None, "", server, Some(OWN)).as_deref(), Some(OWN));
        let both = chosen(Some(PROXY), "*", server, Some(OWN));
        assert_eq!(both.as_deref(), Some(OWN));
    }

    #[test]
    fn the_environments_proxy_is_taken_but_for_what_it_leaves_out() {
        for (no, server) in [
            ("", "https://api.example"),
            ("other.example", "https://api.example"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            ("proxy.example", "https://api.example"),
        ] {
            for found in [None, Some(PROXY)] {
                let chosen = chosen(Some(PROXY), no, server, found);
                assert_eq!(chosen.as_deref(), Some(PROXY), "{no:?} {server}");
            }
        }
        for (no, server) in [
            ("*", "https://api.example"),
            ("api.example,", "https://api.example:6443"),
            (".example", "https://api.example"),
            ("x, 10.0.0.0/8", "https://10.1.2.3:6443"),
            // No proxy knows what this machine's own addresses are.
            ("", "https://127.0.0.1:6443"),
            ("", "https://[::1]:6443"),
            ("", "https://localhost:6443"),
        ] {
            let chosen = chosen(Some(PROXY), no, server, Some(PROXY));
            assert_eq!(chosen, None, "{no:?} {server}");
        }
    }

    #[test]
    fn a_proxy_needs_no_scheme() {
        let bare = "proxy.example:3128";
        let chosen = chosen(Some(bare), "", "https://api.example", Some(bare));
        assert_eq!(chosen.as_deref(), Some(PROXY));
    }
}
