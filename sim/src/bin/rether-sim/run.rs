//! `rether-sim run`: one scenario, all its arms, some seeds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table, presets};
use rether_sim::FlowFigures;
use rether_sim::scenario::Scenario;
use rether_sim::world::{self, Options, Outcome};
use rether_voip::stats::DelaySummary;

/// Runs a scenario and shows what every flow got.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The scenario file, of the same format as the lab's.
    scenario: PathBuf,
    /// The seed of all that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this arm.
    #[arg(long)]
    arm: Option<String>,
    /// Prints all figures as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what the program is for"
)]
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let scenario = Scenario::load(&arguments.scenario)?;
    let wanted = |name: &str| arguments.arm.as_deref().is_none_or(|arm| arm == name);
    let arms: Vec<_> = scenario
        .arm
        .iter()
        .filter(|arm| wanted(&arm.name))
        .collect();
    anyhow::ensure!(
        !arms.is_empty(),
        "no arm of that name; there are: {}",
        names(&scenario)
    );
    let mut outcomes = Vec::new();
    for arm in arms {
        let outcome = world::run(&scenario, arm, arguments.seed, &Options::default())?;
        outcomes.push(outcome);
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&outcomes).context("figures as JSON")?;
        println!("{text}");
    } else {
        for outcome in &outcomes {
            println!("{}\n", table(outcome));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn names(scenario: &Scenario) -> String {
    let names: Vec<_> = scenario.arm.iter().map(|arm| arm.name.as_str()).collect();
    names.join(", ")
}

fn table(outcome: &Outcome) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let arm = format!("{}, arm {}", outcome.scenario, outcome.arm);
    table.set_header([
        &arm, "sent", "lost", "late", "Mb/s", "mean ms", "p99 ms", "MOS",
    ]);
    let delay = |summary: Option<DelaySummary>| match summary {
        Some(delay) => [format!("{:.2}", delay.mean), format!("{:.2}", delay.p99)],
        None => [String::new(), String::new()],
    };
    for (name, figures) in &outcome.traffic {
        match figures {
            FlowFigures::Voice { calls } => {
                for call in calls {
                    for (way, stream) in [("up", &call.up), ("down", &call.down)] {
                        let [mean, p99] = delay(stream.stream.delay_ms);
                        table.add_row([
                            format!("{name} {way}"),
                            stream.sent.to_string(),
                            stream.stream.lost.to_string(),
                            stream.stream.late.to_string(),
                            String::new(),
                            mean,
                            p99,
                            format!("{:.2}", stream.stream.quality.mos),
                        ]);
                    }
                }
            }
            FlowFigures::Transfer(transfer) => {
                let [mean, p99] = delay(transfer.delay_ms);
                table.add_row([
                    name.clone(),
                    transfer.sent.to_string(),
                    transfer.lost.to_string(),
                    String::new(),
                    format!("{:.2}", transfer.goodput_bps / 1e6),
                    mean,
                    p99,
                    String::new(),
                ]);
            }
        }
    }
    table
}
