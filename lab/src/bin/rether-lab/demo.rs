//! `rether-lab demo`: runs the cells and the walk, prints the tables, writes the report.

use clap::ValueEnum;
use rether_lab::{
    Options, Report,
    demo::{Cell, Demo, walk},
    scenario::Scenario,
};
use std::{path::PathBuf, time::Duration};

/// Wall time of one cell on two cores, in seconds, for the notice of how long it will take.
const ONE_CELL: usize = 120;
/// That of the walk.
const THE_WALK: usize = 60;

/// The longest that one of them may take.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the report (index.html), the results and the logs.
    #[arg(long, default_value = "report")]
    out: PathBuf,
    /// One of them only, instead of all.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Write the same as JSON too, to demo.json.
    #[arg(long)]
    json: bool,
    /// Run nothing: make the report again from the results in the folder.
    #[arg(long)]
    again: bool,
    /// Folder of our built programs; by default where this one is.
    #[arg(long)]
    bin_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The cell of 802.11a at 54 Mbit/s.
    #[value(name = "11a")]
    A,
    /// The cell of 802.11b at 11 Mbit/s.
    #[value(name = "11b")]
    B,
    /// The walk.
    Walk,
}

const ALL: [Part; 3] = [Part::A, Part::B, Part::Walk];

impl Part {
    fn scenario(self) -> anyhow::Result<Scenario> {
        Ok(match self {
            Self::A => Cell::A.scenario()?,
            Self::B => Cell::B.scenario()?,
            Self::Walk => walk::scenario()?,
        })
    }

    const fn seconds(self) -> usize {
        match self {
            Self::A | Self::B => ONE_CELL,
            Self::Walk => THE_WALK,
        }
    }
}

/// Returns whether every check holds.
pub(crate) fn run(arguments: &Arguments, tell: &mut dyn FnMut(&str)) -> anyhow::Result<bool> {
    let only = arguments.only.as_ref();
    let parts = only.map_or(&ALL[..], std::slice::from_ref);
    if !arguments.again {
        let seconds: usize = parts.iter().map(|part| part.seconds()).sum();
        tell(&format!(
            "{}: each with Rether and without, in one virtual machine each; about {} min on two \
             cores (silent for up to a minute while traffic runs)",
            match parts.len() {
                1 => "1 scenario".to_owned(),
                count => format!("{count} scenarios"),
            },
            seconds.div_ceil(60)
        ));
    }
    let (mut cells, mut walk) = (Vec::new(), None);
    for (number, part) in (1..).zip(parts) {
        let scenario = part.scenario()?;
        let report = if arguments.again {
            Report::load(&arguments.out.join(&scenario.name))?
        } else {
            tell(&format!(
                "{number} of {}: {}: {}",
                parts.len(),
                scenario.name,
                scenario.title
            ));
            run_one(&scenario, arguments, tell)?
        };
        if *part == Part::Walk {
            walk = Some(report);
        } else {
            cells.push(report);
        }
    }
    let demo = Demo::of(&cells, walk.as_ref());
    println!("\n{demo}\n");
    if arguments.json {
        println!("JSON:   {}", demo.write_json(&arguments.out)?.display());
    }
    println!("Report: {}", demo.write_page(&arguments.out)?.display());
    println!("Logs:   {}/*/*/logs", arguments.out.display());
    Ok(demo.passed())
}

fn run_one(
    scenario: &Scenario,
    arguments: &Arguments,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Report> {
    let mut options = Options::new(arguments.out.join(&scenario.name))?;
    options.limit = LIMIT;
    if let Some(folder) = &arguments.bin_dir {
        options.bin_dir.clone_from(folder);
    }
    let mut within = |line: &str| tell(&format!("{}: {line}", scenario.name));
    Ok(rether_lab::run(scenario, &options, &mut within)?)
}
