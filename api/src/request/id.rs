//! Ids in paths.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use crate::problem::Problem;

/// The `{id}` of the path. What isn't a UUID can't name anything, so it's answered like an id that names nothing.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: From<Uuid>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(T::from(segment(request, "id")))))
    }
}

/// The `{id}` and the `{inner_id}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct Ids<T, U>(pub T, pub U);

impl<T: From<Uuid>, U: From<Uuid>> FromRequest for Ids<T, U> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(
            T::from(segment(request, "id")),
            U::from(segment(request, "inner_id")),
        )))
    }
}

/// No thing has the nil UUID: the answer is that there is none, once it's known who asks.
fn segment(request: &HttpRequest, name: &str) -> Uuid {
    request
        .match_info()
        .get(name)
        .and_then(|text| Uuid::try_parse(text).ok())
        .unwrap_or(Uuid::nil())
}
