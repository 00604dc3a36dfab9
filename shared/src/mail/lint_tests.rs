//! What the checker of templates lets pass and what it refuses.

use super::*;

fn codes(template: &str, place: Place) -> Vec<&'static str> {
    problems(template, place)
        .iter()
        .map(Problem::code)
        .collect()
}

#[test]
fn variables_and_choices_pass() {
    for good in [
        "{{ when }}",
        "{{-when-}}",
        "{% if when and not sender_name %}a{% elif service_label %}b{% else %}{{ when }}{% endif %}",
        "A brace { alone, and }} too",
    ] {
        assert_eq!(problems(good, Place::Header), [], "{good}");
    }
    assert_eq!(problems("No shampoo on the scalp.", Place::Care), []);
}

#[test]
fn what_is_wrong_has_a_code() {
    for (template, place, code) in [
        ("{{ client_name }}", Place::Header, "unknown_variable"),
        (
            "{% if diagnosis %}x{% endif %}",
            Place::Body,
            "unknown_variable",
        ),
        ("{{ when", Place::Body, "broken_template"),
        ("{% if when %}x", Place::Body, "broken_template"),
        ("{% else %}", Place::Body, "broken_template"),
        ("a\nb", Place::Header, "several_lines"),
        ("scalp", Place::Body, "clinical_word"),
        ("{{ when }}", Place::Care, "unknown_variable"),
        ("{# scal#}", Place::Body, "template_not_allowed"),
    ] {
        assert_eq!(codes(template, place), [code], "{template}");
    }
    assert_eq!(codes(&"x".repeat(151), Place::Header), ["too_long"]);
}

#[test]
fn what_a_mail_may_not_have_stands_in_a_choice() {
    use ReminderStep::{AftercareDay0, FinalReminder, MovedNotice};
    let plain = "About {{ when }}";
    let chosen = "{% if when %}About {{ when }}{% else %}About you{% endif %}";
    for (template, step, problem) in [
        (plain, Some(FinalReminder), None),
        (
            plain,
            Some(AftercareDay0),
            Some(Problem::MayBeMissing("when")),
        ),
        (plain, None, Some(Problem::MayBeMissing("when"))),
        (chosen, Some(AftercareDay0), None),
        (chosen, None, None),
        ("Was {{ previously }}", Some(MovedNotice), None),
        (
            "Was {{ previously }}",
            Some(FinalReminder),
            Some(Problem::MayBeMissing("previously")),
        ),
    ] {
        assert_eq!(
            missing(template, Place::Body, step),
            problem,
            "{template} {step:?}"
        );
    }
}

#[test]
fn nothing_that_computes_passes() {
    for bomb in [
        "{% for a in 'aaaaaaaaaa' %}{% for b in 'aaaaaaaaaa' %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{% set a = 'xxxxxxxx' %}{% set b = a ~ a %}",
        "{{ when.__class__ }}",
        "{{ when[0] }}",
        "{{ when|upper }}",
        "{{ range(1000000) }}",
        "{{ self }}",
        "{% include 'layout' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
        "{% raw %}{{ when }}{% endraw %}",
        "{% if when == 'x' %}{% endif %}",
        "{% if '%}' %}{% endif %}",
        "{{ '}}' }}",
        "{% if %}{% endif %}",
        "{% if when and %}{% endif %}",
    ] {
        let codes = codes(bomb, Place::Body);
        let refused = ["template_not_allowed", "unknown_variable"];
        assert!(
            codes.iter().any(|code| refused.contains(code)),
            "{bomb}: {codes:?}"
        );
    }
}

#[test]
fn what_comes_to_nothing_is_refused() {
    use ReminderStep::{AftercareDay0, FinalReminder, MovedNotice};

    let invisible = "\u{200B} \u{2800}\u{AD}";
    for place in [
        Place::Name,
        Place::Title,
        Place::Header,
        Place::Line,
        Place::Body,
        Place::Care,
        Place::Detail,
        Place::Day,
        Place::Time,
    ] {
        assert_eq!(nothing(invisible, place, None), Some(Problem::Nothing));
    }
    let only_dated = "{% if when %}About {{ when }}{% endif %}";
    let only_moved = "{% if previously %}Before: {{ previously }}{% endif %}";
    let may_be_nothing = Some(Problem::MayBeNothing);
    for (template, place, step, problem) in [
        (only_dated, Place::Header, None, may_be_nothing.clone()),
        (only_dated, Place::Title, None, may_be_nothing.clone()),
        (
            only_dated,
            Place::Header,
            Some(AftercareDay0),
            may_be_nothing.clone(),
        ),
        // This one always has its time.
        (only_dated, Place::Header, Some(FinalReminder), None),
        (
            only_moved,
            Place::Title,
            Some(FinalReminder),
            may_be_nothing.clone(),
        ),
        (only_moved, Place::Title, Some(MovedNotice), None),
        // A line of the body may be missing in some mails, but not in all.
        (only_dated, Place::Body, None, None),
        (only_moved, Place::Line, None, None),
        (
            "{% if not when %}Soon{% endif %}",
            Place::Body,
            Some(FinalReminder),
            Some(Problem::Nothing),
        ),
        (
            "{% if sender_name %}{% endif %}",
            Place::Body,
            None,
            Some(Problem::Nothing),
        ),
        (
            "{% if full_hour %}{% else %}{{ hour }}:{{ minute }}{% endif %}",
            Place::Time,
            None,
            may_be_nothing.clone(),
        ),
        (
            "{% if full_hour %}{{ hour }} h{% else %}{{ hour }}:{{ minute }}{% endif %}",
            Place::Time,
            None,
            None,
        ),
        (
            "{% if first_of_month %}1st{% endif %}",
            Place::Day,
            None,
            may_be_nothing.clone(),
        ),
    ] {
        assert_eq!(
            nothing(template, place, step),
            problem,
            "{template} {place:?} {step:?}"
        );
    }
}

#[test]
fn letters_that_nobody_reads_are_told_by_number_and_place() {
    for (template, place, letters) in [
        (
            "Hello\u{202E} {{ client_name }},",
            Place::Line,
            "U+202E, character 6",
        ),
        ("\u{E000}", Place::Name, "U+E000, character 1"),
        ("a\u{FFFC}", Place::Care, "U+FFFC, character 2"),
        ("\u{301}", Place::Header, "U+0301, character 1"),
        ("{{ when }}\u{20E3}", Place::Body, "U+20E3, character 11"),
    ] {
        let found = problems(template, place);
        let codes: Vec<_> = found.iter().map(Problem::code).collect();
        assert_eq!(codes, ["illegible"], "{}", template.escape_unicode());
        assert!(found[0].to_string().contains(letters), "{}", found[0]);
    }
    assert_eq!(problems(&"\u{E000}".repeat(99), Place::Body).len(), 5);
    for written in [
        "\u{200F}שָׁלוֹם {{ client_name }},",
        "مَرْحَبًا {{ client_name }}،",
        "नमस्ते {{ client_name }} 👩🏽\u{200D}🦲 1\u{FE0F}\u{20E3}",
    ] {
        assert_eq!(problems(written, Place::Line), [], "{written}");
    }
}

#[test]
fn a_detail_has_its_label_and_its_value() {
    for (template, problem) in [
        ("{{ label }}: {{ value }}", None),
        ("{% if label %}{{ label }} – {% endif %}{{value}}", None),
        ("{{ value }}", Some(Problem::Unsaid("label"))),
        ("{{ label }}:", Some(Problem::Unsaid("value"))),
        ("label: {{ value }}", Some(Problem::Unsaid("label"))),
        (
            "{% if not label %}{{ label }}{% endif %}{{ value }}",
            Some(Problem::Unsaid("label")),
        ),
    ] {
        assert_eq!(unsaid(template, Place::Detail), problem, "{template}");
    }
    assert_eq!(unsaid("Hello", Place::Line), None);
}

#[test]
fn a_sign_stands_behind_something_in_every_mail() {
    use ReminderStep::{FinalReminder, MovedNotice};
    let reads = |text: &str| Some(Problem::MayLeaveGap(text.into()));
    for (template, step, problem) in [
        ("Hello {{ client_name }},", None, None),
        (
            "Hello {% if when %}{{ when }}{% endif %},",
            None,
            reads("Hello ,"),
        ),
        ("Hello{% if when %} {{ when }}{% endif %},", None, None),
        (
            "Hello {% if when %}{{ when }}{% endif %},",
            Some(FinalReminder),
            None,
        ),
        (
            "{% if previously %}Before{% endif %}, welcome",
            Some(FinalReminder),
            reads(","),
        ),
        (
            "{% if previously %}Before{% endif %}, welcome",
            Some(MovedNotice),
            None,
        ),
        (
            "Your time ({% if previously %}{{ previously }}{% endif %})",
            None,
            reads("Your time ()"),
        ),
        ("{% if not previously %}Hello{% endif %} , you", None, None),
        ("{% if not when %}Hello{% endif %}, you", None, reads(",")),
        // French has a space before these, and a writer may want one everywhere.
        ("Bonjour{% if when %} {{ when }}{% endif %} !", None, None),
        ("Hello {% if when %}you {% endif %}...", None, None),
    ] {
        assert_eq!(gap(template, Place::Line, step), problem, "{template}");
    }
}
