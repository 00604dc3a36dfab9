//! The first answer to a request with an idempotency key, kept in the transaction of the change it made.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::Value;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::schema::idempotency_records;
use super::transaction::Tx;
use crate::domain::erasure::{blank_in_json, is_about};
use crate::domain::{ClientId, Instant};
use crate::error::{Error, Result};

/// How long an answer can be asked for again.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(72);

/// What names a request that must take effect once.
#[derive(Clone, Debug)]
pub struct RequestKey {
    /// Who asks.
    pub principal: String,
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the body; blank where it was a client's who was erased since.
    pub body_hash: Vec<u8>,
}

/// An answer as it can be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beyond the content type.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_records, treat_none_as_default_value = false)]
struct Record {
    principal: String,
    method: String,
    path: String,
    key: String,
    body_hash: Vec<u8>,
    status: i32,
    headers: Json<Vec<(String, String)>>,
    body: Vec<u8>,
    created_at: Instant,
}

/// The kept answer to this request, if there is one.
pub(super) fn find(tx: &mut Tx<'_>, request: &RequestKey) -> Result<Option<Answer>> {
    let found: Option<Record> = idempotency_records::table
        .find((
            &request.principal,
            &request.method,
            &request.path,
            &request.key,
        ))
        .select(Record::as_select())
        .kept()
        .get_result(tx.db)
        .optional()?;
    match found {
        Some(record) if record.created_at + KEPT_FOR <= tx.now() => {
            diesel::delete(idempotency_records::table.find((
                &request.principal,
                &request.method,
                &request.path,
                &request.key,
            )))
            .execute(tx.db)?;
            Ok(None)
        }
        // What an erased client's request said is no longer known, and its answer tells nothing of them.
        Some(record) if !record.body_hash.is_empty() && record.body_hash != request.body_hash => {
            Err(Error::KeyReused)
        }
        Some(record) => Ok(Some(Answer {
            status: u16::try_from(record.status).map_err(Error::internal)?,
            headers: record.headers.0,
            body: record.body,
        })),
        None => Ok(None),
    }
}

/// Keeps an answer.
pub(super) fn keep(tx: &mut Tx<'_>, request: &RequestKey, answer: &Answer) -> Result<()> {
    let record = Record {
        principal: request.principal.clone(),
        method: request.method.clone(),
        path: request.path.clone(),
        key: request.key.clone(),
        body_hash: request.body_hash.clone(),
        status: i32::from(answer.status),
        headers: Json(answer.headers.clone()),
        body: answer.body.clone(),
        created_at: tx.now(),
    };
    diesel::insert_into(idempotency_records::table)
        .values(&record)
        .kept()
        .execute(tx.db)?;
    Ok(())
}

/// Forgets an erased client in the kept answers that are about them. The database picks those that name them at all: to read
/// every one would hold up all other writes.
pub(super) fn forget_client(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let name = id.to_string();
    let in_path = idempotency_records::path.like(format!("%{name}%"));
    let in_body = tx.db.holds_bytes("body", name.as_bytes());
    let naming: Vec<Record> = idempotency_records::table
        .filter(in_path.or(in_body))
        .select(Record::as_select())
        .load(tx.db)?;
    for record in naming {
        record.forget(tx, id)?;
    }
    Ok(())
}

impl Record {
    /// Keeps of an answer about the client what isn't theirs, and of the request nothing but how to know it again by its key.
    fn forget(self, tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
        let answer = serde_json::from_slice::<Value>(&self.body).ok();
        let is_about_them = self.path.contains(&id.to_string())
            || answer.as_ref().is_some_and(|answer| is_about(answer, id));
        if !is_about_them {
            return Ok(());
        }
        let body = match answer {
            Some(mut answer) => {
                blank_in_json(&mut answer, id);
                serde_json::to_vec(&answer).map_err(Error::internal)?
            }
            None => self.body.clone(),
        };
        if self.body_hash.is_empty() && body == self.body {
            return Ok(());
        }
        diesel::update(idempotency_records::table.find((
            &self.principal,
            &self.method,
            &self.path,
            &self.key,
        )))
        .set((
            idempotency_records::body.eq(body),
            idempotency_records::body_hash.eq(Vec::<u8>::new()),
        ))
        .execute(tx.db)?;
        Ok(())
    }
}

/// Forgets what is older than [`KEPT_FOR`], at most so many at once.
pub fn prune(tx: &mut Tx<'_>, at_most: i64) -> Result<usize> {
    let before = tx.now() - KEPT_FOR;
    let old: Vec<(String, String, String, String)> = idempotency_records::table
        .filter(idempotency_records::created_at.le(before))
        .order(idempotency_records::created_at)
        .limit(at_most)
        .select((
            idempotency_records::principal,
            idempotency_records::method,
            idempotency_records::path,
            idempotency_records::key,
        ))
        .load(tx.db)?;
    for (principal, method, path, key) in &old {
        diesel::delete(idempotency_records::table.find((principal, method, path, key)))
            .execute(tx.db)?;
    }
    Ok(old.len())
}
