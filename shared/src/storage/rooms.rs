//! The rooms of studios.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::{Page, PageRequest, load_page, resource};
use super::schema::rooms;
use super::stranded::Concerned;
use super::studios::Studio;
use super::{Db, Scope, Tx, stranded};
use crate::domain::lot_key::lot_key as folded;
use crate::domain::studio::{NewRoom, RoomPatch};
use crate::domain::text::Name;
use crate::domain::{Instant, RoomId, StudioId};
use crate::error::{Error, FieldError, Result};

/// A room that one session at a time can take.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = rooms, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Whose room it is.
    pub studio_id: StudioId,
    /// Its name.
    pub name: Name,
    /// Whether sessions can be booked into it.
    pub active: bool,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(rooms, Room, RoomId, "room", seen: |scope| {
    let ids = scope.studio_ids()?;
    Some(Box::new(rooms::studio_id.eq_any(ids.to_vec())))
});

impl Room {
    /// Adds a room to a studio.
    pub fn add(tx: &mut Tx<'_>, studio_id: StudioId, new: &NewRoom) -> Result<Self> {
        Studio::find_seen(tx, studio_id)?;
        let now = tx.now();
        let room = Self {
            id: RoomId::new(),
            studio_id,
            name: new.name.clone(),
            active: true,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        room.refuse_taken_name(tx.db)?;
        room.create(tx, "room.added")
    }

    /// Changes a room.
    pub fn change(
        tx: &mut Tx<'_>,
        id: RoomId,
        expected: Option<i64>,
        patch: &RoomPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut room = before.clone();
        patch.name.apply(&mut room.name);
        patch.active.apply(&mut room.active);
        if room == before {
            return Ok(before);
        }
        if room.name != before.name {
            room.refuse_taken_name(tx.db)?;
        }
        let room = room.save(tx, "room.changed", None)?;
        if room.active != before.active {
            stranded::recheck(tx, Concerned::In(room.id))?;
        }
        Ok(room)
    }

    /// A page of a studio's rooms.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        studio_id: StudioId,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        Studio::find_in(db, scope, studio_id)?;
        let query = rooms::table
            .filter(rooms::studio_id.eq(studio_id))
            .into_boxed();
        load_page!(db, rooms, Room, query, page)
    }

    /// Refuses a second room of the same name in a studio: nobody could say which of them a session is in.
    fn refuse_taken_name(&self, db: &mut Db) -> Result<()> {
        // A studio has few rooms, so they needn't have stored keys.
        let others: Vec<(RoomId, Name)> = rooms::table
            .filter(rooms::studio_id.eq(self.studio_id))
            .filter(rooms::id.ne(self.id))
            .order(rooms::id)
            .select((rooms::id, rooms::name))
            .load(db)?;
        let own = folded(&self.name);
        match others.iter().find(|(_, name)| folded(name) == own) {
            Some((id, _)) => Err(Error::Refused {
                code: "room_name_taken",
                detail: "the studio has a room of this name already, in use or not; take that one, or give one of them another \
                         name"
                    .into(),
                breaches: vec![FieldError::new(
                    "/name",
                    "taken",
                    "choose a name that no other room of the studio has, however it's written",
                )],
                conflicts: vec![serde_json::json!({ "id": id })],
            }),
            None => Ok(()),
        }
    }
}
