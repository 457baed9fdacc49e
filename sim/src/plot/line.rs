//! Series of lines, dots and reference markers.

use plotters::prelude::*;

use super::axis::Axis;
use super::chart::{Canvas, Chart, Fault, PlotError, legend_text};
use super::palette;

/// A series: any of a line, dots, rings and whiskers, all in one colour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// Joined.
    pub line: Vec<(f64, f64)>,
    /// Width of the line in pixels; 0 is 1.
    pub width: u32,
    /// Dots: what was measured.
    pub dots: Vec<(f64, f64)>,
    /// Rings: what it is compared with.
    pub rings: Vec<(f64, f64)>,
    /// From the second to the third above the first: how far what was measured spreads.
    pub whiskers: Vec<(f64, f64, f64)>,
}

impl Line {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let whiskers = self.whiskers.iter();
        let whiskers = whiskers.flat_map(|&(x, low, high)| [(x, low), (x, high)]);
        let all = self.line.iter().chain(&self.dots).chain(&self.rings);
        all.copied().chain(whiskers)
    }

    fn stroke(&self) -> u32 {
        self.width.max(1)
    }
}

impl Chart<'_> {
    /// Draws `lines`, each in a colour of its own and named at the right.
    ///
    /// # Errors
    /// If the back end fails, which figures cannot bring about.
    pub fn lines(&self, lines: &[Line]) -> Result<String, PlotError> {
        let points = || lines.iter().flat_map(Line::points);
        let xs = self.x.range(points().map(|point| point.0));
        let ys = self.y.range(points().map(|point| point.1));
        let labels: Vec<&str> = lines.iter().map(|line| line.label.as_str()).collect();
        self.draw(&labels, xs, ys, |canvas| {
            for (number, line) in lines.iter().enumerate() {
                series(&self.x, &self.y, canvas, line, number)?;
                sample(canvas, line, number)?;
            }
            Ok(())
        })
    }
}

fn series(
    x: &Axis<'_>,
    y: &Axis<'_>,
    canvas: &mut Canvas<'_>,
    line: &Line,
    number: usize,
) -> Result<(), Fault> {
    let colour = palette::series(number);
    let shown = |point: &&(f64, f64)| x.holds(point.0) && y.holds(point.1);
    let place = |&(px, py): &(f64, f64)| (x.place(px), y.place(py));
    let joined: Vec<_> = line.line.iter().filter(shown).map(place).collect();
    let chart = &mut canvas.chart;
    chart.draw_series([PathElement::new(joined, colour.stroke_width(line.stroke()))])?;
    for &(at, low, high) in &line.whiskers {
        let ends = [(at, low), (at, high)];
        let ends: Vec<_> = ends.iter().filter(shown).map(place).collect();
        chart.draw_series([PathElement::new(ends, colour.stroke_width(1))])?;
    }
    let rings = line.rings.iter().filter(shown).map(place);
    chart.draw_series(rings.map(|point| Circle::new(point, 6, colour.stroke_width(2))))?;
    let dots = line.dots.iter().filter(shown).map(place);
    chart.draw_series(dots.map(|point| Circle::new(point, 3, colour.filled())))?;
    Ok(())
}

/// What the series looks like, and its name.
fn sample(canvas: &Canvas<'_>, line: &Line, number: usize) -> Result<(), Fault> {
    let colour = palette::series(number);
    let (left, row) = canvas.legend(number);
    let middle = (left + 9, row);
    let area = &canvas.area;
    if !line.line.is_empty() {
        let ends = [(left, row), (left + 18, row)];
        area.draw(&PathElement::new(ends, colour.stroke_width(line.stroke())))?;
    }
    if !line.rings.is_empty() {
        area.draw(&Circle::new(middle, 6, colour.stroke_width(2)))?;
    }
    if !line.dots.is_empty() {
        area.draw(&Circle::new(middle, 3, colour.filled()))?;
    }
    legend_text(area, &line.label, (left + 26, row))
}
