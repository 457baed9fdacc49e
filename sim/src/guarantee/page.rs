//! The guarantees as one HTML file that needs nothing else.

use std::fmt::Write as _;

use super::{Bar, Finding, Guarantees, Must, Verdict, number, number_or_nothing, tally};
use crate::html::escape;
use crate::plot::{Axis, Chart, Line, PlotError, linear_ticks};

/// The look of all pages of the simulator.
const STYLE: &str = include_str!("../validate/page/style.css");

impl Guarantees {
    /// The bars as an HTML page with their charts inside.
    ///
    /// # Errors
    /// If a chart cannot be drawn, which figures cannot bring about.
    pub fn to_html(&self) -> Result<String, PlotError> {
        let mut sections = self.overview();
        for (bar, findings) in self.by_bar() {
            sections += &section(bar, &findings, self.terms_of(bar))?;
        }
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Rether: guarantees</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<h1>What Rether must reach, and what was seen</h1>\n\
             <p>rether {}, {}</p>\n</header>\n<main>\n{sections}</main>\n</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            escape(&self.how()),
        ))
    }

    /// How it was run, for people.
    pub(super) fn how(&self) -> String {
        let seeds = match self.effort.seeds {
            1 => "seed 1".to_owned(),
            seeds => format!("seeds 1 to {seeds}"),
        };
        format!(
            "simulated, {seeds}, {} s counted of each run unless said otherwise; all radios of a cell hear each other, no frame is lost but by collision",
            self.effort.seconds
        )
    }

    pub(super) fn terms_of(&self, bar: Bar) -> &[String] {
        let found = self.terms.iter().find(|(other, _)| *other == bar);
        found.map_or(&[], |(_, terms)| terms)
    }

    fn overview(&self) -> String {
        let mut rows = String::new();
        for (bar, findings) in self.by_bar() {
            let (judged, short, worst) = tally(&findings);
            let worst = worst.map_or_else(String::new, super::sentence);
            let _ = writeln!(
                rows,
                "<tr><td><a href=\"#{0}\">{0}</a></td><td>{1}</td><td class=\"figure\">{2} of {judged}</td><td>{3}</td></tr>",
                bar.name(),
                escape(bar.must()),
                judged - short,
                escape(&worst),
            );
        }
        format!(
            "<section>\n<h2>Bars</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>bar</th><th>must</th><th>kept</th><th>the worst</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
        )
    }
}

fn section(bar: Bar, findings: &[&Finding], terms: &[String]) -> Result<String, PlotError> {
    let mut measures: Vec<String> = Vec::new();
    for finding in findings {
        let measure = finding.measure();
        if !measures.contains(&measure) {
            measures.push(measure);
        }
    }
    let mut charts = String::new();
    for measure in &measures {
        let of_measure = findings
            .iter()
            .filter(|finding| finding.measure() == *measure);
        let of_measure: Vec<&Finding> = of_measure.copied().collect();
        if let Some(svg) = draw(measure, &of_measure)? {
            let title = escape(measure);
            let _ = writeln!(
                charts,
                "<figure>\n<h3>{title}</h3>\n<div role=\"img\" aria-label=\"{title}\">{svg}</div>\n</figure>"
            );
        }
    }
    let rows: String = findings.iter().map(|finding| row(finding)).collect();
    let terms: String = terms
        .iter()
        .map(|terms| format!("<p>{}</p>\n", escape(terms)))
        .collect();
    Ok(format!(
        "<section id=\"{0}\">\n<h2>{0}</h2>\n<p>{1}</p>\n<p>{2}</p>\n{terms}<div class=\"charts\">\n{charts}</div>\n\
         <details><summary>All figures</summary>\n<div class=\"wide\"><table>\n<thead><tr><th>cell</th><th>point</th><th>figure</th><th>plain</th><th>Rether</th><th>must</th><th>limit</th><th></th><th></th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</details>\n</section>\n",
        bar.name(),
        escape(bar.must()),
        escape(bar.setting()),
    ))
}

fn row(finding: &Finding) -> String {
    let class = match finding.verdict() {
        Verdict::Kept => "kept",
        Verdict::Short => "broken",
        Verdict::Refused | Verdict::Shown => "none",
    };
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"figure\">{}</td><td class=\"figure\">{}</td><td class=\"figure\">{}</td><td class=\"figure\">{}</td><td class=\"{class}\">{}</td><td class=\"remark\">{}</td></tr>\n",
        escape(&finding.series),
        escape(&finding.point),
        escape(&finding.measure()),
        number_or_nothing(finding.plain),
        finding.rether.map_or_else(|| "-".to_owned(), number),
        escape(
            &finding
                .must
                .map_or_else(String::new, |must| must.to_string())
        ),
        number_or_nothing(finding.limit),
        finding.verdict().name(),
        escape(&finding.note),
    )
}

/// A line for each cell without and with Rether; nothing if there is only one place on the axis.
fn draw(measure: &str, findings: &[&Finding]) -> Result<Option<String>, PlotError> {
    let xs = findings.iter().map(|finding| finding.x);
    let (left, right) = (
        xs.clone().fold(f64::INFINITY, f64::min),
        xs.fold(f64::NEG_INFINITY, f64::max),
    );
    if left >= right {
        return Ok(None);
    }
    let mut series: Vec<&str> = Vec::new();
    for finding in findings {
        if !series.contains(&finding.series.as_str()) {
            series.push(&finding.series);
        }
    }
    let mut lines = Vec::new();
    for name in series {
        let of_series = findings.iter().filter(|finding| finding.series == name);
        let points = |figure: fn(&Finding) -> Option<f64>| -> Vec<(f64, f64)> {
            let points = of_series.clone();
            let points = points.filter_map(|finding| Some((finding.x, figure(finding)?)));
            points.filter(|point| point.1.is_finite()).collect()
        };
        let rether = points(|finding| finding.rether);
        lines.push(Line {
            label: format!("{name}, Rether"),
            width: 2,
            line: rether.clone(),
            dots: rether,
            ..Line::default()
        });
        lines.push(Line {
            label: format!("{name}, plain"),
            line: points(|finding| finding.plain),
            ..Line::default()
        });
    }
    lines.retain(|line| !line.line.is_empty());
    let values = || {
        lines
            .iter()
            .flat_map(|line| &line.line)
            .map(|point| point.1)
    };
    let bounds: Vec<f64> = findings
        .iter()
        .filter_map(|finding| finding.must.map(Must::bound))
        .collect();
    let common = bounds
        .first()
        .copied()
        .filter(|first| bounds.iter().all(|bound| (bound - first).abs() < 1e-9));
    let high = values().chain(common).fold(0.0, f64::max);
    let (x_ticks, y_ticks) = (linear_ticks(left, right), linear_ticks(0.0, high.max(1e-3)));
    let chart = Chart {
        title: None,
        x: Axis::linear(axis(findings), &x_ticks),
        y: Axis::linear(measure, &y_ticks),
        limit: common,
        mark: None,
    };
    chart.lines(&lines).map(Some)
}

/// What the points of a bar differ in.
fn axis(findings: &[&Finding]) -> &'static str {
    match findings.first().map(|finding| finding.bar) {
        Some(Bar::G1 | Bar::G1d) => "saturated stations",
        Some(Bar::G2) => "calls",
        Some(Bar::G3) => "uploads beside the calls",
        Some(Bar::G8) => "stations without an agent",
        _ => "point",
    }
}
