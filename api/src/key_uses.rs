//! When keys were last used: noted once a minute for each, after the request and not in its way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use stipple_shared::domain::{ApiKeyId, Instant};
use stipple_shared::storage::api_keys::{ApiKey, USE_NOTED_EVERY};
use stipple_shared::storage::{Store, WriteContext};

/// The uses that are on their way to be stored: requests that come before one is mustn't note it again.
#[derive(Default)]
pub(crate) struct KeyUses(Mutex<HashMap<ApiKeyId, Instant>>);

impl KeyUses {
    /// Has a use stored, unless one of the last minute is. Only for a key whose stored use is older than that.
    pub(crate) fn note(&self, store: &Store, id: ApiKeyId, now: Instant) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, at| *at + USE_NOTED_EVERY > now);
        if noted.contains_key(&id) {
            return;
        }
        // A writer that is too busy for this gets the next request's.
        if store
            .write_later(WriteContext::command_line(), move |tx| {
                ApiKey::note_use(tx, id)
            })
            .is_ok()
        {
            noted.insert(id, now);
        }
    }
}
