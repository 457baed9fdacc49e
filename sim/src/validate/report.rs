//! What a validation gave.

use serde::Serialize;

use super::{
    Options,
    claim::Claim,
    criteria::{Check, Knee, Outcome},
    reference::{SaturationRow, SpeedRow, VoiceAccess, VoiceRow},
    summary::{SaturationSummary, VoiceSummary},
};
use crate::theory::Saturation;

/// A saturation row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SaturationResult {
    /// Set-up and figures of ns-3.
    pub row: SaturationRow,
    /// Whether it should agree.
    pub claim: Claim,
    /// Ours; nothing if it was not simulated.
    pub ours: Option<SaturationSummary>,
    /// The closed form, Mb/s, for one station; nothing if the row is not claimed.
    pub closed_form_mbps: Option<f64>,
    /// Bianchi's model, where the row is claimed, all stations are the same and `CWmin` is that of
    /// DCF.
    pub bianchi: Option<Saturation>,
    /// The verdicts; none if it was not simulated.
    pub checks: Vec<Check>,
}

/// A voice row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VoiceResult {
    /// Set-up and figures of ns-3.
    pub row: VoiceRow,
    /// Whether it should agree.
    pub claim: Claim,
    /// Ours; nothing if it was not simulated.
    pub ours: Option<VoiceSummary>,
    /// The verdicts; none if it was not simulated, or counts for the capacity only.
    pub checks: Vec<Check>,
}

/// Calls that a set-up carries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CapacityResult {
    /// Name of the set-up.
    pub config: String,
    /// DCF or EDCA.
    pub access: VoiceAccess,
    /// Ours.
    pub ours: Knee,
    /// That of ns-3.
    pub ns3: Knee,
    /// The verdict.
    pub check: Check,
}

/// Cost of a set-up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpeedResult {
    /// Set-up and cost of ns-3.
    pub row: SpeedRow,
    /// Whether it is simulated.
    pub claim: Claim,
    /// The verdict; nothing if no such row was simulated, or its cost not measured.
    pub check: Option<Check>,
}

/// A validation. Figures depend on nothing but options, reference and simulator, so that the JSON is
/// the same on any machine if no CPU time is measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How much was simulated.
    pub options: Options,
    /// Whether nothing fails.
    pub passed: bool,
    /// How many rows came out how.
    pub tally: Tally,
    /// Saturated stations.
    pub saturation: Vec<SaturationResult>,
    /// Calls that each set-up carries.
    pub capacity: Vec<CapacityResult>,
    /// Calls, alone or with background.
    pub voice: Vec<VoiceResult>,
    /// Cost.
    pub speed: Vec<SpeedResult>,
}

/// How a row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All its figures hold.
    Holds,
    /// At least one needs the statistical error to hold.
    WithinError,
    /// At least one does not hold.
    Fails,
    /// Simulated, but only as one of the rows that tell the capacity.
    Capacity,
    /// Claimed, but not simulated or not measured.
    NotRun,
    /// Not claimed.
    NotClaimed,
}

/// Rows by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// [`Verdict::Holds`].
    pub holds: u32,
    /// [`Verdict::WithinError`].
    pub within_error: u32,
    /// [`Verdict::Fails`].
    pub fails: u32,
    /// [`Verdict::Capacity`].
    pub capacity: u32,
    /// [`Verdict::NotRun`].
    pub not_run: u32,
    /// [`Verdict::NotClaimed`].
    pub not_claimed: u32,
}

fn verdict(claim: Claim, simulated: bool, checks: &[Check]) -> Verdict {
    match checks.iter().map(|check| check.outcome).max() {
        _ if !claim.is_judged() => Verdict::NotClaimed,
        Some(Outcome::Holds) => Verdict::Holds,
        Some(Outcome::WithinError) => Verdict::WithinError,
        Some(Outcome::Fails) => Verdict::Fails,
        None if simulated => Verdict::Capacity,
        None => Verdict::NotRun,
    }
}

impl SaturationResult {
    /// How the row came out.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(self.claim, self.ours.is_some(), &self.checks)
    }
}

impl VoiceResult {
    /// How the row came out.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(self.claim, self.ours.is_some(), &self.checks)
    }
}

impl CapacityResult {
    /// How the set-up came out.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(Claim::Yes, true, &[self.check])
    }
}

impl SpeedResult {
    /// How the row came out.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(self.claim, false, self.check.as_slice())
    }
}

impl Report {
    pub(super) fn new(
        options: &Options,
        saturation: Vec<SaturationResult>,
        capacity: Vec<CapacityResult>,
        voice: Vec<VoiceResult>,
        speed: Vec<SpeedResult>,
    ) -> Self {
        let mut tally = Tally::default();
        let verdicts = saturation
            .iter()
            .map(SaturationResult::verdict)
            .chain(capacity.iter().map(CapacityResult::verdict))
            .chain(voice.iter().map(VoiceResult::verdict))
            .chain(speed.iter().map(SpeedResult::verdict));
        for verdict in verdicts {
            *match verdict {
                Verdict::Holds => &mut tally.holds,
                Verdict::WithinError => &mut tally.within_error,
                Verdict::Fails => &mut tally.fails,
                Verdict::Capacity => &mut tally.capacity,
                Verdict::NotRun => &mut tally.not_run,
                Verdict::NotClaimed => &mut tally.not_claimed,
            } += 1;
        }
        Self {
            options: options.clone(),
            // A validation that judged nothing has shown nothing.
            passed: tally.fails == 0 && tally.holds + tally.within_error > 0,
            tally,
            saturation,
            capacity,
            voice,
            speed,
        }
    }

    /// The report as JSON, keys and rows in a fixed order.
    ///
    /// # Errors
    /// Never in practice: a figure that is no number becomes `null`.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}
