//! What an API key is made of.

use serde::Deserialize;
use utoipa::ToSchema;

use super::given;
use super::id::{PractitionerId, StudioId};
use super::instant::Instant;
use super::text::Name;
use super::vocabulary::Role;
use crate::error::{Error, Result};

/// A new API key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it's for, such as the program or the person who uses it.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// Whose it is, where it belongs to a practitioner.
    pub practitioner_id: Option<PractitionerId>,
    /// Which studios it sees; all of them where this is left out.
    #[schema(min_items = 1)]
    pub studio_ids: Option<Vec<StudioId>>,
    /// When it ends by itself; never where this is left out.
    #[serde(default, deserialize_with = "given::maybe")]
    pub expires_at: Option<Instant>,
    /// Whether it sees only the clients who have a session or a plan with its practitioner.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub own_clients_only: bool,
}

/// How long the secret before a rotation may go on working, at most: thirty days.
pub const LONGEST_OVERLAP_MINUTES: u16 = 30 * 24 * 60;

/// Gives a key a new secret.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// For how many minutes the old secret still works, so that programs can be moved to the new one; 0 ends it at once.
    #[serde(default = "usual_overlap")]
    #[schema(required = false, default = 60, minimum = 0, maximum = 43200)]
    pub overlap_minutes: u16,
}

const fn usual_overlap() -> u16 {
    60
}

impl Default for RotateApiKey {
    fn default() -> Self {
        Self {
            overlap_minutes: usual_overlap(),
        }
    }
}

impl RotateApiKey {
    /// Refuses an overlap that makes the rotation pointless.
    pub fn check(&self) -> Result<()> {
        if self.overlap_minutes > LONGEST_OVERLAP_MINUTES {
            return Err(Error::invalid(
                "/overlap_minutes",
                "out_of_range",
                format!("write a number from 0 to {LONGEST_OVERLAP_MINUTES}"),
            ));
        }
        Ok(())
    }
}

/// What an owner key reaches, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct OwnerReach<'a> {
    /// The studios that it sees; none where it sees all.
    pub studio_ids: Option<&'a [StudioId]>,
    /// When it ends by itself, where it does.
    pub expires_at: Option<Instant>,
}

impl OwnerReach<'_> {
    /// Whether this key can do what the other could, for as long.
    fn stands_in_for(&self, other: &Self) -> bool {
        let sees_as_much = match (self.studio_ids, other.studio_ids) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(seen), Some(wanted)) => wanted.iter().all(|id| seen.contains(id)),
        };
        let lasts_as_long = match (self.expires_at, other.expires_at) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(end), Some(wanted)) => end >= wanted,
        };
        sees_as_much && lasts_as_long
    }
}

/// Refuses to end an owner key for which none that stays could stand in: nobody could make such a key again.
pub fn check_owner_stays(ending: &[OwnerReach<'_>], staying: &[OwnerReach<'_>]) -> Result<()> {
    let is_replaced = |key: &OwnerReach<'_>| staying.iter().any(|other| other.stands_in_for(key));
    if ending.iter().all(is_replaced) {
        return Ok(());
    }
    Err(Error::refused(
        "last_owner_key",
        "this would end the last owner key that sees so much for so long, and lock everybody out: make another owner key first",
    ))
}

impl NewApiKey {
    /// A key that sees all studios and doesn't end by itself.
    pub fn unbounded(role: Role, name: Name) -> Self {
        Self {
            name,
            role,
            practitioner_id: None,
            studio_ids: None,
            expires_at: None,
            own_clients_only: false,
        }
    }

    /// Refuses bounds that make no sense whatever is stored.
    pub fn check(&self, now: Instant) -> Result<()> {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Error::invalid(
                "/expires_at",
                "in_the_past",
                "write an instant that is still to come",
            ));
        }
        if self.own_clients_only
            && (self.role != Role::Practitioner || self.practitioner_id.is_none())
        {
            return Err(Error::invalid(
                "/own_clients_only",
                "needs_practitioner",
                "only a key with the role practitioner and a practitioner_id has clients of its own",
            ));
        }
        let Some(studio_ids) = &self.studio_ids else {
            return Ok(());
        };
        if studio_ids.is_empty() {
            return Err(Error::invalid(
                "/studio_ids",
                "empty",
                "name a studio, or leave this out for all of them",
            ));
        }
        for (place, id) in studio_ids.iter().enumerate() {
            if studio_ids.iter().take(place).any(|earlier| earlier == id) {
                return Err(Error::invalid(
                    format!("/studio_ids/{place}"),
                    "duplicate",
                    "name each studio once",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn bounds_must_leave_something_to_see() {
        let now = Instant::parse("2026-11-25T09:00:00Z").unwrap();
        let key = NewApiKey::unbounded(Role::FrontDesk, Name::literal("Desk"));
        let studio = StudioId::new();
        assert!(key.check(now).is_ok());
        for (studio_ids, expires_at, fine) in [
            (Some(vec![studio]), None, true),
            (Some(vec![]), None, false),
            (Some(vec![studio, studio]), None, false),
            (None, Some(now), false),
            (None, Some(now + chrono::TimeDelta::days(1)), true),
        ] {
            let bounded = NewApiKey {
                studio_ids,
                expires_at,
                ..key.clone()
            };
            assert_eq!(bounded.check(now).is_ok(), fine, "{bounded:?}");
        }
    }

    #[test]
    fn only_a_practitioner_has_clients_of_their_own() {
        let now = Instant::parse("2026-11-25T09:00:00Z").unwrap();
        for (role, practitioner_id, fine) in [
            (Role::Practitioner, Some(PractitionerId::new()), true),
            (Role::Practitioner, None, false),
            (Role::FrontDesk, Some(PractitionerId::new()), false),
        ] {
            let bounded = NewApiKey {
                practitioner_id,
                own_clients_only: true,
                ..NewApiKey::unbounded(role, Name::literal("Own"))
            };
            assert_eq!(bounded.check(now).is_ok(), fine, "{bounded:?}");
        }
    }

    #[test]
    fn an_owner_stays_who_sees_as_much_for_as_long() {
        let studios = [StudioId::new(), StudioId::new()];
        let [first, both] = [&studios[..1], &studios[..]];
        let at = |hours: i64| Instant::from_millis(hours * 3_600_000);
        let key = |studio_ids, expires_at| OwnerReach {
            studio_ids,
            expires_at,
        };
        for (ending, staying, fine) in [
            (key(None, None), key(None, None), true),
            (key(Some(first), None), key(None, None), true),
            (key(Some(first), None), key(Some(both), None), true),
            (key(Some(both), None), key(Some(first), None), false),
            (key(None, None), key(Some(both), None), false),
            (key(None, None), key(None, Some(at(2))), false),
            (key(None, Some(at(2))), key(None, Some(at(1))), false),
            (key(None, Some(at(2))), key(None, Some(at(2))), true),
            (key(None, Some(at(2))), key(None, None), true),
        ] {
            let checked = check_owner_stays(&[ending], &[staying]);
            assert_eq!(checked.is_ok(), fine, "{ending:?} {staying:?}");
            assert!(check_owner_stays(&[], &[staying]).is_ok());
            assert!(check_owner_stays(&[ending], &[]).is_err());
        }
    }

    #[test]
    fn an_overlap_has_an_end() {
        for (overlap_minutes, fine) in [(0, true), (43_200, true), (43_201, false)] {
            assert_eq!(RotateApiKey { overlap_minutes }.check().is_ok(), fine);
        }
    }
}
