//! The `stipple` binary: it reads the settings and puts the parts together, nothing else.

mod api;
mod audit;
mod data;
mod demo;
mod failure;
mod key;
mod mail;
mod migrate;
mod open_files;
mod openapi;
mod private_file;
mod reminders;
mod serving;
mod stopping;
mod up;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use stipple_shared::config::{LogArgs, explain};
use stipple_shared::telemetry;

use crate::failure::Failure;

/// Requests and writes are made of many small allocations, which this serves quicker than the C library does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Treatment tracking for scalp-micropigmentation studios.
///
/// Each flag has an environment name, shown in the help of the subcommands; the flag wins.
#[derive(Parser)]
#[command(name = "stipple", version)]
struct CommandLine {
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the API and the reminders in one process: all that one studio needs
    Up(up::Up),
    /// Run the API alone
    Api(api::Api),
    /// Run the reminders alone, with /livez, /readyz and /metrics
    Worker(worker::Worker),
    /// Bring the database's schema up to date
    Migrate(migrate::Migrate),
    /// Make, list, end and renew API keys
    #[command(subcommand)]
    Key(key::Key),
    /// Check the audit trail
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Try the mail settings
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Print the API's contract as OpenAPI in YAML
    Openapi,
}

fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return refuse(&error),
    };
    match run(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn run(command_line: CommandLine) -> Result<(), Failure> {
    telemetry::start(&command_line.log.log, stipple_api::is_our_concern)
        .map_err(|error| Failure::fault("the log can't be started", &error))?;
    match command_line.command {
        Command::Up(up) => up.run(),
        Command::Api(api) => api.run(),
        Command::Worker(worker) => worker.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Key(key) => key.run(),
        Command::Audit(audit) => audit.run(),
        Command::Mail(mail) => mail.run(),
        Command::Openapi => openapi::run(),
    }
}

/// Says what is wrong with the command line or the environment, or prints the help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    match explain(error, CommandLine::command()) {
        Some(explanation) => complain(&explanation),
        None => {
            // Nobody is left to tell where even this can't be written.
            let _closed = error.print();
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn complain(text: &str) {
    let _closed = writeln!(io::stderr(), "error: {text}");
}

/// Prints what was asked for.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::fault("standard output can't be written", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn each_setting_has_the_environment_name_of_its_flag() {
        // What a command acts on is no setting.
        let acted_on = [
            "role",
            "name",
            "studio",
            "practitioner",
            "own-clients-only",
            "head",
            "expires-in-days",
            "overlap-minutes",
            "help",
            "version",
        ];
        let mut commands = vec![CommandLine::command()];
        let mut settings = 0;
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                let Some(long) = argument.get_long() else {
                    continue;
                };
                if acted_on.contains(&long) {
                    continue;
                }
                let expected = format!("STIPPLE_{}", long.replace('-', "_").to_uppercase());
                let name = argument.get_env().map(|name| name.to_string_lossy());
                assert_eq!(name.as_deref(), Some(expected.as_str()), "--{long}");
                settings += 1;
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(settings > 10, "{settings}");
    }
}
