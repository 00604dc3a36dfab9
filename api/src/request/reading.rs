//! A look: who asks, and for what.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stipple_shared::domain::Role;
use stipple_shared::error::Result;
use stipple_shared::storage::Db;
use stipple_shared::storage::api_keys::{self, ApiKey};
use stipple_shared::storage::paging::{Page, PageRequest, Position};

use super::query::{self, NoFilter};
use super::{cursor, headers};
use crate::access::{Caller, Permission};
use crate::answer::{self, PageBody, Resource};
use crate::problem::Problem;
use crate::server::Api;

/// A request that only looks. That a handler has one proves that the caller has the permission.
pub struct Reading<P, F = NoFilter> {
    api: web::Data<Api>,
    request: HttpRequest,
    caller: Caller,
    permission: PhantomData<(P, F)>,
}

impl<P: Permission> Reading<P, NoFilter> {
    /// One thing, found by key: 200 with its tag, or 304 where the caller has it already.
    pub async fn one<T, R>(self, find: R) -> Result<HttpResponse, Problem>
    where
        T: Resource + Send + 'static,
        R: FnOnce(&mut Db, &Caller) -> Result<T> + Send + 'static,
    {
        query::plain::<NoFilter>(&self.request)?;
        let caller = self.caller;
        let (thing, caller) = self
            .api
            .store
            .read_by_key(move |db| {
                let thing = find(db, &caller)?;
                Ok((thing, caller))
            })
            .await?;
        let etag = answer::etag(&thing, &caller);
        if headers::has_already(&self.request, &etag) {
            return Ok(HttpResponse::NotModified()
                .insert_header((header::ETAG, etag))
                .finish());
        }
        Ok(HttpResponse::Ok()
            .insert_header((header::ETAG, etag))
            .content_type("application/json")
            .body(answer::body(&thing, &caller)?))
    }
}

impl<P: Permission, F: DeserializeOwned + Send + 'static> Reading<P, F> {
    /// A page of a list.
    pub async fn page<T, R>(self, load: R) -> Result<HttpResponse, Problem>
    where
        T: Resource + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<Page<T>> + Send + 'static,
    {
        if T::CLINICAL.is_empty() || self.caller.sees_clinical() {
            return self.page_of(load).await;
        }
        self.page_of(move |db, caller, filter, page| {
            let page = load(db, caller, filter, page)?;
            let rows = page
                .rows
                .iter()
                .map(|row| answer::view(row, caller))
                .collect::<Result<Vec<_>>>()?;
            Ok(Page {
                rows,
                next: page.next,
                latest_change: page.latest_change,
            })
        })
        .await
    }

    /// A page of what isn't answered alone, or as every caller may see it.
    pub async fn page_of<T, R>(self, load: R) -> Result<HttpResponse, Problem>
    where
        T: Serialize + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &F, &PageRequest) -> Result<Page<T>> + Send + 'static,
    {
        let (filter, page_request, context) = query::paged::<F>(&self.request)?;
        let caller = self.caller;
        let page = self
            .api
            .store
            .read(move |db| load(db, &caller, &filter, &page_request))
            .await?;
        let next_cursor = page.next.map(|position| cursor::write(&position, &context));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            response.insert_header((header::LINK, next_link(&self.request, cursor)));
        }
        Ok(response.json(PageBody {
            data: page.rows,
            next_cursor,
            latest_change: page.latest_change,
        }))
    }

    /// A page of what is computed and not stored: it has no place in the change sequence.
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
        let (filter, page_request, context) = query::paged::<F>(&self.request)?;
        if page_request.updated_since.is_some() {
            return Err(query::unknown("updated_since"));
        }
        let caller = self.caller;
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
        let filter = query::plain::<F>(&self.request)?;
        let caller = self.caller;
        let shown = self
            .api
            .store
            .read(move |db| look(db, &caller, &filter))
            .await?;
        Ok(HttpResponse::Ok().json(shown))
    }

    /// The present instant.
    pub fn now(&self) -> stipple_shared::domain::Instant {
        self.api.store.clock().now()
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

/// What all handlers share.
pub(super) fn api(request: &HttpRequest) -> Result<web::Data<Api>, Problem> {
    request
        .app_data::<web::Data<Api>>()
        .cloned()
        .ok_or_else(|| Problem::fault(Some("the application has no state".into())))
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
