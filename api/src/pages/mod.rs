//! The client's pages: what the links in mails open. Plain HTML in the client's language, without scripts or anything
//! from elsewhere. Only a POST changes something, since mail scanners follow every link.

pub(crate) mod appointment;
pub(crate) mod client;
mod entry;
mod view;

use std::collections::BTreeMap;
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
use stipple_shared::error::{Error, Result};
use stipple_shared::mail::words::Locale;

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

type Words = BTreeMap<String, String>;

static WORDS: LazyLock<std::result::Result<[Words; 4], String>> = LazyLock::new(|| {
    let parse = |json: &str| serde_json::from_str(json).map_err(|error| error.to_string());
    Ok([
        parse(include_str!("templates/en.json"))?,
        parse(include_str!("templates/de.json"))?,
        parse(include_str!("templates/fr.json"))?,
        parse(include_str!("templates/es.json"))?,
    ])
});

fn words(locale: Locale) -> Result<&'static Words> {
    let [english, german, french, spanish] = WORDS
        .as_ref()
        .map_err(|error| Error::internal(error.as_str()))?;
    Ok(match locale {
        Locale::English => english,
        Locale::German => german,
        Locale::French => french,
        Locale::Spanish => spanish,
    })
}

fn word(locale: Locale, key: &str) -> Result<&'static str> {
    words(locale)?
        .get(key)
        .map(String::as_str)
        .ok_or_else(|| Error::internal(format!("no words for {key}")))
}

/// A page before it has its frame.
struct Page {
    locale: Locale,
    status: StatusCode,
    title: &'static str,
    notice: Option<&'static str>,
    studio: Option<Value>,
}

impl Page {
    /// Renders the template with what it's told, and puts the frame around it.
    fn respond(&self, template: &str, values: Value) -> std::result::Result<HttpResponse, Problem> {
        let words = words(self.locale)?;
        let body = render(template, context! { w => words, ..values })?;
        let notice = match self.notice {
            Some(key) => Some(word(self.locale, key)?),
            None => None,
        };
        let whole = context! {
            lang => self.locale.code(),
            title => word(self.locale, self.title)?,
            w => words,
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
            .insert_header((header::CONTENT_LANGUAGE, self.locale.code()))
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
    let page = Page {
        locale,
        status: problem.status(),
        title: "title_error",
        notice: None,
        studio: None,
    };
    let lines = word(locale, "error")
        .map(|line| vec![line])
        .unwrap_or_default();
    let values = context! { lines, fresh => None::<String>, back => None::<String> };
    let mut response = page
        .respond(view::MESSAGE, values)
        // The words are ours; were they ever not there, the status still tells.
        .unwrap_or_else(|_| HttpResponse::new(problem.status()));
    problem.add_headers(&mut response);
    response
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use stipple_shared::domain::neutral::clinical_word;

    use super::*;

    #[test]
    fn every_language_has_all_words_and_none_is_clinical() {
        let english = words(Locale::English).unwrap();
        for locale in Locale::ALL {
            let words = words(locale).unwrap();
            assert!(words.keys().eq(english.keys()), "{locale:?}");
            for (key, text) in words {
                assert_eq!(clinical_word(text), None, "{locale:?} {key}");
                assert!(!text.trim().is_empty(), "{locale:?} {key}");
            }
        }
    }

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
