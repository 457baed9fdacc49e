//! The section of the report.

use super::{
    Arm, Walk, draw,
    line::{Line, Phase},
};
use crate::demo::{
    Fault,
    html::escape,
    notes,
    page::{checks, figure},
    summary::{WITH, WITHOUT},
};
use std::fmt::Write as _;

const CAPTION: &str = "Above with Rether, below without, on one scale. Each line of the two lanes of the \
     call is a packet: it begins when the packet was due and ends in a dot when it arrived; a red cross \
     is one that never did. With Rether, what is sent while the radio is away waits, in the pen of the \
     access point and at the caller's gate, and comes a little later.";

/// The table, the picture and its parts in words, and where the raw results are.
pub(in crate::demo) fn section(walk: &Walk) -> Result<String, Fault> {
    let name = escape(&walk.name);
    let names: String = Arm::NAMES
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let rows: String = walk.arms.iter().map(row).collect();
    let picture = match &walk.pictured {
        Some(lines) => pictured(lines)?,
        None => "<p>No picture: the results do not tell a roam of both arms.</p>\n".to_owned(),
    };
    let link = |path: &str, text: &str| format!("<a href=\"{name}/{path}\">{text}</a>");
    Ok(format!(
        "<section>\n<h2>The walk</h2>\n<p>{}: with Rether and without, the caller is told when to go \
         and where. {}</p>\n<div class=\"wide\">\n<table>\n<caption>{name}</caption>\n<thead>\n\
         <tr><td></td>{names}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n{picture}\
         {}<p>Raw results: {}, {}, {}; logs {} and {}; {}.</p>\n</section>\n",
        escape(&capital(&walk.title)),
        notes::WALK,
        checks(&walk.checks),
        link("report.json", "report"),
        link(&format!("{WITH}/result.json"), "with Rether"),
        link(&format!("{WITHOUT}/result.json"), "without"),
        link(&format!("{WITH}/logs/"), "with"),
        link(&format!("{WITHOUT}/logs/"), "without"),
        link("console.log", "console"),
    ))
}

fn row(arm: &Arm) -> String {
    let (class, name) = if arm.rether {
        ("with", "with Rether")
    } else {
        ("without", "without Rether")
    };
    let figures: String = arm
        .texts()
        .iter()
        .map(|text| format!("<td class=\"{class} figure\">{text}</td>"))
        .collect();
    format!("<tr><th scope=\"row\">{name}</th>{figures}</tr>\n")
}

fn pictured(lines: &[Line; 2]) -> Result<String, Fault> {
    let [with, without] = lines;
    let title = format!(
        "The first roam: {} to {}, at {:.1} s",
        escape(&with.from),
        escape(&with.to),
        with.at_s
    );
    let drawn = figure(&title, &draw::picture(lines)?, CAPTION);
    Ok(format!(
        "<div class=\"picture\">\n{drawn}</div>\n<div class=\"parts\">\n<div>\n<h3>With Rether</h3>\n\
         {}</div>\n<div>\n<h3>Without Rether</h3>\n{}</div>\n</div>\n",
        parts(&with.phases),
        parts(&without.phases),
    ))
}

/// A line for each part.
fn parts(phases: &[Phase]) -> String {
    let mut rows = String::new();
    for phase in phases {
        let length = phase.end - phase.begin;
        let length = if length > 0.0 {
            format!("{length:.1} ms")
        } else {
            String::new()
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td class=\"figure\">{:+.1} ms</td><td class=\"figure\">{length}</td><td>{}</td></tr>",
            phase.begin,
            escape(&phase.words),
        );
    }
    format!(
        "<table>\n<thead><tr><th scope=\"col\">at</th><th scope=\"col\">for</th>\
         <th scope=\"col\">what</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
