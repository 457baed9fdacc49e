//! `rether-sim`: asks the simulator.

mod capacity;
mod compare;
mod guarantees;
mod plot;
mod progress;
mod roam;
mod run;
mod sweep;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Simulates 802.11 cells with and without Rether: the shipped cores over a medium with
/// contention, collisions and airtime, hundreds to thousands of times faster than they would run.
#[derive(Debug, Parser)]
#[command(name = "rether-sim", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  rether-sim compare                   what plain 802.11, 802.11e and Rether do to calls under load
  rether-sim guarantees --quick        what Rether must reach, and what it does
  rether-sim roam                      thousands of handoffs, each with a fault
  rether-sim run lab/scenarios/X.toml  one scenario, its figures as a table
  rether-sim run X.toml --seeds 20     ...with mean and standard deviation over 20 seeds
  rether-sim sweep X.toml --set station.s.count=1,2,5   many values of its keys
  rether-sim plot sweep                their plots
  rether-sim validate                  how far the medium agrees with ns-3 and with theory";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Compare(compare::Arguments),
    Capacity(capacity::Arguments),
    Guarantees(guarantees::Arguments),
    Roam(roam::Arguments),
    Sweep(sweep::Arguments),
    Plot(plot::Arguments),
    Validate(validate::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Capacity(arguments) => capacity::run(&arguments),
        Command::Guarantees(arguments) => guarantees::run(&arguments),
        Command::Roam(arguments) => roam::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", text(&error));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes, of which some say in their own text what caused them.
fn text(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    text
}
