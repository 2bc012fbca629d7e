//! What the API server's answers come to.

use http::StatusCode;
use kube::Error;
use reach::causes;
use scaler_policy::Outcome;

/// What a failed request comes to: whether it was done, was not done, or nobody knows.
pub(super) fn failed(error: &Error) -> Outcome {
    let Error::Api(status) = error else {
        // A request that cannot be made was not sent. Of all others the answer did not come, or not whole.
        return match error {
            Error::BuildRequest(_) | Error::HttpError(_) => Outcome::Refused(causes(error)),
            _ => Outcome::Unknown,
        };
    };
    match StatusCode::from_u16(status.code) {
        Ok(StatusCode::NOT_FOUND) => Outcome::Gone,
        // A name that is taken was made up by the API server for a creation: the list tells.
        Ok(StatusCode::CONFLICT) if status.reason == "AlreadyExists" => Outcome::Unknown,
        Ok(StatusCode::CONFLICT) => Outcome::Conflict,
        Ok(StatusCode::TOO_MANY_REQUESTS) => Outcome::Throttled,
        Ok(StatusCode::UNPROCESSABLE_ENTITY) => Outcome::Invalid(status.message.clone()),
        Ok(code) if code.is_client_error() => Outcome::Refused(status.message.clone()),
        // A server that failed may have done it.
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn what_may_have_been_done_is_unknown_and_nothing_else_is() {
        for (code, reason, expected) in [
            (404, "NotFound", "Gone"),
            (409, "Conflict", "Conflict"),
            (409, "AlreadyExists", "Unknown"),
            (403, "Forbidden", "Refused"),
            (422, "Invalid", "Invalid"),
            (429, "TooManyRequests", "Throttled"),
            (500, "InternalError", "Unknown"),
            (503, "ServiceUnavailable", "Unknown"),
            (504, "Timeout", "Unknown"),
        ] {
            let status = Status::failure("why", reason).with_code(code);
            let outcome = format!("{:?}", failed(&Error::Api(Box::new(status))));
            assert!(outcome.starts_with(expected), "{code} {reason}: {outcome}");
        }
    }
}
