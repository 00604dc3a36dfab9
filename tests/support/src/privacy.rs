//! A watch over what is written: nothing about a person that a test uses may stand in a log line, a metric or a URL.
//!
//! Every database, SMTP server and directory of a test has a [`Watch`]. It's told what callers send and are answered, and at
//! the end what the database holds; it's shown every URL, the figures, and what the whole process logged meanwhile. When it
//! is dropped it searches, and the test fails where it finds something.
//!
//! Which values are a person's is said by `Fields`, from the contract. Values are compared whole and as words, whatever
//! their case; a name's words, an address's local part and a telephone's digits count for themselves too. Left out are:
//! - what is too short to be told from chance: fewer than four ASCII characters, fewer than seven digits alone;
//! - the contract's own words (names of fields, values of enumerations, parts of paths): the log may say them, and so no
//!   choice from a list and no number is looked for, clinical ones too;
//! - in URLs, an `external_id` and a lot's `code`: they are ids of others and of things, and lists have filters of these names.

mod fields;
mod log;
mod stored;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aho_corasick::AhoCorasick;
use serde_json::Value;

use fields::Fields;
pub use log::take_in as take_in_log;
pub(crate) use stored::watch_stored;
pub use stored::watch_stored_in;
use values::Piece;

/// Fields that lists have a filter of the same name for.
const IN_QUERIES: [&str; 2] = ["external_id", "code"];
/// More distinct values than this are searched for, and then forgotten, before there are more.
const MOST_VALUES: usize = 50_000;
/// More text than this is searched, and then forgotten, before there is more.
const MOST_TEXT: usize = 4 * 1024 * 1024;

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In what was logged.
    Log,
    /// In an address that was asked for or given out.
    Url,
    /// In the figures.
    Metrics,
}

/// A value that stands where it must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The field that it's the value of.
    pub kind: String,
    /// What was found.
    pub value: String,
    /// Where.
    pub place: Where,
    /// The line that it stands in.
    pub line: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:?} of {} in {:?}: {}",
            self.value, self.kind, self.place, self.line
        )
    }
}

/// Searches when it's dropped, and panics where it found something.
pub struct Watch(Watcher);

/// Tells a [`Watch`] what is said and shown.
#[derive(Clone)]
pub struct Watcher(Arc<Inner>);

struct Inner {
    fields: &'static Fields,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each value once, with the field that it came from first.
    values: HashMap<Piece, String>,
    urls: String,
    metrics: String,
    /// How much was ever logged before this watch.
    begins: u64,
    leaks: Vec<Leak>,
}

impl Watch {
    /// Begins to watch. What was logged before is no concern of this one.
    pub fn begin() -> Self {
        let watcher = Watcher(Arc::new(Inner {
            fields: Fields::of_the_contract(),
            state: Mutex::default(),
        }));
        log::watch(&watcher);
        Self(watcher)
    }

    /// Whom to tell.
    pub fn watcher(&self) -> Watcher {
        self.0.clone()
    }

    /// What was found up to now.
    pub fn leaks(&self) -> Vec<Leak> {
        log::search_for(&self.0);
        let mut state = self.0.state();
        state.search_own();
        state.leaks.clone()
    }
}

impl Drop for Watch {
    #[expect(clippy::panic, reason = "a leak is a test's failure")]
    fn drop(&mut self) {
        // A second panic would hide the one that is under way.
        if std::thread::panicking() {
            return;
        }
        let leaks = self.leaks();
        if !leaks.is_empty() {
            let told: Vec<String> = leaks.iter().take(20).map(Leak::to_string).collect();
            panic!(
                "{} leaks of what is a person's:\n{}",
                leaks.len(),
                told.join("\n")
            );
        }
    }
}

impl Watcher {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body is about to be sent.
    pub fn sent(&self, media_type: &str, body: &[u8]) {
        let mut found = Vec::new();
        match serde_json::from_slice::<Value>(body) {
            Ok(json) => values::of_json(self.0.fields, &json, &mut found),
            Err(_) if media_type.contains("urlencoded") => {
                values::of_form(self.0.fields, body, &mut found);
            }
            Err(_) => values::of_broken_json(self.0.fields, body, &mut found),
        }
        self.take(found);
    }

    /// JSON came back. Problems repeat what was sent and have words of their own, so they aren't asked for values.
    pub fn answered(&self, json: &Value) {
        let mut found = Vec::new();
        values::of_json(self.0.fields, json, &mut found);
        self.take(found);
    }

    /// A value of this field is in use.
    pub fn value(&self, field: &str, text: &str) {
        let mut found = Vec::new();
        values::of_text(self.0.fields, field, text, &mut found);
        self.take(found);
    }

    /// An address was asked for or given out.
    pub fn url(&self, url: &str) {
        let mut state = self.state();
        if state.urls.len() > MOST_TEXT {
            state.search_own();
        }
        state
            .urls
            .push_str(&values::percent_decoded(url).to_lowercase());
        state.urls.push('\n');
    }

    /// The addresses that a page or a JSON text gives out.
    pub fn urls_in(&self, text: &str) {
        for url in values::urls_in(text) {
            self.url(url);
        }
    }

    /// The figures as they are at the end. What explains them is the same in each process.
    pub fn metrics(&self, text: &str) {
        let mut state = self.state();
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            state.metrics.push_str(&line.to_lowercase());
            state.metrics.push('\n');
        }
    }

    fn take(&self, found: Vec<(Piece, String)>) {
        if found.is_empty() {
            return;
        }
        let is_full = self.state().values.len() > MOST_VALUES;
        if is_full {
            log::search_for(self);
            let mut state = self.state();
            state.search_own();
            state.values.clear();
        }
        let mut state = self.state();
        for (piece, kind) in found {
            state.values.entry(piece).or_insert(kind);
        }
    }
}

impl State {
    /// Searches what only this watch was shown.
    fn search_own(&mut self) {
        let (urls, metrics) = (
            std::mem::take(&mut self.urls),
            std::mem::take(&mut self.metrics),
        );
        self.search(&urls, Where::Url);
        self.search(&metrics, Where::Metrics);
        if urls.len() < MOST_TEXT {
            // Values that are learnt later may stand in what was asked for before.
            self.urls = urls;
            self.metrics = metrics;
        }
    }

    /// Searches lines in lower case.
    fn search(&mut self, text: &str, place: Where) {
        let pieces: Vec<(&Piece, &String)> = self.values.iter().collect();
        if pieces.is_empty() || text.is_empty() {
            return;
        }
        let Ok(finder) = AhoCorasick::new(pieces.iter().map(|(piece, _)| piece.text.as_str()))
        else {
            return;
        };
        let mut found = Vec::new();
        for hit in finder.find_overlapping_iter(text) {
            let Some((piece, kind)) = pieces.get(hit.pattern().as_usize()) else {
                continue;
            };
            if !piece.stands_alone(text, hit.start(), hit.end())
                || (place == Where::Url && IN_QUERIES.contains(&kind.as_str()))
            {
                continue;
            }
            let begins = text[..hit.start()].rfind('\n').map_or(0, |at| at + 1);
            let ends = text[hit.end()..]
                .find('\n')
                .map_or(text.len(), |at| hit.end() + at);
            found.push(Leak {
                kind: (*kind).clone(),
                value: piece.text.clone(),
                place,
                line: text[begins..ends].to_owned(),
            });
        }
        for leak in found {
            if !self.leaks.contains(&leak) && self.leaks.len() < 1000 {
                self.leaks.push(leak);
            }
        }
    }
}
