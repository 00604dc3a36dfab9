//! `/v1/api-keys` and `/v1/me`.

use actix_web::{get, post};
use serde::Serialize;
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::{ApiKeyId, PractitionerId, Role, StudioId};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::api_keys::{ApiKey, KeySecret};
use stipple_shared::storage::idempotency::Answer;
use utoipa::ToSchema;

use super::Answered;
use crate::access::{BeKnown, Caller, ManageKeys, PERMISSIONS};
use crate::answer::{PageBody, Resource, resources};
use crate::request::{Command, Id, Json, NoBody, Paging, Reading};

resources! {
    ApiKey: "/v1/api-keys";
}

/// A key that was just made, with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiKey {
    /// The key.
    key: ApiKey,
    /// What to send as `Authorization: Bearer …`. It's shown this once and can't be read again.
    #[schema(example = "stipple_…")]
    secret: String,
}

/// Who is calling.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The key.
    key_id: ApiKeyId,
    /// What it may do.
    role: Role,
    /// Whose key it is, where it belongs to a practitioner.
    practitioner_id: Option<PractitionerId>,
    /// Which studios it sees; all of them where this is null.
    studio_ids: Option<Vec<StudioId>>,
    /// What its role allows.
    permissions: Vec<&'static str>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        Self {
            key_id: caller.key_id,
            role: caller.role,
            practitioner_id: caller.practitioner_id,
            studio_ids: caller.scope.studio_ids().map(<[_]>::to_vec),
            permissions: PERMISSIONS
                .iter()
                .filter(|(_, roles)| roles.contains(&caller.role))
                .map(|(name, _)| *name)
                .collect(),
        }
    }
}

/// Makes an API key. Its secret is in this answer and nowhere else.
///
/// An Idempotency-Key is refused here: to repeat the answer, the secret would have to be kept.
#[utoipa::path(
    tag = "API keys",
    operation_id = "make_api_key",
    request_body = NewApiKey,
    responses((status = 201, description = "The key and its secret.", body = MadeApiKey, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/api-keys")]
pub(crate) async fn make_api_key(command: Command<ManageKeys, Json<NewApiKey>>) -> Answered {
    command
        .run_unkept(|tx, given| {
            let (key, secret) = ApiKey::make(tx, given.body)?;
            made(key, &secret)
        })
        .await
}

/// Lists API keys, ended ones too.
#[utoipa::path(
    tag = "API keys",
    operation_id = "list_api_keys",
    params(Paging),
    responses((status = 200, description = "A page of keys.", body = PageBody<ApiKey>, headers(("Link" = String))))
)]
#[get("/v1/api-keys")]
pub(crate) async fn list_api_keys(reading: Reading<ManageKeys>) -> Answered {
    reading.page(|db, _, _, page| ApiKey::list(db, page)).await
}

/// Shows an API key, without its secret.
#[utoipa::path(
    tag = "API keys",
    operation_id = "get_api_key",
    params(("id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = ApiKey, headers(("ETag" = String))))
)]
#[get("/v1/api-keys/{id}")]
pub(crate) async fn get_api_key(reading: Reading<ManageKeys>, id: Id<ApiKeyId>) -> Answered {
    reading.one(move |db, _| ApiKey::find(db, id.0)).await
}

/// Ends an API key at once; ending it twice is as ending it once.
#[utoipa::path(
    tag = "API keys",
    operation_id = "revoke_api_key",
    params(("id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 200, description = "The ended key.", body = ApiKey, headers(("ETag" = String))))
)]
#[post("/v1/api-keys/{id}/revoke")]
pub(crate) async fn revoke_api_key(
    command: Command<ManageKeys, NoBody>,
    id: Id<ApiKeyId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&ApiKey::revoke(tx, id.0)?))
        .await
}

/// Shows who is calling, and what they may do.
#[utoipa::path(
    tag = "API keys",
    operation_id = "who_am_i",
    responses((status = 200, description = "The caller.", body = Me))
)]
#[get("/v1/me")]
pub(crate) async fn who_am_i(reading: Reading<BeKnown>) -> Answered {
    reading.show(|_, caller, _| Ok(Me::from(caller))).await
}

fn made(key: ApiKey, secret: &KeySecret) -> Result<Answer> {
    let location = key.path();
    let etag = format!("\"v{}\"", key.version);
    let made = MadeApiKey {
        key,
        secret: secret.reveal().to_owned(),
    };
    Ok(Answer {
        status: 201,
        headers: vec![("location".into(), location), ("etag".into(), etag)],
        body: serde_json::to_vec(&made).map_err(Error::internal)?,
    })
}
