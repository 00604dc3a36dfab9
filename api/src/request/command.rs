//! A change: who asks, which version they saw, whether it's a repetition, and what they want.
//!
//! The order is fixed here for all of them: the key and its permission, the repetition of an answered request, and
//! then the handler's closure: already in effect, If-Match, rules.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use sha2::{Digest, Sha256};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::idempotency::{Answer, RequestKey};
use stipple_shared::storage::{Actor, Tx, WriteContext};
use uuid::Uuid;

use super::query::{self, NoFilter};
use super::{BODY_LIMIT, Body, headers, reading};
use crate::access::{Caller, Permission};
use crate::answer::{self, Resource};
use crate::edge;
use crate::problem::Problem;
use crate::server::{Api, RequestId};

/// A request that changes something. That a handler has one proves that the caller has the permission.
pub struct Command<P, B: Body> {
    api: web::Data<Api>,
    context: WriteContext,
    request_key: Option<RequestKey>,
    given: Arc<GivenInner<B>>,
    permission: PhantomData<P>,
}

struct GivenInner<B> {
    caller: Caller,
    if_match: Option<i64>,
    body: B,
}

/// What the closure of a change is given.
pub struct Given<'a, B: Body> {
    /// Who asks.
    pub caller: &'a Caller,
    /// Which version they saw, where they say so.
    pub if_match: Option<i64>,
    /// What they want.
    pub body: &'a B::Content,
}

impl<B: Body> Given<'_, B> {
    /// 201 with this thing.
    pub fn created<T: Resource>(&self, thing: &T) -> Result<Answer> {
        answer::created(thing, self.caller)
    }

    /// 200 with this thing.
    pub fn changed<T: Resource>(&self, thing: &T) -> Result<Answer> {
        answer::changed(thing, self.caller)
    }
}

impl<P: Permission, B: Body> Command<P, B> {
    /// Carries the change out in one transaction. The closure may be run more than once.
    pub async fn run<F>(self, change: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, &Given<'_, B>) -> Result<Answer> + Send + 'static,
    {
        let given = self.given;
        let (answer, replayed) = self
            .api
            .store
            .write_once(self.context, self.request_key, move |tx| {
                let given = Given {
                    caller: &given.caller,
                    if_match: given.if_match,
                    body: given.body.content(),
                };
                change(tx, &given)
            })
            .await?;
        respond(answer, replayed)
    }
}

impl<P: Permission, B: Body> Command<P, B> {
    /// The same for an answer that carries a secret: it's never kept, so a repetition can't be answered.
    pub async fn run_unkept<F>(self, change: F) -> Result<HttpResponse, Problem>
    where
        F: Fn(&mut Tx<'_>, &Given<'_, B>) -> Result<Answer> + Send + 'static,
    {
        if self.request_key.is_some() {
            return Err(Problem::invalid_header(
                "Idempotency-Key",
                "leave it out here: the answer carries a secret, which is not kept",
            ));
        }
        self.run(change).await
    }
}

impl<P: Permission, B: Body> FromRequest for Command<P, B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let bytes = web::Bytes::from_request(&request, payload);
        Box::pin(async move {
            let api = reading::api(&request)?;
            let caller = reading::recognise(&api, &request, P::ROLES, P::NAME).await?;
            let bytes = bytes.await.map_err(|error| unreadable(&error))?;
            query::plain::<NoFilter>(&request)?;
            refuse_misplaced_list(&api, &request, &bytes)?;
            let body = B::read(&request, &bytes)?;
            let if_match = headers::if_match(&request, B::REQUIRES_IF_MATCH)?;
            let request_key = headers::idempotency_key(&request)?.map(|key| RequestKey {
                principal: caller.key_id.to_string(),
                method: request.method().to_string(),
                path: path_as_read(&request),
                key,
                body_hash: body_hash(&bytes),
            });
            let context = WriteContext {
                actor: Actor::Key(caller.key_id),
                source: edge::source(&request),
                request_id: request
                    .extensions()
                    .get::<RequestId>()
                    .map(|id| id.0.clone()),
                scope: caller.scope.clone(),
                practitioner_id: caller.practitioner_id,
            };
            let given = Arc::new(GivenInner {
                caller,
                if_match,
                body,
            });
            Ok(Self {
                api,
                context,
                request_key,
                given,
                permission: PhantomData,
            })
        })
    }
}

/// No body, where there may be none, says the same as an empty object.
fn body_hash(bytes: &[u8]) -> Vec<u8> {
    let said = if bytes.is_empty() { b"{}" } else { bytes };
    Sha256::digest(said).to_vec()
}

/// The path with its ids as we write them: a repetition may spell them in another way.
fn path_as_read(request: &HttpRequest) -> String {
    let Some(pattern) = request.match_pattern() else {
        return request.path().to_owned();
    };
    let segments = request.match_info();
    segments.iter().fold(pattern, |path, (name, text)| {
        let id = Uuid::try_parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string());
        path.replace(&format!("{{{name}}}"), &id)
    })
}

/// Else serde would take a list for the fields of an object in their order.
pub(super) fn refuse_misplaced_list(
    api: &Api,
    request: &HttpRequest,
    bytes: &[u8],
) -> Result<(), Problem> {
    let method = request.method().as_str();
    match api.documents.misplaced_list(request.path(), method, bytes) {
        Some(pointer) => {
            Err(Error::invalid(pointer, "invalid_value", "write a JSON object").into())
        }
        None => Ok(()),
    }
}

pub(super) fn unreadable(error: &actix_web::Error) -> Problem {
    if edge::is_too_slow(error) {
        return Problem::timed_out();
    }
    match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(BODY_LIMIT),
        _ => Problem::malformed_body("the body ended before it was complete"),
    }
}

fn respond(answer: Answer, replayed: bool) -> Result<HttpResponse, Problem> {
    let status =
        StatusCode::from_u16(answer.status).map_err(|error| Error::internal(error.to_string()))?;
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    if answer.body.is_empty() {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(answer.body))
}
