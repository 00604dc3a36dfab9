//! A look: who asks, and for what.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::future::{LocalBoxFuture, ready};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stipple_shared::domain::{AccessEventId, AccessKind, ClientId, Role};
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::Db;
use stipple_shared::storage::access_events::AccessEvent;
use stipple_shared::storage::api_keys::{self, ApiKey};
use stipple_shared::storage::paging::{Page, PageRequest, Position};

use super::query::{self, Filter, NoFilter};
use super::{cursor, headers};
use crate::access::{Caller, Permission};
use crate::answer::{self, PageBody, Resource};
use crate::edge;
use crate::problem::Problem;
use crate::server::{Api, RequestId};

/// So many lines of an export are read in one snapshot.
const LINES_AT_ONCE: usize = 500;

/// A request that only looks. That a handler has one proves that the caller has the permission.
pub struct Reading<P, F = NoFilter> {
    api: web::Data<Api>,
    request: HttpRequest,
    caller: Caller,
    permission: PhantomData<(P, F)>,
}

/// Whose clinical record was looked at, and what of it.
type Look = (ClientId, AccessKind);

impl<P: Permission> Reading<P, NoFilter> {
    /// One thing, found by key: 200 with its tag, or 304 where the caller has it already.
    pub async fn one<T, R>(self, find: R) -> Result<HttpResponse, Problem>
    where
        T: Resource + Send + 'static,
        R: FnOnce(&mut Db, &Caller) -> Result<T> + Send + 'static,
    {
        query::plain::<NoFilter>(&self.request)?;
        let caller = self.caller.clone();
        let thing = self
            .api
            .store
            .read_by_key(move |db| find(db, &caller))
            .await?;
        self.note(thing.clinical_record()).await;
        let etag = answer::etag(&thing, &self.caller);
        if headers::has_already(&self.request, &etag) {
            return Ok(HttpResponse::NotModified()
                .insert_header((header::ETAG, etag))
                .finish());
        }
        Ok(HttpResponse::Ok()
            .insert_header((header::ETAG, etag))
            .content_type("application/json")
            .body(answer::body(&thing, &self.caller)?))
    }
}

impl<P: Permission, F: Filter + Send + 'static> Reading<P, F> {
    /// A page of a list.
    pub async fn page<T, R>(self, load: R) -> Result<HttpResponse, Problem>
    where
        T: Resource + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<Page<T>> + Send + 'static,
    {
        let (page, context) = self.load(load).await?;
        self.note(page.rows.iter().filter_map(Resource::clinical_record))
            .await;
        if T::CLINICAL.is_empty() || self.caller.sees_clinical() {
            return Ok(self.answer_page(page, &context));
        }
        let rows = page
            .rows
            .iter()
            .map(|row| answer::view(row, &self.caller))
            .collect::<Result<Vec<_>>>()?;
        let page = Page {
            rows,
            next: page.next,
            latest_change: page.latest_change,
        };
        Ok(self.answer_page(page, &context))
    }

    /// A page of what isn't answered alone; `record` says whose clinical record a row is part of.
    pub async fn page_of<T, R>(
        self,
        load: R,
        record: fn(&T) -> Option<Look>,
    ) -> Result<HttpResponse, Problem>
    where
        T: Serialize + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<Page<T>> + Send + 'static,
    {
        let (page, context) = self.load(load).await?;
        self.note(page.rows.iter().filter_map(record)).await;
        Ok(self.answer_page(page, &context))
    }

    async fn load<T, R>(&self, load: R) -> Result<(Page<T>, String), Problem>
    where
        T: Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<Page<T>> + Send + 'static,
    {
        let (filter, page_request, context) = query::paged::<F>(&self.request)?;
        if page_request.updated_since.is_some() {
            query::expect_lasting(&self.request, F::LASTING)?;
        }
        let caller = self.caller.clone();
        let page = self
            .api
            .store
            .read(move |db| load(db, &caller, &filter, &page_request))
            .await?;
        // Who is ahead of us keeps a copy of other data, and would be told of nothing.
        if page_request.updated_since > Some(page.latest_change) {
            return Err(Problem::unknown_change(page.latest_change));
        }
        Ok((page, context))
    }
}

impl<P: Permission, F: DeserializeOwned + Send + 'static> Reading<P, F> {
    fn answer_page<T: Serialize>(&self, page: Page<T>, context: &str) -> HttpResponse {
        let next_cursor = page.next.map(|position| cursor::write(&position, context));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            response.insert_header((header::LINK, next_link(&self.request, cursor)));
        }
        response.json(PageBody {
            data: page.rows,
            next_cursor,
            latest_change: page.latest_change,
        })
    }

    /// A page of what is computed or only grows: it has no place in the change sequence.
    pub async fn computed_page<T, B, R>(
        self,
        look: R,
        body: fn(T, Option<String>) -> B,
    ) -> Result<HttpResponse, Problem>
    where
        T: Send + 'static,
        B: Serialize,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<(T, Option<Position>)>
            + Send
            + 'static,
    {
        self.compute(look, body).await
    }

    /// The same of what is in one client's clinical record.
    pub async fn page_of_record<T, B, R>(
        self,
        record: Look,
        look: R,
        body: fn(T, Option<String>) -> B,
    ) -> Result<HttpResponse, Problem>
    where
        T: Send + 'static,
        B: Serialize,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<(T, Option<Position>)>
            + Send
            + 'static,
    {
        let answer = self.compute(look, body).await?;
        self.note([record]).await;
        Ok(answer)
    }

    async fn compute<T, B, R>(
        &self,
        look: R,
        body: fn(T, Option<String>) -> B,
    ) -> Result<HttpResponse, Problem>
    where
        T: Send + 'static,
        B: Serialize,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<(T, Option<Position>)>
            + Send
            + 'static,
    {
        let (filter, page_request, context) = query::paged::<F>(&self.request)?;
        if page_request.updated_since.is_some() {
            return Err(query::unknown(&self.request, "updated_since"));
        }
        let caller = self.caller.clone();
        let (found, next) = self
            .api
            .store
            .read(move |db| look(db, &caller, &filter, &page_request))
            .await?;
        let next_cursor = next.map(|position| cursor::write(&position, &context));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            response.insert_header((header::LINK, next_link(&self.request, cursor)));
        }
        Ok(response.json(body(found, next_cursor)))
    }

    /// Something that is neither one stored thing nor a list of such.
    pub async fn show<T, R>(self, look: R) -> Result<HttpResponse, Problem>
    where
        T: Serialize + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F) -> Result<T> + Send + 'static,
    {
        self.show_record(move |db, caller, filter| Ok((look(db, caller, filter)?, None)))
            .await
    }

    /// The same of what is in a client's clinical record, where it says so.
    pub async fn show_record<T, R>(self, look: R) -> Result<HttpResponse, Problem>
    where
        T: Serialize + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F) -> Result<(T, Option<Look>)> + Send + 'static,
    {
        let filter = query::plain::<F>(&self.request)?;
        let caller = self.caller.clone();
        let (shown, record) = self
            .api
            .store
            .read(move |db| look(db, &caller, &filter))
            .await?;
        self.note(record).await;
        Ok(HttpResponse::Ok().json(shown))
    }

    /// All of a list, each thing as JSON on a line of its own, sent while it's read page by page.
    pub async fn lines<T, R>(self, load: R) -> Result<HttpResponse, Problem>
    where
        F: Clone + Sync,
        T: Serialize + Send + 'static,
        R: Fn(&mut Db, &Caller, &F, &PageRequest) -> Result<(Vec<T>, Option<Position>)>
            + Clone
            + Send
            + 'static,
    {
        let filter = query::plain::<F>(&self.request)?;
        let (api, caller) = (self.api, self.caller);
        let page = move |after: Option<Position>| {
            let (load, filter, caller) = (load.clone(), filter.clone(), caller.clone());
            let store = api.store.clone();
            async move {
                store
                    .read(move |db| {
                        let request = PageRequest {
                            limit: LINES_AT_ONCE,
                            after,
                            updated_since: None,
                        };
                        let (rows, next) = load(db, &caller, &filter, &request)?;
                        let mut text = Vec::new();
                        for row in rows {
                            serde_json::to_writer(&mut text, &row).map_err(Error::internal)?;
                            text.push(b'\n');
                        }
                        Ok((web::Bytes::from(text), next))
                    })
                    .await
            }
        };
        // The first page before the answer, so that a refusal has its own status.
        let (first, next) = page(None).await?;
        let rest = stream::unfold(next, move |next| {
            let page = page.clone();
            async move {
                let position = next?;
                Some(match page(Some(position)).await {
                    Ok((text, next)) => (Ok(text), next),
                    Err(error) => {
                        tracing::error!(error = %error, "an export broke off");
                        (
                            Err(actix_web::error::ErrorInternalServerError(
                                "the export broke off",
                            )),
                            None,
                        )
                    }
                })
            }
        });
        let whole = stream::once(ready(Ok::<_, actix_web::Error>(first))).chain(rest);
        Ok(HttpResponse::Ok()
            .content_type("application/x-ndjson")
            .streaming(whole))
    }

    /// The present instant.
    pub fn now(&self) -> stipple_shared::domain::Instant {
        self.api.store.clock().now()
    }
}

impl<P, F> Reading<P, F> {
    /// Has it noted whose clinical record was looked at, once for each client. The front desk sees nothing clinical.
    async fn note(&self, looks: impl IntoIterator<Item = Look>) {
        if !self.caller.sees_clinical() {
            return;
        }
        let looks: BTreeSet<Look> = looks.into_iter().collect();
        if looks.is_empty() {
            return;
        }
        let at = self.api.store.clock().now();
        let source = edge::source(&self.request);
        let request_id = self
            .request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone());
        let events = looks
            .into_iter()
            .map(|(client_id, kind)| AccessEvent {
                id: AccessEventId::new(),
                at,
                key_id: self.caller.key_id,
                client_id,
                kind,
                source: source.clone(),
                request_id: request_id.clone(),
            })
            .collect();
        self.api.access_log.note(&self.api.store, events).await;
    }
}

impl<P: Permission, F: 'static> FromRequest for Reading<P, F> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let api = api(&request)?;
            let caller = recognise(&api, &request, P::ROLES, P::NAME).await?;
            Ok(Self {
                api,
                request,
                caller,
                permission: PhantomData,
            })
        })
    }
}

/// What all handlers share, where the path answers this method.
pub(super) fn api(request: &HttpRequest) -> Result<web::Data<Api>, Problem> {
    let api = request
        .app_data::<web::Data<Api>>()
        .ok_or_else(|| Problem::fault(Some("the application has no state".into())))?;
    let allowed = api
        .documents
        .allowed_instead(request.path(), request.method().as_str());
    match allowed {
        Some(allowed) => Err(Problem::method_not_allowed(&allowed)),
        None => Ok(api.clone()),
    }
}

/// The whole numbers that the contract takes at this place of a request, in words.
pub(super) fn numbers_at(request: &HttpRequest, place: &str) -> Option<String> {
    let api = request.app_data::<web::Data<Api>>()?;
    let method = request.method().as_str();
    api.documents.numbers_at(request.path(), method, place)
}

/// Pointers to what the contract requires in this body and isn't there; so many at most.
pub(super) fn missing(request: &HttpRequest, body: &[u8], at_most: usize) -> Vec<String> {
    let api = request.app_data::<web::Data<Api>>();
    let method = request.method().as_str();
    api.map_or_else(Vec::new, |api| {
        api.documents.missing(request.path(), method, body, at_most)
    })
}

/// The parameters that the contract takes in this query.
pub(super) fn parameters(request: &HttpRequest) -> Vec<String> {
    let api = request.app_data::<web::Data<Api>>();
    let method = request.method().as_str();
    let names = api.map(|api| api.documents.parameters(request.path(), method));
    let names = names.into_iter().flatten();
    names.map(str::to_owned).collect()
}

/// Who calls, if they may.
pub(super) async fn recognise(
    api: &Api,
    request: &HttpRequest,
    roles: &'static [Role],
    permission: &'static str,
) -> Result<Caller, Problem> {
    let hash = api_keys::hash_of(headers::bearer(request)?);
    let now = api.store.clock().now();
    let key = api
        .store
        .query_by_key(move |db| ApiKey::recognise(db, &hash, now))
        .await?
        .ok_or_else(|| Problem::unauthorised("this key is not known, has ended or was revoked"))?;
    api.edge.count_for(key.id, request)?;
    if key.use_is_news(now) {
        api.uses.note(&api.store, key.id, now);
    }
    if !roles.contains(&key.role) {
        return Err(Problem::forbidden(permission));
    }
    Ok(Caller::from(key))
}

fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let kept: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"))
        .collect();
    let mut query = kept.join("&");
    if !query.is_empty() {
        query.push('&');
    }
    format!("<{}?{query}cursor={cursor}>; rel=\"next\"", request.path())
}
