//! The frame of a chart: size, axes, title, limits, room for names.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::palette::{GRID, INK, LIMIT};

/// From the left edge to the end of the axes.
const PLOT: u32 = 530;
/// Without the title and a legend that is longer.
const HEIGHT: u32 = 380;
const TITLE: u32 = 30;
/// For names, at least.
const LEGEND: u32 = 150;
const LINE: u32 = 22;
const FONT: u32 = 13;

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart could not be drawn: {0}")]
pub struct PlotError(String);

pub(super) type Fault = DrawingAreaErrorKind<std::io::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What a chart has but its content.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// With it, the chart stands for itself: it has a white ground.
    pub title: Option<&'a str>,
    /// To the right.
    pub x: Axis<'a>,
    /// Upwards; its name stands above.
    pub y: Axis<'a>,
    /// Where a red line is drawn, from left to right.
    pub limit: Option<f64>,
    /// Where a red line is drawn, from bottom to top.
    pub mark: Option<f64>,
}

/// What content is drawn on.
pub(super) struct Canvas<'a> {
    pub(super) area: Area<'a>,
    pub(super) chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    legend: (i32, i32),
}

impl Canvas<'_> {
    /// Left end and middle of row number `row` of the legend.
    pub(super) fn legend(&self, row: usize) -> (i32, i32) {
        let row = i32::try_from(row).unwrap_or(i32::MAX);
        let (left, top) = self.legend;
        (left, top.saturating_add(row.saturating_mul(pixels(LINE))))
    }
}

fn pixels(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", FONT).into_font())
        .color(&INK)
        .pos(Pos::new(horizontal, vertical))
}

/// A name in the legend, left end and middle at `at`.
pub(super) fn legend_text(area: &Area<'_>, label: &str, at: (i32, i32)) -> Result<(), Fault> {
    let style = text(HPos::Left, VPos::Center);
    area.draw(&Text::new(label.to_owned(), at, style))
}

impl Chart<'_> {
    /// The SVG of a chart with room for `labels`, and in it what `content` draws.
    pub(super) fn draw(
        &self,
        labels: &[&str],
        xs: Range<f64>,
        ys: Range<f64>,
        content: impl FnOnce(&mut Canvas<'_>) -> Result<(), Fault>,
    ) -> Result<String, PlotError> {
        let longest = labels.iter().map(|label| label.chars().count()).max();
        let longest = u32::try_from(longest.unwrap_or(0)).unwrap_or(u32::MAX);
        let legend = longest.saturating_mul(7).saturating_add(50).max(LEGEND);
        let top = if self.title.is_some() { TITLE } else { 0 };
        let rows = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        let height = HEIGHT.max(rows.saturating_mul(LINE).saturating_add(60)) + top;
        let size = (PLOT.saturating_add(legend), height);
        let mut svg = String::new();
        let drawn = self.frame(&mut svg, size, (top, legend), (xs, ys), content);
        drawn.map_err(|fault| PlotError(fault.to_string()))?;
        Ok(svg)
    }

    fn frame(
        &self,
        svg: &mut String,
        size: (u32, u32),
        (top, legend): (u32, u32),
        (xs, ys): (Range<f64>, Range<f64>),
        content: impl FnOnce(&mut Canvas<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let area = SVGBackend::with_string(svg, size).into_drawing_area();
        if let Some(title) = self.title {
            area.fill(&WHITE)?;
            let style =
                TextStyle::from(("sans-serif", FONT + 3).into_font().style(FontStyle::Bold));
            let style = style.color(&INK).pos(Pos::new(HPos::Left, VPos::Top));
            area.draw(&Text::new(title.to_owned(), (6, 10), style))?;
        }
        let mut chart = ChartBuilder::on(&area)
            .margin_top(32 + top)
            .margin_left(52)
            .margin_bottom(48)
            .margin_right(legend)
            .build_cartesian_2d(xs.clone(), ys.clone())?;
        let (left, bottom) = chart.backend_coord(&(xs.start, ys.start));
        let right = chart.backend_coord(&(xs.end, ys.start)).0;
        for tick in self.x.ticks {
            let at = self.x.place(*tick);
            chart.draw_series([PathElement::new([(at, ys.start), (at, ys.end)], GRID)])?;
            let column = chart.backend_coord(&(at, ys.start)).0;
            let style = text(HPos::Center, VPos::Top);
            area.draw(&Text::new(number(*tick), (column, bottom + 6), style))?;
        }
        for tick in self.y.ticks {
            let at = self.y.place(*tick);
            chart.draw_series([PathElement::new([(xs.start, at), (xs.end, at)], GRID)])?;
            let row = chart.backend_coord(&(xs.start, at)).1;
            let style = text(HPos::Right, VPos::Center);
            area.draw(&Text::new(number(*tick), (left - 6, row), style))?;
        }
        let middle = ((left + right) / 2, bottom + 26);
        let style = text(HPos::Center, VPos::Top);
        area.draw(&Text::new(self.x.name.to_owned(), middle, style))?;
        let above = (6, 8 + pixels(top));
        area.draw(&Text::new(
            self.y.name.to_owned(),
            above,
            text(HPos::Left, VPos::Top),
        ))?;
        let limit = self.limit.map(|limit| self.y.place(limit));
        let limit = limit.map(|at| [(xs.start, at), (xs.end, at)]);
        let mark = self.mark.map(|mark| self.x.place(mark));
        let mark = mark.map(|at| [(at, ys.start), (at, ys.end)]);
        for ends in limit.into_iter().chain(mark) {
            chart.draw_series([PathElement::new(ends, LIMIT.stroke_width(2))])?;
        }
        let legend = (right + 12, 40 + pixels(top));
        let mut canvas = Canvas {
            area: area.clone(),
            chart,
            legend,
        };
        content(&mut canvas)?;
        area.present()
    }
}

/// A figure at a mark, without the noise of floating point.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}
