//! The report as one HTML file that needs nothing else.

use super::{
    Demo, Fault,
    delivered::{Delivered, Flow},
    flows::PromisedWay,
    html::{escape, lines},
    notes, plots,
    summary::{Row, Summary, WITH, WITHOUT},
    terminal::{noted, verdict},
    walk,
};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

/// The page; its links are relative to the folder that holds it and the results.
pub(super) fn page(demo: &Demo) -> Result<String, Fault> {
    let mut cells = String::new();
    for cell in &demo.cells {
        cells += &section(cell)?;
    }
    if let Some(walk) = &demo.walk {
        cells += &walk::section(walk)?;
    }
    let result = if demo.passed() {
        "<span class=\"kept\">all checks hold</span>"
    } else {
        "<span class=\"broken\">not all checks hold</span>"
    };
    let packages: Vec<_> = demo.packages.iter().map(|file| escape(file)).collect();
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Rether: promised and delivered</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header>\n<h1>Promised and delivered</h1>\n\
         <p>A voice call in a loaded Wi-Fi cell and on a walk from one access point to the next, on \
         the real Linux Wi-Fi stack, with Rether and without: {result}.</p>\n<dl>\n{facts}</dl>\n</header>\n<main>\n{cells}\
         <section>\n<h2>How to read this</h2>\n<p>{}</p>\n<p>{}</p>\n<p>{}</p>\n\
         <p>{}</p>\n<details><summary>All packages in the machine</summary><p>{}</p></details>\n\
         </section>\n</main>\n</body>\n</html>\n",
        notes::MEDIUM,
        escape(notes::DELAY),
        escape(notes::PROMISES),
        notes::CLOCK,
        packages.join("<br>"),
        facts = facts(demo),
    ))
}

fn facts(demo: &Demo) -> String {
    let (mut runs, mut time) = (Vec::new(), Vec::new());
    let mut add = |name: &str, title: &str, of_clock: f64, wall: f64| {
        runs.push(format!("{name}: {title}"));
        time.push(format!(
            "{name}: {of_clock:.1} s of virtual time measured, in {wall:.0} s of wall time"
        ));
    };
    for cell in &demo.cells {
        add(
            &cell.name,
            &cell.title,
            cell.virtual_seconds,
            cell.wall_seconds,
        );
    }
    if let Some(walk) = &demo.walk {
        add(
            &walk.name,
            &walk.title,
            walk.virtual_seconds,
            walk.wall_seconds,
        );
    }
    let entry = |term: &str, text: String| format!("<dt>{term}</dt><dd>{text}</dd>\n");
    entry("Scenarios", lines(&runs))
        + &entry("Versions", lines(&notes::versions(demo)))
        + &entry("Time", lines(&time))
}

fn section(cell: &Summary) -> Result<String, Fault> {
    let name = escape(&cell.name);
    let rows: String = cell.rows.iter().map(row).collect();
    let figures: String = Flow::NAMES
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let link = |path: &str, text: &str| format!("<a href=\"{name}/{path}\">{text}</a>");
    Ok(format!(
        "<section>\n<h2>{}</h2>\n<div class=\"wide\">\n<table>\n<caption>{name}</caption>\n\
         <thead>\n<tr><td rowspan=\"2\"></td><th rowspan=\"2\" scope=\"col\">promised</th>\
         <th colspan=\"5\" scope=\"colgroup\" class=\"with\">with Rether</th>\
         <th colspan=\"5\" scope=\"colgroup\" class=\"without\">without Rether</th>\
         <th rowspan=\"2\" scope=\"col\">verdict</th></tr>\n<tr>{figures}{figures}</tr>\n</thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n{}<div class=\"charts\">\n{}{}{}</div>\n\
         {}\
         <p>Raw results: {}, {}, {}; logs {} and {}; {}.</p>\n</section>\n",
        escape(&cell.title),
        promises(cell),
        figure(
            "One-way delay of the call",
            &plots::delays(cell)?,
            "Pale: all packets. Strong: from the median to the 99th percentile. Blue with Rether, \
             orange without. Red line: required of the 99th percentile.",
        ),
        figure(
            "Goodput of the best-effort flows",
            &plots::goodput(cell)?,
            "Blue with Rether, orange without. The medium has no airtime of its own, so orange is \
             more than a real cell could carry.",
        ),
        figure(
            "Airtime of each station, with Rether",
            &plots::airtime(cell)?,
            "Strong: data from the station. Pale: data to it. Grey: tokens and their returns.",
        ),
        checks(&cell.checks),
        link("report.json", "report"),
        link(&format!("{WITH}/result.json"), "with Rether"),
        link(&format!("{WITHOUT}/result.json"), "without"),
        link(&format!("{WITH}/logs/"), "with"),
        link(&format!("{WITHOUT}/logs/"), "without"),
        link("console.log", "console"),
    ))
}

/// Every check, shown at once if one fails.
pub(super) fn checks(checks: &[(String, String, bool)]) -> String {
    let mut items = String::new();
    for (expected, seen, passed) in checks {
        // Writing to a string cannot fail.
        let _ = writeln!(
            items,
            "<li><span class=\"{0}\">{1}</span> {2} (seen: {3})</li>",
            class(Some(*passed)),
            if *passed { "holds" } else { "FAILED" },
            escape(expected),
            escape(seen),
        );
    }
    let open = if checks.iter().all(|check| check.2) {
        ""
    } else {
        " open"
    };
    format!("<details{open}><summary>Every check</summary>\n<ul>\n{items}</ul></details>\n")
}

/// The promise report of a cell, or why there is none.
fn promises(cell: &Summary) -> String {
    let ways = match &cell.promises {
        Ok(ways) => ways,
        Err(why) => return format!("<h3>Promise report</h3>\n<p>None: {}.</p>\n", escape(why)),
    };
    let figures: String = PromisedWay::NAMES
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let rows: String = ways.iter().map(promised_way).collect();
    format!(
        "<div class=\"wide\">\n<table>\n<caption>Promise report of <code>rether-ap status</code> \
         {}</caption>\n<thead>\n<tr><th scope=\"col\">flow</th><th scope=\"col\">promised</th>\
         <th scope=\"col\">state</th>{figures}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         </div>\n",
        noted(cell)
    )
}

fn promised_way(way: &PromisedWay) -> String {
    let [figures @ .., why] = way.texts();
    let figures: String = figures
        .iter()
        .map(|text| format!("<td class=\"figure\">{}</td>", escape(text)))
        .collect();
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"promised\">{}</td><td>{}</td>{figures}\
         <td>{}</td></tr>\n",
        lines(&way.whose()),
        lines(&way.promise()),
        escape(&way.state),
        escape(&why),
    )
}

pub(super) fn figure(title: &str, svg: &str, caption: &str) -> String {
    format!(
        "<figure>\n<h3>{title}</h3>\n<div role=\"img\" aria-label=\"{title}; the figures are in \
         the table and in the raw results\">{svg}</div>\n<figcaption>{caption}</figcaption>\n\
         </figure>\n"
    )
}

fn row(row: &Row) -> String {
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"promised\">{}</td>{}{}<td class=\"{}\">{}</td></tr>\n",
        escape(&row.what),
        lines(&row.promised),
        delivered(&row.with, "with"),
        delivered(&row.without, "without"),
        class(row.kept),
        verdict(row.kept),
    )
}

fn delivered(delivered: &Delivered, arm: &str) -> String {
    match delivered {
        Delivered::Cell(texts) => {
            format!("<td colspan=\"5\" class=\"{arm}\">{}</td>", lines(texts))
        }
        Delivered::Flow(flow) => flow
            .texts()
            .iter()
            .map(|text| format!("<td class=\"{arm} figure\">{}</td>", escape(text)))
            .collect(),
    }
}

const fn class(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "kept",
        Some(false) => "broken",
        None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::{
        demo::{
            Demo,
            flows::tests::{STATUS, report as with_status},
        },
        report::Report,
    };

    fn report() -> Report {
        serde_json::from_str(include_str!("fixture.json")).unwrap()
    }

    #[test]
    fn the_page_needs_no_network_and_says_what_fails() {
        let page = page(&Demo::of(&[report()], None)).unwrap();
        assert!(page.contains("not all checks hold") && page.contains("BROKEN"));
        assert!(page.contains("href=\"first-light-11a/report.json\""));
        assert!(page.contains("linux-image-6.1.0-56-amd64 6.1.192-2"));
        let elsewhere = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http") && !elsewhere.contains("src="));
    }

    #[test]
    fn the_page_has_the_promise_report_or_says_why_not() {
        let page_of = |report| page(&Demo::of(&[report], None)).unwrap();
        let with = page_of(with_status(STATUS));
        assert!(
            with.contains("A down: rule voice") && with.contains("from the wired side in bursts")
        );
        assert!(page_of(report()).contains("None: the run noted no status while it lasted."));
        let evil = STATUS.replace("\"voice\"", "\"<script>\"");
        let page = page_of(with_status(&evil));
        assert!(page.contains("rule &lt;script&gt;") && !page.contains("<script"));
    }

    #[test]
    fn names_cannot_bring_markup_in() {
        let mut report = report();
        let evil = "<script>\"'".to_owned();
        report.scenario.title.clone_from(&evil);
        report.packages.push(evil.clone());
        report.checks[2].seen = Err(evil.clone());
        report.checks[2].expected.clone_from(&evil);
        report.scenario.name = evil;
        let page = page(&Demo::of(&[report], None)).unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("href=\"&lt;script&gt;&quot;&#39;/report.json\""));
    }
}
