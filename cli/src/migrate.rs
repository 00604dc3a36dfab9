//! `stipple migrate`: the schema, brought up to date by hand.

use clap::Args;
use stipple_shared::config::DataArgs;

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::print;

#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    data: DataArgs,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match Data::locate(self.data, DIRECTORY).migrate()? {
            0 => print("the schema is up to date\n"),
            steps => print(&format!("the schema was brought up to date: {steps} run\n")),
        }
    }
}
