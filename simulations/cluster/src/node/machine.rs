//! One node, as it really is.

/// A node's machine and its kubelet, which the API server's object may not know of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Machine {
    /// The kubelet does not reach the API server; what runs goes on running.
    pub cut_off: bool,
    /// The machine is gone.
    pub gone: bool,
}

impl Machine {
    /// Whether its kubelet hears from the API server and is heard.
    pub fn in_touch(&self) -> bool {
        !self.cut_off && !self.gone
    }
}
