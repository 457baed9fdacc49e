//! Scenarios that many questions are asked of, as the text of a scenario file.
//!
//! They are text, so that what a study ran is a file that everybody can run and change.

mod loaded;
mod reference;

use std::fmt::Write as _;

use crate::scenario::Scenario;
use crate::world::{self, BuildError, Options, Outcome};

pub use loaded::Loaded;
pub use reference::{Access, Background, Phy, Saturation, Voice};

/// DSCP of calls where there are access categories: CS6.
const VOICE_DSCP: u8 = 48;

/// Stations that call a wired host, with `more` keys of the flow.
fn calls(
    text: &mut String,
    count: u16,
    (interval_ms, access): (u16, Access),
    more: &str,
    seconds: u32,
) {
    let codec = if interval_ms == 10 { "g711-10" } else { "g711" };
    let dscp = if access == Access::Dcf { 0 } else { VOICE_DSCP };
    let _ = write!(
        text,
        "\n[[station]]\nname = \"caller\"\nap = \"ap\"\ncount = {count}\n\n[[traffic]]\nname = \"call\"\nkind = \"voice\"\nfrom = \"caller\"\nto = \"wire\"\n{more}codec = \"{codec}\"\ndscp = {dscp}\nduration = \"{seconds}s\"\n",
    );
}

/// Runs the first arm of one of these texts.
///
/// # Errors
/// When the text is no scenario that can be simulated, which a preset's numbers can bring about.
pub(crate) fn run(text: &str, seed: u64) -> Result<Outcome, BuildError> {
    let scenario =
        Scenario::parse(text, "preset").map_err(|error| BuildError::Preset(error.to_string()))?;
    let no_arm = || BuildError::Preset("it has no arm".to_owned());
    let arm = scenario.arm.first().ok_or_else(no_arm)?;
    world::run(&scenario, arm, seed, &Options::default())
}

impl Phy {
    /// 802.11b at 11 Mb/s with long preambles.
    pub const B11: Self = Self {
        standard: "11b",
        rate_mbps: 11.0,
        short_preamble: false,
        fast_acks: false,
    };
    /// 802.11a at 54 Mb/s.
    pub const A54: Self = Self {
        standard: "11a",
        rate_mbps: 54.0,
        short_preamble: false,
        fast_acks: false,
    };
}

impl Access {
    /// EDCA with best-effort data, one frame an access.
    pub const EDCA: Self = Self::Edca {
        data_dscp: 0,
        txop: false,
    };
}
