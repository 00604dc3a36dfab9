//! Things that a loop needs again and again are read once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::error::Result;

/// The thing with this id: as it was read before, or read now.
pub(super) fn once<I: Copy + Eq + Hash, T>(
    known: &mut HashMap<I, T>,
    id: I,
    read: impl FnOnce() -> Result<T>,
) -> Result<&T> {
    Ok(match known.entry(id) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(read()?),
    })
}
