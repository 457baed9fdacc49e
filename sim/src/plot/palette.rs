//! Colours.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(0x20, 0x20, 0x20);
pub(super) const GRID: RGBColor = RGBColor(0xD8, 0xD8, 0xD8);
pub(super) const LIMIT: RGBColor = RGBColor(0xB0, 0x00, 0x20);
/// What nobody asks about, such as Acks.
pub(super) const REST: RGBColor = RGBColor(0xC9, 0xCE, 0xD3);

/// Of series. The first two are those of the lab's report. With normal sight, protanopia,
/// deuteranopia and tritanopia (Machado et al. 2009) any two are 25 or more apart in CIE L*a*b*.
const SERIES: [RGBColor; 7] = [
    RGBColor(0x1F, 0x6F, 0xB2),
    RGBColor(0xC8, 0x78, 0x1E),
    RGBColor(0x5C, 0x1A, 0x45),
    RGBColor(0x4F, 0xC3, 0xDC),
    RGBColor(0x8E, 0x4D, 0xEB),
    RGBColor(0x3F, 0x4A, 0x12),
    RGBColor(0xB3, 0xA7, 0x8C),
];

/// The colour of series number `place`, from 0; they begin anew after the last.
pub(super) fn series(place: usize) -> RGBColor {
    SERIES[place % SERIES.len()]
}
