//! What a body names must exist: a wrong id in it is a mistake of the body, not a missing page.

use super::Tx;
use super::clients::Client;
use super::studios::Studio;
use crate::domain::StudioId;
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

/// The studio that is named, or the one where the client is registered.
pub(super) fn studio_for(
    tx: &mut Tx<'_>,
    asked: Option<StudioId>,
    client: &Client,
) -> Result<StudioId> {
    match asked {
        // The client's own studio exists: their row refers to it.
        Some(id) if id == client.studio_id && tx.scope().sees_studio(id) => Ok(id),
        Some(id) => named(Studio::find_seen(tx, id), "/studio_id").map(|studio| studio.id),
        None if tx.scope().sees_studio(client.studio_id) => Ok(client.studio_id),
        None => Err(Error::invalid(
            "/studio_id",
            "required",
            "say at which of your studios: the client is registered at another one",
        )),
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
