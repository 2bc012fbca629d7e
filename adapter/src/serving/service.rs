//! What the rest of the adapter is to the server.

use http::request::Parts;
use http::{Response, StatusCode};

use crate::access::{Attributes, User};
use crate::serving::body::Body;
use crate::serving::status::Status;

/// What is served once a request is known to be allowed to be made.
pub trait Service: Send + Sync + 'static {
    /// Whether this user may ask once more now, whatever it is.
    ///
    /// # Errors
    /// The answer to one who asks too often.
    fn admit(&self, user: &User) -> Result<(), Status>;

    /// Whether answers to this user are made however many others wait for their readers.
    fn has_room_of_its_own(&self, user: &User) -> bool;

    /// What the request wants to do: pure routing.
    ///
    /// # Errors
    /// The answer, where there is nothing to be allowed (an unknown path, a bad selector). It is
    /// given to authenticated clients only.
    fn attributes(&self, request: &Parts) -> Result<Attributes, Status>;

    /// The answer to an authorized request. Headers that carry credentials are gone from `request`.
    fn answer(&self, user: &User, request: &Parts) -> impl Future<Output = Response<Body>> + Send;

    /// A request was answered with this before, or instead of, [`answer`](Self::answer): nobody vouched for who asked, they may
    /// not, it is no request that could be answered, it took too long, or met a bug.
    fn refused(&self, code: StatusCode);

    /// The answer to a path that needs no authentication (/healthz, /livez, /readyz), none for
    /// every other path.
    fn open(&self, path: &str) -> Option<Response<Body>>;
}
