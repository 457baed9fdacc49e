//! `rether-sim roam`: what a handoff must stand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use comfy_table::{ContentArrangement, Table, presets};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rether_sim::roam::{Fault, Site, Verdict, faults, judge};
use serde::Serialize;

use crate::progress::Progress;

/// Lets stations roam between access points, thousands of times, with one fault in each run, and
/// says what became of every packet.
///
/// What runs are the machines that ship, of access points and stations, and the channels between
/// them. Rules hold in every run: one access point serves a station in one stay, each packet that is
/// caught has one verdict, no path is switched before the pen is empty or its timer has come, pens
/// end and have caps, and each packet is received or counted. The exit code is 1 if a rule or a bar
/// is broken.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Runs of each fault at each strength.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// Only one seed, this one: to look at a run that broke a rule.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Only faults whose names contain this; may be given several times.
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Names all faults, and runs none.
    #[arg(long)]
    list: bool,
    /// Prints what was found as JSON, each strength by itself.
    #[arg(long)]
    json: bool,
    /// Also writes the table as a page of the documentation.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  rether-sim roam                          every fault, 100 runs of each strength
  rether-sim roam --list                   their names
  rether-sim roam --fault ARRIVED --seeds 1000
                                           all that can happen to ARRIVED and its answer
  rether-sim roam --fault partition --seed 9 --json
                                           one run, by itself
  rether-sim roam --seeds 1000 --markdown docs/results-roam.md

Columns: lost is what no reason of the fault itself explains; destroyed is what was in an access
point that died, had no room in a pen, or was sent where no station could listen, as far as the
fault's bar allows for it; gap is the longest time without a packet, recovery what it is longer than
the radio was away.";

/// One fault at one strength, and what came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Found {
    fault: String,
    strength: String,
    #[serde(flatten)]
    verdict: Verdict,
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let wanted = wanted(&arguments.fault)?;
    if arguments.list {
        let names: Vec<_> = rows(wanted.iter().map(|fault| (fault.name.as_str(), ())))
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        println!("{}", names.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let found = find(&wanted, arguments);
    let verdicts = || found.iter().map(|one| (one.fault.as_str(), &one.verdict));
    let rows: Vec<_> = rows(verdicts())
        .into_iter()
        .map(|(name, all)| {
            let all = all.into_iter().cloned();
            (name, all.reduce(Verdict::and).unwrap_or_default())
        })
        .collect();
    if let Some(path) = &arguments.markdown {
        std::fs::write(path, markdown(&rows)).with_context(|| path.display().to_string())?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        println!("{}", table(&rows));
        println!("{}", summary(&rows));
    }
    let passed = rows.iter().all(|(_, verdict)| verdict.passed());
    Ok(ExitCode::from(u8::from(!passed)))
}

fn wanted(names: &[String]) -> Result<Vec<Fault>> {
    let all = faults();
    let holds =
        |fault: &Fault, name: &String| fault.name.to_lowercase().contains(&name.to_lowercase());
    for name in names {
        if !all.iter().any(|fault| holds(fault, name)) {
            bail!("no fault has `{name}` in its name: `rether-sim roam --list` shows their names");
        }
    }
    let chosen = |fault: &Fault| names.is_empty() || names.iter().any(|name| holds(fault, name));
    Ok(all.into_iter().filter(chosen).collect())
}

fn find(wanted: &[Fault], arguments: &Arguments) -> Vec<Found> {
    let seeds = match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => 0..arguments.seeds,
    };
    let progress = Progress::new("faults");
    let done = AtomicUsize::new(0);
    let found = wanted
        .par_iter()
        .map(|fault| {
            let site = Site::new(&fault.plan);
            let verdict = seeds
                .clone()
                .into_par_iter()
                .map(|seed| judge(fault, &site, seed))
                .reduce(Verdict::default, Verdict::and);
            progress.show(done.fetch_add(1, Ordering::Relaxed) + 1, wanted.len());
            Found {
                fault: fault.name.clone(),
                strength: fault.strength.clone(),
                verdict,
            }
        })
        .collect();
    progress.clear();
    found
}

/// What belongs to each name, in the order in which names come first.
fn rows<'a, T>(all: impl Iterator<Item = (&'a str, T)>) -> Vec<(&'a str, Vec<T>)> {
    let mut rows: Vec<(&str, Vec<T>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (name, one) in all {
        let place = *places.entry(name).or_insert(rows.len());
        if place == rows.len() {
            rows.push((name, Vec::new()));
        }
        rows[place].1.push(one);
    }
    rows
}

const HEADER: [&str; 11] = [
    "fault",
    "runs",
    "handoffs",
    "packets",
    "lost",
    "destroyed",
    "twice",
    "reordered",
    "gap ms",
    "recovery ms",
    "broken",
];

fn cells(name: &str, verdict: &Verdict) -> [String; 11] {
    let millis =
        |span: rether_proto::time::Duration| format!("{:.1}", span.as_nanos() as f64 / 1e6);
    let broken = verdict.broken.iter();
    let broken = broken.map(|(rule, times)| format!("{rule}: {times} times"));
    let seed = verdict.seed.map(|seed| format!("first with seed {seed}"));
    [
        name.to_owned(),
        verdict.runs.to_string(),
        verdict.handoffs.to_string(),
        verdict.sent.to_string(),
        verdict.beyond.to_string(),
        (verdict.lost - verdict.beyond).to_string(),
        verdict.doubled.to_string(),
        verdict.reordered.to_string(),
        millis(verdict.gap),
        millis(verdict.recovery),
        broken.chain(seed).collect::<Vec<_>>().join("; "),
    ]
}

fn table(rows: &[(&str, Verdict)]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(HEADER);
    for (name, verdict) in rows {
        table.add_row(cells(name, verdict));
    }
    table
}

fn summary(rows: &[(&str, Verdict)]) -> String {
    let verdicts = rows.iter().map(|(_, verdict)| verdict.clone());
    let all = verdicts.reduce(Verdict::and).unwrap_or_default();
    let passed = rows.iter().filter(|(_, verdict)| verdict.passed()).count();
    format!(
        "{passed} of {} faults are stood: {} runs, {} handoffs, {} packets, of which {} are lost, {} \
         destroyed by their faults and counted, {} unaccounted for.",
        rows.len(),
        all.runs,
        all.handoffs,
        all.sent,
        all.beyond,
        all.lost - all.beyond,
        all.uncounted
    )
}

fn markdown(rows: &[(&str, Verdict)]) -> String {
    let mut page = format!(
        "# What a handoff stands\n\n\
         Made by `rether-sim roam --markdown`; [simulator.md](simulator.md#roaming) says what runs and \
         what the columns are.\n\n{}\n\n| {} |\n|{}\n",
        summary(rows),
        HEADER.join(" | "),
        "---|".repeat(HEADER.len())
    );
    for (name, verdict) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| {} |", cells(name, verdict).join(" | "));
    }
    page
}
