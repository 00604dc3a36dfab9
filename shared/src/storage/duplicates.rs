//! Clients who may have been registered twice, found along the index of search words.

use std::collections::BTreeSet;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::client_search::searched;
use super::clients::Client;
use super::schema::{client_search_words, clients};
use super::scope::client_is_seen;
use super::{Db, Scope};
use crate::domain::ClientId;
use crate::domain::likeness::Likeness;
use crate::error::Result;

/// So many are looked at in each place, the newest first: a name that more have tells little.
const MOST_LOOKED_AT: i64 = 200;
/// So many are told.
const MOST_TOLD: usize = 20;

/// The clients of the same studio who may be this one: with the same e-mail address, telephone number, or name, unless day of
/// birth, address or number tell them apart. Those who were taken off the list aren't meant, nor those who aren't seen.
pub fn possible_duplicates(db: &mut Db, scope: &Scope, client: &Client) -> Result<Vec<ClientId>> {
    use client_search_words as words;

    let own = likeness(client);
    let mut found = BTreeSet::new();
    for trail in own.trails() {
        let of_client = || clients::table.filter(clients::id.eq(words::client_id));
        // Whoever isn't meant is left out before the newest are taken: elsewhere may be any number of the same name.
        let mut near = words::table
            .filter(words::word.ge(trail.words.from))
            .filter(words::word.lt(trail.words.until))
            .filter(words::client_id.ne(client.id))
            .filter(exists(
                of_client()
                    .filter(clients::studio_id.eq(client.studio_id))
                    .filter(clients::deleted_at.is_null()),
            ))
            .into_boxed();
        if let Some(born_on) = trail.born_on {
            near = near.filter(exists(
                of_client().filter(
                    clients::date_of_birth
                        .is_null()
                        .or(clients::date_of_birth.assume_not_null().eq(born_on)),
                ),
            ));
        }
        if let Some(seen) = client_is_seen!(scope, words::client_id) {
            near = near.filter(seen);
        }
        let near: Vec<ClientId> = near
            .order((words::word.desc(), words::client_id.desc()))
            .limit(MOST_LOOKED_AT)
            .select(words::client_id)
            .load(db)?;
        if near.is_empty() {
            continue;
        }
        let others = clients::table
            .filter(clients::id.eq_any(near))
            .select(Client::as_select())
            .load::<Client>(db)?;
        let alike = others.iter().filter(|other| likeness(other).may_be(&own));
        found.extend(alike.map(|other| other.id));
    }
    Ok(found.into_iter().take(MOST_TOLD).collect())
}

fn likeness(client: &Client) -> Likeness {
    Likeness::of(&searched(client), client.date_of_birth)
}
