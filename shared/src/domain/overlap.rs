//! Who or what would be in two sessions at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{ClientId, PractitionerId, RoomId, SessionId};
use super::instant::Instant;
use super::interval::Interval;
use super::text_enum::text_enums;

/// A session's claim on people and a room.
///
/// The time up to `blocked_until` is the practitioner's and the room's alone: the client may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which session.
    pub session_id: SessionId,
    /// Who treats.
    pub practitioner_id: PractitionerId,
    /// Where, if the studio has rooms.
    pub room_id: Option<RoomId>,
    /// Who is treated.
    pub client_id: ClientId,
    /// When it starts.
    pub starts_at: Instant,
    /// When it ends.
    pub ends_at: Instant,
    /// When practitioner and room are free again.
    pub blocked_until: Instant,
}

impl Claim {
    /// The time that the client needs.
    pub const fn attended(&self) -> Interval {
        Interval::new(self.starts_at, self.ends_at)
    }

    /// The time that practitioner and room need.
    pub const fn blocked(&self) -> Interval {
        Interval::new(self.starts_at, self.blocked_until)
    }
}

text_enums! {
    /// Who or what would be in two sessions at once.
    ConflictKind {
        /// The practitioner.
        Practitioner = "practitioner",
        /// The room.
        Room = "room",
        /// The client.
        Client = "client",
    }
}

/// A session that stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// Which session; absent where it's none that this key can see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Who or what would be in both.
    pub kind: ConflictKind,
    /// From when on it is in the other.
    pub starts_at: Instant,
    /// Until when it is in the other; for practitioner and room with the buffer after it.
    pub ends_at: Instant,
}

/// What stands in the way of a session among others; its own row among them is disregarded.
pub fn conflicts(candidate: &Claim, others: &[Claim]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for other in others
        .iter()
        .filter(|other| other.session_id != candidate.session_id)
    {
        let mut add = |kind, in_both: bool, mine: Interval, theirs: Interval| {
            if in_both && mine.overlaps(theirs) {
                let Interval { starts_at, ends_at } = theirs;
                found.push(Conflict {
                    session_id: Some(other.session_id),
                    kind,
                    starts_at,
                    ends_at,
                });
            }
        };
        let same_practitioner = other.practitioner_id == candidate.practitioner_id;
        let same_room = other.room_id.is_some() && other.room_id == candidate.room_id;
        let same_client = other.client_id == candidate.client_id;
        add(
            ConflictKind::Practitioner,
            same_practitioner,
            candidate.blocked(),
            other.blocked(),
        );
        add(
            ConflictKind::Room,
            same_room,
            candidate.blocked(),
            other.blocked(),
        );
        add(
            ConflictKind::Client,
            same_client,
            candidate.attended(),
            other.attended(),
        );
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn claim(
        session: u128,
        practitioner: u128,
        room: Option<u128>,
        client: u128,
        times: [i64; 3],
    ) -> Claim {
        let minute = |minutes: i64| Instant::from_millis(0) + TimeDelta::minutes(minutes);
        Claim {
            session_id: SessionId(Uuid::from_u128(session)),
            practitioner_id: PractitionerId(Uuid::from_u128(practitioner)),
            room_id: room.map(|room| RoomId(Uuid::from_u128(room))),
            client_id: ClientId(Uuid::from_u128(client)),
            starts_at: minute(times[0]),
            ends_at: minute(times[1]),
            blocked_until: minute(times[2]),
        }
    }

    fn kinds(a: &Claim, b: &Claim) -> Vec<ConflictKind> {
        conflicts(a, &[*b])
            .into_iter()
            .map(|conflict| conflict.kind)
            .collect()
    }

    #[test]
    fn sessions_that_touch_do_not_conflict() {
        let first = claim(1, 1, Some(1), 1, [0, 60, 75]);
        assert_eq!(kinds(&first, &claim(2, 1, Some(1), 1, [75, 100, 100])), []);
        assert_eq!(kinds(&claim(2, 1, Some(1), 1, [-60, -15, 0]), &first), []);
    }

    #[test]
    fn a_buffer_blocks_practitioner_and_room_alone() {
        use ConflictKind::{Client, Practitioner, Room};
        let first = claim(1, 1, Some(1), 1, [0, 60, 75]);
        let at_end = [60, 120, 120];
        assert_eq!(
            kinds(&first, &claim(2, 1, Some(1), 1, at_end)),
            [Practitioner, Room]
        );
        assert_eq!(kinds(&first, &claim(2, 2, Some(1), 2, at_end)), [Room]);
        assert_eq!(kinds(&first, &claim(2, 2, None, 1, at_end)), []);
        assert_eq!(
            kinds(&first, &claim(2, 2, None, 1, [59, 120, 120])),
            [Client]
        );
        assert_eq!(kinds(&first, &claim(2, 2, Some(2), 2, [0, 60, 75])), []);
        let conflict = *conflicts(&claim(2, 1, None, 2, at_end), &[first])
            .first()
            .unwrap();
        assert_eq!(
            (conflict.starts_at, conflict.ends_at),
            (first.starts_at, first.blocked_until)
        );
    }

    #[test]
    fn two_sessions_without_a_room_do_not_share_one() {
        assert_eq!(
            kinds(
                &claim(1, 1, None, 1, [0, 60, 60]),
                &claim(2, 2, None, 2, [0, 60, 60])
            ),
            []
        );
    }

    #[test]
    fn a_move_does_not_conflict_with_itself() {
        let session = claim(1, 1, Some(1), 1, [0, 60, 75]);
        assert_eq!(kinds(&claim(1, 1, Some(1), 1, [30, 90, 105]), &session), []);
    }

    fn any_claim(session: u128) -> impl Strategy<Value = Claim> {
        (
            0_u128..2,
            prop::option::of(0_u128..2),
            0_u128..2,
            0_i64..20,
            1_i64..10,
            0_i64..5,
        )
            .prop_map(move |(practitioner, room, client, start, length, buffer)| {
                let end = start + length;
                claim(
                    session,
                    practitioner,
                    room,
                    client,
                    [start, end, end + buffer],
                )
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn conflicts_are_mutual(a in any_claim(1), b in any_claim(2)) {
            prop_assert_eq!(kinds(&a, &b), kinds(&b, &a));
        }

        #[test]
        fn a_session_after_the_block_is_free(a in any_claim(1), mut b in any_claim(2)) {
            let shift = a.blocked_until - b.starts_at;
            (b.starts_at, b.ends_at, b.blocked_until) =
                (b.starts_at + shift, b.ends_at + shift, b.blocked_until + shift);
            prop_assert_eq!(kinds(&a, &b), vec![]);
        }
    }
}
