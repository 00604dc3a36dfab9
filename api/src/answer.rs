//! Answers: a stored thing as its caller may see it, with its tag.

use serde::Serialize;
use serde_json::Value;
use stipple_shared::domain::{AccessKind, ClientId};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::idempotency::Answer;
use utoipa::ToSchema;

use crate::access::Caller;

/// What marks the tag of a view without clinical fields.
pub(crate) const FRONT_DESK_VIEW: &str = "-front_desk";

/// Something that is answered alone, with an ETag.
pub trait Resource: Serialize {
    /// The fields that the front desk doesn't see: they are absent, not null.
    const CLINICAL: &'static [&'static str] = &[];
    /// Raised by whatever changes the body.
    fn version(&self) -> i64;
    /// Where it can be read again.
    fn path(&self) -> String;
    /// Whose clinical record it's part of, and as what, where it holds something clinical.
    fn clinical_record(&self) -> Option<(ClientId, AccessKind)> {
        None
    }
}

/// Says how a stored row is answered: where it's read, what the front desk doesn't see of it, and whose clinical record
/// it's part of.
macro_rules! resources {
    ($($type:ty: $path:literal $(, clinical: [$($field:literal),+])? $(, record: $record:expr)?;)+) => {$(
        impl $crate::answer::Resource for $type {
            $(const CLINICAL: &'static [&'static str] = &[$($field),+];)?

            fn version(&self) -> i64 {
                self.version
            }

            fn path(&self) -> String {
                format!(concat!($path, "/{}"), self.id)
            }

            $(fn clinical_record(
                &self,
            ) -> Option<(stipple_shared::domain::ClientId, stipple_shared::domain::AccessKind)> {
                let record: fn(&Self) -> Option<(_, _)> = $record;
                record(self)
            })?
        }
    )+};
}

pub(crate) use resources;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    /// The things on this page.
    pub data: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
    /// The newest change number that this page knows of: pass it as `updated_since` to be told what came after.
    pub latest_change: i64,
}

/// A list that is short by its nature, and so has no pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListBody<T> {
    /// The things.
    pub data: Vec<T>,
}

/// The tag of a thing as this caller sees it.
pub(crate) fn etag<T: Resource>(thing: &T, caller: &Caller) -> String {
    let view = if T::CLINICAL.is_empty() || caller.sees_clinical() {
        ""
    } else {
        FRONT_DESK_VIEW
    };
    format!("\"v{}{view}\"", thing.version())
}

/// The thing as this caller sees it, as JSON.
pub(crate) fn body<T: Resource>(thing: &T, caller: &Caller) -> Result<Vec<u8>> {
    if T::CLINICAL.is_empty() || caller.sees_clinical() {
        serde_json::to_vec(thing).map_err(Error::internal)
    } else {
        serde_json::to_vec(&view(thing, caller)?).map_err(Error::internal)
    }
}

/// The thing as this caller sees it, to stand in a list.
pub(crate) fn view<T: Resource>(thing: &T, caller: &Caller) -> Result<Value> {
    let mut value = serde_json::to_value(thing).map_err(Error::internal)?;
    if !caller.sees_clinical()
        && let Some(fields) = value.as_object_mut()
    {
        for field in T::CLINICAL {
            fields.remove(*field);
        }
    }
    Ok(value)
}

/// 201 with Location and ETag.
pub(crate) fn created<T: Resource>(thing: &T, caller: &Caller) -> Result<Answer> {
    Ok(Answer {
        status: 201,
        headers: vec![
            ("location".into(), thing.path()),
            ("etag".into(), etag(thing, caller)),
        ],
        body: body(thing, caller)?,
    })
}

/// 200 with ETag.
pub(crate) fn changed<T: Resource>(thing: &T, caller: &Caller) -> Result<Answer> {
    Ok(Answer {
        status: 200,
        headers: vec![("etag".into(), etag(thing, caller))],
        body: body(thing, caller)?,
    })
}

/// 204: done, and nothing to show.
pub(crate) fn done() -> Answer {
    Answer {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// 200 or 201 with something that has no tag.
pub(crate) fn plain(status: u16, thing: &impl Serialize) -> Result<Answer> {
    Ok(Answer {
        status,
        headers: Vec::new(),
        body: serde_json::to_vec(thing).map_err(Error::internal)?,
    })
}
