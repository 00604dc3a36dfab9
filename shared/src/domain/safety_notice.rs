//! What clients are told once something that was used on them turns out to be unsafe: to whom, by what, and how far it got.
//!
//! A notice is neither a reminder nor marketing: it asks for no consent, since it's the client's safety that is at stake, and
//! it counts as told only once the client said so or staff spoke with them.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use utoipa::ToSchema;

use super::given;
use super::id::{ClientId, LotId, ProductId, SessionId, StudioId};
use super::instant::Instant;
use super::text::{Language, Name, Note, Reason, is_invisible};
use super::text_enum::text_enums;
use super::trace::Certainty;
use super::vocabulary::MailState;
use crate::error::{Error, Result};

text_enums! {
    /// Where a safety notice stands.
    SafetyNoticeState {
        /// It lists whom it concerns; nobody was told yet.
        Draft = "draft",
        /// It was sent.
        Sent = "sent",
        /// It was taken back: what hadn't left is not sent any more.
        Withdrawn = "withdrawn",
    }

    /// How far a safety notice got with one client.
    RecipientState {
        /// Listed; nothing was sent yet.
        Listed = "listed",
        /// A mail waits to be sent.
        Queued = "queued",
        /// A mail left; nobody knows yet whether it was read.
        Sent = "sent",
        /// No mail reaches them: staff have to. `state_reason` says why, and a task asks for it.
        Unreached = "unreached",
        /// They know: they said so on their page, or staff told them.
        Reached = "reached",
        /// It doesn't concern them any more: the record was taken back or amended, or the notice was withdrawn.
        Cleared = "cleared",
    }

    /// How a client came to know.
    ToldHow {
        /// They read it on their page and said so.
        Page = "page",
        /// By telephone.
        Telephone = "telephone",
        /// At the studio.
        InPerson = "in_person",
        /// By letter.
        Letter = "letter",
        /// In another way.
        Other = "other",
    }
}

/// In how many languages a notice is written at most.
const MOST_LANGUAGES: usize = 20;

/// A new safety notice.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "lot_id": "01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14",
    "reference": "FSN-2026-11",
    "reason": "The maker recalls the lot.",
    "message": {"en": "The maker has recalled a material that we used. Please call us if your skin is red or sore."},
}))]
pub struct NewSafetyNotice {
    /// About a product with all its lots. Name either a product or a lot.
    pub product_id: Option<ProductId>,
    /// About one lot.
    pub lot_id: Option<LotId>,
    /// Whether those are told too of whom nobody knows whether it was used on them, because the lot or the product wasn't
    /// written down. They are, unless said otherwise.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub include_possible: bool,
    /// What the maker or the authority calls its notice.
    pub reference: Option<Name>,
    /// What it's about, for staff.
    pub reason: Reason,
    /// What clients read, by language tag: on their page, and in the mail for those who agreed to read care advice there. A client
    /// reads their own language, else the studio's, else English, else the first.
    #[schema(value_type = BTreeMap<String, Note>, example = json!({"en": "The maker has recalled the material that we used."}))]
    pub message: BTreeMap<Language, Note>,
}

const fn yes() -> bool {
    true
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerned {
    /// All lots of a product.
    Product(ProductId),
    /// One lot.
    Lot(LotId),
}

impl NewSafetyNotice {
    /// What it's about, or what is wrong with it.
    pub fn check(&self) -> Result<Concerned> {
        if !(1..=MOST_LANGUAGES).contains(&self.message.len()) {
            return Err(Error::invalid(
                "/message",
                "out_of_range",
                "write what clients read in at least one language, and at most 20",
            ));
        }
        let is_blank = |text: &Note| text.chars().all(is_invisible);
        if let Some((language, _)) = self.message.iter().find(|(_, text)| is_blank(text)) {
            return Err(Error::invalid(
                format!("/message/{}", language.as_str()),
                "invalid_value",
                "write something that can be seen, or leave the language out",
            ));
        }
        match (self.product_id, self.lot_id) {
            (Some(id), None) => Ok(Concerned::Product(id)),
            (None, Some(id)) => Ok(Concerned::Lot(id)),
            (None, None) => Err(Error::invalid(
                "/lot_id",
                "required",
                "name a lot, or a product in product_id",
            )),
            (Some(_), Some(_)) => Err(Error::invalid(
                "/product_id",
                "misplaced",
                "name either a product, which stands for all its lots, or one lot",
            )),
        }
    }
}

/// Takes a notice back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawSafetyNotice {
    /// Why.
    pub reason: Reason,
}

/// How staff told a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToldByStaff {
    /// By telephone.
    Telephone,
    /// At the studio.
    InPerson,
    /// By letter.
    Letter,
    /// In another way.
    Other,
}

impl From<ToldByStaff> for ToldHow {
    fn from(how: ToldByStaff) -> Self {
        match how {
            ToldByStaff::Telephone => Self::Telephone,
            ToldByStaff::InPerson => Self::InPerson,
            ToldByStaff::Letter => Self::Letter,
            ToldByStaff::Other => Self::Other,
        }
    }
}

/// Writes down that a client was told.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteTold {
    /// How.
    pub how: ToldByStaff,
    /// When, if not now.
    #[serde(default, deserialize_with = "given::maybe")]
    pub occurred_at: Option<Instant>,
    /// What they answered, or what else to know.
    pub note: Option<Note>,
}

/// One use of what a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// On whom.
    pub client_id: ClientId,
    /// In which session.
    pub session_id: SessionId,
    /// Where.
    pub studio_id: StudioId,
    /// When.
    pub occurred_at: Instant,
    /// How sure it is.
    pub certainty: Certainty,
}

/// Whom a notice concerns: each client once, by the newest of the surest uses, in order of clients.
pub fn concerned(exposures: Vec<Exposure>, include_possible: bool) -> Vec<Exposure> {
    let mut by_client: HashMap<ClientId, Exposure> = HashMap::new();
    for one in exposures {
        if one.certainty == Certainty::Possible && !include_possible {
            continue;
        }
        let stands = by_client.entry(one.client_id).or_insert(one);
        let is_surer = one.certainty < stands.certainty;
        let is_newer = one.certainty == stands.certainty
            && (one.occurred_at, one.session_id) > (stands.occurred_at, stands.session_id);
        if is_surer || is_newer {
            *stands = one;
        }
    }
    let mut concerned: Vec<Exposure> = by_client.into_values().collect();
    concerned.sort_by_key(|one| one.client_id);
    concerned
}

/// What a mail's end is weighed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailEnd {
    /// How it ended.
    pub mail: MailState,
    /// Whether there is nothing to tell any more: the notice was withdrawn, or the client erased.
    pub is_over: bool,
    /// Whether the address that it went to is the client's, for all we know by now.
    pub address_holds: bool,
}

/// What becomes of a client's row when the mail to them ended so. Nothing where they know already.
///
/// A mail that may not have arrived counts as none, for whoever must know is better told twice; but what is over isn't told
/// again, and who may have it by then isn't spared.
pub fn after_mail(state: RecipientState, end: MailEnd) -> Option<RecipientState> {
    use RecipientState::{Cleared, Queued, Sent, Unreached};

    if state != Queued {
        return None;
    }
    match (end.mail, end.is_over) {
        (MailState::Queued, _) => None,
        (MailState::Sent | MailState::Written | MailState::Ambiguous, true) => Some(Sent),
        (MailState::Failed | MailState::Expired | MailState::Cancelled, true) => Some(Cleared),
        (MailState::Sent | MailState::Written, false) if end.address_holds => Some(Sent),
        (_, false) => Some(Unreached),
    }
}

/// The message in the first of these languages that has one: exactly, or nearly (`de` for `de-AT` and the other way round); else
/// in English, else the first.
pub fn message_for<'a>(
    message: &'a BTreeMap<Language, Note>,
    wanted: &[&Language],
) -> Option<&'a Note> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let exactly = |tag: &str| {
        let mut found = message.iter();
        found.find(|(language, _)| language.eq_ignore_ascii_case(tag))
    };
    let nearly = |tag: &str| {
        let mut found = message.iter();
        found.find(|(language, _)| primary(language) == primary(tag))
    };
    wanted
        .iter()
        .map(|language| language.as_str())
        .chain(std::iter::once("en"))
        .find_map(|tag| exactly(tag).or_else(|| nearly(tag)))
        .or_else(|| message.iter().next())
        .map(|(_, text)| text)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn message(languages: &[&'static str]) -> BTreeMap<Language, Note> {
        let texts = languages.iter();
        texts
            .map(|tag| (Language::literal(tag), Note::literal(tag)))
            .collect()
    }

    #[test]
    fn a_client_reads_the_nearest_language_that_there_is() {
        let read = |there: &[&'static str], wanted: &[&'static str]| {
            let wanted: Vec<Language> = wanted.iter().map(|tag| Language::literal(tag)).collect();
            let wanted: Vec<&Language> = wanted.iter().collect();
            message_for(&message(there), &wanted).map(|text| text.to_string())
        };
        for (there, wanted, expected) in [
            (&["de", "en"][..], &["de"][..], "de"),
            (&["de", "en"], &["de-AT", "en"], "de"),
            (&["de-CH", "en"], &["de", "en"], "de-CH"),
            (&["de", "de-AT"], &["de-AT"], "de-AT"),
            (&["de", "en"], &["fr", "de"], "de"),
            (&["de", "en"], &["fr", "es"], "en"),
            (&["de", "fr"], &["es", "pt"], "de"),
            (&["ar"], &[], "ar"),
        ] {
            assert_eq!(
                read(there, wanted).unwrap(),
                expected,
                "{there:?} {wanted:?}"
            );
        }
        assert_eq!(read(&[], &["en"]), None);
    }

    #[test]
    fn a_notice_is_about_a_lot_or_a_product_and_says_something() {
        let new = |more: serde_json::Value| {
            let mut body =
                json!({"reason": "The maker recalls it.", "message": {"en": "Please call us."}});
            let more = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(more);
            serde_json::from_value::<NewSafetyNotice>(body).unwrap()
        };
        let id = "01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14";
        let lot = new(json!({"lot_id": id}));
        assert_eq!(lot.check().unwrap(), Concerned::Lot(id.parse().unwrap()));
        assert!(lot.include_possible, "better one told too many");
        let product = new(json!({"product_id": id, "include_possible": false}));
        assert_eq!(
            product.check().unwrap(),
            Concerned::Product(id.parse().unwrap())
        );
        for wrong in [
            json!({}),
            json!({"lot_id": id, "product_id": id}),
            json!({"lot_id": id, "message": {}}),
            json!({"lot_id": id, "message": {"en": "Please call.", "de": "\u{200b}"}}),
        ] {
            assert!(new(wrong.clone()).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_known_stays_known_whatever_becomes_of_the_mail() {
        use RecipientState::{Cleared, Queued, Sent, Unreached};

        let end = |mail, is_over, address_holds| MailEnd {
            mail,
            is_over,
            address_holds,
        };
        for mail in MailState::ALL {
            for state in RecipientState::ALL {
                let after = after_mail(*state, end(*mail, false, true));
                let is_open = *state == Queued && *mail != MailState::Queued;
                assert_eq!(after.is_some(), is_open, "{state} {mail}");
            }
        }
        for (mail, is_over, address_holds, expected) in [
            (MailState::Written, false, true, Sent),
            (MailState::Sent, false, false, Unreached),
            (MailState::Ambiguous, false, true, Unreached),
            (MailState::Expired, false, true, Unreached),
            (MailState::Sent, true, true, Sent),
            (MailState::Ambiguous, true, true, Sent),
            (MailState::Cancelled, true, true, Cleared),
        ] {
            let after = after_mail(Queued, end(mail, is_over, address_holds));
            assert_eq!(after, Some(expected), "{mail} {is_over} {address_holds}");
        }
    }

    prop_compose! {
        fn exposures()(
            clients in 1..5_u128,
            picks in proptest::collection::vec((0..5_u128, 0..4_i64, any::<bool>()), 0..20),
        ) -> Vec<Exposure> {
            let id = uuid::Uuid::from_u128;
            picks
                .into_iter()
                .enumerate()
                .map(|(number, (client, at, sure))| Exposure {
                    client_id: ClientId(id(client % clients)),
                    session_id: SessionId(id(number as u128)),
                    studio_id: StudioId(id(0)),
                    occurred_at: Instant::from_millis(at),
                    certainty: if sure { Certainty::Exposed } else { Certainty::Possible },
                })
                .collect()
        }
    }

    proptest! {
        #[test]
        fn each_client_is_listed_once_by_the_newest_of_the_surest_uses(
            given in exposures(),
            include_possible in any::<bool>(),
        ) {
            let listed = concerned(given.clone(), include_possible);
            for pair in listed.windows(2) {
                prop_assert!(pair[0].client_id < pair[1].client_id);
            }
            let counts = |one: &&Exposure| include_possible || one.certainty == Certainty::Exposed;
            for one in given.iter().filter(counts) {
                let row = listed.iter().find(|row| row.client_id == one.client_id).unwrap();
                prop_assert!(row.certainty <= one.certainty);
                prop_assert!(row.certainty < one.certainty || row.occurred_at >= one.occurred_at);
            }
            for row in &listed {
                prop_assert!(given.contains(row));
                prop_assert!(counts(&row));
            }
        }
    }
}
