//! Which studios may see a client, as bits beside each word that the client is found under.
//!
//! A search of few studios passes by whoever lacks their bits, and looks at the others as `scope.rs` says. So a bit too many
//! costs a look, and one too few would hide a client. `reaches_studio` adds a bit before a studio sees a client, and each
//! change of a client sets them anew.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::clients::Client;
use super::dialect::Db;
use super::kept_text::Keep as _;
use super::schema::{client_search_words, plans, sessions};
use super::scope::{Scope, Seen};
use crate::domain::studio_marks::studio_marks;
use crate::domain::{ClientId, StudioId};
use crate::error::Result;

diesel::infix_operator!(Shared, " & ", BigInt);
diesel::infix_operator!(Together, " | ", BigInt);

/// The rows whose client may be seen; nothing where no studios are named.
pub(super) fn may_be_seen(scope: &Scope) -> Option<Seen<client_search_words::table>> {
    let marks = studio_marks(scope.studio_ids()?.iter().copied());
    let shared = Shared::new(
        client_search_words::studio_marks,
        marks.into_sql::<BigInt>(),
    );
    Some(Box::new(shared.ne(0)))
}

/// The bits of a client's studios: where they are registered, have a session, or have a plan, whose sessions come there.
pub(super) fn of_client(db: &mut Db, client: &Client) -> Result<i64> {
    let mut ids: Vec<StudioId> = sessions::table
        .filter(sessions::client_id.eq(client.id))
        .select(sessions::studio_id)
        .kept()
        .load(db)?;
    ids.extend(
        plans::table
            .filter(plans::client_id.eq(client.id))
            .select(plans::studio_id)
            .kept()
            .load::<StudioId>(db)?,
    );
    ids.push(client.studio_id);
    Ok(studio_marks(ids))
}

/// Adds the bit of a studio that is about to see a client.
pub(super) fn add(db: &mut Db, id: ClientId, studio_id: StudioId) -> Result<()> {
    let mark = studio_marks([studio_id]);
    diesel::update(client_search_words::table.filter(client_search_words::client_id.eq(id)))
        .set(client_search_words::studio_marks.eq(Together::new(
            client_search_words::studio_marks,
            mark.into_sql::<BigInt>(),
        )))
        .execute(db)?;
    Ok(())
}
