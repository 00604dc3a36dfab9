use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|_| Name::literal("unused"))
}

/// Somebody, with or without what isn't a name.
fn words(
    given: &str,
    family: &str,
    email: &str,
    telephone: &str,
    external_id: &str,
) -> BTreeSet<String> {
    Searched {
        given_name: &name(given),
        family_name: &name(family),
        preferred_name: None,
        email: EmailAddress::parse(email).ok().as_ref(),
        telephone: Telephone::parse(telephone).ok().as_ref(),
        external_id: ExternalId::parse(external_id).ok().as_ref(),
    }
    .words()
}

fn finds(text: &str, words: &BTreeSet<String>) -> bool {
    let terms = terms(text);
    !terms.is_empty()
        && terms.iter().all(|term| {
            term.ranges.iter().any(|range| {
                words
                    .range(range.from.clone()..range.until.clone())
                    .next()
                    .is_some()
            })
        })
}

#[test]
fn neither_case_nor_accents_matter() {
    for (given, family, text) in [
        ("Zoë", "Ångström", "zoe angstrom"),
        ("Zoe", "Angstrom", "ZOË Ångström"),
        ("Jürgen", "Groß", "jurgen gross"),
        ("Jürgen", "Groß", "juergen GROSS"),
        ("Søren", "Łukasz", "soren lukasz"),
        ("Søren", "Bjørn", "soeren bjoern"),
        ("İlker", "Işık", "ilker isik"),
        ("Þóra", "Æsa", "thora aesa"),
        ("Γιώργος", "Παπαδόπουλος", "γιωργος ΠΑΠΑΔΟΠ"),
        ("Фёдор", "Йовков", "федор йовков"),
        ("Nguyễn", "Thị Hương", "nguyen huong thi"),
        ("山田", "太郎", "山"),
        ("राम", "शर्मा", "राम"),
        ("محمد", "عَلِي", "علي"),
        ("שָׁלוֹם", "כהן", "שלום"),
        ("김", "민준", "민"),
        ("Ｗｉｄｅ", "Name", "wide"),
        ("e\u{301}ric", "x", "éric"),
    ] {
        let kept = words(given, family, "", "", "");
        assert!(
            finds(text, &kept),
            "{text} finds {given} {family}: {kept:?}"
        );
    }
}

#[test]
fn all_words_must_be_there_and_each_may_be_cut_short() {
    let kept = words("Anne-Marie", "O'Hara", "", "", "");
    for text in [
        "ann",
        "marie",
        "annemarie",
        "anne-marie",
        "o'hara",
        "ohara",
        "hara ann",
        "o’hara",
        "mar OH",
    ] {
        assert!(finds(text, &kept), "{text}");
    }
    for text in ["nne", "anne smith", "haras", "", " - ", "@"] {
        assert!(!finds(text, &kept), "{text}");
    }
}

#[test]
fn scripts_keep_the_marks_that_make_a_word() {
    assert!(!finds("रम", &words("राम", "x", "", "", "")));
    assert!(!finds("か", &words("が", "x", "", "", "")) || terms("が") != terms("か"));
}

#[test]
fn addresses_are_found_whole_and_by_their_parts() {
    let kept = words("Alex", "Sample", "A.Muster+tag@Mail.Example.com", "", "");
    for text in [
        "a.muster+tag@mail.example.com",
        "a.muster",
        "muster",
        "A.MUS",
        "mail.example",
        "mail",
        "tag",
        "a.muster+tag@",
    ] {
        assert!(finds(text, &kept), "{text}");
    }
    for text in ["muster@mail.example.com", "b.muster", "example.org"] {
        assert!(!finds(text, &kept), "{text}");
    }
}

#[test]
fn numbers_are_found_by_their_digits_however_they_are_written() {
    let kept = words("Alex", "Sample", "", "+44 (0)20 7946-0018", "");
    for text in [
        "+44 20 7946 0018",
        "442079460018",
        "0044 20 7946 0018",
        "020 7946 0018",
        "02079460018",
        "0018",
        "46 0018",
        "+44 20",
        "alex 0018",
        "0018 sample",
    ] {
        assert!(finds(text, &kept), "{text}: {kept:?}");
    }
    for text in ["0019", "7946", "18", "020 7946 0019"] {
        assert!(!finds(text, &kept), "{text}");
    }
    // Written without its country, and asked for with it.
    assert!(finds(
        "+44 20 7946 0018",
        &words("A", "B", "", "020 7946 0018 x12", "")
    ));
}

#[test]
fn other_systems_names_are_found() {
    let kept = words("Alex", "Sample", "", "", "crm-10482");
    for text in ["crm-10482", "CRM-104", "crm10482", "10482"] {
        assert!(finds(text, &kept), "{text}");
    }
    assert!(!finds("0482", &kept));
}

#[test]
fn a_word_that_is_said_twice_is_asked_for_once() {
    assert_eq!(terms("ann Ann ANN").len(), 1);
    assert_eq!(terms("ann anna").len(), 2);
}

proptest! {
    #[test]
    fn what_is_folded_stays_as_it_is(text in "\\PC{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn somebody_is_found_by_each_of_their_words(given in "\\PC{1,20}", family in "\\PC{1,20}") {
        if let (Ok(given), Ok(family)) = (Name::parse(&given), Name::parse(&family)) {
            let kept = Searched { given_name: &given, family_name: &family, preferred_name: None, email: None, telephone: None, external_id: None }.words();
            // With an @ a word is taken for an address.
            for word in family.split_whitespace().filter(|word| !fold(word).contains('@')) {
                let asked = terms(word);
                if !asked.is_empty() && asked.iter().all(|term| term.ranges.len() == 1) {
                    prop_assert!(finds(word, &kept), "{} in {:?}", word, kept);
                }
            }
        }
    }

    #[test]
    fn two_words_are_found_together_where_each_is_found(
        given in "[a-e]{1,3}( [a-e]{1,3}){0,2}", family in "[a-e]{1,3}", one in "[a-e]{1,2}", two in "[a-e]{1,2}",
    ) {
        let kept = words(&given, &family, "a.b@client.example", "+354 555 0101", "");
        let asked = terms(&format!("{one} {two}"));
        let beginning_with = |term: &Term| -> Vec<&String> {
            let ranges = term.ranges.iter();
            ranges.flat_map(|range| kept.range(range.from.clone()..range.until.clone())).collect()
        };
        if let [first, second] = asked.as_slice() && let Some(together) = first.together_with(second) {
            // Who has both is among those of the pair, and of the two only the first is left to be asked for.
            let has_first = !beginning_with(first).is_empty();
            let has_both = has_first && !beginning_with(second).is_empty();
            prop_assert_eq!(has_first && !beginning_with(&together).is_empty(), has_both);
        }
    }

    #[test]
    fn what_is_kept_and_asked_for_is_bounded(text in any::<String>(), given in "\\PC{1,200}") {
        for term in terms(&text) {
            prop_assert!((1..=2).contains(&term.ranges.len()));
            for range in term.ranges {
                prop_assert!(range.from < range.until && range.from.chars().count() <= LONGEST_WORD);
            }
        }
        // No more words than characters: the work is linear.
        prop_assert!(terms(&text).len() <= fold(&text).chars().count());
        let kept = Searched { given_name: &name(&given), family_name: &name("x"), preferred_name: None, email: None, telephone: None, external_id: None }.words();
        let (pairs, alone): (Vec<_>, Vec<_>) = kept.iter().partition(|word| word.starts_with(PAIR));
        prop_assert!(alone.len() <= MOST_WORDS);
        prop_assert!(pairs.len() <= MOST_PAIRED * (MOST_PAIRED - 1));
        prop_assert!(alone.iter().all(|word| word.len() <= 4 * LONGEST_WORD));
        prop_assert!(pairs.iter().all(|word| word.len() <= 8 * LONGEST_WORD + 2));
    }
}
