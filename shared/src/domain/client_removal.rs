//! When a client may be taken off the list, put back or erased, and what may be begun with one who is off it.

use serde::Deserialize;
use utoipa::ToSchema;

use super::instant::Instant;
use super::text::Reason;
use super::vocabulary::SessionState;
use crate::error::{Error, FieldError, Result};

/// Erases who a client is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseClient {
    /// Who asked for it, or by which rule. It stays in the audit trail for good: write nothing that tells who the client was.
    #[schema(example = "Asked for in writing on 2 November.")]
    pub reason: Reason,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientStanding {
    /// Among the studio's clients.
    OnList,
    /// Taken off the list; they can be put back.
    TakenOff,
    /// Nobody can tell any more who they were.
    Erased,
}

impl ClientStanding {
    /// By what is stored.
    pub const fn of(deleted_at: Option<Instant>, erased_at: Option<Instant>) -> Self {
        match (deleted_at, erased_at) {
            (_, Some(_)) => Self::Erased,
            (Some(_), None) => Self::TakenOff,
            (None, None) => Self::OnList,
        }
    }

    /// Whether something new may be begun with them, or they themselves be changed.
    pub fn may_begin(self) -> Result<()> {
        match self {
            Self::OnList => Ok(()),
            Self::TakenOff => Err(Error::refused(
                "client_deleted",
                "this client was taken off the list; put them back first, with POST /v1/clients/{id}/restore",
            )),
            Self::Erased => Err(Self::is_erased()),
        }
    }

    /// Whether they may be on the list again.
    pub fn may_come_back(self) -> Result<()> {
        match self {
            Self::OnList | Self::TakenOff => Ok(()),
            Self::Erased => Err(Self::is_erased()),
        }
    }

    /// Whether who they are may be erased: what can't be undone takes two steps.
    pub fn may_be_erased(self) -> Result<()> {
        match self {
            Self::OnList => Err(Error::refused(
                "client_on_list",
                "take the client off the list first, with DELETE /v1/clients/{id}; erasing can't be undone",
            )),
            Self::TakenOff | Self::Erased => Ok(()),
        }
    }

    /// Whether these fields of what is theirs may be written: what goes with an erasure doesn't come back after it.
    pub fn may_get(self, returning: Vec<FieldError>) -> Result<()> {
        if self != Self::Erased || returning.is_empty() {
            return Ok(());
        }
        Err(Error::Refused {
            code: "client_erased",
            detail: "this client was erased, and nothing that tells who they were is kept any more: leave out what errors names"
                .into(),
            breaches: returning,
            conflicts: Vec::new(),
        })
    }

    fn is_erased() -> Error {
        Error::refused(
            "client_erased",
            "this client was erased, which can't be undone; register the person anew",
        )
    }
}

/// Whether a session is still expected to take place. One whose time has passed without a word is only to be recorded.
pub fn is_to_come(state: SessionState, ends_at: Option<Instant>, now: Instant) -> bool {
    match state {
        SessionState::Planned => true,
        state => state.holds_time() && ends_at.is_none_or(|ends_at| ends_at > now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(judged: Result<()>) -> Option<&'static str> {
        match judged {
            Ok(()) => None,
            Err(Error::Refused { code, .. }) => Some(code),
            Err(_) => Some("another error"),
        }
    }

    #[test]
    fn each_standing_allows_its_own_steps() {
        let then = Some(Instant::from_millis(1));
        for (deleted_at, erased_at, begin, come_back, be_erased) in [
            (None, None, None, None, Some("client_on_list")),
            (then, None, Some("client_deleted"), None, None),
            (
                then,
                then,
                Some("client_erased"),
                Some("client_erased"),
                None,
            ),
        ] {
            let standing = ClientStanding::of(deleted_at, erased_at);
            assert_eq!(code(standing.may_begin()), begin, "{standing:?}");
            assert_eq!(code(standing.may_come_back()), come_back, "{standing:?}");
            assert_eq!(code(standing.may_be_erased()), be_erased, "{standing:?}");
        }
    }

    #[test]
    fn only_an_erased_clients_things_are_kept_bare() {
        let told = || vec![FieldError::new("/notes", "client_erased", "leave it out")];
        for standing in [ClientStanding::OnList, ClientStanding::TakenOff] {
            assert_eq!(code(standing.may_get(told())), None, "{standing:?}");
        }
        let erased = ClientStanding::Erased;
        assert_eq!(code(erased.may_get(told())), Some("client_erased"));
        assert_eq!(code(erased.may_get(Vec::new())), None);
    }

    #[test]
    fn a_session_is_to_come_until_its_end() {
        let (now, later) = (Instant::from_millis(1000), Instant::from_millis(1001));
        let booked = |ends_at| is_to_come(SessionState::Booked, Some(ends_at), now);
        assert!(booked(later));
        assert!(!booked(now), "its end is exclusive");
        assert!(is_to_come(SessionState::Planned, None, now));
        assert!(is_to_come(SessionState::Confirmed, Some(later), now));
        assert!(is_to_come(SessionState::Arrived, Some(later), now));
        for ended in [
            SessionState::Completed,
            SessionState::Cancelled,
            SessionState::NoShow,
        ] {
            assert!(!is_to_come(ended, Some(later), now), "{ended}");
        }
    }
}
