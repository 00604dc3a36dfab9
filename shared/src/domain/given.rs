//! Instants as they're written in requests: they lie in the years in which something of a studio's may happen.
//!
//! The bound isn't part of [`Instant`] itself, because what was stored once must be read whatever bounds hold today.

use serde::{Deserialize, Deserializer, de};

use super::instant::{Instant, OUT_OF_YEARS, is_in_years};
use super::patch::Set;
use crate::error::{Error, Result};

struct Given(Instant);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let instant = Instant::deserialize(deserializer)?;
        if !is_in_years(instant.utc()) {
            return Err(de::Error::custom(OUT_OF_YEARS));
        }
        Ok(Self(instant))
    }
}

/// Reads a field that must be there.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    Given::deserialize(deserializer).map(|given| given.0)
}

/// Reads a field that may be left out; it needs `default` beside this.
pub fn maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let given = Option::<Given>::deserialize(deserializer)?;
    Ok(given.map(|given| given.0))
}

/// Reads a field of a merge patch that can't be cleared.
pub(super) fn set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Set<Instant>, D::Error> {
    instant(deserializer).map(Set::Value)
}

/// The same bound for an instant inside of something that is stored as it was sent.
pub(super) fn check(instant: Instant, pointer: &str) -> Result<()> {
    if is_in_years(instant.utc()) {
        Ok(())
    } else {
        Err(Error::invalid(pointer, "invalid_value", OUT_OF_YEARS))
    }
}
