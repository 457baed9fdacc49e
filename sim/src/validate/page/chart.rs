//! Lines and points over an axis as SVG. The colours are a fixed few, so that the page's style sheet
//! can replace them where the reader prefers a dark page.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

const INK: RGBColor = RGBColor(0x20, 0x20, 0x20);
const GRID: RGBColor = RGBColor(0xD8, 0xD8, 0xD8);
const LIMIT: RGBColor = RGBColor(0xB0, 0x00, 0x20);
const COLOURS: [RGBColor; 5] = [
    RGBColor(0x1F, 0x6F, 0xB2),
    RGBColor(0xC8, 0x78, 0x1E),
    RGBColor(0x2E, 0x8B, 0x57),
    RGBColor(0x8E, 0x44, 0xAD),
    RGBColor(0x6B, 0x72, 0x80),
];

const WIDTH: u32 = 680;
const HEIGHT: u32 = 380;
const LEGEND: u32 = 150;
const FONT: i32 = 13;

/// A figure over something: ours, that of ns-3, and a line.
pub(super) struct Line {
    pub(super) label: String,
    /// Dots.
    pub(super) ours: Vec<(f64, f64)>,
    /// Rings.
    pub(super) ns3: Vec<(f64, f64)>,
    /// A thin line; may be empty.
    pub(super) line: Vec<(f64, f64)>,
}

impl Line {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let all = self.ours.iter().chain(&self.ns3).chain(&self.line);
        all.copied()
    }
}

/// An axis: what it says, whether it is logarithmic and where it is marked.
pub(super) struct Axis<'a> {
    pub(super) name: &'a str,
    pub(super) logarithmic: bool,
    pub(super) ticks: &'a [f64],
}

impl Axis<'_> {
    fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            libm::log10(value.max(f64::MIN_POSITIVE))
        } else {
            value
        }
    }

    /// From the first mark or value to the last, with a little room around.
    fn range(&self, values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite
            .chain(self.ticks.iter().copied())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(self.place(value)), high.max(self.place(value)))
            });
        if low > high {
            return 0.0..1.0;
        }
        let room = ((high - low) * 0.03).max(f64::EPSILON);
        low - room..high + room
    }
}

/// Why a chart could not be drawn.
pub(super) type Fault = DrawingAreaErrorKind<std::io::Error>;

/// Draws `lines` over `x`, and a red line where `y` is `limit`.
pub(super) fn draw(
    x: &Axis<'_>,
    y: &Axis<'_>,
    lines: &[Line],
    limit: Option<f64>,
) -> Result<String, Fault> {
    let xs = x.range(lines.iter().flat_map(Line::points).map(|point| point.0));
    let ys = y.range(lines.iter().flat_map(Line::points).map(|point| point.1));
    let place = |&(px, py): &(f64, f64)| (x.place(px), y.place(py));
    let text = |horizontal, vertical| {
        TextStyle::from(("sans-serif", FONT).into_font())
            .color(&INK)
            .pos(Pos::new(horizontal, vertical))
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(32)
            .margin_left(48)
            .margin_bottom(48)
            .margin_right(LEGEND)
            .build_cartesian_2d(xs.clone(), ys.clone())?;
        let (left, bottom) = chart.backend_coord(&(xs.start, ys.start));
        let right = chart.backend_coord(&(xs.end, ys.start)).0;
        for &tick in x.ticks {
            let at = x.place(tick);
            let grid = PathElement::new([(at, ys.start), (at, ys.end)], GRID);
            chart.draw_series([grid])?;
            let column = chart.backend_coord(&(at, ys.start)).0;
            let style = text(HPos::Center, VPos::Top);
            area.draw(&Text::new(tick.to_string(), (column, bottom + 6), style))?;
        }
        for &tick in y.ticks {
            let at = y.place(tick);
            let grid = PathElement::new([(xs.start, at), (xs.end, at)], GRID);
            chart.draw_series([grid])?;
            let row = chart.backend_coord(&(xs.start, at)).1;
            let style = text(HPos::Right, VPos::Center);
            area.draw(&Text::new(tick.to_string(), (left - 6, row), style))?;
        }
        let middle = ((left + right) / 2, bottom + 26);
        area.draw(&Text::new(x.name, middle, text(HPos::Center, VPos::Top)))?;
        area.draw(&Text::new(y.name, (6, 8), text(HPos::Left, VPos::Top)))?;
        if let Some(limit) = limit {
            let ends = [(xs.start, y.place(limit)), (xs.end, y.place(limit))];
            chart.draw_series([PathElement::new(ends, LIMIT.stroke_width(2))])?;
        }
        for ((row, line), colour) in (0_i32..).zip(lines).zip(COLOURS.iter().cycle()) {
            let joined: Vec<_> = line.line.iter().map(place).collect();
            chart.draw_series([PathElement::new(joined, colour.stroke_width(1))])?;
            let ring = |point| Circle::new(place(point), 6, colour.stroke_width(2));
            chart.draw_series(line.ns3.iter().map(ring))?;
            let dot = |point| Circle::new(place(point), 3, colour.filled());
            chart.draw_series(line.ours.iter().map(dot))?;
            let (column, at) = (right + 16, 40 + row * 22);
            area.draw(&Circle::new((column, at), 6, colour.stroke_width(2)))?;
            area.draw(&Circle::new((column, at), 3, colour.filled()))?;
            let style = text(HPos::Left, VPos::Center);
            area.draw(&Text::new(line.label.clone(), (column + 14, at), style))?;
        }
        area.present()?;
    }
    Ok(svg)
}
