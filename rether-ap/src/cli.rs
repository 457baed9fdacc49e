//! The command line of `rether-ap`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use rether_daemon::logging::{self, LogOptions};
use rether_daemon::watchdog::{Duty, Ending};
use rether_daemon::{cli, exit, host};
use rether_linux::link::InterfaceName;

use rether_daemon::config::BitRate;
use rether_daemon::promise::{End, PromiseOptions, flow_key, protocol};
use rether_proto::airtime::Rate;
use rether_proto::coordinator::explicit::EXPLICIT_IDLE;
use rether_proto::flow::FlowKey;
use rether_proto::policy::Rank;

use crate::ask::{self, Request};
use crate::{config, doctor, flows, keygen, run, status};

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
  rether-ap flows                       every promise: kept or not, and why
  rether-ap admit --station phone --rate 500kbit --what-if
                                        would that fit, and what is the most that does
  rether-ap what-if rate=6 --station phone
                                        whose promise would suffer if its PHY rate fell
  rether-ap handoffs                    who moved between this access point and others, and how
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
    /// Show every promise: what was promised, what was delivered, and why it was less
    Flows {
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Its control socket; all that run here if not given
        #[arg(long)]
        control: Option<PathBuf>,
    },
    /// Show which stations came from other access points, or went there, and what it cost
    ///
    /// "work / netlink" is of a station that came: processor time in microseconds from reading the
    /// kernel's word that it is new to the last netlink answer, without what its packets took, and how
    /// much of that was in netlink requests. With --json it is "work" of an entry.
    Handoffs {
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Its control socket
        #[arg(long)]
        control: Option<PathBuf>,
    },
    /// Promise a flow something that no rule of the policy does, or ask whether it would fit
    Admit(AdmitOptions),
    /// End the reservation of a flow
    Release {
        #[command(flatten)]
        flow: FlowOptions,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Its control socket
        #[arg(long)]
        control: Option<PathBuf>,
    },
    /// Whose promises would suffer, if
    #[command(name = "what-if")]
    WhatIf {
        /// The PHY rate that the station would have, in Mb/s, such as rate=6
        #[arg(value_parser = ask::setting)]
        rate: Rate,
        /// The station: its MAC address, or its agent's name
        #[arg(long)]
        station: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Its control socket
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

/// Which flow.
#[derive(Clone, Debug, clap::Args)]
struct FlowOptions {
    /// The station: its MAC address, or its agent's name
    #[arg(long)]
    station: String,
    /// udp, tcp, icmp, or a number
    #[arg(long, default_value = "udp", value_parser = protocol)]
    protocol: u8,
    /// The flow's end at the station, such as 10.0.0.2:5004
    #[arg(long)]
    from: Option<End>,
    /// The flow's other end, such as 10.0.1.9:5004
    #[arg(long)]
    to: Option<End>,
}

impl FlowOptions {
    fn key(&self) -> anyhow::Result<FlowKey> {
        let (Some(from), Some(to)) = (self.from, self.to) else {
            anyhow::bail!(
                "name the flow by --from and --to, such as --from 10.0.0.2:5004 --to 10.0.1.9:5004"
            )
        };
        flow_key(self.protocol, from, to)
    }
}

/// Options of `rether-ap admit`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rether-ap admit --station phone --rate 500kbit --packet 1200 --direction up --what-if
  rether-ap admit --station phone --rate 88kbit --from 10.0.0.2:5004 --to 10.0.1.9:5004

The exit code is 1 if it is or would be refused.")]
struct AdmitOptions {
    #[command(flatten)]
    flow: FlowOptions,
    #[command(flatten)]
    promise: PromiseOptions,
    /// Higher is kept longer when the air is short
    #[arg(long, default_value_t = Rank::DEFAULT_PRIORITY)]
    priority: u8,
    /// What is left of it at worst; without it the whole rate, or nothing
    #[arg(long, value_parser = cli::value::<BitRate>)]
    min_rate: Option<BitRate>,
    /// Only tell what would happen
    #[arg(long)]
    what_if: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Its control socket
    #[arg(long)]
    control: Option<PathBuf>,
}

impl AdmitOptions {
    fn request(&self) -> anyhow::Result<Request> {
        let key = match self.flow.key() {
            // Of a flow that is only an idea the protocol is enough.
            Err(_) if self.what_if => FlowKey {
                protocol: self.flow.protocol,
                ..FlowKey::UNKNOWN
            },
            key => key?,
        };
        Ok(Request::Admit {
            station: self.flow.station.clone(),
            key,
            direction: self.promise.direction(),
            promise: self.promise.promise(),
            rank: Rank {
                priority: self.priority,
                min_rate: self.min_rate.map(|least| least.0),
            },
            idle: EXPLICIT_IDLE,
            what_if: self.what_if,
        })
    }
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
        Command::Flows { json, control } => cli::status_part(
            control.as_deref(),
            run::SUFFIX,
            json,
            flows::of,
            flows::human,
        ),
        Command::Handoffs { json, control } => ask::show_handoffs(control.as_deref(), json),
        Command::Admit(options) => ask::ask(
            options.control.as_deref(),
            &options.request()?,
            options.json,
        ),
        Command::Release {
            flow,
            json,
            control,
        } => {
            let (station, key) = (flow.station.clone(), flow.key()?);
            ask::ask(control.as_deref(), &Request::Release { station, key }, json)
        }
        Command::WhatIf {
            rate,
            station,
            json,
            control,
        } => {
            let (up, down) = (rate, rate);
            ask::ask(
                control.as_deref(),
                &Request::Rate { station, up, down },
                json,
            )
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
