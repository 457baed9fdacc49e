//! Scenarios that many questions are asked of, as the text of a scenario file.
//!
//! They are text so that `rether-sim show` can print what was run, and everybody can change it.

mod reference;

pub use reference::{Access, Background, Phy, Saturation, Voice};
