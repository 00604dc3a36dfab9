//! Mails as files, for trying out and for tests.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::mime::{self, Built};
use super::{DkimSigner, Outcome, OutgoingMail, Phase};

/// Writes one `.eml` file for each mail, named after its Message-ID.
///
/// The same mail written again replaces its own file, so that a repeated attempt never shows as a second mail.
#[derive(Debug)]
pub struct FileTransport {
    directory: PathBuf,
    dkim: Option<DkimSigner>,
}

impl FileTransport {
    /// Files in this directory, which is made when the first mail is written.
    pub fn new(directory: PathBuf, dkim: Option<DkimSigner>) -> Self {
        Self { directory, dkim }
    }

    /// Writes one mail; see [`super::Transport::send`].
    pub(super) async fn send<E>(
        &self,
        mail: &OutgoingMail,
        before_handover: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Outcome {
        let built = match mime::build(mail, self.dkim.as_ref()) {
            Ok(built) => built,
            Err(outcome) => return outcome,
        };
        let (phase, code) = (Phase::Data, None);
        if before_handover().await.is_err() {
            return Outcome::Transient { phase, code };
        }
        let directory = self.directory.clone();
        let written = tokio::task::spawn_blocking(move || write(&directory, &built)).await;
        match written.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
            Ok(()) => Outcome::Written,
            Err(cause) => match cause.kind() {
                io::ErrorKind::PermissionDenied
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::AlreadyExists
                | io::ErrorKind::NotADirectory => Outcome::Configuration { phase, code },
                _ => Outcome::Transient { phase, code },
            },
        }
    }
}

/// The file appears under its name only when it is whole and on the disk.
fn write(directory: &Path, built: &Built) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let unfinished = directory.join(format!(".{}.part", built.stem));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // Whoever may list the directory needn't be one who may read the mails.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(&built.bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(format!("{}.eml", built.stem)))?;
    File::open(directory)?.sync_all()
}
