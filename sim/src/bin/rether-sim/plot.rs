//! `rether-sim plot`: SVG of what `run` and `sweep` left.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use rether_sim::plot::{Input, Plot, airtime, delays, over_parameter};

const EXAMPLES: &str = "Examples:
  rether-sim run X.toml --out report --delays --sample 100ms
  rether-sim plot report              delays of calls as distributions, airtime over time
  rether-sim sweep X.toml --set station.s.count=1,2,5,10 --out sweep
  rether-sim plot sweep               goodput, losses and delays over the number of stations

Plots:
  delay-SCENARIO.svg            one-way delay of all calls, by arm and way; needs `run --delays`
  airtime-SCENARIO-ARM-*.svg    who has the air, over time; needs `run --sample TIME`
  goodput-FLOW.svg              of a sweep, over the first key that has numbers
  missed-FLOW.svg, p99-FLOW.svg packets lost or late; the worst 99th percentile of the delay";

/// Draws results of `rether-sim run --out` and `rether-sim sweep` as SVG.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files `result.json` and `sweep.jsonl`, or folders with such below them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Where the plots go; by default `plots` in the folder of the first path.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "the files are what the program is for")]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut input = Input::default();
    for path in &arguments.paths {
        input.add(path)?;
    }
    let mut plots: Vec<Plot> = delays(&input.results)?;
    for result in &input.results {
        plots.extend(airtime(result)?);
    }
    plots.extend(over_parameter(&input.records)?);
    anyhow::ensure!(!plots.is_empty(), nothing(&input));
    let first = arguments
        .paths
        .first()
        .map_or_else(PathBuf::new, PathBuf::clone);
    let beside = if first.is_dir() {
        first
    } else {
        first.parent().map_or_else(PathBuf::new, PathBuf::from)
    };
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| beside.join("plots"));
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for plot in &plots {
        let path = folder.join(format!("{}.svg", plot.name));
        fs::write(&path, &plot.svg).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Why there is nothing to draw, and what to do about it.
fn nothing(input: &Input) -> &'static str {
    if input.records.is_empty() {
        "these results have neither delays nor samples: run the scenario with `--delays` for the \
         delays of calls, and with `--sample 100ms` for airtime over time"
    } else {
        "no key of this sweep has two numbers to draw over, such as station.s.count=1,2,5"
    }
}
