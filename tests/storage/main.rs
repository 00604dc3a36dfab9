//! What the storage promises, proved on both engines: nothing acknowledged is lost, nothing is acknowledged twice.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod erasure;
mod groups;
mod lot_keys;
mod marks;
mod migrations;
mod once;
mod opening;
mod overlap;
mod product_keys;
mod reads;
mod schema;
mod search_words;
mod shop;
mod stock;
mod studio_marks;
mod timeline;
mod trail;

use std::error::Error as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use stipple_shared::{Error, Result};

/// A call that is under way.
type Waiting<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// Makes a call and comes back as soon as it waits. A write is then in the queue, in the order of these calls.
fn begin<T: 'static>(call: impl Future<Output = Result<T>> + 'static) -> Waiting<T> {
    let mut waiting: Waiting<T> = Box::pin(call);
    match waiting
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Pending => waiting,
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
    }
}

/// Waits for a call's end.
fn finish<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(Duration::from_mins(2), call).await })
        .unwrap_or_else(|_late| panic!("nobody answered"))
}

/// What the log would say.
fn cause(error: &Error) -> String {
    match error.source() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}
