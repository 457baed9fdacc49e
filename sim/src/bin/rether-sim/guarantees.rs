//! `rether-sim guarantees`: what Rether must reach, beside plain 802.11.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table, presets};
use rether_sim::guarantee::{
    Bar, Effort, Finding, Guarantees, guarantees, number, number_or_nothing, sentence, tally,
};

/// Measures every bar that Rether must reach, and says of each whether it is kept or falls short.
///
/// Both arms of a point, with Rether and without, run from the same seeds. The exit code is 1 if
/// any bar falls short.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only this bar; may be given several times.
    #[arg(long, value_name = "BAR", value_parser = bar)]
    only: Vec<Bar>,
    /// Fewer points and one seed, for a first look.
    #[arg(long)]
    quick: bool,
    /// Runs of each point [default: 3, with --quick 1].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,
    /// What counts of a run, in seconds of virtual time [default: 10, with --quick 4].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: Option<u32>,
    /// Where the page with the plots, the figures as JSON and the scenarios go.
    #[arg(long, value_name = "FOLDER", default_value = "guarantees")]
    out: PathBuf,
    /// Also writes the report as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  rether-sim guarantees --quick                    a first look, within a minute
  rether-sim guarantees --only G3 --seeds 10       one bar, with more seeds
  rether-sim guarantees --markdown docs/results.md everything, as a page of the documentation
  rether-sim run guarantees/scenarios/g4-802-11b-dcf-1-slow-4-fast.toml
                                                   one point of it, by itself";

fn bar(name: &str) -> Result<Bar, String> {
    Bar::named(name).ok_or_else(|| {
        let names = Bar::ALL.map(Bar::name).join(", ");
        format!("there is no bar `{name}`; there are {names}")
    })
}

#[expect(
    clippy::print_stdout,
    reason = "the tables are what the program is for"
)]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let usual = if arguments.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let effort = Effort {
        quick: arguments.quick,
        seeds: arguments.seeds.unwrap_or(usual.seeds),
        seconds: arguments.seconds.unwrap_or(usual.seconds),
    };
    let bars = if arguments.only.is_empty() {
        Bar::ALL.to_vec()
    } else {
        arguments.only.clone()
    };
    let found = guarantees(&bars, &effort, &|done, all, findings| {
        tell(done, all, findings);
    })?;
    write(&arguments.out, &found)?;
    if let Some(path) = &arguments.markdown {
        std::fs::write(path, found.to_markdown()).with_context(|| path.display().to_string())?;
    }
    println!("{}\n", table(&found));
    for (bar, terms) in &found.terms {
        println!(
            "Limits of {}, terms in us:\n  {}\n",
            bar.name(),
            terms.join("\n  ")
        );
    }
    println!("{}", overview(&found));
    println!("With plots: {}", arguments.out.join("index.html").display());
    Ok(ExitCode::from(u8::from(!found.passed())))
}

/// A line for each point that is done.
fn tell(done: usize, all: usize, findings: &[Finding]) {
    let findings: Vec<&Finding> = findings.iter().collect();
    let (judged, short, worst) = tally(&findings);
    let Some(first) = findings.first() else {
        return;
    };
    let said = match (short, worst) {
        (0, _) => format!("{judged} kept"),
        (_, Some(worst)) => format!("{short} of {judged} short; {}", sentence(worst)),
        (_, None) => String::new(),
    };
    eprintln!(
        "[{done}/{all}] {} {}, {}: {said}",
        first.bar.name(),
        first.series,
        first.point
    );
}

fn write(out: &Path, found: &Guarantees) -> Result<()> {
    let scenarios = out.join("scenarios");
    std::fs::create_dir_all(&scenarios)
        .with_context(|| format!("cannot make the folder {}", scenarios.display()))?;
    let mut files = vec![
        (
            out.join("guarantees.json"),
            serde_json::to_string_pretty(found)?,
        ),
        (out.join("index.html"), found.to_html()?),
    ];
    for scenario in &found.scenarios {
        let path = scenarios.join(format!("{}.toml", scenario.name));
        files.push((path, scenario.text.clone()));
    }
    for (path, text) in files {
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn empty(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

fn table(found: &Guarantees) -> Table {
    let header = [
        "bar", "cell", "point", "figure", "plain", "Rether", "must", "limit", "",
    ];
    let mut table = empty(&header);
    for finding in &found.findings {
        table.add_row([
            finding.bar.name().to_owned(),
            finding.series.clone(),
            finding.point.clone(),
            finding.measure(),
            number_or_nothing(finding.plain),
            finding.rether.map_or_else(|| "-".to_owned(), number),
            finding
                .must
                .map_or_else(String::new, |must| must.to_string()),
            number_or_nothing(finding.limit),
            finding.verdict().name().to_owned(),
        ]);
    }
    table
}

fn overview(found: &Guarantees) -> Table {
    let mut table = empty(&["bar", "kept", "the worst"]);
    for (bar, findings) in found.by_bar() {
        let (judged, short, worst) = tally(&findings);
        table.add_row([
            bar.name().to_owned(),
            format!("{} of {judged}", judged - short),
            worst.map_or_else(String::new, sentence),
        ]);
    }
    table
}
