//! What ends when a practitioner leaves.

use super::Tx;
use super::api_keys::ApiKey;
use crate::domain::PractitionerId;
use crate::error::Result;

/// Ends every way in that a practitioner has. Whatever else gives them one is to be ended here too.
pub(super) fn end_access(tx: &mut Tx<'_>, id: PractitionerId) -> Result<()> {
    ApiKey::revoke_all_of(tx, id)
}
