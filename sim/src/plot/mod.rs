//! Plots as SVG, in the look of the lab's report.
//!
//! [`Chart`] draws what the pages and `rether-sim plot` need: lines and points of several series
//! with reference markers ([`Chart::lines`]), distributions ([`cdf`]) and stacked areas
//! ([`Chart::areas`]). A chart with a title stands for itself on white; one without goes into a page
//! whose style sheet replaces its few colours where the reader prefers a dark page.

mod area;
mod axis;
mod cdf;
mod chart;
mod input;
mod line;
mod palette;
mod results;
mod sweep;

pub use area::Area;
pub use axis::{Axis, linear_ticks, logarithmic_ticks};
pub use cdf::cdf;
pub use chart::{Chart, PlotError};
pub use input::{Input, InputError, ResultFile};
pub use line::Line;
pub use results::{airtime, delays};
pub use sweep::over_parameter;

/// A plot and what its file is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Without `.svg`; of the characters a-z, 0-9 and -.
    pub name: String,
    /// The SVG document.
    pub svg: String,
}

#[cfg(test)]
mod tests;
