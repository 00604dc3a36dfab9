//! Neutral words: what others may read over a shoulder must not tell what somebody is treated for.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::legible;
use super::search::fold;
use super::text::Name;

/// Parts of words that are telling wherever they stand, also inside a compound; folded as [`look_of`] does.
const PARTS: [&str; 30] = [
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
    "follic",
    "hair",
    "haar",
    "kahlkopf",
    "permanent make",
    "follikel",
    "folicul",
    "capilar",
    "capillaire",
];

/// Words in which a telling part is harmless.
const HARMLESS: [&str; 2] = ["chair", "schaar"];

/// Beginnings of telling words.
const BEGINNINGS: [&str; 8] = [
    "cheveu", "cabello", "balding", "baldness", "calvitie", "aiguille", "toupet", "peruck",
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
    let text = HARMLESS
        .into_iter()
        .fold(look_of(text), |text, harmless| text.replace(harmless, ""));
    let part = PARTS.into_iter().find(|part| text.contains(part));
    part.or_else(|| {
        words(&text).into_iter().find_map(|word| {
            let beginning = BEGINNINGS.into_iter().find(|start| word.starts_with(start));
            beginning.or_else(|| WHOLE.into_iter().find(|whole| word == *whole))
        })
    })
}

/// The words of a text. Letters that stand alone, as in "S.M.P.", are one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut spells = false;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let is_letter = word.chars().count() == 1;
        match words.last_mut() {
            Some(last) if is_letter && spells => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        spells = is_letter || (spells && word.is_empty());
    }
    words
}

/// The text as it looks to somebody in a hurry: folded, without what nobody sees, and in Latin letters where others only look
/// like them.
fn look_of(text: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    fold(text)
        .chars()
        .filter(|c| !ignorable.contains(*c))
        .map(latin_look)
        .collect()
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn latin_look(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'һ' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'п' | 'η' => 'n',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'х' | 'χ' => 'x',
        'у' => 'y',
        other => other,
    }
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
        legible::check(&name)?;
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
            "The Follicle Lounge",
            "Kopfhaar-Studio",
            "Rehair Studio",
            "S.M.P. London",
            "S M P",
            "Permanent Make-up Studio",
            "sсalp",
            "𝗦calp",
            "sc\u{115F}alp",
        ] {
            assert!(clinical_word(telling).is_some(), "{telling}");
        }
        for harmless in [
            "Booked: appointment",
            "Termin",
            "pelota",
            "smpte",
            "Chair 2",
            "Armchair & Co",
            "Studio Schaar",
            "J. S. Meyer",
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
