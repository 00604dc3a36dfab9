//! A reminder engine that writes its mails to files, and the mails as they were read.

use std::path::PathBuf;

use stipple_shared::storage::Store;
use stipple_test_support::http::client_links;
use stipple_worker::transport::Target;
use stipple_worker::{Engine, EngineOptions};
use tempfile::TempDir;

/// Where a house's mails end.
pub(crate) struct Post {
    engine: Engine,
    directory: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Post {
    /// One for a house's data, on its clock.
    pub(crate) fn of(store: &Store) -> Self {
        let directory = TempDir::new().unwrap();
        let target = Target::parse(&format!("file:{}", directory.path().display())).unwrap();
        Self::with(store, directory, Some(target))
    }

    /// One that sends its mails there.
    pub(crate) fn through(store: &Store, target: &str) -> Self {
        let target = Target::parse(target).unwrap();
        Self::with(store, TempDir::new().unwrap(), Some(target))
    }

    /// One that has nobody who takes mails.
    pub(crate) fn without_mail(store: &Store) -> Self {
        Self::with(store, TempDir::new().unwrap(), None)
    }

    fn with(store: &Store, directory: TempDir, target: Option<Target>) -> Self {
        let mut options = EngineOptions::new(target, "post@studio.example".into());
        options.links = client_links().maker();
        Self {
            engine: Engine::new(store.clone(), options),
            directory,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// Sends what is due, and gives the mails that went out, in the order of their subjects.
    pub(crate) fn deliver(&self) -> Vec<String> {
        loop {
            let outcome = self.runtime.block_on(self.engine.tick()).unwrap();
            if outcome.is_idle() {
                break;
            }
        }
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        let mut mails: Vec<(String, String)> = paths
            .iter()
            .map(|path| {
                let mail = std::fs::read_to_string(path).unwrap();
                std::fs::remove_file(path).unwrap();
                (subject(&mail), mail)
            })
            .collect();
        mails.sort();
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// Goes through one tick, whatever comes of it.
    pub(crate) fn tick(&self) {
        self.runtime.block_on(self.engine.tick()).unwrap();
    }

    /// The same, and only what they say first.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.deliver().iter().map(|mail| subject(mail)).collect()
    }
}

/// The subject of a mail, up to what comes after the first word.
pub(crate) fn subject(mail: &str) -> String {
    let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
    let line = line.unwrap();
    line.split_once(':')
        .map_or(line, |(first, _)| first)
        .to_owned()
}
