//! `stipple audit`: whether the audit trail is as it was written.

use clap::{Args, Subcommand};
use stipple_shared::config::DataArgs;
use stipple_shared::storage::audit::{AuditHead, FaultKind, verify};

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::print;

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Check that no entry was changed, removed or moved since it was written
    Verify(Verify),
}

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    data: DataArgs,
    /// The head that an earlier check printed and somebody noted elsewhere: only with it a cut-off end is found
    #[arg(long, value_name = "PLACE:HASH")]
    head: Option<AuditHead>,
}

impl Audit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Verify(verify) => verify.run(),
        }
    }
}

impl Verify {
    fn run(self) -> Result<(), Failure> {
        let data = Data::locate(self.data, DIRECTORY);
        let store = data.open_to_verify()?;
        let key = data.audit_key()?;
        let found = store.read_blocking(|db| verify(db, &key, self.head.as_ref()))?;
        if !found.is_whole() {
            let mut told = "the audit trail isn't as it was written:".to_owned();
            for fault in &found.faults {
                told += &format!("\nentry {} {}", fault.sequence, describe(fault.kind));
            }
            told += "\nkeep this database as it is, and ask who could write to it";
            return Err(Failure::Fault(told));
        }
        print(&format!(
            "the audit trail is whole: {} entries, {} of them blanked\n",
            found.entries, found.blanked
        ))?;
        match found.head {
            Some(head) => print(&format!("note this head elsewhere: {head}\n")),
            None => Ok(()),
        }
    }
}

fn describe(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Missing => "is missing, and perhaps more after it",
        FaultKind::Changed => "was changed or moved",
        FaultKind::DetailChanged => "has other details than were written",
        FaultKind::DetailMissing => "has lost its details",
        FaultKind::NotAsNoted => "isn't the one whose hash was noted",
    }
}
