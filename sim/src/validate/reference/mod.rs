//! The reference: figures of ns-3 3.37, see `sim/reference/ns3/README.md`.

mod check;
mod columns;
mod error;
mod other;
mod read;
mod saturation;
mod setup;
mod voice;

pub use columns::{Access, Background, Preamble, Standard, VoiceAccess};
pub use error::ReferenceError;
pub use other::{AnalyticRow, SpeedRow};
pub use saturation::SaturationRow;
pub use voice::{Spread, VoiceRow};

/// All rows, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// Saturated uplink stations, sensitivities last.
    pub saturation: Vec<SaturationRow>,
    /// Calls alone, calls with background, sensitivities.
    pub voice: Vec<VoiceRow>,
    /// What ns-3 costs.
    pub speed: Vec<SpeedRow>,
    /// Models beside the saturation rows.
    pub analytic: Vec<AnalyticRow>,
}

#[cfg(test)]
mod tests;
