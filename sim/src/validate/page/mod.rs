//! The report as one HTML file that needs nothing else.

mod html;
mod plots;
mod tables;

use super::{Report, text};
use crate::plot::PlotError;

const STYLE: &str = include_str!("style.css");

/// A chart of the page could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the validation page: {0}")]
pub struct PageError(#[from] PlotError);

const CHARTS: &str = "Rings: ns-3. Dots: ours. Thin lines: Bianchi's model, which knows nothing of \
    the head start that bystanders have after a collision and is left out for AC_VI and AC_VO.";
const DELAYS: &str = "Rings, joined by lines: ns-3. Dots: ours. Mean over the packets that arrived, from the \
    stations (ul) and to them (dl). Red line: 50 ms, above which a call is not usable.";

const CRITERIA: &str = "<p>Each figure is the mean over seeds. Saturation: goodput within 1.5 % of \
    ns-3 (3 % with a slow station or few frames), collision probability within 0.01, one station \
    within 0.2 % of the closed form. Calls alone: as many calls as in ns-3, within one with DCF and \
    two with AC_VO; mean delays below that number within 20 % or 0.2 ms, at it within 50 %; above it \
    only the number counts. Calls with background: mean delays within 25 %, loss and 99th percentile \
    within half a decade to either side; with TCP 50 % and a decade. Losses below 0.1 % count as \
    equal. A direction with more than 20 % lost or late must be unusable here, too. Cost: a hundredth \
    of the CPU time of ns-3.</p>\n\
    <p>\u{201c}Within error\u{201d} means beyond the tolerance by less than three standard errors of \
    the difference. That allowance is made for mean delays and numbers of calls, because the phases of calls are drawn \
    once a run and ns-3 made one to five runs; for saturation only where frames are few, and in the \
    quick form, whose runs are short. In tables, allowances stand in brackets: tolerance, then three \
    standard errors where they are allowed for.</p>\n\
    <p>Reference: ns-3 3.37, one AP, all radios at one point, overlapping frames lost, no beacons, \
    no RTS/CTS, no fragmentation, no aggregation, seven transmissions of a frame, queues of 100.</p>\n";

impl Report {
    /// The report as an HTML page with its charts inside.
    ///
    /// # Errors
    /// If a chart cannot be drawn, which figures cannot bring about.
    pub fn to_html(&self) -> Result<String, PageError> {
        let result = if self.passed {
            "<span class=\"kept\">passed</span>"
        } else {
            "<span class=\"broken\">FAILED</span>"
        };
        let form = if self.options.quick {
            "quick form"
        } else {
            "full form"
        };
        let seeds: Vec<_> = self.options.seeds.iter().map(u64::to_string).collect();
        let charts = [
            figure("Goodput, 802.11b", &plots::goodput_b(self)?, CHARTS),
            figure("Goodput, 802.11a", &plots::goodput_a(self)?, CHARTS),
            figure("Collision probability", &plots::collisions(self)?, CHARTS),
            figure("Delay of calls, 802.11b", &plots::delays_b(self)?, DELAYS),
            figure("Delay of calls, 802.11a", &plots::delays_a(self)?, DELAYS),
        ];
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Rether: the medium against ns-3</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<h1>The medium against ns-3</h1>\n<p>{result}: {}.</p>\n\
             <p>rether {}, {form}, seeds {}.</p>\n</header>\n<main>\n\
             <div class=\"charts\">\n{}</div>\n\
             <section>\n<h2>Saturation</h2>\n{}</section>\n\
             <section>\n<h2>Calls</h2>\n{}{}</section>\n\
             <section>\n<h2>Cost</h2>\n{}</section>\n\
             <section>\n<h2>What is not claimed, or loosely</h2>\n{}</section>\n\
             <section>\n<h2>How to read this</h2>\n{CRITERIA}</section>\n\
             </main>\n</body>\n</html>\n",
            text::tally(self),
            env!("CARGO_PKG_VERSION"),
            seeds.join(", "),
            charts.concat(),
            tables::saturation(self),
            tables::capacity(self),
            tables::voice(self),
            tables::speed(self),
            tables::exceptions(self),
        ))
    }
}

fn figure(title: &str, svg: &str, caption: &str) -> String {
    format!(
        "<figure>\n<h3>{title}</h3>\n<div role=\"img\" aria-label=\"{title}; the figures are in \
         the tables\">{svg}</div>\n<figcaption>{caption}</figcaption>\n</figure>\n"
    )
}
