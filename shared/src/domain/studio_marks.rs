//! A number that tells quickly which studios can't see a client.
//!
//! Each studio has one of a few bits, which several may share. A client has the bits of all studios that may see them. Where
//! none of a studio's bits is among them, the client isn't seen there; where one is, they have still to be looked at.

use super::StudioId;

/// So many bits: what fits into the six bytes that SQLite then needs.
const MARKS: u8 = 47;

/// The bits of these studios.
pub fn studio_marks(ids: impl IntoIterator<Item = StudioId>) -> i64 {
    ids.into_iter().fold(0, |marks, id| marks | mark(id))
}

fn mark(id: StudioId) -> i64 {
    // The last byte of an id is random. The migration that brought the marks counts the same way.
    let [.., last] = *id.0.as_bytes();
    1 << (last % MARKS)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn studio(last: u8) -> StudioId {
        StudioId(Uuid::from_u128(u128::from(last)))
    }

    #[test]
    fn each_studio_has_one_bit_and_together_they_have_all_of_theirs() {
        assert_eq!(studio_marks([]), 0);
        assert_eq!(studio_marks([studio(0)]), 1);
        assert_eq!(studio_marks([studio(46)]), 1 << 46);
        assert_eq!(studio_marks([studio(3), studio(5), studio(3)]), 0b10_1000);
        for last in 0..=u8::MAX {
            assert_eq!(studio_marks([studio(last)]).count_ones(), 1, "{last}");
        }
    }

    #[test]
    fn who_shares_a_bit_is_taken_for_the_other_and_never_passed_by() {
        assert_eq!(studio_marks([studio(1)]), studio_marks([studio(48)]));
        let of_client = studio_marks([studio(7), studio(60)]);
        assert_ne!(of_client & studio_marks([studio(60)]), 0);
        assert_eq!(of_client & studio_marks([studio(8)]), 0);
    }
}
