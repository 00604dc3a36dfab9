//! A checker for templates: no unknown variable, and no clinical word where others may read over a shoulder.

use minijinja::Environment;

/// Where a template stands, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A plain word or label: no variables at all.
    Name,
    /// The subject or the preheader.
    Header,
    /// The body.
    Body,
    /// Care advice, which only clients who agreed to it receive.
    Care,
}

impl Place {
    /// The variables that a template may use here.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Name | Self::Care => &[],
            Self::Header => &["service_label", "sender_name", "when"],
            Self::Body => &[
                "client_name",
                "service_label",
                "sender_name",
                "when",
                "previously",
            ],
        }
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The template can't be read.
    #[error("the template can't be read: {0}")]
    Syntax(String),
    /// The template uses a variable that it won't be given.
    #[error("{0} is no variable that may stand here")]
    UnknownVariable(String),
    /// The template tells what the appointment is for.
    #[error("the word \"{0}\" tells what the appointment is for")]
    ClinicalWord(&'static str),
    /// The template breaks the line.
    #[error("write one line")]
    SeveralLines,
}

/// Parts of words that are telling wherever they stand, also inside a compound.
const PARTS: [&str; 22] = [
    "scalp",
    "alopec",
    "alopez",
    "alopéc",
    "pigment",
    "tattoo",
    "tatou",
    "tatuaj",
    "tätowier",
    "needle",
    "kopfhaut",
    "glatze",
    "haarausfall",
    "cuir chevelu",
    "cuero cabelludo",
    "chevelu",
    "cabelludo",
    "norwood",
    "transplant",
    "trichopigment",
    "dermograph",
    "calvicie",
];

/// Beginnings of telling words.
const BEGINNINGS: [&str; 8] = [
    "hair", "haar", "cheveu", "cabello", "balding", "baldness", "calvitie", "aiguille",
];

/// Telling words that are harmless inside others. The English "bald" is not among them: it is German for "soon".
const WHOLE: [&str; 16] = [
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
    "cicatrice",
];

/// The first clinical word in a text, if any.
pub fn clinical_word(text: &str) -> Option<&'static str> {
    // The one-line form closes gaps that a line break or an invisible mark would open.
    let text = super::text::one_line(text).to_lowercase();
    let part = PARTS.into_iter().find(|part| text.contains(part));
    part.or_else(|| {
        text.split(|c: char| !c.is_alphanumeric()).find_map(|word| {
            let beginning = BEGINNINGS.into_iter().find(|start| word.starts_with(start));
            beginning.or_else(|| WHOLE.into_iter().find(|whole| word == *whole))
        })
    })
}

/// Everything that is wrong with a template for a place; empty when it may be used.
pub fn problems(template: &str, place: Place) -> Vec<Problem> {
    let mut problems = Vec::new();
    match Environment::empty().template_from_str(template) {
        Ok(parsed) => {
            let mut unknown: Vec<String> = parsed
                .undeclared_variables(false)
                .into_iter()
                .filter(|name| !place.variables().contains(&name.as_str()))
                .collect();
            unknown.sort();
            problems.extend(unknown.into_iter().map(Problem::UnknownVariable));
        }
        Err(cause) => problems.push(Problem::Syntax(cause.to_string())),
    }
    if place != Place::Care {
        problems.extend(clinical_word(template).map(Problem::ClinicalWord));
    }
    if matches!(place, Place::Name | Place::Header) && template.chars().any(char::is_control) {
        problems.push(Problem::SeveralLines);
    }
    problems
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
            "sca\u{200E}lp",
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
        ] {
            assert_eq!(clinical_word(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn unknown_variables_and_broken_templates_are_refused() {
        assert_eq!(problems("{{ when }}", Place::Header), []);
        assert_eq!(
            problems("{{ client_name }}", Place::Header),
            [Problem::UnknownVariable("client_name".into())]
        );
        assert_eq!(
            problems("{% for x in diagnosis %}{{ x }}{% endfor %}", Place::Body),
            [Problem::UnknownVariable("diagnosis".into())]
        );
        assert!(matches!(
            problems("{{ when", Place::Body).as_slice(),
            [Problem::Syntax(_)]
        ));
        assert_eq!(problems("a\nb", Place::Header), [Problem::SeveralLines]);
        assert_eq!(
            problems("scalp", Place::Body),
            [Problem::ClinicalWord("scalp")]
        );
        assert_eq!(problems("No shampoo on the scalp.", Place::Care), []);
    }
}
