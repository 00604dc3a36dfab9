//! A body that doesn't come is waited for so long and no longer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

struct Timed {
    body: Payload,
    ends: Pin<Box<Sleep>>,
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let timed = &mut *self;
        match Pin::new(&mut timed.body).poll_next(context) {
            Poll::Pending => timed.ends.as_mut().poll(context).map(|()| {
                let late = io::Error::from(io::ErrorKind::TimedOut);
                Some(Err(PayloadError::Io(late)))
            }),
            ready => ready,
        }
    }
}

/// Puts an end to the waiting for a request's body. What has none costs nothing.
pub(super) fn limit(request: &mut ServiceRequest, longest: Duration) {
    let body = request.take_payload();
    let body: Payload = match body {
        Payload::None => Payload::None,
        body => Payload::Stream {
            payload: Box::pin(Timed {
                body,
                ends: Box::pin(sleep(longest)),
            }),
        },
    };
    request.set_payload(body);
}

/// Whether an error is about such a body.
pub(crate) fn is_too_slow(error: &Error) -> bool {
    matches!(
        error.as_error::<PayloadError>(),
        Some(PayloadError::Io(cause)) if cause.kind() == io::ErrorKind::TimedOut
    )
}
