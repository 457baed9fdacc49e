//! Bar charts as SVG. Their colours are a fixed few, so that the page's style sheet can replace
//! them where the reader prefers a dark page.

use super::{
    delivered::{Delivered, millis, rate},
    summary::Summary,
};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

pub(super) const INK: RGBColor = RGBColor(0x20, 0x20, 0x20);
pub(super) const GRID: RGBColor = RGBColor(0xD8, 0xD8, 0xD8);
pub(super) const LIMIT: RGBColor = RGBColor(0xB0, 0x00, 0x20);
pub(super) const WITH: RGBColor = RGBColor(0x1F, 0x6F, 0xB2);
pub(super) const WITH_PALE: RGBColor = RGBColor(0x9D, 0xC3, 0xE6);
pub(super) const WITHOUT: RGBColor = RGBColor(0xC8, 0x78, 0x1E);
pub(super) const WITHOUT_PALE: RGBColor = RGBColor(0xF0, 0xC8, 0x96);
pub(super) const GREY: RGBColor = RGBColor(0x8A, 0x94, 0x9E);

const WIDTH: u32 = 640;
const LABELS: u32 = 120;
const BAR: u32 = 30;
const AXIS: u32 = 52;

/// A bar, or several behind one another.
struct Bar {
    label: String,
    /// From, to and colour, painted in this order.
    pieces: Vec<(f64, f64, RGBColor)>,
    /// Written at the right.
    note: String,
}

/// Why a chart could not be drawn.
pub(super) type Fault = DrawingAreaErrorKind<std::io::Error>;

/// One-way delay of the call: the range of all packets pale, from median to p99 strong.
pub(super) fn delays(cell: &Summary) -> Result<String, Fault> {
    let bars: Vec<_> = cell
        .delays
        .iter()
        .map(|delay| {
            let (pale, strong) = if delay.rether {
                (WITH_PALE, WITH)
            } else {
                (WITHOUT_PALE, WITHOUT)
            };
            Bar {
                label: delay.label.clone(),
                pieces: vec![(delay.min, delay.max, pale), (delay.p50, delay.p99, strong)],
                note: format!("p99 {}", millis(delay.p99)),
            }
        })
        .collect();
    draw("one-way delay, ms", &bars, cell.delay_required)
}

/// What the best-effort flows got, with the daemons and without.
pub(super) fn goodput(cell: &Summary) -> Result<String, Fault> {
    let mut bars = Vec::new();
    for row in &cell.rows {
        for (delivered, colour, arm) in [
            (&row.with, WITH, "with"),
            (&row.without, WITHOUT, "without"),
        ] {
            if let Delivered::Flow(flow) = delivered
                && flow.p99_ms.is_none()
                && let Some(bits) = flow.rate
            {
                bars.push(Bar {
                    label: format!("{}, {arm}", row.what),
                    pieces: vec![(0.0, bits / 1e6, colour)],
                    note: rate(bits),
                });
            }
        }
    }
    draw("goodput, Mbit/s", &bars, None)
}

/// Airtime of each station with the daemons: up, down, and what passing the token cost.
pub(super) fn airtime(cell: &Summary) -> Result<String, Fault> {
    let bars: Vec<_> = cell
        .airtime
        .iter()
        .map(|airtime| {
            let data = airtime.up + airtime.down;
            Bar {
                label: airtime.station.to_uppercase(),
                pieces: vec![
                    (0.0, airtime.up, WITH),
                    (airtime.up, data, WITH_PALE),
                    (data, airtime.total(), GREY),
                ],
                note: format!("{:.2} s", airtime.total()),
            }
        })
        .collect();
    draw("airtime by the coordinator's model, s", &bars, None)
}

/// Draws `bars` from top to bottom over an axis named `axis`, and a line at `limit`.
fn draw(axis: &str, bars: &[Bar], limit: Option<f64>) -> Result<String, Fault> {
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX);
    let height = BAR.saturating_mul(count).saturating_add(AXIS + 10);
    let ends = bars.iter().flat_map(|bar| &bar.pieces).map(|piece| piece.1);
    let longest = ends.chain(limit).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        // Room for the notes, in a column at the right where neither bars nor the limit get.
        let mut chart = ChartBuilder::on(&area)
            .margin_top(10)
            .margin_right(20)
            .x_label_area_size(AXIS)
            .y_label_area_size(LABELS)
            .build_cartesian_2d(0.0..longest * 1.3, f64::from(count)..0.0)?;
        chart
            .configure_mesh()
            .disable_y_axis()
            .disable_y_mesh()
            .x_labels(6)
            .x_label_formatter(&|value| format!("{value:.1}").trim_end_matches(".0").to_owned())
            .x_desc(axis)
            .label_style(("sans-serif", 13, &INK))
            .axis_desc_style(("sans-serif", 13, &INK))
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .draw()?;
        let text = |horizontal| {
            TextStyle::from(("sans-serif", 13).into_font())
                .color(&INK)
                .pos(Pos::new(horizontal, VPos::Center))
        };
        let edge = i32::try_from(WIDTH).unwrap_or(i32::MAX);
        for (index, bar) in (0_u32..).zip(bars) {
            let top = f64::from(index);
            for &(from, to, colour) in &bar.pieces {
                chart.draw_series([Rectangle::new(
                    [(from, top + 0.2), (to, top + 0.8)],
                    colour.filled(),
                )])?;
            }
            let (left, middle) = chart.backend_coord(&(0.0, top + 0.5));
            area.draw(&Text::new(
                bar.label.clone(),
                (left - 8, middle),
                text(HPos::Right),
            ))?;
            area.draw(&Text::new(
                bar.note.clone(),
                (edge, middle),
                text(HPos::Right),
            ))?;
        }
        if let Some(limit) = limit {
            let ends = [(limit, 0.0), (limit, f64::from(count))];
            chart.draw_series([PathElement::new(ends, LIMIT.stroke_width(2))])?;
        }
        area.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::{airtime, delays, goodput};
    use crate::demo::summary::Summary;

    fn cell() -> Summary {
        Summary::of(&serde_json::from_str(include_str!("fixture.json")).unwrap())
    }

    #[test]
    fn every_figure_gets_a_bar_with_its_note() {
        let svg = delays(&cell()).unwrap();
        assert!(svg.contains("p99 20.1 ms") && svg.contains("down, without"));
        assert!(svg.contains("#B00020"), "the required delay is drawn");
        let svg = goodput(&cell()).unwrap();
        assert!(svg.contains("C uplink, without") && svg.contains("66.59 Mbit/s"));
        assert!(!svg.contains("call"), "the call has a chart of its own");
        let svg = airtime(&cell()).unwrap();
        assert!(svg.contains("2.56 s") && svg.contains("0.26 s"));
    }

    #[test]
    fn names_are_escaped_and_an_empty_chart_is_no_failure() {
        let mut cell = cell();
        cell.airtime[0].station = "<b>&".to_owned();
        let svg = airtime(&cell).unwrap();
        assert!(svg.contains("&lt;B&gt;&amp;") && !svg.contains("<B>"));
        cell.airtime.clear();
        assert!(airtime(&cell).unwrap().contains("</svg>"));
    }
}
