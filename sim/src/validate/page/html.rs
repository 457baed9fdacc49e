//! HTML with nothing in it but what was meant.

use crate::html::escape;

/// A table in a box of its own that can be scrolled sideways. The first of `header` is that of the
/// row names; cells are HTML with the class of the column.
pub(super) fn table(
    caption: &str,
    header: &[&str],
    rows: impl Iterator<Item = (String, Vec<(&'static str, String)>)>,
) -> String {
    let head: String = header
        .iter()
        .map(|name| format!("<th scope=\"col\">{}</th>", escape(name)))
        .collect();
    let mut body = String::new();
    for (name, cells) in rows {
        let cells: String = cells
            .iter()
            .map(|(class, cell)| format!("<td class=\"{class}\">{cell}</td>"))
            .collect();
        body += &format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(&name));
    }
    format!(
        "<div class=\"wide\">\n<table>\n<caption>{}</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n\
         <tbody>\n{body}</tbody>\n</table>\n</div>\n",
        escape(caption)
    )
}

#[cfg(test)]
mod tests {
    use super::{escape, table};

    #[test]
    fn what_html_would_read_as_its_own_is_escaped() {
        assert_eq!(
            escape(r#"<a href="x">'&amp;'"#),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;"
        );
        let rows = [("<i>".to_owned(), vec![("figure", "1".to_owned())])];
        let html = table("a & b", &["<"], rows.into_iter());
        assert!(
            html.contains("a &amp; b") && html.contains("&lt;i&gt;"),
            "{html}"
        );
    }
}
