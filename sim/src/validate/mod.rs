//! The medium against measurements with ns-3 and against theory.
//!
//! [`Reference`] has the rows, [`Claim`] says which of them the medium models, [`report`] simulates
//! these and judges them. The simulator comes in as two functions of a row and a seed, so that
//! nothing here depends on it. The result is a [`Report`]: text for a terminal, JSON, and a page.
//!
//! Criteria, each of the mean over seeds:
//!
//! | rows | figure | within |
//! |---|---|---|
//! | saturation | goodput | 1.5 % of ns-3; 3 % with a slow station or few frames |
//! | | collision probability | 0.01 of ns-3 |
//! | | goodput of one station | 0.2 % of the closed form |
//! | calls alone | calls carried | one call of ns-3 with DCF, two with AC_VO |
//! | | mean delay below the knee | 20 % or 0.2 ms of ns-3; at the knee 50 % |
//! | calls with background | mean delay | 25 % of ns-3; 50 % with TCP |
//! | | loss, 99th percentile | half a decade to either side; one with TCP; losses below 0.1 % are equal |
//! | | a direction with more than 20 % lost or late | unusable (more than 1 %) here too |
//! | speed | CPU time | a hundredth of that of ns-3 |
//!
//! The quick form and loose claims allow for the statistical error of saturation in addition; mean
//! delays and knees always do: the phases of calls are drawn once a run, and ns-3 made one to five.
//! A figure that needs the allowance is [`Outcome::WithinError`] and shown as such.

mod claim;
mod criteria;
mod figures;
mod options;
mod page;
mod plan;
mod reference;
mod report;
mod run;
mod simulate;
mod summary;
mod terminal;
mod text;

pub use claim::Claim;
pub use criteria::{Check, Knee, Measure, Outcome, Series};
pub use figures::{DirectionFigures, SaturationFigures, VoiceFigures};
pub use options::Options;
pub use page::PageError;
pub use reference::{
    Access, AnalyticRow, Background, Preamble, Reference, ReferenceError, SaturationRow, SpeedRow,
    Spread, Standard, VoiceAccess, VoiceRow,
};
pub use report::{
    CapacityResult, Report, SaturationResult, SpeedResult, Tally, Verdict, VoiceResult,
};
pub use run::report;
pub use simulate::{saturation, voice};
pub use summary::{SaturationSummary, VoiceSummary};

#[cfg(test)]
mod tests;
