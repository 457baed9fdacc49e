//! `rether-lab demo`: runs the cells, prints the table, writes the report.

use clap::ValueEnum;
use rether_lab::{
    Options, Report,
    demo::{Cell, Demo},
};
use std::{path::PathBuf, time::Duration};

/// Wall time of one cell on two cores, in seconds, for the notice of how long it will take.
const ONE_CELL: usize = 140;

/// The longest that one cell may take.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the report (index.html), the results and the logs.
    #[arg(long, default_value = "report")]
    out: PathBuf,
    /// Which cells.
    #[arg(long, value_enum, default_value_t = Phy::Both)]
    phy: Phy,
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
enum Phy {
    /// 802.11a at 54 Mbit/s.
    #[value(name = "11a")]
    A,
    /// 802.11b at 11 Mbit/s.
    #[value(name = "11b")]
    B,
    /// One after the other.
    Both,
}

impl Phy {
    const fn cells(self) -> &'static [Cell] {
        match self {
            Self::A => &[Cell::A],
            Self::B => &[Cell::B],
            Self::Both => &[Cell::A, Cell::B],
        }
    }
}

/// Returns whether every check holds.
pub(crate) fn run(arguments: &Arguments, tell: &mut dyn FnMut(&str)) -> anyhow::Result<bool> {
    let cells = arguments.phy.cells();
    if !arguments.again {
        tell(&format!(
            "{} cells, each with Rether and without, in one virtual machine each; about {} min \
             on two cores (silent for up to a minute while traffic runs)",
            cells.len(),
            (cells.len() * ONE_CELL).div_ceil(60)
        ));
    }
    let mut reports = Vec::new();
    for (number, cell) in (1..).zip(cells) {
        let scenario = cell.scenario()?;
        let folder = arguments.out.join(&scenario.name);
        if arguments.again {
            reports.push(Report::load(&folder)?);
            continue;
        }
        tell(&format!(
            "cell {number} of {}: {}: {}",
            cells.len(),
            scenario.name,
            scenario.title
        ));
        let mut options = Options::new(folder)?;
        options.limit = LIMIT;
        if let Some(folder) = &arguments.bin_dir {
            options.bin_dir.clone_from(folder);
        }
        let mut within = |line: &str| tell(&format!("{}: {line}", scenario.name));
        reports.push(rether_lab::run(&scenario, &options, &mut within)?);
    }
    let demo = Demo::of(&reports);
    println!("\n{demo}\n");
    if arguments.json {
        println!("JSON:   {}", demo.write_json(&arguments.out)?.display());
    }
    println!("Report: {}", demo.write_page(&arguments.out)?.display());
    println!("Logs:   {}/*/*/logs", arguments.out.display());
    Ok(demo.passed())
}
