//! Areas on top of each other.

use plotters::prelude::*;

use super::chart::{Canvas, Chart, Fault, PlotError, legend_text};
use super::palette;

/// A layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Area {
    /// Its name.
    pub label: String,
    /// How thick it is between each two of the chart's times.
    pub heights: Vec<f64>,
    /// Whether it is what nobody asks about: it is grey.
    pub rest: bool,
}

impl Area {
    fn colour(&self, number: usize) -> RGBColor {
        if self.rest {
            palette::REST
        } else {
            palette::series(number)
        }
    }
}

impl Chart<'_> {
    /// Draws `areas` on top of each other, the first at the bottom. Height number i is that between
    /// `edges` i and i + 1.
    ///
    /// # Errors
    /// If the back end fails, which figures cannot bring about.
    pub fn areas(&self, edges: &[f64], areas: &[Area]) -> Result<String, PlotError> {
        let steps = edges.len().saturating_sub(1);
        let top = |step: usize| -> f64 {
            let heights = areas.iter().filter_map(|area| area.heights.get(step));
            heights.sum()
        };
        let xs = self.x.range(edges.iter().copied());
        let ys = self.y.range((0..steps).map(top).chain([0.0]));
        // Areas stand on the axis.
        let ys = 0.0..ys.end;
        let xs = edges.first().copied().unwrap_or(xs.start)..xs.end;
        let labels: Vec<&str> = areas.iter().map(|area| area.label.as_str()).collect();
        self.draw(&labels, xs, ys, |canvas| {
            let mut floor = vec![0.0; steps];
            for (number, area) in areas.iter().enumerate() {
                let heights = area.heights.iter().copied().chain(std::iter::repeat(0.0));
                let roof: Vec<f64> = floor
                    .iter()
                    .zip(heights)
                    .map(|(floor, height)| floor + height)
                    .collect();
                layer(canvas, edges, &floor, &roof, area.colour(number))?;
                floor = roof;
            }
            // The topmost first, as they lie.
            for (row, (number, area)) in areas.iter().enumerate().rev().enumerate() {
                let (left, middle) = canvas.legend(row);
                let corners = [(left, middle - 6), (left + 18, middle + 6)];
                let colour = area.colour(number).filled();
                canvas.area.draw(&Rectangle::new(corners, colour))?;
                legend_text(&canvas.area, &area.label, (left + 26, middle))?;
            }
            Ok(())
        })
    }
}

/// Between two stairs.
fn layer(
    canvas: &mut Canvas<'_>,
    edges: &[f64],
    floor: &[f64],
    roof: &[f64],
    colour: RGBColor,
) -> Result<(), Fault> {
    let stair = |heights: &[f64]| -> Vec<(f64, f64)> {
        let steps = edges.windows(2).zip(heights);
        let steps = steps.flat_map(|(ends, height)| ends.iter().map(|end| (*end, *height)));
        steps.collect()
    };
    let mut outline = stair(roof);
    outline.extend(stair(floor).into_iter().rev());
    canvas
        .chart
        .draw_series([Polygon::new(outline, colour.filled())])?;
    Ok(())
}
