//! Why a command ended badly, in words for whoever typed it.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use stipple_shared::{Error, config};

/// Why a command ended badly.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The settings are wrong; the same command can never succeed.
    Settings(String),
    /// Something went wrong while it ran.
    Fault(String),
}

impl Failure {
    /// A setting that was found wrong after the command line was read.
    pub(crate) fn setting(flag: &str, reason: impl fmt::Display) -> Self {
        Self::Settings(config::wrong(flag, &reason.to_string()))
    }

    /// Something went wrong, with all that its causes say.
    pub(crate) fn fault(what: &str, cause: &(dyn StdError + 'static)) -> Self {
        let mut text = what.to_owned();
        let mut next = Some(cause);
        while let Some(error) = next {
            let said = error.to_string();
            // Many errors repeat their cause's words, and ours says "internal error" for those who may not know more.
            let is_shell = matches!(error.downcast_ref(), Some(Error::Internal(_)));
            if !is_shell && !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            next = error.source();
        }
        Self::Fault(text)
    }

    /// 2 for what the settings are to blame for, as for a wrong command line; 1 for all else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::from(2),
            Self::Fault(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(text) | Self::Fault(text) => formatter.write_str(text),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused { detail, .. } => Self::Fault(detail.clone()),
            Error::NotFound { what } => Self::Fault(format!(
                "there is no {} with this id",
                what.replace('_', " ")
            )),
            Error::Invalid(errors) => {
                let told: Vec<String> = errors
                    .iter()
                    .map(|error| {
                        let field = error.pointer.trim_start_matches('/');
                        format!("{field}: {}", error.detail)
                    })
                    .collect();
                Self::Fault(told.join("; "))
            }
            _ => Self::fault("the data can't be used", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_each_cause_once() {
        let failure = Failure::from(Error::internal("the schema is older"));
        assert_eq!(
            failure.to_string(),
            "the data can't be used: the schema is older"
        );
        let full = Failure::from(Error::Unavailable {
            cause: "the disk is full",
            retry_after_seconds: 60,
        });
        assert_eq!(full.to_string(), "the data can't be used: the disk is full");
        let refused = Failure::from(Error::refused("code", "do this instead"));
        assert_eq!(refused.to_string(), "do this instead");
        let setting = Failure::setting("--mail-from", "write an address");
        assert_eq!(
            setting.to_string(),
            "--mail-from (STIPPLE_MAIL_FROM): write an address"
        );
    }
}
