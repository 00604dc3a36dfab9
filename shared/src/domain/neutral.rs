//! Neutral words: what others may read over a shoulder must not tell what somebody is treated for.

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::text::Name;

/// Parts of words that are telling wherever they stand, also inside a compound; folded as [`fold`] does.
const PARTS: [&str; 26] = [
    "scalp",
    "alopec",
    "alopez",
    "pigment",
    "tattoo",
    "tatou",
    "tatuaj",
    "tatowier",
    "needle",
    "kopfhaut",
    "glatze",
    "haarausfall",
    "haarlinie",
    "chevelu",
    "cabelludo",
    "norwood",
    "transplant",
    "trasplant",
    "dermograph",
    "dermograf",
    "calvicie",
    "follicul",
    "follikel",
    "folicul",
    "capilar",
    "capillaire",
];

/// Beginnings of telling words.
const BEGINNINGS: [&str; 10] = [
    "hair", "haar", "cheveu", "cabello", "balding", "baldness", "calvitie", "aiguille", "toupet",
    "peruck",
];

/// Telling words that are harmless inside others. The English "bald" is not among them: it is German for "soon".
const WHOLE: [&str; 20] = [
    "smp",
    "pmu",
    "pelo",
    "calvo",
    "calva",
    "chauve",
    "nadel",
    "nadeln",
    "aguja",
    "agujas",
    "scar",
    "scars",
    "narbe",
    "narben",
    "cicatriz",
    "cicatrices",
    "cicatrice",
    "perruque",
    "peluca",
    "toupee",
];

/// The first clinical word in a text, if any.
pub fn clinical_word(text: &str) -> Option<&'static str> {
    let text = fold(text);
    let part = PARTS.into_iter().find(|part| text.contains(part));
    part.or_else(|| {
        text.split(|c: char| !c.is_alphanumeric()).find_map(|word| {
            let beginning = BEGINNINGS.into_iter().find(|start| word.starts_with(start));
            beginning.or_else(|| WHOLE.into_iter().find(|whole| word == *whole))
        })
    })
}

/// The text in small letters without accents and without marks that nobody sees, which would hide a word.
fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_unseen(*c))
        .map(|c| match c {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            '\u{FF41}'..='\u{FF5A}' => narrow(c),
            other => other,
        })
        .collect()
}

/// A letter of East Asian width as its usual self.
fn narrow(c: char) -> char {
    char::from_u32(u32::from(c) - 0xFF41 + u32::from('a')).unwrap_or(c)
}

/// Accents that stand alone, and marks without a shape: they join, hide, or turn the direction.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{0300}'..='\u{036F}'
            | '\u{061C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
    )
}

/// A name or a label that a mailbox or a calendar shows: one line without a clinical word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "Studio Nine")]
pub struct NeutralName(Name);

impl NeutralName {
    /// Parses, or says what would be accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = Name::parse(text)?;
        match clinical_word(&name) {
            Some(word) => Err(format!(
                "\"{word}\" tells whoever sees the client's inbox or calendar what the client is treated for: \
                 choose a neutral word, such as the studio's street or \"appointment\""
            )),
            None => Ok(Self(name)),
        }
    }

    /// One of our own defaults, which needs no looking at.
    pub fn literal(text: &'static str) -> Self {
        debug_assert!(Self::parse(text).is_ok());
        Self(Name::literal(text))
    }

    /// The name itself.
    pub fn name(&self) -> &Name {
        &self.0
    }
}

impl<'de> Deserialize<'de> for NeutralName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clinical_words_are_found_in_four_languages() {
        for telling in [
            "Your SMP session",
            "Scalp micropigmentation",
            "Hairline",
            "Haarpigmentierung",
            "Kopfhaut",
            "cuir chevelu",
            "vos cheveux",
            "cuero cabelludo",
            "tu pelo",
            "TATTOO",
            "Mikropigmentierung",
            "alopécie",
            "alope\u{301}cie",
            "tätowieren",
            "sca\u{200E}lp",
            "sc\u{00AD}alp",
            "Ｓｃａｌｐ",
            "implante capilar",
        ] {
            assert!(clinical_word(telling).is_some(), "{telling}");
        }
        for harmless in [
            "Booked: appointment",
            "Termin",
            "pelota",
            "smpte",
            "Chair 2",
            "scarf",
            "bis bald",
        ] {
            assert_eq!(clinical_word(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn a_telling_name_is_refused_with_what_to_do() {
        assert!(NeutralName::parse("Studio Nine").is_ok());
        let advice = NeutralName::parse("The Scalp Clinic")
            .map_err(|advice| advice.contains("neutral word"));
        assert_eq!(advice, Err(true));
    }
}
