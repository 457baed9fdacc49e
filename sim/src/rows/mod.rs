//! Outcomes as rows of figures: one row a flow and way, and one a radio.

mod figure;
mod spread;
mod wide;

pub use figure::Figure;
pub use spread::{Spread, spreads};
pub use wide::{CsvError, write_csv};

use std::collections::BTreeMap;

use rether_voip::stats::DelaySummary;
use serde::{Deserialize, Serialize};

use crate::traffic::{FlowFigures, Stream, Transfer};
use crate::world::Outcome;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// From the caller of a call.
    Up,
    /// To the caller of a call.
    Down,
    /// A flow that is no call, from `from` to `to`; of `ping`, there and back.
    Transfer,
    /// A radio.
    Radio,
}

impl Subject {
    /// Its name in tables: the way of a flow, or `radio`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Transfer => "transfer",
            Self::Radio => "radio",
        }
    }
}

/// Figures of one flow and way, or of a radio, in one arm of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The arm.
    pub arm: String,
    /// The flow or radio.
    pub name: String,
    /// What of it.
    pub subject: Subject,
    /// What is known; units are those of [`Figure::unit`].
    pub figures: BTreeMap<Figure, f64>,
}

/// The rows of a run: flows by name, calls with both ways, then radios by name.
#[must_use]
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let row = |name: &str, subject, figures| Row {
        arm: outcome.arm.clone(),
        name: name.to_owned(),
        subject,
        figures,
    };
    let mut rows = Vec::new();
    for (name, figures) in &outcome.traffic {
        match figures {
            FlowFigures::Voice { calls } => {
                for call in calls {
                    rows.push(row(name, Subject::Up, stream(&call.up)));
                    rows.push(row(name, Subject::Down, stream(&call.down)));
                }
            }
            FlowFigures::Transfer(figures) => {
                rows.push(row(name, Subject::Transfer, transfer(figures)));
            }
        }
    }
    for (name, radio) in &outcome.radios {
        let figures = [
            (Figure::CollisionProbability, radio.collision_probability),
            (Figure::AirtimeShare, radio.airtime_share),
        ];
        rows.push(row(name, Subject::Radio, figures.into()));
    }
    rows
}

fn stream(stream: &Stream) -> BTreeMap<Figure, f64> {
    let report = &stream.stream;
    let mut figures = BTreeMap::from([
        (Figure::Sent, f64::from(stream.sent)),
        (Figure::Lost, f64::from(report.lost)),
        (Figure::Late, f64::from(report.late)),
        (Figure::Jitter, report.jitter_ms),
        (Figure::Mos, report.quality.mos),
    ]);
    figures.extend(delays(report.delay_ms));
    figures
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn transfer(transfer: &Transfer) -> BTreeMap<Figure, f64> {
    let mut figures = BTreeMap::from([(Figure::Goodput, transfer.goodput_bps)]);
    match &transfer.tcp {
        // Its stack counts segments, not packets that a table could compare.
        Some(tcp) => {
            figures.insert(Figure::Retransmits, tcp.retransmits as f64);
        }
        None => {
            figures.insert(Figure::Sent, transfer.sent as f64);
            figures.insert(Figure::Lost, transfer.lost as f64);
        }
    }
    figures.extend(delays(transfer.delay_ms));
    figures
}

fn delays(summary: Option<DelaySummary>) -> impl Iterator<Item = (Figure, f64)> {
    let figures = summary.map(|delay| {
        [
            (Figure::DelayMean, delay.mean),
            (Figure::DelayP50, delay.p50),
            (Figure::DelayP99, delay.p99),
            (Figure::DelayMax, delay.max),
        ]
    });
    figures.into_iter().flatten()
}

#[cfg(test)]
mod tests;
