//! `/v1/api-keys` and `/v1/me`.

use actix_web::{get, post};
use serde::Serialize;
use stipple_shared::domain::api_key::{NewApiKey, RotateApiKey};
use stipple_shared::domain::text::Name;
use stipple_shared::domain::{ApiKeyId, Instant, PractitionerId, Role, StudioId};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::api_keys::{ApiKey, KeySecret};
use stipple_shared::storage::idempotency::Answer;
use utoipa::ToSchema;

use super::Answered;
use crate::access::{BeKnown, Caller, ManageKeys, PERMISSIONS};
use crate::answer::{PageBody, Resource, resources};
use crate::request::{Command, Id, Json, MaybeJson, NoBody, Paging, Reading};

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
    /// What it's called.
    name: Name,
    /// What it may do.
    role: Role,
    /// Whose key it is, where it belongs to a practitioner.
    practitioner_id: Option<PractitionerId>,
    /// Which studios it sees; all of them where this is null.
    studio_ids: Option<Vec<StudioId>>,
    /// Whether it sees only the clients who have a session or a plan with its practitioner.
    own_clients_only: bool,
    /// When the secret that was shown ends by itself; never where this is null.
    expires_at: Option<Instant>,
    /// What its role allows.
    permissions: Vec<&'static str>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        Self {
            key_id: caller.key_id,
            name: caller.name.clone(),
            role: caller.role,
            practitioner_id: caller.practitioner_id,
            studio_ids: caller.scope.studio_ids().map(<[_]>::to_vec),
            own_clients_only: caller.scope.own_clients_of().is_some(),
            expires_at: caller.expires_at,
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
    security(("key" = ["manage_keys"])),
    request_body = NewApiKey,
    responses((status = 201, description = "The key and its secret.", body = MadeApiKey, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/api-keys")]
pub(crate) async fn make_api_key(command: Command<ManageKeys, Json<NewApiKey>>) -> Answered {
    command
        .run_unkept(|tx, given| {
            let (key, secret) = ApiKey::make(tx, given.body)?;
            made(201, key, &secret)
        })
        .await
}

/// Lists API keys, ended ones too.
#[utoipa::path(
    tag = "API keys",
    operation_id = "list_api_keys",
    security(("key" = ["manage_keys"])),
    params(Paging),
    responses((status = 200, description = "A page of keys.", body = PageBody<ApiKey>, headers(("Link" = String))))
)]
#[get("/v1/api-keys")]
pub(crate) async fn list_api_keys(reading: Reading<ManageKeys>) -> Answered {
    reading
        .page(|db, caller, _, page| ApiKey::list(db, &caller.scope, page))
        .await
}

/// Shows an API key, without its secret.
#[utoipa::path(
    tag = "API keys",
    operation_id = "get_api_key",
    security(("key" = ["manage_keys"])),
    params(("id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = ApiKey, headers(("ETag" = String))))
)]
#[get("/v1/api-keys/{id}")]
pub(crate) async fn get_api_key(reading: Reading<ManageKeys>, id: Id<ApiKeyId>) -> Answered {
    reading
        .one(move |db, caller| ApiKey::find_in(db, &caller.scope, id.0))
        .await
}

/// Gives an API key a new secret, which is in this answer and nowhere else.
///
/// The old secret works on for the overlap that is asked for, so that programs can be moved without a gap. One from an
/// earlier rotation ends now. An Idempotency-Key is refused here: to repeat the answer, the secret would have to be kept.
#[utoipa::path(
    tag = "API keys",
    operation_id = "rotate_api_key",
    security(("key" = ["manage_keys"])),
    params(("id" = ApiKeyId, Path, description = "The key.")),
    request_body = RotateApiKey,
    responses((status = 200, description = "The key and its new secret.", body = MadeApiKey, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/api-keys/{id}/rotate")]
pub(crate) async fn rotate_api_key(
    command: Command<ManageKeys, MaybeJson<RotateApiKey>>,
    id: Id<ApiKeyId>,
) -> Answered {
    command
        .run_unkept(move |tx, given| {
            let (key, secret) = ApiKey::rotate(tx, id.0, given.if_match, given.body)?;
            made(200, key, &secret)
        })
        .await
}

/// Ends an API key at once; ending it twice is as ending it once.
///
/// An owner key is ended only if another one stays that sees as much for as long: make that one first.
#[utoipa::path(
    tag = "API keys",
    operation_id = "revoke_api_key",
    security(("key" = ["manage_keys"])),
    params(("id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 200, description = "The ended key.", body = ApiKey, headers(("ETag" = String))))
)]
#[post("/v1/api-keys/{id}/revoke")]
pub(crate) async fn revoke_api_key(
    command: Command<ManageKeys, NoBody>,
    id: Id<ApiKeyId>,
) -> Answered {
    command
        .run(move |tx, given| given.changed(&ApiKey::revoke(tx, id.0, given.if_match)?))
        .await
}

/// Shows who is calling, and what they may do.
#[utoipa::path(
    tag = "API keys",
    operation_id = "who_am_i",
    security(("key" = ["be_known"])),
    responses((status = 200, description = "The caller.", body = Me))
)]
#[get("/v1/me")]
pub(crate) async fn who_am_i(reading: Reading<BeKnown>) -> Answered {
    reading.show(|_, caller, _| Ok(Me::from(caller))).await
}

fn made(status: u16, key: ApiKey, secret: &KeySecret) -> Result<Answer> {
    let location = key.path();
    let etag = format!("\"v{}\"", key.version);
    let made = MadeApiKey {
        key,
        secret: secret.reveal().to_owned(),
    };
    Ok(Answer {
        status,
        headers: vec![("location".into(), location), ("etag".into(), etag)],
        body: serde_json::to_vec(&made).map_err(Error::internal)?,
    })
}
