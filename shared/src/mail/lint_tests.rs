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
