//! What a handler's arguments are made of. A change is a [`Command`], a look is a [`Reading`] or, with
//! its question in the body, an [`Asking`]; all know the caller.

mod asking;
mod body;
mod command;
pub(crate) mod cursor;
mod headers;
mod id;
mod plain;
#[cfg(test)]
mod properties;
mod query;
mod reading;

pub use asking::Asking;
pub use body::{Body, Json, MaybeJson, Merge, NoBody, Versioned};
pub use command::Command;
pub(crate) use headers::has_already;
pub use id::{Id, Ids};
pub use query::{Filter, Paging};
pub use reading::Reading;

/// No body is larger than this: the largest honest one is a pigment record of a few kilobytes.
pub const BODY_LIMIT: usize = 256 * 1024;
