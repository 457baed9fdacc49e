//! The command line of `rether-ap`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use rether_daemon::logging::{self, LogOptions};
use rether_daemon::watchdog::{Duty, Ending};
use rether_daemon::{cli, exit, host};
use rether_linux::link::InterfaceName;

use crate::{config, doctor, keygen, run, status};

/// Keeps promises of bandwidth and delay in a Wi-Fi cell, without new hardware and without
/// changes to applications.
///
/// It runs beside hostapd. While nothing is promised to anybody it only watches for flows that
/// the policy in its configuration describes. While such a flow lasts, it passes a token from
/// station to station, so that nobody sends at the wrong time.
#[derive(Debug, Parser)]
#[command(
    name = "rether-ap",
    version,
    after_help = "\
Examples:
  rether-ap doctor                      what works on this machine, and what to do about the rest
  rether-ap check                       look for mistakes in /etc/rether/ap.toml
  rether-ap run                         serve the only access point of this machine
  rether-ap run --interface wlan1 -v    serve this one, and say more
  rether-ap status                      who is promised what, and what they got
  rether-ap keygen /etc/rether/site.key make the key that the stations need, too

Exit codes: 0 ok, 1 failed, 2 wrong command line, 77 missing rights, 78 wrong configuration.
The configuration is explained in /etc/rether/ap.toml."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a cell until SIGTERM; SIGHUP reads the policy again
    Run(RunOptions),
    /// Look for mistakes in a configuration file
    Check {
        /// The file
        #[arg(default_value = config::DEFAULT_FILE)]
        file: PathBuf,
    },
    /// Show what a running rether-ap does
    Status {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
        /// Its observe socket; all that run here if not given
        #[arg(long)]
        control: Option<PathBuf>,
    },
    /// Check what on this machine will work and what will not, and why
    Doctor {
        /// The access point's interface
        #[arg(long)]
        interface: Option<InterfaceName>,
        /// hostapd's control socket
        #[arg(long)]
        hostapd: Option<PathBuf>,
    },
    /// Make a key for [security]: into a new file that only its owner reads, or onto the screen
    Keygen {
        /// The new file
        file: Option<PathBuf>,
    },
    #[command(hide = true)]
    Watchdog(Duty),
}

/// Options of `rether-ap run`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  rether-ap run --config /etc/rether/ap.toml
  rether-ap run --interface wlan0 --record /tmp/cell.jsonl   # for a bug report")]
pub struct RunOptions {
    /// The configuration; without it /etc/rether/ap.toml if that exists
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The access point's interface; without it that of the configuration, or the only one
    #[arg(long)]
    pub interface: Option<InterfaceName>,
    /// Where to put the observe socket [default: /run/rether/INTERFACE.ap.sock]
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// hostapd's control socket [default: /run/hostapd/INTERFACE]
    #[arg(long, value_name = "SOCKET")]
    pub hostapd: Option<PathBuf>,
    /// Record every input and output of the coordinator, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Runs the command line; returns the exit code.
///
/// # Errors
/// What went wrong and what to do.
pub fn main() -> anyhow::Result<u8> {
    let arguments = Arguments::parse();
    logging::start(arguments.log);
    match arguments.command {
        Command::Run(options) => host::block_on(run::run(&options)),
        Command::Check { file } => {
            let config = config::load(&file)?;
            let rules = config.policy.rules.len();
            cli::print(&format!("{}: ok, {rules} policy rules\n", file.display()))?;
            Ok(exit::OK)
        }
        Command::Status { json, control } => {
            cli::status(control.as_deref(), run::SUFFIX, json, status::human)
        }
        Command::Doctor { interface, hostapd } => {
            host::block_on(doctor::doctor(interface.as_ref(), hostapd.as_deref()))
        }
        Command::Keygen { file } => keygen::keygen(file.as_deref()),
        Command::Watchdog(duty) => {
            let ending = duty.run(rether_daemon::watchdog::inherited_pipe()?);
            if !matches!(ending, Ok(Ending::GoodBye)) {
                host::block_on(run::clean_up(&duty.interface))?;
            }
            ending.map(|_| exit::OK)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
