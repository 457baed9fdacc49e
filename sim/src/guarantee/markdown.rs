//! The guarantees as Markdown: `docs/results.md`.

use std::fmt::Write as _;

use super::{Finding, Guarantees, number, number_or_nothing, sentence, tally};

impl Guarantees {
    /// The bars as a page of Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "# What was measured\n\nWritten by `rether-sim guarantees{} --markdown`; not by hand. Rether {}, {}.\n\n\
             Plain is 802.11 alone, from the same seeds. SHORT is said where a bar is not reached. A limit is what \
             the air allows by arithmetic, with the terms below the table. `rether-sim guarantees --out` writes the \
             scenario of each point.\n\n| bar | must | kept | the worst |\n|---|---|---|---|\n",
            if self.effort.quick { " --quick" } else { "" },
            env!("CARGO_PKG_VERSION"),
            self.how(),
        );
        for (bar, findings) in self.by_bar() {
            let (judged, short, worst) = tally(&findings);
            let worst = worst.map_or_else(String::new, sentence);
            let _ = writeln!(
                text,
                "| {} | {} | {} of {judged} | {worst} |",
                bar.name(),
                bar.must(),
                judged - short,
            );
        }
        for (bar, findings) in self.by_bar() {
            let _ = write!(
                text,
                "\n## {}\n\nMust: {}.\n\n{}\n\n| cell | point | figure | plain | Rether | must | limit | | |\n|---|---|---|---|---|---|---|---|---|\n",
                bar.name(),
                bar.must(),
                bar.setting(),
            );
            for finding in findings {
                text += &row(finding);
            }
            let terms = self.terms_of(bar);
            if !terms.is_empty() {
                text += "\nTerms of the limits, in us:\n\n";
            }
            for terms in terms {
                let _ = writeln!(text, "- {terms}");
            }
        }
        text
    }
}

fn row(finding: &Finding) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        finding.series,
        finding.point,
        finding.measure(),
        number_or_nothing(finding.plain),
        finding.rether.map_or_else(|| "-".to_owned(), number),
        finding
            .must
            .map_or_else(String::new, |must| must.to_string()),
        number_or_nothing(finding.limit),
        finding.verdict().name(),
        finding.note,
    )
}
