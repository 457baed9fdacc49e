//! `rether-sim run`: one scenario, all its arms, some seeds.

mod air;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use rether_proto::time::Duration;
use rether_sim::results::{run_seeds, write};
use rether_sim::rows::write_csv;
use rether_sim::scenario::{Arm, Scenario, Span};
use rether_sim::verdict::{Verdicts, judge_outcomes};
use rether_sim::world::{Options, Outcome};

const EXAMPLES: &str = "Examples:
  rether-sim run lab/scenarios/X.toml                a table: what every flow got, in each arm
  rether-sim run X.toml --seeds 20                   mean and standard deviation over 20 seeds
  rether-sim run X.toml --csv > flows.csv            one row a run, flow and way
  rether-sim run X.toml --arm plain --pcap air.pcap  every frame, for Wireshark
  rether-sim run X.toml --out report --delays --sample 100ms
  rether-sim plot report                             ...and plots of what that left

Paths of figures, for the [[check]] tables of the scenario and in result.json:
  traffic.FLOW.goodput-bps                      of every flow but calls, bit/s
  traffic.FLOW.calls.0.up.stream.lost           packets of a call, up or down
  traffic.FLOW.calls.0.down.stream.delay_ms.p99 one-way delay, ms
  calls.up.late                                 all calls together
  radios.NODE.collision-probability             by access point and station
  status.AP.cell.stats.tokens                   what the coordinator says of itself
lab/README.md has the format of scenarios.

Exit code: 0 if every check of the scenario holds, 1 if one does not, 2 if the run did not finish.";

/// Runs a scenario, shows what every flow got, and judges the checks of the scenario.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The scenario file, of the same format as the lab's; it needs `kind = "air"` under [medium].
    scenario: PathBuf,
    /// The seed of all that is random; the same seed gives the same result.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, from --seed on; checks must hold with each.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// Only this arm.
    #[arg(long)]
    arm: Option<String>,
    /// Prints all figures as JSON instead of a table.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV instead of a table: one row a run, flow and way.
    #[arg(long)]
    csv: bool,
    /// Writes every frame on the air to a pcap file with radiotap headers. With several arms, each
    /// gets a file with its name added: air-plain.pcap. One seed only.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Writes DIR/NAME/ARM/result.json, as the lab does, and DIR/NAME/checks.json; with several
    /// seeds into DIR/NAME/seed-N.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keeps the delay of each packet of a call in the result, for `rether-sim plot`.
    #[arg(long)]
    delays: bool,
    /// Notes airtime this often in the result, for `rether-sim plot`, such as "100ms".
    #[arg(long, value_name = "TIME", value_parser = interval)]
    sample: Option<Duration>,
}

fn interval(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse()?;
    let span = Duration::from(span);
    if span.is_zero() {
        return Err("must be more than 0".to_owned());
    }
    Ok(span)
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let scenario = Scenario::load(&arguments.scenario)?;
    let arms = arms(&scenario, arguments.arm.as_deref())?;
    let options = Options {
        cost: false,
        sample: arguments.sample,
        delays: arguments.delays,
    };
    let outcomes = if let Some(path) = &arguments.pcap {
        anyhow::ensure!(
            arguments.seeds == 1,
            "a capture is of one run: leave --seeds out, or choose the run with --seed"
        );
        air::capture(&scenario, &arms, arguments.seed, &options, path)?
    } else {
        let seeds: Vec<u64> = (0..arguments.seeds)
            .map(|number| arguments.seed.wrapping_add(number))
            .collect();
        run_seeds(&scenario, &arms, &seeds, &options)?
    };
    show(arguments, &outcomes)?;
    let mut passed = true;
    for run in outcomes.chunks(arms.len()) {
        let run: Vec<&Outcome> = run.iter().collect();
        let seed = run.first().map_or(0, |outcome| outcome.seed);
        let judged = judge_outcomes(&scenario, &run)?;
        passed &= judged.verdicts.iter().all(|verdict| verdict.passed);
        tell(&scenario, seed, arguments.seeds > 1, &judged);
        if let Some(folder) = &arguments.out {
            let mut folder = folder.join(&scenario.name);
            if arguments.seeds > 1 {
                folder.push(format!("seed-{seed}"));
            }
            write(&folder, &run, &judged)?;
        }
    }
    if let Some(folder) = &arguments.out {
        eprintln!("results: {}", folder.join(&scenario.name).display());
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn arms<'a>(scenario: &'a Scenario, wanted: Option<&str>) -> Result<Vec<&'a Arm>> {
    let fits = |arm: &&Arm| wanted.is_none_or(|wanted| wanted == arm.name);
    let arms: Vec<_> = scenario.arm.iter().filter(fits).collect();
    anyhow::ensure!(
        !arms.is_empty(),
        "no arm is named `{}`; there are: {}",
        wanted.unwrap_or_default(),
        names(scenario)
    );
    Ok(arms)
}

fn names(scenario: &Scenario) -> String {
    let names: Vec<_> = scenario.arm.iter().map(|arm| arm.name.as_str()).collect();
    names.join(", ")
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what the program is for"
)]
fn show(arguments: &Arguments, outcomes: &[Outcome]) -> Result<()> {
    if arguments.json {
        let text = serde_json::to_string_pretty(outcomes).context("figures as JSON")?;
        println!("{text}");
    } else if arguments.csv {
        write_csv(outcomes, std::io::stdout().lock())?;
    } else {
        for table in table::tables(outcomes) {
            println!("{table}\n");
        }
    }
    Ok(())
}

/// Verdicts go to standard error, where they do not mix with figures that another program reads.
fn tell(scenario: &Scenario, seed: u64, many: bool, judged: &Verdicts) {
    let failed = judged.verdicts.iter().filter(|verdict| !verdict.passed);
    let which = if many {
        format!(", seed {seed}")
    } else {
        String::new()
    };
    // Of many seeds, only what went wrong.
    for verdict in judged.verdicts.iter().filter(|one| !many || !one.passed) {
        eprintln!("{verdict}");
    }
    let (all, failed) = (judged.verdicts.len(), failed.count());
    if all > 0 && (!many || failed > 0) {
        let held = all - failed;
        eprintln!("{}{which}: {held} of {all} checks hold", scenario.name);
    }
    if judged.left_out > 0 {
        eprintln!(
            "{}{which}: {} checks of arms that were not run are not judged",
            scenario.name, judged.left_out
        );
    }
}
