//! Ids in paths.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use stipple_shared::Error;
use uuid::Uuid;

use crate::problem::Problem;

/// The `{id}` of the path. What isn't a UUID can't name anything, so it's answered like an id that names nothing.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: From<Uuid>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(|id| Self(T::from(id))))
    }
}

/// The `{id}` and the `{inner_id}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct Ids<T, U>(pub T, pub U);

impl<T: From<Uuid>, U: From<Uuid>> FromRequest for Ids<T, U> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            segment(request, "id")
                .and_then(|id| Ok(Self(T::from(id), U::from(segment(request, "inner_id")?)))),
        )
    }
}

fn segment(request: &HttpRequest, name: &str) -> Result<Uuid, Problem> {
    request
        .match_info()
        .get(name)
        .and_then(|text| Uuid::try_parse(text).ok())
        .ok_or_else(|| Problem::from(Error::NotFound { what: "thing" }))
}
