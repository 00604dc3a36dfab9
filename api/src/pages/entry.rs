//! The door of the pages: what a link says, whether it holds, and whether the form came from the page itself.

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use minijinja::{Value, context};
use serde::de::DeserializeOwned;
use stipple_shared::domain::Instant;
use stipple_shared::error::Result as Shared;
use stipple_shared::links::{Link, LinkPurpose};
use stipple_shared::mail::words::Locale;
use stipple_shared::storage::client_page::{self, Did, Standing, Visited};
use stipple_shared::storage::delivery;
use stipple_shared::storage::{Actor, Scope, Tx, WriteContext};

use super::{Page, locale_of, view};
use crate::edge;
use crate::problem::Problem;
use crate::server::{Api, RequestId};

/// Somebody who came with a link that is ours.
pub(super) struct Visitor {
    pub(super) api: web::Data<Api>,
    pub(super) link: Link,
    pub(super) visited: Visited,
    pub(super) standing: Standing,
    pub(super) now: Instant,
    context: WriteContext,
}

/// Lets somebody in, or says why not; the answer is finished then.
pub(super) async fn enter(
    request: &HttpRequest,
    api: web::Data<Api>,
    token: &str,
    purpose: LinkPurpose,
) -> Result<Result<Visitor, HttpResponse>, Problem> {
    let now = api.store.clock().now();
    let link = api.links.key.read(token, purpose);
    let found = match link {
        Some(link) => api
            .store
            .read(move |db| client_page::visit(db, &link, now))
            .await?
            .map(|found| (link, found)),
        None => None,
    };
    let Some((link, (visited, standing))) = found else {
        return Ok(Err(unknown(locale_of(request.headers()))?));
    };
    let context = WriteContext {
        actor: Actor::ClientLink,
        source: edge::source(request),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone()),
        scope: Scope::all(),
        practitioner_id: None,
    };
    Ok(Ok(Visitor {
        api,
        link,
        visited,
        standing,
        now,
        context,
    }))
}

/// The page of what isn't a link of ours. It tells nothing, not even whether there is such a studio.
pub(super) fn unknown(locale: Locale) -> Result<HttpResponse, Problem> {
    Page::of_nobody(locale, StatusCode::NOT_FOUND, TITLE_VOID)?.say("void", None)
}

const TITLE_VOID: &str = "title_void";

impl Visitor {
    /// The page that says why the link doesn't open what it's for; nothing where it does.
    pub(super) fn turned_away(&self, standing: Standing) -> Result<Option<HttpResponse>, Problem> {
        match standing {
            Standing::Holds | Standing::Moved => Ok(None),
            Standing::Void => self.void().map(Some),
            Standing::Expired => {
                let page = self.page(StatusCode::GONE, "title_expired", None)?;
                let fresh = match &self.api.links.public_url {
                    Some(_) => Some(format!(
                        "{}/my/fresh-link/{}",
                        self.prefix(),
                        self.api.links.key.sign(&self.link)?
                    )),
                    None => None,
                };
                let lines = vec![page.word("expired")?.to_owned()];
                page.respond(
                    view::MESSAGE,
                    context! { lines, fresh, back => None::<Value> },
                )
                .map(Some)
            }
        }
    }

    /// The page of a link that was made void. It says how to reach the studio, as the mail with the link did, and nothing of
    /// the client: whoever has it may be the wrong person.
    pub(super) fn void(&self) -> Result<HttpResponse, Problem> {
        self.page(StatusCode::NOT_FOUND, TITLE_VOID, None)?
            .say("void", None)
    }

    /// The page of a form that can't be read: with the studio's number and the way back, as the link is a good one.
    pub(super) fn unreadable(&self) -> Result<HttpResponse, Problem> {
        self.page(StatusCode::BAD_REQUEST, "title_error", None)?
            .say("error", Some(self.way_back()?))
    }

    /// Acts in the client's name.
    pub(super) async fn act<F>(&self, act: F) -> Result<Did, Problem>
    where
        F: Fn(&mut Tx<'_>, &Link) -> Shared<Did> + Send + 'static,
    {
        let link = self.link;
        let done = self
            .api
            .store
            .write(self.context.clone(), move |tx| act(tx, &link))
            .await;
        match done {
            // A rule that the page doesn't know of: staff hear of it by telephone.
            Err(stipple_shared::Error::Refused { .. }) => Ok(Did::TooLate),
            other => Ok(other?),
        }
    }

    /// The same, for what has no outcome.
    pub(super) async fn send_fresh_link(&self) -> Result<(), Problem> {
        let link = self.link;
        self.api
            .store
            .write(self.context.clone(), move |tx| {
                client_page::send_fresh_link(tx, &link)
            })
            .await?;
        Ok(())
    }

    /// Whether a mail about what was done last waits to be sent.
    pub(super) async fn is_notice_to_come(&self) -> Result<bool, Problem> {
        let Some(id) = self.visited.session.as_ref().map(|session| session.id) else {
            return Ok(false);
        };
        let now = self.now;
        let found = self
            .api
            .store
            .read(move |db| delivery::is_notice_to_come(db, id, now))
            .await?;
        Ok(found)
    }

    /// Looks again, after an act.
    pub(super) async fn again(mut self, link: Link) -> Result<Self, Problem> {
        let now = self.now;
        let found = self
            .api
            .store
            .read(move |db| client_page::visit(db, &link, now))
            .await?;
        if let Some((visited, standing)) = found {
            self.visited = visited;
            self.standing = standing;
            self.link = link;
        }
        Ok(self)
    }
}

/// Refuses a form that another site sent. The token is what counts; this is the second line, where browsers tell.
pub(super) fn refuse_foreign(request: &HttpRequest) -> Result<(), Problem> {
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let foreign = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        // "null" is what our own pages send, because they give no referrer away.
        (None, Some(origin)) if origin != "null" => {
            let sender = origin.split_once("://").map_or(origin, |(_, rest)| rest);
            text(HOST.as_str()) != Some(sender)
        }
        _ => false,
    };
    if foreign {
        return Err(Problem::from_status(StatusCode::FORBIDDEN));
    }
    Ok(())
}

/// Reads a form; nothing where it isn't one of ours.
pub(super) fn form<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_html_form::from_bytes(body).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn another_sites_form_is_refused() {
        let with = |headers: &[(&'static str, &'static str)]| {
            let mut request = TestRequest::post().insert_header(("host", "book.example.com"));
            for header in headers {
                request = request.insert_header(*header);
            }
            refuse_foreign(&request.to_http_request()).is_ok()
        };
        assert!(with(&[]));
        assert!(with(&[("origin", "null")]));
        assert!(with(&[("origin", "https://book.example.com")]));
        assert!(with(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(!with(&[("origin", "https://evil.example")]));
        assert!(!with(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "null")
        ]));
        assert!(!with(&[("sec-fetch-site", "same-site")]));
    }
}
