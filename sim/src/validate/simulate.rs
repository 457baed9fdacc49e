//! Runs of the reference's cells by this simulator.

use rether_proto::airtime::Rate;

use super::reference::{self, SaturationRow, VoiceRow};
use super::{DirectionFigures, SaturationFigures, VoiceFigures};
use crate::preset::{self, Access, Background, Phy, Saturation, Voice};
use crate::traffic::{CallsWay, FlowFigures};
use crate::world::Outcome;

/// Simulates a saturated cell of the reference. All zero if the row cannot be made a scenario,
/// which its checks exclude.
#[must_use]
pub fn saturation(row: &SaturationRow, seed: u64) -> SaturationFigures {
    let cell = Saturation {
        phy: phy(row.std, row.preamble, row.rate_mbps, row.fast_acks()),
        access: match row.access {
            reference::Access::Dcf => Access::Dcf,
            reference::Access::Be => edca(0, row.txop_limit_us > 0),
            reference::Access::Vi => edca(40, row.txop_limit_us > 0),
            reference::Access::Vo => edca(48, row.txop_limit_us > 0),
        },
        eifs: row.collision_rx == crate::medium::CollisionRx::Eifs,
        n: count(row.n),
        slow: count(row.n_slow_1mbps),
        payload: count(row.udp_payload_octets),
        tries: row.retry_limit(),
        seconds: seconds(row.sim_s_per_seed),
    };
    let Some((outcome, cpu)) = simulate(&cell.text(), seed) else {
        return SaturationFigures {
            goodput_mbps: 0.0,
            collision_prob: 0.0,
            cpu_s_per_sim_s: None,
        };
    };
    SaturationFigures {
        goodput_mbps: goodput(&outcome, ""),
        collision_prob: outcome.collision_probability(|name| name != "ap"),
        cpu_s_per_sim_s: cpu,
    }
}

/// Simulates calls of the reference. All zero if the row cannot be made a scenario.
#[must_use]
pub fn voice(row: &VoiceRow, seed: u64) -> VoiceFigures {
    let loaders = count(row.bg_uplink_stas);
    let cell = Voice {
        phy: phy(row.std, row.preamble, row.rate_mbps, false),
        access: match row.access {
            reference::VoiceAccess::Dcf => Access::Dcf,
            reference::VoiceAccess::Edca => edca(0, !row.txop_limit_forced_0),
        },
        k: count(row.k_calls),
        interval_ms: count(row.interval_ms),
        background: match row.bg_type {
            reference::Background::Udp => Background::Udp(loaders),
            reference::Background::Tcp => Background::Tcp(loaders),
        },
        download: row.tcp_download,
        queue: count(row.mac_queue_pkts),
        seconds: seconds(row.sim_s_per_seed),
    };
    let Some((outcome, cpu)) = simulate(&cell.text(), seed) else {
        return VoiceFigures::default();
    };
    let calls = outcome.calls;
    VoiceFigures {
        ul: direction(&outcome, calls.map(|calls| calls.up), |call| &call.up),
        dl: direction(&outcome, calls.map(|calls| calls.down), |call| &call.down),
        data_up_mbps: goodput(&outcome, "load"),
        tcp_download_mbps: goodput(&outcome, "download"),
        cpu_s_per_sim_s: cpu,
    }
}

fn simulate(text: &str, seed: u64) -> Option<(Outcome, Option<f64>)> {
    let before = cpu_seconds();
    let outcome = preset::run(text, seed).ok()?;
    let cpu = (cpu_seconds() - before) / outcome.clock_seconds;
    Some((outcome, Some(cpu)))
}

/// What this thread has used of a processor.
#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn cpu_seconds() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn direction(
    outcome: &Outcome,
    way: Option<CallsWay>,
    stream: impl Fn(&crate::Call) -> &crate::Stream,
) -> DirectionFigures {
    let Some(way) = way else {
        return DirectionFigures::default();
    };
    let calls = outcome.traffic.values().filter_map(|flow| match flow {
        FlowFigures::Voice { calls } => calls.first(),
        FlowFigures::Transfer(_) => None,
    });
    let jitter: Vec<f64> = calls.map(|call| stream(call).stream.jitter_ms).collect();
    let delay = |take: fn(&rether_voip::stats::DelaySummary) -> f64| {
        way.delay_ms.as_ref().map_or(0.0, take)
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of packets and calls")]
    DirectionFigures {
        sent: way.sent as f64,
        loss_network: share(way.lost, way.sent),
        loss_150ms: way.missed(),
        mean_ms: delay(|delay| delay.mean),
        p95_ms: delay(|delay| delay.p95),
        p99_ms: delay(|delay| delay.p99),
        jitter_ms: jitter.iter().sum::<f64>() / jitter.len().max(1) as f64,
    }
}

/// Payload of all flows whose names begin so, in Mb/s.
fn goodput(outcome: &Outcome, prefix: &str) -> f64 {
    let flows = outcome.goodputs_mbps();
    let flows = flows.filter(|(name, _)| name.starts_with(prefix));
    flows.map(|(_, mbps)| mbps).sum()
}

fn phy(
    standard: reference::Standard,
    preamble: reference::Preamble,
    rate_mbps: u16,
    fast_acks: bool,
) -> Phy {
    Phy {
        standard: match standard {
            reference::Standard::A => "11a",
            reference::Standard::B => "11b",
        },
        rate_mbps: f64::from(Rate::from_mbps(rate_mbps).0) / 10.0,
        short_preamble: preamble == reference::Preamble::Short,
        fast_acks,
    }
}

const fn edca(data_dscp: u8, txop: bool) -> Access {
    Access::Edca { data_dscp, txop }
}

fn count(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Flows last whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, checked by the reference, and cut off above"
)]
fn seconds(seconds: f64) -> u32 {
    libm::ceil(seconds).clamp(1.0, 1e6) as u32
}

#[expect(clippy::cast_precision_loss, reason = "counts of packets")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
