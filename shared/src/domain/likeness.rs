//! Whether two clients may be one person who was registered twice.
//!
//! A hint and no judgement: families share telephones and addresses, and strangers share names and birthdays.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::search::{
    Searched, TELLING_DIGITS, WordRange, backwards, cut, digits, fold, is_paired, pair, parts,
    with_umlauts_spelt_out, words_of_chunk,
};

/// What of a client tells who they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Likeness {
    email: Option<String>,
    number: Option<String>,
    given_names: BTreeSet<String>,
    family_names: BTreeSet<String>,
    born_on: Option<NaiveDate>,
    name_words: BTreeSet<(String, String)>,
}

/// Where in the index those stand who may be the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Under these words.
    pub words: WordRange,
    /// Born on this day, or nobody knows when: where the words alone tell too little.
    pub born_on: Option<NaiveDate>,
}

impl Likeness {
    /// That of a client.
    pub fn of(client: &Searched<'_>, born_on: Option<NaiveDate>) -> Self {
        let number = client.telephone.map(|telephone| digits(telephone));
        Self {
            email: client.email.map(|email| fold(email)),
            number: number.filter(|digits| !digits.is_empty()),
            given_names: spellings(client.given_name),
            family_names: spellings(client.family_name),
            born_on,
            name_words: name_words(client.family_name, client.given_name),
        }
    }

    /// Whether both may be one person: the same address, the same number, or the same name, unless something else tells
    /// them apart. A day of birth tells enough beside a name; where one of them has none, address and number speak too.
    pub fn may_be(&self, other: &Self) -> bool {
        let same_email = both(&self.email, &other.email, |one, other| one == other);
        let same_number = both(&self.number, &other.number, |one, other| {
            telling(one) == telling(other)
        });
        if same_email == Some(true) || same_number == Some(true) {
            return true;
        }
        let same_name = !self.given_names.is_disjoint(&other.given_names)
            && !self.family_names.is_disjoint(&other.family_names);
        let same_birth = both(&self.born_on, &other.born_on, |one, other| one == other);
        same_name && same_birth.unwrap_or(same_email.is_none() && same_number.is_none())
    }

    /// Where to look for them: at few places, whatever the names.
    pub fn trails(&self) -> Vec<Trail> {
        let anybody = |words| Trail {
            words,
            born_on: None,
        };
        let mut trails: Vec<Trail> = Vec::new();
        trails.extend(self.email.as_deref().map(WordRange::only).map(anybody));
        if let Some(number) = &self.number {
            let last = telling(number);
            // A short number is whole: those that merely end with it are others.
            trails.push(anybody(if last.len() < TELLING_DIGITS {
                WordRange::only(number)
            } else {
                WordRange::beginning_with(&backwards(last))
            }));
        }
        let words_of = |(family, given): &(String, String)| {
            if family == given {
                Some(WordRange::only(family))
            } else if is_paired(family) && is_paired(given) {
                Some(WordRange::only(&pair(family, given)))
            } else {
                None
            }
        };
        trails.extend(
            self.name_words
                .iter()
                .filter_map(words_of)
                .map(|words| Trail {
                    words,
                    born_on: self.born_on,
                }),
        );
        trails
    }
}

/// How two compare, where both are known.
fn both<T>(one: &Option<T>, other: &Option<T>, same: impl Fn(&T, &T) -> bool) -> Option<bool> {
    Some(same(one.as_ref()?, other.as_ref()?))
}

/// The end of a number: how it begins, with its country or a zero, is a matter of taste.
fn telling(digits: &str) -> &str {
    digits
        .get(digits.len().saturating_sub(TELLING_DIGITS)..)
        .unwrap_or(digits)
}

/// A name without spaces, hyphens and apostrophes, with and without its umlauts spelt out.
fn spellings(name: &str) -> BTreeSet<String> {
    folded(name)
        .iter()
        .map(|folded| folded.split_whitespace().flat_map(parts).collect())
        .collect()
}

fn folded(name: &str) -> [String; 2] {
    [fold(name), fold(&with_umlauts_spelt_out(name))]
}

/// The first words of both names, as the index may have them.
fn name_words(family: &str, given: &str) -> BTreeSet<(String, String)> {
    let (families, givens) = (first_words(family), first_words(given));
    families
        .iter()
        .flat_map(|family| givens.iter().map(|given| (family.clone(), given.clone())))
        .collect()
}

fn first_words(name: &str) -> BTreeSet<String> {
    let mut first = BTreeSet::new();
    for folded in folded(name) {
        let words = folded
            .split_whitespace()
            .next()
            .map(words_of_chunk)
            .unwrap_or_default();
        // The first part of "anna-maria", and the whole of it.
        first.extend(words.first().map(|word| cut(word)));
        first.extend(words.last().map(|word| cut(word)));
    }
    first
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::text::{EmailAddress, Name, Telephone};
    use super::*;

    fn likeness(given: &str, family: &str, email: &str, telephone: &str, born: &str) -> Likeness {
        let (email, telephone) = (EmailAddress::parse(email), Telephone::parse(telephone));
        let searched = Searched {
            given_name: &Name::parse(given).unwrap(),
            family_name: &Name::parse(family).unwrap(),
            preferred_name: None,
            email: email.as_ref().ok(),
            telephone: telephone.as_ref().ok(),
            external_id: None,
        };
        Likeness::of(&searched, born.parse().ok())
    }

    #[test]
    fn who_may_be_one_person() {
        let zoe = likeness(
            "Zoë",
            "Müller",
            "zoe@client.example",
            "+354 555 0101",
            "1984-05-17",
        );
        for (given, family, email, telephone, born, expected) in [
            ("Ada", "Other", "ZOE@Client.example", "", "", true),
            ("Ada", "Other", "", "00354 5550101", "", true),
            ("Ada", "Other", "", "(354) 555-0101", "", true),
            ("zoe", "Mueller", "", "", "1984-05-17", true),
            ("ZOE", "muller", "", "", "1984-05-17", true),
            ("Zoë", "Müller", "", "", "", true),
            ("zoe", "Mueller", "", "", "", true),
            ("Zoë", "Müller", "other@client.example", "", "", false),
            ("Zoë", "Müller", "", "+354 555 0109", "", false),
            (
                "Zoë",
                "Müller",
                "other@client.example",
                "+354 555 0101",
                "",
                true,
            ),
            (
                "Zoë",
                "Müller",
                "other@client.example",
                "",
                "1984-05-17",
                true,
            ),
            ("Zoë", "Other", "", "", "", false),
            ("Zoë", "Müller", "", "", "1984-05-18", false),
            ("Ada", "Müller", "", "", "1984-05-17", false),
            ("Zoë", "Other", "", "", "1984-05-17", false),
            (
                "Ada",
                "Other",
                "zo@client.example",
                "+354 555 0102",
                "",
                false,
            ),
            ("Ada", "Other", "", "0101", "", false),
        ] {
            let other = likeness(given, family, email, telephone, born);
            assert_eq!(
                zoe.may_be(&other),
                expected,
                "{given} {family} {email} {telephone} {born}"
            );
            assert_eq!(other.may_be(&zoe), expected);
        }
    }

    #[test]
    fn a_name_alone_is_looked_for_too() {
        let bare = likeness("Zoë", "Müller", "", "", "");
        assert!(bare.may_be(&bare));
        assert!(bare.trails().iter().all(|trail| trail.born_on.is_none()));
        assert!(!bare.trails().is_empty());
        let other = likeness("Ada", "Müller", "", "", "");
        assert!(!bare.may_be(&other));
    }

    #[test]
    fn there_are_few_places_to_look_at() {
        let plain = likeness(
            "Ada",
            "Beispiel",
            "a@b.example",
            "+354 555 0101",
            "1984-05-17",
        );
        assert_eq!(plain.trails().len(), 3);
        let many = likeness(
            "Änne-Jütte Ärmel",
            "Öhring-Üxküll von Ångström",
            "a@b.example",
            "+354 555 0101",
            "1984-05-17",
        );
        assert!(many.trails().len() <= 2 + 16, "{}", many.trails().len());
    }
}
