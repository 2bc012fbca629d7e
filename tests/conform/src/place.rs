//! Where a bridge or a jicofo is asked.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, bail};
use http::Uri;

use crate::step::Server;

/// The address of a server, as somebody wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    host: String,
    port: Option<u16>,
}

impl Place {
    /// Address and port; without a port it is the one on which such a server listens by default.
    pub fn authority(&self, server: Server) -> String {
        let port = self.port.unwrap_or(match server {
            Server::Bridge => 8080,
            Server::Jicofo => 8888,
        });
        format!("{}:{port}", self.host)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        const FORM: &str = "hint: http://HOST:PORT, for example http://127.0.0.1:8080";
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => bail!("only http is spoken, and not {scheme}\n{FORM}"),
            None => text,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            bail!("an address without a path is needed: the suite has paths of its own\n{FORM}");
        }
        if rest.contains('@') {
            bail!(
                "neither a bridge nor jicofo knows users: leave out what is before the @\n{FORM}"
            );
        }
        let uri = format!("http://{rest}/").parse::<Uri>();
        let Some(authority) = uri.ok().as_ref().and_then(Uri::authority).cloned() else {
            bail!("this is no address\n{FORM}");
        };
        let written = rest
            .rsplit_once(':')
            .filter(|(_, port)| !port.ends_with(']'));
        let port = authority.port_u16();
        if authority.host().is_empty() || written.is_some() && port.is_none() {
            bail!("this is no address\n{FORM}");
        }
        Ok(Self {
            host: authority.host().to_owned(),
            port,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_with_and_without_scheme_port_and_slash() {
        for (text, bridge, jicofo) in [
            ("http://10.0.0.1:18080/", "10.0.0.1:18080", "10.0.0.1:18080"),
            ("jvb", "jvb:8080", "jvb:8888"),
            ("[::1]", "[::1]:8080", "[::1]:8888"),
            ("http://[fd00::1]:80", "[fd00::1]:80", "[fd00::1]:80"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.authority(Server::Bridge), bridge, "{text}");
            assert_eq!(place.authority(Server::Jicofo), jicofo, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_form_of_one() {
        for text in [
            "",
            "http://",
            "https://jvb:8080",
            "http://jvb:8080/metrics",
            "jvb:port",
            "jvb:99999",
            "user@jvb",
            "a b",
        ] {
            let error = text.parse::<Place>().unwrap_err().to_string();
            assert!(
                error.contains("hint: http://HOST:PORT"),
                "{text:?}: {error}"
            );
        }
    }
}
