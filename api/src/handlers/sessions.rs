//! `/v1/sessions`.

use stipple_shared::storage::sessions::Session;

use crate::answer::resources;

resources! {
    Session: "/v1/sessions", clinical: ["clinical_notes"];
}
