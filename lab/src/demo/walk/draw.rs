//! The time-line of one roam, with Rether and without, as a picture.

use super::line::{Line, Packet, Phase, lost, silence};
use crate::demo::plots::{Fault, GREY, GRID, INK, LIMIT, WITH, WITH_PALE, WITHOUT, WITHOUT_PALE};
use plotters::{
    chart::ChartContext,
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

const WIDTH: u32 = 1000;
/// For the names of the lanes.
const LABELS: u32 = 170;
/// For what is written at the right.
const NOTES: u32 = 190;
const AXIS: u32 = 48;
const FONT: i32 = 13;
/// Height of a lane with a bar, of one with packets, and of a title.
const BAR: f64 = 28.0;
const PACKETS: f64 = 54.0;
const TITLE: f64 = 30.0;
/// Pixels that a letter takes, about.
const LETTER: f64 = 7.0;
/// How much is shown before the caller is told, and after the last part, in ms.
const BEFORE: f64 = 45.0;
const AFTER: f64 = 85.0;

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The colours of an arm.
#[derive(Clone, Copy)]
struct Colours {
    strong: RGBColor,
    pale: RGBColor,
}

/// One roam with Rether, and the same without beneath.
pub(super) fn picture([with, without]: &[Line; 2]) -> Result<String, Fault> {
    let shown = shown(with, without);
    let bars =
        1.0 + f64::from(u8::from(with.gate.is_some())) + f64::from(u8::from(with.pen.is_some()));
    let height = 2.0 * TITLE + (bars + 1.0) * BAR + 4.0 * PACKETS;
    let mut svg = String::new();
    {
        let size = (WIDTH, height as u32 + AXIS);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_right(NOTES)
            .x_label_area_size(AXIS)
            .y_label_area_size(LABELS)
            .build_cartesian_2d(shown[0]..shown[1], height..0.0)?;
        chart
            .configure_mesh()
            .disable_y_axis()
            .disable_y_mesh()
            .x_labels(12)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .x_desc("ms since the radio left its old channel")
            .label_style(("sans-serif", FONT, &INK))
            .axis_desc_style(("sans-serif", FONT, &INK))
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .draw()?;
        let mut lanes = Lanes {
            area: area.clone(),
            chart,
            shown,
            top: 0.0,
        };
        let (strong, pale) = (WITH, WITH_PALE);
        lanes.arm(with, "with Rether", Colours { strong, pale })?;
        let (strong, pale) = (WITHOUT, WITHOUT_PALE);
        lanes.arm(without, "without Rether", Colours { strong, pale })?;
        drop(lanes);
        area.present()?;
    }
    Ok(svg)
}

/// What is shown: all parts of the roam with Rether, and the switch of the radio without.
fn shown(with: &Line, without: &Line) -> [f64; 2] {
    let begin = with.asked.min(without.asked) - BEFORE;
    let ends = with.phases.iter().chain(&without.radio);
    let end = ends.map(|phase| phase.end).fold(0.0, f64::max);
    [begin, end + AFTER]
}

/// The lanes, drawn from top to bottom.
struct Lanes<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    chart: Chart<'a>,
    shown: [f64; 2],
    top: f64,
}

impl Lanes<'_> {
    fn arm(&mut self, line: &Line, arm: &str, colours: Colours) -> Result<(), Fault> {
        let title = format!("{arm}: {} to {}", line.from, line.to);
        let middle = self.top + TITLE / 2.0;
        let at = self.chart.backend_coord(&(self.shown[0], middle));
        self.text(&title, (8, at.1), HPos::Left)?;
        self.top += TITLE;
        self.radio(line, colours)?;
        if let Some([begin, end]) = line.gate {
            let note = format!("{:.1} ms", end - begin);
            self.bar("caller's gate shut", &[(begin, end, colours.strong)], &note)?;
        }
        if let Some(pen) = line.pen {
            let label = format!("pen at {}", line.from);
            let note = format!("{} packets held", pen.held);
            self.bar(&label, &[(pen.begin, pen.end, colours.pale)], &note)?;
        }
        self.packets("to the caller", &line.down, colours)?;
        self.packets("from the caller", &line.up, colours)
    }

    /// The switch of the radio, each step in a shade.
    fn radio(&mut self, line: &Line, colours: Colours) -> Result<(), Fault> {
        let shades = [colours.pale, GREY, colours.strong];
        let pieces: Vec<_> = line
            .radio
            .iter()
            .zip(shades)
            .map(|(step, shade)| (step.begin, step.end, shade))
            .collect();
        let away = line.radio.last().map_or(0.0, |step| step.end);
        let top = self.top;
        self.bar("radio away", &pieces, &format!("{away:.1} ms"))?;
        for (step, name) in line.radio.iter().zip(["auth.", "assoc.", "keys"]) {
            self.name(step, name, top)?;
        }
        Ok(())
    }

    /// Writes `name` on a step if it has room there.
    fn name(&self, step: &Phase, name: &str, top: f64) -> Result<(), Fault> {
        let left = self.chart.backend_coord(&(step.begin, top + BAR / 2.0));
        let right = self.chart.backend_coord(&(step.end, top));
        if f64::from(right.0 - left.0) < name.len() as f64 * LETTER {
            return Ok(());
        }
        self.text(name, (left.0 + 4, left.1), HPos::Left)
    }

    fn bar(
        &mut self,
        label: &str,
        pieces: &[(f64, f64, RGBColor)],
        note: &str,
    ) -> Result<(), Fault> {
        let (top, bottom) = (self.top + 4.0, self.top + BAR - 4.0);
        let bars = pieces.iter().map(|&(begin, end, colour)| {
            Rectangle::new([(begin, top), (end, bottom)], colour.filled())
        });
        self.chart.draw_series(bars)?;
        self.label(label, note, BAR)
    }

    /// A line from when each packet was due, above, to when it arrived, below; a red cross for one
    /// that never did.
    fn packets(&mut self, label: &str, packets: &[Packet], colours: Colours) -> Result<(), Fault> {
        let (top, bottom) = (self.top + 10.0, self.top + PACKETS - 10.0);
        let [begin, end] = self.shown;
        let ends = [top, bottom].map(|y| PathElement::new([(begin, y), (end, y)], GRID));
        self.chart.draw_series(ends)?;
        let inside = |time: f64| (begin..end).contains(&time);
        let arrived = || {
            let all = packets.iter();
            all.filter_map(|packet| Some((packet.sent, packet.arrived?)))
        };
        let ways = arrived().filter(|(sent, arrived)| *arrived >= begin && *sent < end);
        let ways = ways.map(|(sent, arrived)| {
            // Only what is shown of it.
            let at = |time: f64| {
                let time = time.clamp(begin, end);
                let way = (time - sent) / (arrived - sent).max(f64::MIN_POSITIVE);
                (time, top + (bottom - top) * way.clamp(0.0, 1.0))
            };
            PathElement::new([at(sent), at(arrived)], colours.strong)
        });
        self.chart.draw_series(ways)?;
        let dots = arrived().filter(|(_, arrived)| inside(*arrived));
        let dots =
            dots.map(|(_, arrived)| Circle::new((arrived, bottom), 4, colours.strong.filled()));
        self.chart.draw_series(dots)?;
        let gone = packets
            .iter()
            .filter(|packet| packet.arrived.is_none() && inside(packet.sent))
            .map(|packet| Cross::new((packet.sent, top), 4, LIMIT.stroke_width(2)));
        self.chart.draw_series(gone)?;
        let (lost, silence) = (lost(packets), silence(packets));
        let lost = if lost == 0 {
            "none".to_owned()
        } else {
            lost.to_string()
        };
        let silence = if silence < 1e3 {
            format!("{silence:.1} ms")
        } else {
            format!("{:.1} s", silence / 1e3)
        };
        self.label(label, &format!("lost {lost}, silence {silence}"), PACKETS)
    }

    /// Names the lane at the left and notes its figures at the right, and goes on to the next.
    fn label(&mut self, label: &str, note: &str, height: f64) -> Result<(), Fault> {
        let middle = self.top + height / 2.0;
        let (left, y) = self.chart.backend_coord(&(self.shown[0], middle));
        let (right, _) = self.chart.backend_coord(&(self.shown[1], middle));
        self.text(label, (left - 10, y), HPos::Right)?;
        self.text(note, (right + 10, y), HPos::Left)?;
        self.top += height;
        Ok(())
    }

    fn text(&self, text: &str, at: (i32, i32), horizontal: HPos) -> Result<(), Fault> {
        let style = TextStyle::from(("sans-serif", FONT).into_font())
            .color(&INK)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }
}
