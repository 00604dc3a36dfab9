//! A look whose question travels in the body, since it's about a person and addresses are logged.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use stipple_shared::error::Result;
use stipple_shared::storage::Db;

use super::query::{self, NoFilter};
use super::{Body, command, reading};
use crate::access::{Caller, Permission};
use crate::problem::Problem;
use crate::server::Api;

/// A POST that only looks. That a handler has one proves that the caller has the permission.
pub struct Asking<P, B: Body> {
    api: web::Data<Api>,
    caller: Caller,
    body: B,
    permission: PhantomData<P>,
}

impl<P: Permission, B: Body> Asking<P, B> {
    /// The answer, read in one snapshot.
    pub async fn show<T, R>(self, look: R) -> Result<HttpResponse, Problem>
    where
        T: Serialize + Send + 'static,
        R: FnOnce(&mut Db, &Caller, &B::Content) -> Result<T> + Send + 'static,
    {
        let (caller, body) = (self.caller, self.body);
        let shown = self
            .api
            .store
            .read(move |db| look(db, &caller, body.content()))
            .await?;
        Ok(HttpResponse::Ok().json(shown))
    }
}

impl<P: Permission, B: Body> FromRequest for Asking<P, B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let bytes = web::Bytes::from_request(&request, payload);
        Box::pin(async move {
            let api = reading::api(&request)?;
            let caller = reading::recognise(&api, &request, P::ROLES, P::NAME).await?;
            let bytes = bytes.await.map_err(|error| command::unreadable(&error))?;
            query::plain::<NoFilter>(&request)?;
            command::refuse_misplaced_list(&api, &request, &bytes)?;
            let body = B::read(&request, &bytes)?;
            Ok(Self {
                api,
                caller,
                body,
                permission: PhantomData,
            })
        })
    }
}
