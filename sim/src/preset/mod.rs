//! Scenarios that many questions are asked of, as the text of a scenario file.
//!
//! They are text so that `rether-sim show` can print what was run, and everybody can change it.

mod loaded;
mod reference;

pub use loaded::Loaded;
pub use reference::{Access, Background, Phy, Saturation, Voice};

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
