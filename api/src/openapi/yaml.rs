//! The document as YAML that old readers read as we mean it.

/// Puts quotes round plain texts that YAML 1.1, still what most tools read, takes for numbers, dates or booleans.
///
/// To it `1_1` is eleven, `17:30` is a number in base sixty, and `2026-11-25` a date.
pub(super) fn quote_for_all(yaml: &str) -> String {
    let mut quoted = String::with_capacity(yaml.len());
    for line in yaml.lines() {
        let start = line.find(": ").map(|at| at + 2).or_else(|| {
            line.trim_start()
                .starts_with("- ")
                .then(|| line.len() - line.trim_start().len() + 2)
        });
        match start.and_then(|start| line.split_at_checked(start)) {
            Some((before, value)) if is_misread(value) => {
                quoted.push_str(before);
                quoted.push('\'');
                quoted.push_str(value);
                quoted.push('\'');
            }
            _ => quoted.push_str(line),
        }
        quoted.push('\n');
    }
    quoted
}

fn is_misread(value: &str) -> bool {
    let starts_with_digit = value.starts_with(|first: char| first.is_ascii_digit());
    let is_plain = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"_:-.TZ+".contains(&byte));
    let is_word = ["y", "n", "yes", "no", "on", "off"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    // A number of ours is digits and perhaps a point.
    is_word || (starts_with_digit && is_plain && value.contains(['_', ':', '-']))
}

#[cfg(test)]
mod tests {
    use super::quote_for_all;

    #[test]
    fn what_old_readers_take_for_something_else_is_quoted() {
        let yaml = "enum:\n- 1_1\n- three\n- '3'\nmaximum: 200\nat: 17:30\nday: 2026-11-25\ninstant: 2026-11-25T09:00:00Z\nlanguage: no\nref: 1.5\n";
        let meant = "enum:\n- '1_1'\n- three\n- '3'\nmaximum: 200\nat: '17:30'\nday: '2026-11-25'\ninstant: '2026-11-25T09:00:00Z'\nlanguage: 'no'\nref: 1.5\n";
        assert_eq!(quote_for_all(yaml), meant);
    }
}
