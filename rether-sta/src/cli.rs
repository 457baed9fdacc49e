//! The command line of `rether-sta`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use rether_daemon::logging::{self, LogOptions};
use rether_daemon::watchdog::{self, Duty};
use rether_daemon::{cli, exit, host};
use rether_linux::link::InterfaceName;

use rether_daemon::config::Span;
use rether_daemon::promise::{End, PromiseOptions, flow_key, protocol};
use rether_proto::agent::Wish;
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;

use crate::ask::{self, Request};
use crate::{config, doctor, handoff, run, status};

/// Lets this station take part in a Wi-Fi cell whose access point runs rether-ap.
///
/// It needs no configuration: the policy is at the access point. Elsewhere, and whenever the
/// access point is silent, it changes nothing.
#[derive(Debug, Parser)]
#[command(
    name = "rether-sta",
    version,
    after_help = "\
Examples:
  rether-sta run                      take part with the only station interface of this machine
  rether-sta run --interface wlan1    with this one
  rether-sta status                   is there a coordinator, and what did it promise
  rether-sta reserve --to 10.0.0.5:5004 --rate 100kbit --for 10min
                                      ask for a promise without a rule at the access point
  rether-sta handoff to 02:00:00:00:01:00
                                      move to this access point without losing a packet
  rether-sta handoff last             how long each part of the last move took
  rether-sta doctor                   what works on this machine, and what to do about the rest

Exit codes: 0 ok, 1 failed, 2 wrong command line, 77 missing rights, 78 wrong configuration."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take part until SIGTERM
    Run(RunOptions),
    /// Look for mistakes in a configuration file
    Check {
        /// The file
        #[arg(default_value = config::DEFAULT_FILE)]
        file: PathBuf,
    },
    /// Show what a running rether-sta does
    Status {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
        /// Its observe socket; all that run here if not given
        #[arg(long)]
        control: Option<PathBuf>,
    },
    /// Ask the access point for a promise that its policy does not make
    ///
    /// Its operator must allow that. The promise ends when the flow is idle for half a minute.
    Reserve {
        #[command(flatten)]
        flow: FlowOptions,
        #[command(flatten)]
        promise: PromiseOptions,
        /// How long, such as 10min; without it until the flow is idle
        #[arg(long = "for", value_name = "SPAN", value_parser = cli::value::<For>)]
        span: Option<For>,
    },
    /// Give up what was asked for with the same --to, --protocol and --from-port
    Release {
        #[command(flatten)]
        flow: FlowOptions,
    },
    /// Move to another access point, and see how moves went
    #[command(subcommand)]
    Handoff(HandoffCommand),
    /// Check what on this machine will work and what will not, and why
    Doctor {
        /// The station's interface
        #[arg(long)]
        interface: Option<InterfaceName>,
        /// wpa_supplicant's control socket
        #[arg(long)]
        wpa: Option<PathBuf>,
    },
    #[command(hide = true)]
    Watchdog(Duty),
}

/// What is asked about handoffs.
#[derive(Debug, Subcommand)]
enum HandoffCommand {
    /// Move there; returns when the station has arrived, or stays
    ///
    /// The access point is asked first what it keeps of the promises made to this station. Then
    /// packets wait at both ends while the radio switches. The exit code is 0 if it arrived.
    #[command(after_help = "\
Example:
  rether-sta handoff to 02:00:00:00:01:00     # `wpa_cli scan_results` lists what is in reach")]
    To {
        /// Address of the access point, of the same network
        bssid: MacAddr,
        #[command(flatten)]
        asking: Asking,
    },
    /// Show the last move
    Last {
        #[command(flatten)]
        asking: Asking,
    },
    /// Show the last 64 moves
    ///
    /// PREPARE is the time until the answer of the access point to go to, LEAVE from the shut gate
    /// until the old one lets go, SWITCH until data flow again; all in milliseconds. WHY is
    /// `ordered`, `signal` (the other is stronger), `advised`, or `lost`: wpa_supplicant moved by
    /// itself.
    History {
        #[command(flatten)]
        asking: Asking,
    },
}

/// Whom to ask, and how to show the answer.
#[derive(Clone, Debug, clap::Args)]
struct Asking {
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The daemon's control socket
    #[arg(long)]
    control: Option<PathBuf>,
}

impl HandoffCommand {
    fn run(&self) -> anyhow::Result<u8> {
        match self {
            Self::To { bssid, asking } => {
                handoff::to(asking.control.as_deref(), *bssid, asking.json)
            }
            Self::Last { asking } => handoff::last(asking.control.as_deref(), asking.json),
            Self::History { asking } => handoff::history(asking.control.as_deref(), asking.json),
        }
    }
}

type For = Span<1_000_000, 86_400_000_000>;

/// Which flow.
#[derive(Clone, Debug, clap::Args)]
struct FlowOptions {
    /// Where it goes, such as 10.0.0.5:5004; an address alone for icmp
    #[arg(long)]
    to: End,
    /// udp, tcp, icmp, or a number
    #[arg(long, default_value = "udp", value_parser = protocol)]
    protocol: u8,
    /// The port at this machine; without it that of the first packet
    #[arg(long, default_value_t = 0)]
    from_port: u16,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The daemon's control socket
    #[arg(long)]
    control: Option<PathBuf>,
}

impl FlowOptions {
    fn key(&self) -> anyhow::Result<FlowKey> {
        let address = ask::own_address(self.to.address)?;
        let port = self.from_port;
        flow_key(self.protocol, End { address, port }, self.to)
    }

    fn ask(&self, request: &Request) -> anyhow::Result<u8> {
        ask::ask(self.control.as_deref(), request, self.json)
    }
}

/// Options of `rether-sta run`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  rether-sta run
  rether-sta run --interface wlan0 --record /tmp/agent.jsonl   # for a bug report")]
pub struct RunOptions {
    /// The configuration; without it /etc/rether/sta.toml if that exists, which need not
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The station's interface; without it that of the configuration, or the only one
    #[arg(long)]
    pub interface: Option<InterfaceName>,
    /// Where to put the observe socket [default: /run/rether/INTERFACE.sta.sock]
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// wpa_supplicant's control socket [default: /run/wpa_supplicant/INTERFACE]
    #[arg(long, value_name = "SOCKET")]
    pub wpa: Option<PathBuf>,
    /// Record every input and output of the agent, as JSON lines
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
            config::load(&file)?;
            cli::print(&format!("{}: ok\n", file.display()))?;
            Ok(exit::OK)
        }
        Command::Status { json, control } => {
            cli::status(control.as_deref(), run::SUFFIX, json, status::human)
        }
        Command::Reserve {
            flow,
            promise,
            span,
        } => {
            let wish = Wish {
                key: flow.key()?,
                direction: promise.direction(),
                promise: promise.promise(),
                span: span.map(|span| span.0),
            };
            flow.ask(&Request::Reserve { wish })
        }
        Command::Release { flow } => flow.ask(&Request::Release { key: flow.key()? }),
        Command::Handoff(asked) => asked.run(),
        Command::Doctor { interface, wpa } => {
            host::block_on(doctor::doctor(interface.as_ref(), wpa.as_deref()))
        }
        Command::Watchdog(duty) => {
            duty.run(watchdog::inherited_pipe()?)?;
            Ok(exit::OK)
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
