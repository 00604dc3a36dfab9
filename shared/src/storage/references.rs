//! What a body names must exist: a wrong id in it is a mistake of the body, not a missing page.

use crate::error::{Error, Result};

/// Turns a miss into an error that points to the field which named the thing.
pub(super) fn named<T>(found: Result<T>, pointer: &str) -> Result<T> {
    match found {
        Err(Error::NotFound { what }) => Err(Error::invalid(
            pointer,
            format!("unknown_{what}"),
            format!("name a {what} that exists"),
        )),
        found => found,
    }
}

/// The error for a thing that exists and belongs to another client.
pub(super) fn of_another_client(pointer: &str) -> Error {
    Error::invalid(
        pointer,
        "other_client",
        "name one that belongs to the same client",
    )
}
