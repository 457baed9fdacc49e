//! `rether-sim sweep`: one scenario with many values of some of its keys.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use rether_sim::rows::Subject;
use rether_sim::sweep::{FILE, Measure, Plan, Setting, Store, Summary, summaries, write_long_csv};

use crate::progress::Progress;

const EXAMPLES: &str = "Examples:
  rether-sim sweep X.toml --set station.s.count=1,2,5,10 --set ap.ap.wmm=true,false \\
      --seeds 5 --out sweep           4 x 2 combinations, 5 seeds each
  rether-sim sweep X.toml --set traffic.load.rate=1Mbit/s,5Mbit/s --out load
  rether-sim sweep X.toml --set medium.path-loss.exponent=2,3 --set ap.1.channel=1,6 --out air
  rether-sim plot sweep               goodput and delays over the first key that has numbers

Paths: KEY at the top of the scenario; TABLE.KEY of [medium]; TABLE.NAME.KEY of [[ap]], [[station]],
[[traffic]], [[arm]], with the place of the table from 1 instead of a name if it has none. The key
need not be in the file. Values are as in the file; quotes may be left out. A flow from or to a
station with a `count` exists for each of them; tables and plots show them together.

A sweep that was stopped, or gets more values, goes on where it was: each point that is done is in
OUT/sweep.jsonl, under a key that changes with the scenario, the seed and the version.

Exit code: 0 if all points were run, 2 if not.";

/// Runs every combination of values of some keys of a scenario, with many seeds, on all processors;
/// ends in a table and a CSV file with one row a figure.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The scenario file.
    scenario: PathBuf,
    /// A key and its values; may be given many times, for every combination.
    #[arg(long, value_name = "PATH=VALUE,VALUE", required = true)]
    set: Vec<Setting>,
    /// Seeds of each combination, from --seed on.
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this arm.
    #[arg(long)]
    arm: Option<String>,
    /// Where sweep.jsonl and sweep.csv go.
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    out: PathBuf,
    /// Throws away what an earlier sweep left there.
    #[arg(long)]
    anew: bool,
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = &arguments.scenario;
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let seeds: Vec<u64> = (0..arguments.seeds)
        .map(|number| arguments.seed.wrapping_add(number))
        .collect();
    let arm = arguments.arm.as_deref();
    let plan = Plan::new(&text, path, &arguments.set, arm, &seeds)?;
    let kept = arguments.out.join(FILE);
    if arguments.anew && kept.exists() {
        fs::remove_file(&kept).with_context(|| kept.display().to_string())?;
    }
    let mut store = Store::open(&arguments.out)?;
    if store.was_torn() {
        eprintln!(
            "the last line of {} was cut off: its point is run again",
            kept.display()
        );
    }
    let missing = plan.missing(&store).count();
    if missing < plan.points.len() {
        let there = plan.points.len() - missing;
        let all = plan.points.len();
        eprintln!("{there} of {all} points are in {} already", kept.display());
    }
    let progress = Progress::new("points");
    let records = plan.run(&mut store, &|done, total| progress.show(done, total));
    progress.clear();
    let records = records.with_context(|| {
        format!(
            "what was done until then is in {}: the same command goes on from there",
            kept.display()
        )
    })?;
    let csv = arguments.out.join("sweep.csv");
    let file = File::create(&csv).with_context(|| csv.display().to_string())?;
    write_long_csv(&plan.parameters, &records, std::io::BufWriter::new(file))?;
    println!("{}", table(&plan, &summaries(&records), seeds.len() > 1));
    println!("Every figure: {}", csv.display());
    Ok(ExitCode::SUCCESS)
}

fn table(plan: &Plan, summaries: &[Summary], many: bool) -> Table {
    let shown = |measure: &Measure| {
        summaries
            .iter()
            .any(|summary| summary.measures.contains_key(measure))
    };
    let columns: Vec<Measure> = Measure::ALL.into_iter().filter(shown).collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let parameters = plan.parameters.iter().map(String::as_str);
    let titles = columns.iter().map(|measure| measure.title());
    table.set_header(parameters.chain(["arm", "flow"]).chain(titles));
    for summary in summaries {
        let values = summary.set.iter().map(|(_, value)| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        });
        let flow = match summary.subject {
            Subject::Up | Subject::Down => format!("{} {}", summary.group, summary.subject.name()),
            Subject::Transfer | Subject::Radio => summary.group.clone(),
        };
        let cells = columns.iter().map(|measure| {
            let series = summary.measures.get(measure);
            series.map_or_else(String::new, |series| {
                if many {
                    format!("{:.2} ±{:.2}", series.mean, series.sd)
                } else {
                    format!("{:.2}", series.mean)
                }
            })
        });
        table.add_row(values.chain([summary.arm.clone(), flow]).chain(cells));
    }
    for column in table.column_iter_mut().skip(plan.parameters.len() + 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
