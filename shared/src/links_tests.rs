//! What is not exactly a token of ours is never one.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::*;

fn key(seed: u8) -> LinkKey {
    LinkKey(vec![seed; 32])
}

prop_compose! {
    fn links()(
        purpose in prop::sample::select(LinkPurpose::ALL.to_vec()),
        subject in any::<u128>(),
        schedule_version in any::<u32>(),
        generation in any::<u32>(),
        seconds in any::<u32>(),
    ) -> Link {
        Link {
            purpose,
            subject: Uuid::from_u128(subject),
            schedule_version,
            generation,
            expires_at: Instant::from_millis(i64::from(seconds) * 1000),
        }
    }
}

proptest! {
    #[test]
    fn a_token_says_what_was_signed(link in links()) {
        let token = key(1).sign(&link).unwrap();
        prop_assert_eq!(token.len(), 60);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(key(1).read(&token, link.purpose), Some(link));
        for other in LinkPurpose::ALL {
            prop_assert_eq!(key(1).read(&token, other).is_some(), other == link.purpose);
        }
        prop_assert_eq!(key(2).read_any(&token), None);
    }

    #[test]
    fn any_other_character_spoils_it(link in links(), place in 0_usize..60, with in "[A-Za-z0-9_=+/. -]") {
        let token = key(1).sign(&link).unwrap();
        let mut spoilt = token.clone();
        spoilt.replace_range(place..=place, &with);
        prop_assume!(spoilt != token);
        prop_assert_eq!(key(1).read_any(&spoilt), None);
    }

    #[test]
    fn a_part_of_it_or_more_than_it_is_nothing(link in links(), length in 0_usize..60, more in "[A-Za-z0-9_=-]{1,8}") {
        let token = key(1).sign(&link).unwrap();
        prop_assert_eq!(key(1).read_any(&token[..length]), None);
        prop_assert_eq!(key(1).read_any(&token[length + 1..]), None);
        let longer = format!("{token}{more}");
        prop_assert_eq!(key(1).read_any(&longer), None);
    }

    #[test]
    fn whatever_is_sent_is_answered(text in any::<String>()) {
        prop_assert_eq!(key(1).read_any(&text), None);
    }
}

#[test]
fn a_link_ends() {
    let now = Instant::parse("2026-11-25T09:00:00.500Z").unwrap();
    let link = Link::appointment(SessionId::new(), 3, 1, now);
    assert!(!link.is_expired(now + TimeDelta::days(44)));
    assert!(link.is_expired(now + TimeDelta::days(45)));
    assert_eq!((link.schedule_version, link.generation), (3, 1));
}

#[test]
fn an_address_holds_ids_alone() {
    let base: PublicUrl = "https://book.example.com/stipple/".parse().unwrap();
    let now = Instant::parse("2026-11-25T09:00:00Z").unwrap();
    let link = Link::of_client(LinkPurpose::Unsubscribe, ClientId::new(), 1, now);
    let address = LinkMaker::new(key(1), base).address(&link).unwrap();
    let (path, token) = address.rsplit_once('/').unwrap();
    assert_eq!(path, "https://book.example.com/stipple/my/unsubscribe");
    assert_eq!(key(1).read(token, LinkPurpose::Unsubscribe), Some(link));
}

#[test]
fn a_key_is_read_as_it_is_written() {
    assert!(LinkKey::from_text("c2hvcnQ").is_none());
    let text = STANDARD_NO_PAD.encode([7; 32]);
    assert_eq!(
        LinkKey::from_text(&format!("{text}=\n")).unwrap().0,
        [7; 32]
    );
    let audit = AuditKey::from_text(&text).unwrap();
    assert_ne!(LinkKey::derived(&audit).unwrap().0, [7; 32]);
}
