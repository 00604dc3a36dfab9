//! Everything that this process logs, and what its children logged, for all watches at once.

use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Inner, Watcher, Where};

/// More than this is searched, and then forgotten, before there is more. What is learnt only then isn't sought in it.
const MOST_LOGGED: usize = 32 * 1024 * 1024;

/// What was logged and not yet forgotten, in lower case.
#[derive(Default)]
struct Collected {
    text: String,
    /// How much was logged before `text` begins.
    forgotten: u64,
    watchers: Vec<Weak<Inner>>,
}

static COLLECTED: Mutex<Collected> = Mutex::new(Collected {
    text: String::new(),
    forgotten: 0,
    watchers: Vec::new(),
});

fn collected() -> MutexGuard<'static, Collected> {
    COLLECTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a watch search what is logged from here on.
pub(super) fn watch(watcher: &Watcher) {
    start();
    let mut collected = collected();
    watcher.state().begins = collected.logged();
    collected.watchers.retain(|one| one.strong_count() > 0);
    collected
        .watchers
        .push(std::sync::Arc::downgrade(&watcher.0));
}

/// Searches what was logged since this watch began.
pub(super) fn search_for(watcher: &Watcher) {
    collected().show(&watcher.0);
}

/// Takes in what another process wrote.
pub fn take_in(text: &str) {
    for line in text.lines() {
        collected().add(line);
    }
}

impl Collected {
    fn logged(&self) -> u64 {
        self.forgotten + self.text.len() as u64
    }

    fn add(&mut self, line: &str) {
        if self.text.len() + line.len() > MOST_LOGGED {
            for watcher in self.watchers.iter().filter_map(Weak::upgrade) {
                self.show(&watcher);
            }
            self.forgotten = self.logged();
            self.text.clear();
        }
        self.text.push_str(&line.to_lowercase());
        self.text.push('\n');
    }

    fn show(&self, watcher: &Inner) {
        let mut state = watcher.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = state.begins.saturating_sub(self.forgotten);
        let from = usize::try_from(seen).unwrap_or(usize::MAX);
        state.search(self.text.get(from..).unwrap_or_default(), Where::Log);
    }
}

/// Installs the log once, in the shape that the product writes it: all of ours, and what others say down to DEBUG.
fn start() {
    static STARTED: OnceLock<bool> = OnceLock::new();
    let is_ours = STARTED.get_or_init(|| {
        let wanted = Targets::new()
            .with_default(LevelFilter::DEBUG)
            .with_target("stipple", LevelFilter::TRACE)
            // The tests' own client, which is no part of the product and tells what it's asked.
            .with_target("ureq", LevelFilter::OFF);
        let lines = fmt::layer()
            .json()
            .flatten_event(true)
            .without_time()
            .with_writer(|| Line);
        tracing_subscriber::registry()
            .with(lines)
            .with(wanted)
            .try_init()
            .is_ok()
    });
    assert!(*is_ours, "another log was installed before the watch's own");
}

/// A log line on its way: each is written at once.
struct Line;

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        collected().add(text.trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
