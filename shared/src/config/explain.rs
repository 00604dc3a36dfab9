//! What is said about a wrong setting: the flag, its environment name, what to write; never a secret.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// What is said about a setting that another place found wrong.
pub fn wrong(flag: &str, reason: &str) -> String {
    let environment = flag.trim_start_matches('-').replace('-', "_");
    format!(
        "{flag} (STIPPLE_{}): {reason}",
        environment.to_ascii_uppercase()
    )
}

/// What is said about a value that couldn't be read; nothing where the error is of another kind.
///
/// Clap's own words don't name the environment variable, and repeat the value even where it's a password.
pub fn explain(error: &clap::Error, mut command: Command) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let shown = text(ContextKind::InvalidArg)?;
    let reason = error.source()?.to_string();
    // Only a built command can show its arguments as the error does.
    command.build();
    let Some(argument) = find(&command, shown) else {
        return Some(format!("{shown}: {reason}"));
    };
    let name = match (argument.get_long(), argument.get_env()) {
        (Some(long), Some(environment)) => {
            format!("--{long} ({})", environment.to_string_lossy())
        }
        (Some(long), None) => format!("--{long}"),
        (None, _) => shown.to_owned(),
    };
    match text(ContextKind::InvalidValue) {
        Some(value) if !argument.is_hide_env_values_set() => {
            Some(format!("{name} can't be '{value}': {reason}"))
        }
        _ => Some(format!("{name} can't be read: {reason}")),
    }
}

fn find<'a>(command: &'a Command, shown: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|argument| argument.to_string() == shown)
        .or_else(|| {
            command
                .get_subcommands()
                .find_map(|subcommand| find(subcommand, shown))
        })
}
