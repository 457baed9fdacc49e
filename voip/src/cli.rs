//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use rether_voip::clock::ClockChoice;
use rether_voip::profile::Profile;

/// Test calls for wireless networks
///
/// One end runs `rether-voip answer`, the other `rether-voip call HOST`. Both send
/// real RTP with the packet sizes and times of a phone. At the end the caller prints,
/// for each direction, what a listener would have noticed: loss, late packets, delay,
/// jitter, the longest gap and the MOS, for the whole call and for every five seconds.
#[derive(Debug, Parser)]
#[command(name = "rether-voip", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Examples:
  rether-voip answer                      at one end, and at the other:
  rether-voip call 192.0.2.7              a G.711 call of 30 s
  rether-voip call 192.0.2.7 --profile g729 --duration 5m --calls 4
  rether-voip call 192.0.2.7 --max-loss 0% --max-p99 25ms --min-mos 4.0 --json=call.json

Ports: voice is UDP 5004 at both ends and control is UDP 5005; open both in a firewall.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Place calls and report how they went
    Call(Box<CallArgs>),
    /// Answer calls until stopped
    Answer(AnswerArgs),
}

#[derive(Debug, Args)]
#[command(after_help = CALL_AFTER)]
pub(crate) struct CallArgs {
    /// Name or address of the machine that runs `rether-voip answer`
    pub(crate) host: String,
    /// Kind of call
    #[arg(long, value_enum, default_value = "g711")]
    pub(crate) profile: Profile,
    /// Length of the call, e.g. 30s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = call_length)]
    pub(crate) duration: Duration,
    /// Calls at once, spread evenly over a packet time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=250))]
    pub(crate) calls: u16,
    /// Packets slower than this count as late: no phone waits longer for them
    #[arg(long, value_name = "TIME", default_value = "150ms", value_parser = humantime::parse_duration)]
    pub(crate) late: Duration,
    /// How to measure one-way delay
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) clock: ClockChoice,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Local voice port of the first call, each further call two up; 0 is any [default: as --port]
    #[arg(long, value_name = "PORT")]
    pub(crate) local_port: Option<u16>,

    /// Print JSON instead of the table, or write it to FILE beside the table
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) json: Option<Option<PathBuf>>,
    /// Show a line a second on standard error also when it is not a terminal
    #[arg(long)]
    pub(crate) live: bool,
    /// Show nothing on standard error while the calls last
    #[arg(long, conflicts_with = "live")]
    pub(crate) quiet: bool,

    /// Most packets lost, e.g. 1%
    #[arg(long, value_name = "PERCENT", value_parser = percent, help_heading = "Thresholds")]
    pub(crate) max_loss: Option<f64>,
    /// Highest 99th percentile of the one-way delay, e.g. 50ms
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Thresholds")]
    pub(crate) max_p99: Option<Duration>,
    /// Lowest MOS of any five seconds, e.g. 3.6
    #[arg(long, value_name = "MOS", value_parser = score, help_heading = "Thresholds")]
    pub(crate) min_mos: Option<f64>,
    /// Longest gap between two packets, e.g. 100ms
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Thresholds")]
    pub(crate) max_gap: Option<Duration>,

    /// Wait this long for the call to be set up
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration, help_heading = "Patience")]
    pub(crate) setup_timeout: Duration,
    /// Give a call up after hearing nothing for this long
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration, help_heading = "Patience")]
    pub(crate) dead_after: Duration,
    /// Wait this long for the other end's report after the call
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration, help_heading = "Patience")]
    pub(crate) report_timeout: Duration,
}

const CALL_AFTER: &str = "\
Thresholds hold for every call and both directions. Packets that came but were late are
not lost: they show in --max-p99 and --min-mos.

One-way delay is exact if both ends run on one kernel (e.g. in network namespaces), which
--clock auto finds out by the kernel's boot id and a ping. Otherwise the clocks are aligned
by the quickest ping of the set-up and a delay is right to half its round trip.

MOS is the E-model (ITU-T G.107) with Ie and Bpl of G.113, losses taken as independent
(BurstR 1), and as delay the 99th percentile plus packet time and codec look-ahead. For
opus-like there is no standard value: compare it with itself only.

Packets are not marked (DSCP 0) unless asked for, so that a test says how the network treats
applications as they are. --dscp marks what this end sends; answer has its own --dscp.

Ctrl-C ends the calls early and still reports.

Exit code: 0 all well; 1 a threshold was missed or a call broke off; 2 a call could not be
placed, or wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = ANSWER_AFTER)]
pub(crate) struct AnswerArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// End after one call (or several at once)
    #[arg(long)]
    pub(crate) once: bool,
    /// Calls at a time; further ones are refused
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=250))]
    pub(crate) max_calls: u16,
    /// Refuse calls longer than this
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = call_length)]
    pub(crate) max_duration: Duration,
    /// Forget a caller after hearing nothing for this long
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration)]
    pub(crate) dead_after: Duration,
    /// Print a line of JSON at the end of each call: what this end sent and received
    #[arg(long)]
    pub(crate) json: bool,
    /// Show nothing on standard error
    #[arg(long)]
    pub(crate) quiet: bool,
}

const ANSWER_AFTER: &str = "\
Anyone who reaches the two ports may call. Voice is sent only to an address that has proved,
by returning a cookie, that it asked for it, and only while it stays in touch. Use --bind or
a firewall to keep others out. A machine with several addresses should be given --bind, so
that it answers from the address that was called.

Exit code: 0 stopped by a signal, or --once and the caller has its report; 1 --once and a
caller vanished; 2 the ports cannot be used.";

#[derive(Debug, Args)]
pub(crate) struct NetworkArgs {
    /// Voice port of the answering end; control is the next one up
    #[arg(long, value_name = "PORT", default_value_t = 5004, value_parser = clap::value_parser!(u16).range(1..65535))]
    pub(crate) port: u16,
    /// Local address [default: any]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,
    /// DSCP of the voice this end sends: a number, EF, VA, CS0-CS7 or AF11-AF43
    #[arg(long, value_name = "DSCP", default_value = "0", value_parser = dscp)]
    pub(crate) dscp: u8,
    /// Tell in JSON the delay of each packet that this end receives
    #[arg(long)]
    pub(crate) packets: bool,
}

/// Longest call: a day. Its statistics take 35 MB at 10 ms.
const LONGEST: Duration = Duration::from_secs(86_400);

fn call_length(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if length < Duration::from_millis(20) || length > LONGEST {
        return Err("must be from 20ms to 1day".into());
    }
    Ok(length)
}

fn percent(text: &str) -> Result<f64, String> {
    within(text.strip_suffix('%').unwrap_or(text), 0.0, 100.0)
}

fn score(text: &str) -> Result<f64, String> {
    within(text, 1.0, 4.5)
}

fn within(text: &str, low: f64, high: f64) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if (low..=high).contains(&value) => Ok(value),
        _ => Err(format!("must be a number from {low} to {high}")),
    }
}

/// Names of RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF) and RFC 5865 (VA).
fn dscp(text: &str) -> Result<u8, String> {
    let name = text.to_ascii_uppercase();
    let digit = |at: usize, most: u8| {
        let byte = *name.as_bytes().get(at)?;
        byte.is_ascii_digit()
            .then(|| byte - b'0')
            .filter(|digit| *digit <= most)
    };
    let value = match (name.as_str(), name.len()) {
        ("EF", _) => Some(46),
        ("VA", _) => Some(44),
        (n, 3) if n.starts_with("CS") => digit(2, 7).map(|class| 8 * class),
        (n, 4) if n.starts_with("AF") => match (digit(2, 4), digit(3, 3)) {
            (Some(class @ 1..), Some(drop @ 1..)) => Some(8 * class + 2 * drop),
            _ => None,
        },
        (n, _) => n.parse().ok().filter(|value| *value < 64),
    };
    value.ok_or_else(|| "must be 0 to 63, EF, VA, CS0-CS7 or AF11-AF43".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn dscp_by_name_and_number() {
        for (text, want) in [
            ("EF", 46),
            ("ef", 46),
            ("CS6", 48),
            ("AF41", 34),
            ("63", 63),
        ] {
            assert_eq!(dscp(text), Ok(want), "{text}");
        }
        for text in ["64", "CS8", "AF01", "AF14", "AF51", "-1", "", "CSé", "AFé"] {
            assert!(dscp(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_checked() {
        assert_eq!(percent("1%"), Ok(1.0));
        assert_eq!(percent("0.5"), Ok(0.5));
        assert!(percent("101%").is_err() && percent("NaN").is_err());
        assert!(score("0.9").is_err() && score("4.6").is_err() && score("3.6").is_ok());
        assert!(call_length("1ms").is_err() && call_length("2days").is_err());
    }
}
