//! A load harness: it starts servers, asks them for the same things over the same client, and prints ratios.

mod bare;
mod client;
mod due;
mod load;
mod process;
mod reminders;
mod report;
mod rounds;
mod search;
mod seed;
mod serve;
mod sink;
mod slow;
mod startup;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::rounds::Plan;

/// The same as in the measured binary, so that the bare handler is compared on equal terms.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What goes wrong here ends the run; nobody tells the causes apart.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Measures Stipple against a bare server and against itself without shared commits, on this machine, in one run.
#[derive(Parser)]
#[command(name = "stipple-bench")]
struct CommandLine {
    /// The release binary to measure
    #[arg(
        long,
        env = "STIPPLE_BENCH_BINARY",
        default_value = "target/release/stipple"
    )]
    binary: PathBuf,
    /// Where the measured databases are made; it must lie on a disk, as a file system in memory flushes for nothing
    #[arg(long, default_value = "target/bench-data")]
    directory: PathBuf,
    /// How long each case is measured in each round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How often the two sides of each ratio take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure only the cases whose name contains this
    #[arg(long)]
    only: Option<String>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What the harness starts itself again as, and what it measures apart.
#[derive(Subcommand)]
enum Role {
    /// Measure the reminder engine instead: a backlog to a local server, and a tick that has nothing to do
    Reminders(reminders::Reminders),
    /// Answer with fixed bodies and do nothing else
    #[command(hide = true)]
    Bare(bare::Bare),
    /// Serve the API from a prepared directory, with or without shared commits
    #[command(hide = true)]
    Serve(serve::Serve),
    /// Measure searches among many clients
    Search(search::Search),
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let ended = match command_line.role {
        Some(Role::Bare(bare)) => bare.run(),
        Some(Role::Serve(serve)) => serve.run(),
        Some(Role::Reminders(reminders)) => reminders.run(&command_line.directory),
        Some(Role::Search(search)) => search.run(&command_line.binary, &command_line.directory),
        None => rounds::run(&Plan {
            binary: command_line.binary,
            directory: command_line.directory,
            seconds: command_line.seconds,
            rounds: command_line.rounds,
            only: command_line.only,
        }),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of the report.
fn print(line: &str) -> Outcome<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
