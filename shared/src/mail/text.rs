//! Names and addresses of other people made safe to stand in a line of ours.

/// Marks that change the direction of what follows them: a name must not bring its own.
const DIRECTION_MARKS: [char; 12] = [
    '\u{061C}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// One line: control characters and line breaks become a space, runs of space one space.
pub fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars()
        .filter(|c| !DIRECTION_MARKS.contains(c))
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// An address on several lines as one line with commas.
pub fn joined_lines(text: &str) -> String {
    text.lines()
        .map(one_line)
        .map(|line| line.trim_end_matches(',').to_owned())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Sets a name apart from the sentence around it, so that a right-to-left name doesn't turn the rest.
///
/// A name without a right-to-left letter stays as it is, because some programs show the marks as boxes.
pub fn isolated(name: &str) -> String {
    if name.chars().any(is_right_to_left) {
        format!("\u{2068}{name}\u{2069}")
    } else {
        name.to_owned()
    }
}

/// Whether the letter belongs to a block that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_or_a_direction_mark_does_not_survive() {
        assert_eq!(
            one_line(" Ada\r\nBcc: x@example.com\u{202E} "),
            "Ada Bcc: x@example.com"
        );
        assert_eq!(
            joined_lines("12 High Street,\r\n\r\nLondon\n"),
            "12 High Street, London"
        );
    }

    #[test]
    fn only_right_to_left_names_are_isolated() {
        assert_eq!(isolated("Zoë"), "Zoë");
        assert_eq!(isolated("דנה"), "\u{2068}דנה\u{2069}");
    }
}
