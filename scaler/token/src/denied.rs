//! Why a token is denied.

/// Why a request is not obeyed. The text says what to do about it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub enum Denied {
    /// There is no `Authorization` header.
    #[error(
        "there is no token, and only the controller may ask this: use kubectl bridgepool, which asks it"
    )]
    Missing,
    /// It holds no token.
    #[error(
        "the Authorization header holds no token as the controller writes it: look whether something on the way changes it, and \
         whether controller and sidecar are of versions that go together"
    )]
    Malformed,
    /// Its key is not among the public keys.
    #[error(
        "the token is signed by a key that is not among the public keys of this pod: the kubelet brings a new key within about \
         two minutes; if this lasts, look at ConfigMap bridgetender-keys in the pod's namespace and for a second controller"
    )]
    UnknownKey,
    /// It was not signed like this.
    #[error(
        "the token's signature is wrong: it was changed on the way, or is not from the controller"
    )]
    BadSignature,
    /// It is for another pod.
    #[error(
        "the token is for another pod: the pod's address belonged to another one before, and the controller has to look anew"
    )]
    OtherPod,
    /// It is for another method.
    #[error("the token is for another method: nothing on the way may change a request")]
    OtherMethod,
    /// It is for another path.
    #[error("the token is for another path: nothing on the way may change a request")]
    OtherPath,
    /// It has ended.
    #[error(
        "the token has expired: if this lasts, the clock of this node is ahead of the controller's, or requests are held up on \
         the way for half a minute"
    )]
    Expired,
    /// It has not begun.
    #[error(
        "the token is from the future: the clock of this node is behind the controller's, set it"
    )]
    NotYet,
    /// It is good for too long.
    #[error(
        "the token is good for longer than a token may be: controller and sidecar are of versions that do not go together"
    )]
    TooLong,
}

impl Denied {
    /// Each reason, in the order in which they are looked for.
    pub const ALL: [Self; 10] = [
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
        Self::BadSignature,
        Self::OtherPod,
        Self::OtherMethod,
        Self::OtherPath,
        Self::TooLong,
        Self::NotYet,
        Self::Expired,
    ];

    /// The reason in a word: a metric's label, and what a 401 says in its header.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::OtherPod => "other_pod",
            Self::OtherMethod => "other_method",
            Self::OtherPath => "other_path",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::TooLong => "too_long",
        }
    }

    /// The reason with this label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.label() == label)
    }
}
