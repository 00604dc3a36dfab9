//! One macro for closed vocabularies: the text on the wire, in the database and in the contract is written once.

/// Makes enums whose variants each have one text.
macro_rules! text_enums {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:tt),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The value with this text.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        // By way of a text, and not as serde's own: that takes an object with the name in it too, and calls a number
        // broken JSON.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::domain::from_text::from_text(deserializer, |text| {
                    Self::parse(text).ok_or(concat!("write one of", $(" `", $text, "`"),+))
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    )+};
}

pub(crate) use text_enums;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use utoipa::PartialSchema;

    use crate::domain::vocabulary::{Completion, SessionState};

    #[test]
    fn one_text_everywhere() {
        for state in SessionState::ALL {
            assert_eq!(SessionState::parse(state.as_str()), Some(*state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.to_string());
        }
        assert_eq!(
            serde_json::from_str::<SessionState>("\"no_show\"").unwrap(),
            SessionState::NoShow
        );
        for wrong in ["\"NoShow\"", "5", "null", "{\"no_show\": null}", "[]"] {
            let refusal = serde_json::from_str::<SessionState>(wrong).unwrap_err();
            assert!(refusal.is_data(), "{wrong}: {refusal}");
        }
        assert_eq!(SessionState::parse("gone"), None);
        assert!(SessionState::Planned < SessionState::Booked);
    }

    #[test]
    fn the_contract_lists_the_texts() {
        let schema = serde_json::to_value(Completion::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["full", "partial"]));
        assert_eq!(schema["description"], "How much of a session was done.");
    }
}
