//! The rows of the guarantees: what Rether must reach, measured in the simulator.

use anyhow::Result;
use rether_sim::guarantee::{Bar, Effort, guarantees, sentence, tally};

use super::{Context, Row, Seen};

const GROUP: &str = "guarantees";

pub(super) fn rows() -> Vec<Row> {
    let row = |name, bar: Bar, run| Row {
        group: GROUP,
        name,
        required: bar.must(),
        quick: true,
        run,
    };
    vec![
        row("g1", Bar::G1, |context| measure(context, Bar::G1)),
        row("g1d", Bar::G1d, |context| measure(context, Bar::G1d)),
        row("g2", Bar::G2, |context| measure(context, Bar::G2)),
        row("g3", Bar::G3, |context| measure(context, Bar::G3)),
        row("g4", Bar::G4, |context| measure(context, Bar::G4)),
        row("g5", Bar::G5, |context| measure(context, Bar::G5)),
        row("g6", Bar::G6, |context| measure(context, Bar::G6)),
        row("g7", Bar::G7, |context| measure(context, Bar::G7)),
        row("g8", Bar::G8, |context| measure(context, Bar::G8)),
        row("g9", Bar::G9, |context| measure(context, Bar::G9)),
        row("g10", Bar::G10, |context| measure(context, Bar::G10)),
        row("hostile", Bar::Hostile, |context| {
            measure(context, Bar::Hostile)
        }),
    ]
}

/// All points of a bar, both arms; the page with every figure is left beside the other results.
fn measure(context: &Context, bar: Bar) -> Result<Seen> {
    let effort = if context.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let found = guarantees(&[bar], &effort, &|_, _, _| {})?;
    let folder = context.out.join(format!("guarantees-{}", bar.name()));
    std::fs::create_dir_all(&folder)?;
    let page = folder.join("index.html");
    std::fs::write(&page, found.to_html()?)?;
    let findings: Vec<_> = found.findings.iter().collect();
    let (judged, short, worst) = tally(&findings);
    Ok(Seen {
        text: format!(
            "{} of {judged} figures kept; the worst: {}; page: {}",
            judged - short,
            worst.map_or_else(String::new, sentence),
            page.display()
        ),
        passed: judged > 0 && short == 0,
    })
}
