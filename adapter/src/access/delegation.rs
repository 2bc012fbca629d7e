//! What the API server publishes about whom it believes: the ConfigMap
//! `kube-system/extension-apiserver-authentication`, and how it is read.

use std::collections::BTreeMap;

use http::HeaderName;

use crate::access::bundle::Bundle;
use crate::access::identity::Subject;

mod watch;

pub use watch::StartError;
pub(crate) use watch::watch;

const CLIENT_CA: &str = "client-ca-file";
const PROXY_CA: &str = "requestheader-client-ca-file";
const ALLOWED_NAMES: &str = "requestheader-allowed-names";
const USER_HEADERS: &str = "requestheader-username-headers";
const UID_HEADERS: &str = "requestheader-uid-headers";
const GROUP_HEADERS: &str = "requestheader-group-headers";
const EXTRA_PREFIXES: &str = "requestheader-extra-headers-prefix";

/// Whom the API server believes, and so do we.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delegation {
    generation: u64,
    clients: Option<Bundle>,
    /// As published; see [`Delegation::front_proxy`].
    proxy: Option<FrontProxy>,
}

/// Whoever may speak for others, and in which headers it does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FrontProxy {
    bundle: Bundle,
    allowed_names: Vec<String>,
    pub(crate) user_headers: Vec<HeaderName>,
    pub(crate) uid_headers: Vec<HeaderName>,
    pub(crate) group_headers: Vec<HeaderName>,
    /// In lower case, as header names are.
    pub(crate) extra_prefixes: Vec<String>,
}

impl FrontProxy {
    pub(crate) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Whether a certificate that the bundle vouches for belongs to the front proxy.
    pub(crate) fn admits(&self, subject: &Subject) -> bool {
        self.allowed_names.is_empty() || self.allowed_names.contains(&subject.common_name)
    }
}

impl Delegation {
    /// Changes whenever anything else here does: what was found out under another generation
    /// does not hold any more.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Who vouches for clients, if anybody.
    pub(crate) fn clients(&self) -> Option<&Bundle> {
        self.clients.as_ref()
    }

    /// Who may speak for others, if anybody. Nobody may where every client could: one authority
    /// for both without a list of names would let any client claim to be anybody (kube-apiserver
    /// refuses such flags, but old ones and other publishers of the ConfigMap do not).
    pub(crate) fn front_proxy(&self) -> Option<&FrontProxy> {
        self.proxy.as_ref().filter(|_| !self.anybody_is_proxy())
    }

    fn anybody_is_proxy(&self) -> bool {
        match (&self.proxy, &self.clients) {
            (Some(proxy), Some(clients)) => {
                proxy.allowed_names.is_empty() && proxy.bundle.overlaps(clients)
            }
            _ => false,
        }
    }

    /// What holds after the ConfigMap reads `data`, and what is wrong with it. A part that is
    /// missing or broken stays as it was: an accident with the ConfigMap shall not lock out the
    /// HPA, and kube-apiserver writes it anew within a minute.
    pub(crate) fn updated(&self, data: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let clients = match bundle(data, CLIENT_CA) {
            Ok(bundle) => Some(bundle),
            Err(problem) => {
                problems.push(problem);
                self.clients.clone()
            }
        };
        let proxy = match proxy(data, self.proxy.as_ref()) {
            Ok(proxy) => Some(proxy),
            Err(problem) => {
                problems.push(problem);
                self.proxy.clone()
            }
        };
        let changed = clients != self.clients || proxy != self.proxy;
        let next = Self {
            generation: self.generation + u64::from(changed || self.generation == 0),
            clients,
            proxy,
        };
        if next.anybody_is_proxy() {
            problems.push(format!(
                "{PROXY_CA} and {CLIENT_CA} share an authority and {ALLOWED_NAMES} is empty, so any client could claim to be anybody: headers of the front proxy are not believed; hint: give kube-apiserver --requestheader-allowed-names"
            ));
        }
        (next, problems)
    }

    /// One line for the log.
    pub(crate) fn summary(&self) -> String {
        let clients = self.clients.as_ref().map_or(0, Bundle::len);
        match self.front_proxy() {
            Some(proxy) => {
                let names = match proxy.allowed_names.as_slice() {
                    [] => "any name".to_owned(),
                    names => format!("named {}", names.join(" or ")),
                };
                let count = proxy.bundle.len();
                format!(
                    "authorities for clients: {clients}, for the front proxy: {count} ({names})"
                )
            }
            None => format!("authorities for clients: {clients}, no front proxy"),
        }
    }
}

fn bundle(data: &BTreeMap<String, String>, key: &str) -> Result<Bundle, String> {
    let pem = data.get(key).filter(|pem| !pem.trim().is_empty());
    let pem = pem.ok_or_else(|| format!("{key} is missing"))?;
    Bundle::read(pem).map_err(|error| format!("{key} cannot be used: {error}"))
}

fn proxy(
    data: &BTreeMap<String, String>,
    before: Option<&FrontProxy>,
) -> Result<FrontProxy, String> {
    let bundle = bundle(data, PROXY_CA)?;
    // A list of names that is suddenly gone is an accident, not a wish to admit any name.
    let allowed_names = match (strings(data, ALLOWED_NAMES)?, before) {
        (Some(names), _) => names,
        (None, Some(before)) => before.allowed_names.clone(),
        (None, None) => Vec::new(),
    };
    let prefixes = strings(data, EXTRA_PREFIXES)?.unwrap_or_default();
    let user_headers = headers(data, USER_HEADERS)?;
    if user_headers.is_empty() {
        return Err(format!("{USER_HEADERS} names no header"));
    }
    Ok(FrontProxy {
        bundle,
        allowed_names,
        user_headers,
        uid_headers: headers(data, UID_HEADERS)?,
        group_headers: headers(data, GROUP_HEADERS)?,
        extra_prefixes: prefixes.iter().map(|p| p.to_ascii_lowercase()).collect(),
    })
}

fn headers(data: &BTreeMap<String, String>, key: &str) -> Result<Vec<HeaderName>, String> {
    strings(data, key)?
        .unwrap_or_default()
        .iter()
        .map(|name| {
            HeaderName::try_from(name).map_err(|_| format!("{key}: {name:?} is not a header"))
        })
        .collect()
}

/// A JSON list of strings without blanks around them; none of them empty.
fn strings(data: &BTreeMap<String, String>, key: &str) -> Result<Option<Vec<String>>, String> {
    let Some(text) = data.get(key).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let list: Option<Vec<String>> = serde_json::from_str(text)
        .map_err(|error| format!("{key} is not a list of strings: {error}"))?;
    let list: Vec<_> = list.unwrap_or_default();
    let list: Vec<_> = list.iter().map(|text| text.trim().to_owned()).collect();
    if list.iter().any(String::is_empty) {
        return Err(format!("{key} has an empty entry"));
    }
    Ok(Some(list))
}

#[cfg(test)]
mod tests;
