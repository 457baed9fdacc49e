//! How the calls stand, in one line.

use super::{CallMachine, Stage};
use crate::control::Progress;
use crate::stats::StreamStats;

/// Both directions of all calls, once a second. Each figure is the sum (counts) or
/// the worst (everything else) of the calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Live {
    /// Time since the first HELLO, seconds.
    pub at_s: u64,
    /// Calls under way.
    pub talking: usize,
    /// Calls not over.
    pub open: usize,
    /// Caller to answerer.
    pub up: Option<Progress>,
    /// Answerer to caller.
    pub down: Option<Progress>,
    /// Last round trip, milliseconds.
    pub rtt_ms: Option<f64>,
}

impl Live {
    /// Sums up `calls` after `elapsed_ns`.
    pub fn of<'a>(
        elapsed_ns: u64,
        calls: impl Iterator<Item = (&'a CallMachine, Option<&'a StreamStats>)>,
    ) -> Self {
        let mut live = Self {
            at_s: elapsed_ns / 1_000_000_000,
            talking: 0,
            open: 0,
            up: None,
            down: None,
            rtt_ms: None,
        };
        for (machine, stats) in calls {
            live.open += usize::from(!matches!(machine.stage(), Stage::Over(_)));
            if !matches!(machine.stage(), Stage::Talking(_)) {
                continue;
            }
            live.talking += 1;
            // Before the first packet there is nothing to rate.
            let begun = |progress: &Progress| progress.received > 0;
            live.up = worse(live.up, machine.progress().filter(begun));
            live.down = worse(live.down, stats.map(StreamStats::progress).filter(begun));
            let rtt = machine.clock().last_rtt_ms();
            live.rtt_ms = live.rtt_ms.into_iter().chain(rtt).reduce(f64::max);
        }
        live
    }
}

fn worse(a: Option<Progress>, b: Option<Progress>) -> Option<Progress> {
    let (Some(a), Some(b)) = (a, b) else {
        return a.or(b);
    };
    Some(Progress {
        received: a.received.saturating_add(b.received),
        sent_at_least: a.sent_at_least.saturating_add(b.sent_at_least),
        late: a.late.saturating_add(b.late),
        delay_p99_us: a.delay_p99_us.max(b.delay_p99_us),
        longest_gap_us: a.longest_gap_us.max(b.longest_gap_us),
        mos_centi: a.mos_centi.min(b.mos_centi),
    })
}

impl std::fmt::Display for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>4} s", self.at_s)?;
        if self.talking == 0 {
            return write!(
                f,
                "  {}",
                if self.open > 0 {
                    "no call up"
                } else {
                    "hung up"
                }
            );
        }
        if self.open > 1 {
            write!(f, "  {} calls", self.talking)?;
        }
        for (way, progress) in [("up", self.up), ("down", self.down)] {
            match progress {
                Some(p) => write!(
                    f,
                    "  {way}: lost {} late {} p99 {:.1} ms gap {:.0} ms MOS {:.2}",
                    p.sent_at_least.saturating_sub(p.received),
                    p.late,
                    f64::from(p.delay_p99_us) / 1e3,
                    f64::from(p.longest_gap_us) / 1e3,
                    f64::from(p.mos_centi) / 100.0,
                )?,
                None => write!(f, "  {way}: -")?,
            }
        }
        match self.rtt_ms {
            Some(rtt) => write!(f, "  rtt {rtt:.1} ms"),
            None => Ok(()),
        }
    }
}
