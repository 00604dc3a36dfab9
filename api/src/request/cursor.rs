//! Cursors: opaque to the caller, bound to the path and the filters that they were given for.

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
    let mut bytes = digest(context).to_vec();
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
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position in a text that we wrote for this context.
pub(super) fn read(text: &str, context: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (tag, rest) = bytes.split_at_checked(8)?;
    if tag != digest(context) {
        return None;
    }
    let (kind, rest) = rest.split_first()?;
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
    let mut bytes = digest(context).to_vec();
    bytes.push(SEARCH);
    bytes.extend(match position.way {
        Way::Term(term) => [term, ALONE],
        Way::Pair(first, second) => [first, second],
    });
    bytes.extend(position.id.as_bytes());
    bytes.extend(position.word.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position in a text that we wrote for this search.
pub(crate) fn read_search(text: &str, context: &str) -> Option<SearchPosition> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (tag, rest) = bytes.split_at_checked(8)?;
    let ([SEARCH, first, second], rest) = rest.split_at_checked(3)? else {
        return None;
    };
    let way = match *second {
        ALONE => Way::Term(*first),
        second => Way::Pair(*first, second),
    };
    let (id, word) = rest.split_at_checked(16)?;
    if tag != digest(context) || word.contains(&0) {
        return None;
    }
    Some(SearchPosition {
        way,
        word: std::str::from_utf8(word).ok()?.to_owned(),
        id: Uuid::from_slice(id).ok()?,
    })
}

fn digest(context: &str) -> [u8; 8] {
    let mut tag = [0; 8];
    for (to, from) in tag.iter_mut().zip(Sha256::digest(context.as_bytes())) {
        *to = from;
    }
    tag
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
