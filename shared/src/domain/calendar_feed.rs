//! What a calendar feed is made of.

use serde::Deserialize;
use utoipa::ToSchema;

use super::id::{PractitionerId, StudioId};
use super::text::Name;
use crate::error::{Error, Result};

/// A new calendar feed: of a studio or of a practitioner.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalendarFeed {
    /// What it's for, such as the tablet at the desk.
    pub name: Name,
    /// The studio whose sessions it shows. Either this or `practitioner_id`.
    pub studio_id: Option<StudioId>,
    /// The practitioner whose sessions it shows. Either this or `studio_id`.
    pub practitioner_id: Option<PractitionerId>,
}

impl NewCalendarFeed {
    /// Refuses a feed of both or of neither.
    pub fn check(&self) -> Result<()> {
        match (self.studio_id, self.practitioner_id) {
            (Some(_), Some(_)) | (None, None) => Err(Error::invalid(
                "/studio_id",
                "one_of_two",
                "name a studio or a practitioner, and not both",
            )),
            _ => Ok(()),
        }
    }
}
