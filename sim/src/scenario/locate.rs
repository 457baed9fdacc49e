//! Finds the line of a key, so that an error about meaning can point at it.

/// The line, from 1, of `key` in the `index`-th `[[table]]` of `text`; the line of the table if
/// the key is not there, line 1 if neither is. An empty `table` is the top of the file.
pub(super) fn line(text: &str, table: &str, index: usize, key: &str) -> usize {
    let header = format!("[[{table}]]");
    let mut seen = 0;
    let mut inside = table.is_empty();
    let mut found = 1;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            if inside {
                break;
            }
            inside = line.starts_with(&header) && seen == index;
            seen += usize::from(line.starts_with(&header));
            if inside {
                found = number;
            }
        } else if inside
            && line
                .split('=')
                .next()
                .is_some_and(|name| name.trim() == key)
        {
            return number;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::line;

    const TEXT: &str =
        "name = \"x\"\n\n[[ap]]\nname = \"a\"\n\n[[ap]] # two\nphy = \"11a\"\nname = \"b\"\n";

    #[test]
    fn points_at_the_key_or_its_table() {
        assert_eq!(line(TEXT, "ap", 1, "name"), 8);
        assert_eq!(line(TEXT, "ap", 1, "channel"), 6);
        assert_eq!(line(TEXT, "ap", 0, "name"), 4);
        assert_eq!(line(TEXT, "", 0, "name"), 1);
        assert_eq!(line(TEXT, "event", 0, "at"), 1);
    }
}
