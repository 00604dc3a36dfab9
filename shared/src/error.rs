//! What can go wrong, told without HTTP: the API turns it into a status, the worker into a log line.

use std::error::Error as StdError;

use serde::Serialize;
use utoipa::ToSchema;

/// The result of anything that storage or a rule does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing that is wrong with what was sent, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, or the name of the parameter or header.
    #[schema(example = "/starts_at")]
    pub pointer: String,
    /// A stable name for what is wrong.
    #[schema(example = "invalid_value")]
    pub code: String,
    /// What to do about it.
    pub detail: String,
}

impl FieldError {
    /// One thing that is wrong, at a place.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// Why something was not done. What a client may read stands in the fields; a cause never does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the caller may not know of it.
    #[error("no {what} with this id")]
    NotFound {
        /// The kind of thing, as the API names it.
        what: &'static str,
    },
    /// What was sent can't be right whatever the state of things is.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// A rule says no, as things stand now.
    #[error("refused: {code}")]
    Refused {
        /// A stable name for the rule.
        code: &'static str,
        /// What to do about it.
        detail: String,
        /// Each breach, with its place where it has one.
        breaches: Vec<FieldError>,
        /// What stands in the way, as the API shows it (sessions, busy intervals).
        conflicts: Vec<serde_json::Value>,
    },
    /// The caller's copy is older than what is stored.
    #[error("stale version")]
    Stale {
        /// The version that is stored.
        current: i64,
    },
    /// The same idempotency key came with another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// The key has ended since the request began.
    #[error("the key has ended")]
    KeyEnded,
    /// The caller may know of this but not do it.
    #[error("forbidden")]
    Forbidden {
        /// What to do about it.
        detail: String,
    },
    /// The service can't answer now; the same request may succeed later.
    #[error("{cause}")]
    Unavailable {
        /// Why, for whoever runs it.
        cause: &'static str,
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// A fault of ours. The cause is for the log alone.
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// A fault of ours, described for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// One thing that is wrong with what was sent.
    pub fn invalid(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A rule's no, with what to do about it.
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused {
            code,
            detail: detail.into(),
            breaches: Vec::new(),
            conflicts: Vec::new(),
        }
    }

    /// The same error with its pointers below the place where the thing stands in the request.
    pub fn under(self, place: &str) -> Self {
        let moved = |errors: Vec<FieldError>| {
            errors
                .into_iter()
                .map(|one| FieldError {
                    pointer: format!("{place}{}", one.pointer),
                    ..one
                })
                .collect()
        };
        match self {
            Self::Invalid(errors) => Self::Invalid(moved(errors)),
            Self::Refused {
                code,
                detail,
                breaches,
                conflicts,
            } => Self::Refused {
                code,
                detail,
                breaches: moved(breaches),
                conflicts,
            },
            other => other,
        }
    }
}
