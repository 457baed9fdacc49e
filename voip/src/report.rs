//! The final report, as printed with `--json`.
//!
//! The schema is stable: within one `schema_version` fields are added, never
//! removed, renamed or given another unit. Times end in `_ms` or `_s`.

use serde::{Deserialize, Serialize};

use crate::clock::{ClockBasis, RttSummary};
use crate::profile::Profile;
use crate::stats::StreamReport;

/// Version of the JSON schema.
pub const SCHEMA_VERSION: u32 = 1;

/// How one end's sending went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SenderReport {
    /// Packets given to the kernel, or that should have been but it refused.
    pub sent: u32,
    /// Of these, refused by the sender's own kernel (full buffer, no route, firewall).
    pub send_errors: u32,
    /// How late the latest packet was against its schedule. Large values mean a busy
    /// machine, not a slow network; delay is counted from the real sending time.
    pub pacing_late_max_ms: f64,
    /// When the first packet was due, nanoseconds of the sender's monotonic clock; 0 from an older
    /// peer, which did not tell it.
    #[serde(default)]
    pub started_ns: u64,
}

/// What the answerer sends at the end of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FarReport {
    /// Its own sending.
    pub sender: SenderReport,
    /// What it received.
    pub stream: StreamReport,
    /// Datagrams it received on this call's account and ignored.
    pub bad_datagrams: u64,
}

/// A call as its answerer saw it, also if the caller never came for its report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnsweredCall {
    /// The caller's control address.
    pub caller: String,
    /// Session id, hexadecimal.
    pub session: String,
    /// How it ended.
    pub how: Parting,
    /// Its own sending.
    pub sender: SenderReport,
    /// What it received; absent if the call was never begun.
    pub stream: Option<StreamReport>,
}

/// How a call ended, as the answerer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parting {
    /// The caller has the report.
    Done,
    /// The caller fell silent during the call.
    Vanished,
    /// The caller hung up and never confirmed the report.
    Unconfirmed,
    /// The answerer was stopped during the call.
    Stopped,
}

/// The gist of a received stream, for a log line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamSummary {
    /// Packets sent.
    pub sent: u32,
    /// Packets received.
    pub received: u32,
    /// Packets lost.
    pub lost: u32,
    /// MOS over the whole stream.
    pub mos: f64,
}

impl StreamSummary {
    /// Of a stream of which `sent` packets were sent.
    #[must_use]
    pub const fn of(stream: &StreamReport, sent: u32) -> Self {
        let StreamReport {
            received,
            lost,
            quality,
            ..
        } = stream;
        Self {
            sent,
            received: *received,
            lost: *lost,
            mos: quality.mos,
        }
    }
}

/// One direction of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// Its sender. Absent if the answerer sent no report.
    pub sender: Option<SenderReport>,
    /// Its receiver. Absent if the answerer sent no report.
    pub stream: Option<StreamReport>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It lasted as long as it should and both reports are there.
    Completed,
    /// Interrupted here (Ctrl-C); both reports are there.
    Interrupted,
    /// The answerer was silent for `--dead-after`, or did not send its report.
    PeerSilent,
    /// It could not be placed.
    NotPlaced,
}

/// The clocks of a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockReport {
    /// `shared`: delays are exact. `estimated`: right to `error_ms`.
    pub basis: ClockBasis,
    /// Answerer's clock minus caller's.
    pub offset_ms: f64,
    /// How far off a one-way delay can be.
    pub error_ms: f64,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallReport {
    /// Number of the call, from 1.
    pub call: u32,
    /// Session id, hexadecimal.
    pub session: String,
    /// This end's RTP address.
    pub local: String,
    /// The answerer's RTP address.
    pub remote: String,
    /// How it ended.
    pub ended: Ending,
    /// In words, if it did not complete.
    pub reason: Option<String>,
    /// The clocks; absent if the call was not placed.
    pub clock: Option<ClockReport>,
    /// Round trips of the control datagrams, milliseconds.
    pub rtt_ms: Option<RttSummary>,
    /// Caller to answerer.
    pub up: Direction,
    /// Answerer to caller.
    pub down: Direction,
    /// Datagrams either end received on this call's account and ignored.
    pub bad_datagrams: u64,
}

/// One threshold given on the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// `max-loss`, `max-p99`, `min-mos` or `max-gap`.
    pub name: String,
    /// What was asked for: percent, milliseconds or MOS.
    pub limit: f64,
    /// The worst value of any call and direction; absent if it could not be measured.
    pub seen: Option<f64>,
    /// Where the worst value was, e.g. `call 2 down`.
    pub at: Option<String>,
    /// Whether it holds everywhere.
    pub passed: bool,
}

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every call completed and every threshold holds. Exit code 0.
    Pass,
    /// A threshold was missed or a call broke off. Exit code 1.
    Fail,
    /// No call, or not every call, could be placed. Exit code 2.
    NotPlaced,
}

impl Verdict {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::NotPlaced => 2,
        }
    }
}

/// The whole run of `rether-voip call`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of this tool.
    pub tool_version: String,
    /// The profile.
    pub profile: Profile,
    /// Length asked for, seconds.
    pub duration_s: f64,
    /// Packets slower than this are late.
    pub late_ms: u32,
    /// DSCP of what this end sends.
    pub dscp: u8,
    /// The calls.
    pub calls: Vec<CallReport>,
    /// The thresholds.
    pub checks: Vec<Check>,
    /// What it comes to.
    pub verdict: Verdict,
}
