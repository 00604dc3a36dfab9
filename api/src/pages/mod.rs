//! The client's pages: what the links in mails open. Plain HTML in the client's language, without scripts or anything
//! from elsewhere. Only a POST changes something, since mail scanners follow every link.

pub(crate) mod appointment;
pub(crate) mod client;
mod entry;
mod view;
mod words;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, X_FRAME_OPTIONS,
};
use actix_web::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};
use stipple_shared::domain::mail_template::Word;
use stipple_shared::error::{Error, Result};
use stipple_shared::mail::words::{Locale, Phrasebook};

use self::words::{Words, word, words};
use crate::problem::Problem;

/// What all of their paths begin with.
const PREFIX: &str = "/my/";

const STYLE: &str = include_str!("templates/style.css");
const LAYOUT: &str = include_str!("templates/page.html");

/// Nothing is loaded, nothing is run, and no other page may hold this one in a frame. The style is known by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// A page before it has its frame.
struct Page {
    /// The tag of the language that it is in.
    language: String,
    words: Words,
    status: StatusCode,
    title: String,
    notice: Option<&'static str>,
    studio: Option<Value>,
}

impl Page {
    /// One that knows no client and no studio.
    fn of_nobody(locale: Locale, status: StatusCode, title: &str) -> Result<Self> {
        let language = locale.code();
        let phrases = Phrasebook::new(language, &[])?;
        let words = words(locale, language, phrases.word(Word::ReachInPerson)?)?;
        Ok(Self {
            language: language.to_owned(),
            status,
            title: word(&words, title)?.to_owned(),
            words,
            notice: None,
            studio: None,
        })
    }

    /// A word of the page's language.
    fn word(&self, key: &str) -> Result<&str> {
        word(&self.words, key)
    }

    /// The page with one line, and where it leads back to.
    fn say(&self, line: &str, back: Option<Value>) -> std::result::Result<HttpResponse, Problem> {
        let lines = vec![self.word(line)?.to_owned()];
        self.respond(
            view::MESSAGE,
            context! { lines, fresh => None::<String>, back },
        )
    }

    /// Renders the template with what it's told, and puts the frame around it.
    fn respond(&self, template: &str, values: Value) -> std::result::Result<HttpResponse, Problem> {
        let body = render(template, context! { w => self.words.clone(), ..values })?;
        let notice = match self.notice {
            Some(key) => Some(self.word(key)?.to_owned()),
            None => None,
        };
        let whole = context! {
            lang => self.language.clone(),
            title => self.title.clone(),
            w => self.words.clone(),
            style => Value::from_safe_string(STYLE.to_owned()),
            body => Value::from_safe_string(body),
            studio => self.studio.clone(),
            notice,
        };
        let html = render(LAYOUT, whole)?;
        Ok(HttpResponse::build(self.status)
            .insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((X_FRAME_OPTIONS, "DENY"))
            .insert_header((header::CONTENT_LANGUAGE, self.language.as_str()))
            .insert_header(("x-robots-tag", "noindex, nofollow"))
            .content_type("text/html; charset=utf-8")
            .body(html))
    }
}

fn render(template: &str, values: Value) -> Result<String> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.render_str(template, values).map_err(Error::internal)
}

/// Whether a path is one of these pages: there even an error is a page.
pub(crate) fn covers(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// What the browser says that its reader reads, for a page that knows no client.
pub(crate) fn locale_of(headers: &HeaderMap) -> Locale {
    let wanted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    wanted
        .split(',')
        .filter_map(|one| one.split(';').next())
        .map(str::trim)
        .find_map(|tag| {
            let primary = tag.split('-').next().unwrap_or_default();
            Locale::ALL
                .into_iter()
                .find(|locale| locale.code().eq_ignore_ascii_case(primary))
        })
        .unwrap_or(Locale::English)
}

/// A problem as a page.
pub(crate) fn of_problem(problem: &Problem, locale: Locale) -> HttpResponse {
    // The words are ours; were they ever not there, the status still tells.
    let mut response = Page::of_nobody(locale, problem.status(), "title_error")
        .map_err(Problem::from)
        .and_then(|page| page.say("error", None))
        .unwrap_or_else(|_| HttpResponse::new(problem.status()));
    problem.add_headers(&mut response);
    response
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_answered_in_its_language() {
        let mut headers = HeaderMap::new();
        assert_eq!(locale_of(&headers), Locale::English);
        for (wanted, expected) in [
            ("fr-CA,fr;q=0.9,en;q=0.8", Locale::French),
            ("it, de;q=0.5", Locale::German),
            ("zz", Locale::English),
        ] {
            headers.insert(ACCEPT_LANGUAGE, wanted.parse().unwrap());
            assert_eq!(locale_of(&headers), expected, "{wanted}");
        }
    }
}
