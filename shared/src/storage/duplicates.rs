//! Clients who may have been registered twice, found along the index of search words.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::client_search::searched;
use super::clients::Client;
use super::schema::{client_search_words, clients};
use super::{Db, Scope};
use crate::domain::ClientId;
use crate::domain::likeness::Likeness;
use crate::error::Result;

/// So many are looked at in each place, the newest first: a name that more have tells little.
const MOST_LOOKED_AT: i64 = 200;
/// So many are told.
const MOST_TOLD: usize = 20;

/// The clients of the same studio who may be this one: with the same e-mail address, telephone number, or name and date of
/// birth. Those who were taken off the list aren't meant, nor those who aren't seen.
pub fn possible_duplicates(db: &mut Db, scope: &Scope, client: &Client) -> Result<Vec<ClientId>> {
    let own = likeness(client);
    let mut found = BTreeSet::new();
    for trail in own.trails() {
        let near = client_search_words::table
            .filter(client_search_words::word.ge(trail.words.from))
            .filter(client_search_words::word.lt(trail.words.until))
            .order((
                client_search_words::word.desc(),
                client_search_words::client_id.desc(),
            ))
            .limit(MOST_LOOKED_AT)
            .select(client_search_words::client_id);
        let mut query = clients::table
            .filter(clients::id.eq_any(near))
            .filter(clients::studio_id.eq(client.studio_id))
            .filter(clients::id.ne(client.id))
            .filter(clients::deleted_at.is_null())
            .into_boxed();
        if let Some(seen) = Client::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(born_on) = trail.born_on {
            query = query.filter(clients::date_of_birth.eq(born_on));
        }
        let others = query.select(Client::as_select()).load::<Client>(db)?;
        let alike = others.iter().filter(|other| likeness(other).may_be(&own));
        found.extend(alike.map(|other| other.id));
    }
    Ok(found.into_iter().take(MOST_TOLD).collect())
}

fn likeness(client: &Client) -> Likeness {
    Likeness::of(&searched(client), client.date_of_birth)
}
