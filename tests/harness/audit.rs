//! What the API server was asked, by whom.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::flags::AUDIT_LOG;
use crate::laboratory::Laboratory;

/// One request as the audit log tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The Kubernetes verb: get, list, watch, create, patch ...
    pub verb: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub uri: String,
    /// Who asked.
    pub user: Asker,
    /// The program that asked, in its own words.
    #[serde(default)]
    pub user_agent: String,
    /// When it was received: RFC 3339 with microseconds.
    pub request_received_timestamp: String,
    /// What was answered; nothing while a watch is open.
    pub response_status: Option<Answer>,
    /// What was sent, where a pod was deleted.
    #[serde(rename = "requestObject")]
    pub body: Option<Value>,
    /// The object that came back, where a pod was deleted.
    #[serde(rename = "responseObject")]
    pub answer: Option<Value>,
}

/// Who made a request.
#[derive(Clone, Debug, Deserialize)]
pub struct Asker {
    /// The user's name.
    pub username: String,
    /// The user's groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// How a request was answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// The HTTP status code.
    #[serde(default)]
    pub code: u16,
}

impl Laboratory {
    /// All requests that the API server has answered so far, in the order of its answers; a watch has an entry for its beginning
    /// and one for its end. Needs [`Builder::audit_log`](crate::Builder::audit_log).
    ///
    /// # Errors
    /// When the audit log is switched off.
    pub fn audit(&self) -> Result<Vec<Request>> {
        let path = self.folder().join(AUDIT_LOG);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "there is no {}: start the laboratory with audit_log(true)",
                path.display()
            )
        })?;
        // The last line may not be written to its end yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let parse = |line| {
            serde_json::from_str(line).with_context(|| format!("not an audit event: {line}"))
        };
        whole.lines().map(parse).collect()
    }
}
