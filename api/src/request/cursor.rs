//! Cursors: opaque to the caller, bound to the path and the filters that they were given for, and whole.
//!
//! One that was changed by hand is refused: read as another position it would begin the list anew, or leave some of it out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use stipple_shared::domain::Instant;
use stipple_shared::storage::client_search::{SearchPosition, Way};
use stipple_shared::storage::paging::Position;
use uuid::Uuid;

/// What a cursor is bound to.
pub(super) fn context(path: &str, filters: &str, updated_since: Option<i64>) -> String {
    let mut sorted: Vec<&str> = filters.split('&').collect();
    sorted.sort_unstable();
    format!("{path}?{}#{}", sorted.join("&"), updated_since.is_some())
}

/// The position as text.
pub(super) fn write(position: &Position, context: &str) -> String {
    let mut bytes = Vec::new();
    match position {
        Position::Id(id) => {
            bytes.push(0);
            bytes.extend(id.as_bytes());
        }
        Position::Change(change) => {
            bytes.push(1);
            bytes.extend(change.to_be_bytes());
        }
        Position::At(at, id) => {
            bytes.push(2);
            bytes.extend(at.millis().to_be_bytes());
            bytes.extend(id.as_bytes());
        }
    }
    sealed(&bytes, context)
}

/// The position in a text that we wrote for this context.
pub(super) fn read(text: &str, context: &str) -> Option<Position> {
    let bytes = unsealed(text, context)?;
    let (kind, rest) = bytes.split_first()?;
    match kind {
        0 => Some(Position::Id(Uuid::from_slice(rest).ok()?)),
        1 => Some(Position::Change(i64::from_be_bytes(rest.try_into().ok()?))),
        2 => {
            let (at, id) = rest.split_at_checked(8)?;
            let at = Instant::from_millis(i64::from_be_bytes(at.try_into().ok()?));
            Some(Position::At(at, Uuid::from_slice(id).ok()?))
        }
        _ => None,
    }
}

/// A position in a search; 3 was one of a search that knew no pairs.
const SEARCH: u8 = 4;
/// Stands where a search goes along one term.
const ALONE: u8 = u8::MAX;

/// The position in a search as text.
pub(crate) fn write_search(position: &SearchPosition, context: &str) -> String {
    let mut bytes = vec![SEARCH];
    bytes.extend(match position.way {
        Way::Term(term) => [term, ALONE],
        Way::Pair(first, second) => [first, second],
    });
    bytes.extend(position.id.as_bytes());
    bytes.extend(position.word.as_bytes());
    sealed(&bytes, context)
}

/// The position in a text that we wrote for this search.
pub(crate) fn read_search(text: &str, context: &str) -> Option<SearchPosition> {
    let bytes = unsealed(text, context)?;
    let ([SEARCH, first, second], rest) = bytes.split_at_checked(3)? else {
        return None;
    };
    let way = match *second {
        ALONE => Way::Term(*first),
        second => Way::Pair(*first, second),
    };
    let (id, word) = rest.split_at_checked(16)?;
    if word.contains(&0) {
        return None;
    }
    Some(SearchPosition {
        way,
        word: std::str::from_utf8(word).ok()?.to_owned(),
        id: Uuid::from_slice(id).ok()?,
    })
}

/// So many bytes of a digest tell what was changed by hand.
const SEAL: usize = 8;

fn sealed(position: &[u8], context: &str) -> String {
    let mut bytes = seal(position, context).to_vec();
    bytes.extend(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes that were sealed for this context.
fn unsealed(text: &str, context: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (found, position) = bytes.split_at_checked(SEAL)?;
    (found == seal(position, context)).then(|| position.to_vec())
}

fn seal(position: &[u8], context: &str) -> [u8; SEAL] {
    let digest = Sha256::new()
        // Its length first, so that nothing of the one can be taken for the other.
        .chain_update((position.len() as u64).to_be_bytes())
        .chain_update(position)
        .chain_update(context)
        .finalize();
    let mut seal = [0; SEAL];
    for (to, from) in seal.iter_mut().zip(digest) {
        *to = from;
    }
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_only_fits_what_it_was_given_for() {
        let here = context("/v1/sessions", "state=booked&kind=treatment", None);
        for position in [
            Position::Id(Uuid::now_v7()),
            Position::Change(42),
            Position::At(Instant::from_millis(1_800_000_000_000), Uuid::now_v7()),
        ] {
            let text = write(&position, &here);
            assert_eq!(read(&text, &here), Some(position));
            assert_eq!(
                read(
                    &text,
                    &context("/v1/sessions", "kind=treatment&state=booked", None)
                ),
                Some(position)
            );
            assert_eq!(
                read(&text, &context("/v1/sessions", "state=planned", None)),
                None
            );
            assert_eq!(
                read(
                    &text,
                    &context("/v1/clients", "state=booked&kind=treatment", None)
                ),
                None
            );
        }
        for way in [Way::Term(1), Way::Pair(0, 2)] {
            let position = SearchPosition {
                way,
                word: "zoë".into(),
                id: Uuid::now_v7(),
            };
            let text = write_search(&position, &here);
            assert_eq!(read_search(&text, &here), Some(position));
            assert_eq!(read_search(&text, "elsewhere"), None);
            assert_eq!(read(&text, &here), None);
        }
        for nonsense in ["", "x", "AAAA", "not base64!", "AAAAAAAAAAAA"] {
            assert_eq!(read(nonsense, &here), None);
        }
    }
}
