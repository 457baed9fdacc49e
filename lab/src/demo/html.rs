//! Pieces of HTML.

pub(super) use rether_sim::html::escape;

/// Lines, one below the other.
#[must_use]
pub(super) fn lines(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| escape(line)).collect();
    lines.join("<br>")
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_are_escaped_one_by_one() {
        assert_eq!(lines(&["<".to_owned(), "b".to_owned()]), "&lt;<br>b");
    }
}
