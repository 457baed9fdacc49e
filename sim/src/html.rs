//! HTML with nothing in it but what was meant.

/// `text` so that HTML shows it as it is, also inside a quoted attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_html_would_read_as_its_own_is_escaped() {
        assert_eq!(
            escape(r#"<a href="x">'&amp;'"#),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;"
        );
        assert_eq!(escape("p99 \u{2264} 25 ms"), "p99 \u{2264} 25 ms");
    }
}
