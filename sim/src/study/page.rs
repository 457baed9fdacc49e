//! A comparison as one HTML file that needs nothing else.

use super::{Comparison, Point, Scheme};
use crate::plot::{Axis, Chart, Line, PlotError};

/// The look of all pages of the simulator.
const STYLE: &str = include_str!("../validate/page/style.css");
/// A logarithmic axis begins here, so that no loss at all has a place, too.
const LEAST_MISSED_PERCENT: f64 = 0.01;

const STATIONS: Axis<'_> =
    Axis::logarithmic("saturated stations", &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
const UPLOADS: Axis<'_> =
    Axis::linear("uploads beside the calls", &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);

impl Comparison {
    /// The comparison as an HTML page with its charts inside.
    ///
    /// # Errors
    /// If a chart cannot be drawn, which figures cannot bring about.
    pub fn to_html(&self) -> Result<String, PlotError> {
        let mut sections = String::new();
        for phy in self.phys() {
            sections += &self.section(phy)?;
        }
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Rether: schemes side by side</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<h1>Plain 802.11, 802.11e and Rether side by side</h1>\n\
             <p>rether {}, {} seeds of {} s each, simulated; all radios hear each other. Rether \
             has its defaults.</p>\n</header>\n<main>\n{sections}</main>\n\
             </body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            self.seeds,
            self.seconds,
        ))
    }

    /// The standards that were compared, in their order.
    #[must_use]
    pub fn phys(&self) -> Vec<&'static str> {
        let points = self.saturation.iter().chain(&self.voice);
        let mut phys: Vec<_> = points.map(|point| point.phy).collect();
        phys.sort_unstable_by(|a, b| b.cmp(a));
        phys.dedup();
        phys
    }

    fn section(&self, phy: &str) -> Result<String, PlotError> {
        let top = if phy == "11b" { 8.0 } else { 32.0 };
        let ticks = [0.0, top / 4.0, top / 2.0, top * 0.75, top];
        let goodput = Axis::linear("sum of the uplinks, Mb/s", &ticks);
        let percent = Axis::linear("share of the air, %", &[0.0, 5.0, 10.0, 15.0]);
        let missed = Axis::logarithmic("packets lost or late, %", &[0.01, 0.1, 1.0, 10.0, 100.0]);
        let delay = Axis::logarithmic("99th percentile, ms", &[0.1, 1.0, 10.0, 100.0, 1e3, 1e4]);
        let charts = [
            (
                "Saturated stations: goodput",
                draw(
                    &self.saturation,
                    phy,
                    (&STATIONS, &goodput, None),
                    |point| Some(point.goodput_mbps),
                )?,
                "UDP payload of all stations, each with a packet always waiting. Rether promises a \
                 little to one of them; without a promise it would send no tokens.",
            ),
            (
                "Saturated stations: frames of Rether",
                draw(
                    &self.saturation,
                    phy,
                    (&STATIONS, &percent, None),
                    |point| Some(point.token_share * 100.0),
                )?,
                "Tokens, returns and whatever else Rether sends, without Acks and waiting.",
            ),
            (
                "Calls beside uploads: packets missed",
                draw(&self.voice, phy, (&UPLOADS, &missed, Some(1.0)), |point| {
                    Some((point.missed? * 100.0).max(LEAST_MISSED_PERCENT))
                })?,
                "Of all calls, the worse way: lost, or later than 150 ms; 0.01 % and less is drawn \
                 at 0.01 %. Red line: 1 %, above which a call is not usable.",
            ),
            (
                "Calls beside uploads: delay",
                draw(&self.voice, phy, (&UPLOADS, &delay, Some(150.0)), |point| {
                    point.p99_ms
                })?,
                "One-way delay that 99 of 100 packets that arrived do not exceed, the worse way. Red \
                 line: 150 ms.",
            ),
            (
                "Calls beside uploads: goodput of the uploads",
                draw(&self.voice, phy, (&UPLOADS, &goodput, None), |point| {
                    Some(point.goodput_mbps)
                })?,
                "UDP payload of all uploads.",
            ),
        ];
        let figures: String = charts
            .iter()
            .map(|(title, svg, caption)| {
                format!(
                    "<figure>\n<h3>{title}</h3>\n<div role=\"img\" aria-label=\"{title}\">{svg}</div>\n\
                     <figcaption>{caption}</figcaption>\n</figure>\n"
                )
            })
            .collect();
        Ok(format!(
            "<section>\n<h2>802.{phy}</h2>\n<div class=\"charts\">\n{figures}</div>\n</section>\n"
        ))
    }
}

/// A line for each scheme that has the figure.
fn draw(
    points: &[Point],
    phy: &str,
    (x, y, limit): (&Axis<'_>, &Axis<'_>, Option<f64>),
    figure: impl Fn(&Point) -> Option<f64>,
) -> Result<String, PlotError> {
    let lines = Scheme::ALL.map(|scheme| {
        let of_scheme = points
            .iter()
            .filter(|point| point.phy == phy && point.scheme == scheme);
        let places: Vec<_> = of_scheme
            .filter_map(|point| Some((f64::from(point.uploads), figure(point)?)))
            .collect();
        Line {
            label: scheme.name().to_owned(),
            width: 2,
            line: places.clone(),
            dots: places,
            ..Line::default()
        }
    });
    let chart = Chart {
        title: None,
        x: *x,
        y: *y,
        limit,
        mark: None,
    };
    chart.lines(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(scheme: Scheme, calls: u16, uploads: u16) -> Point {
        Point {
            phy: "11a",
            scheme,
            calls,
            uploads,
            goodput_mbps: 20.0,
            least_mbps: 1.0,
            collisions: 0.1,
            token_share: 0.05,
            missed: (calls > 0).then_some(0.0),
            p99_ms: (calls > 0).then_some(3.0),
            failed_open: 0.0,
        }
    }

    #[test]
    fn a_page_has_a_section_a_phy_and_a_line_a_scheme() {
        let comparison = Comparison {
            saturation: Scheme::ALL.map(|scheme| point(scheme, 0, 5)).to_vec(),
            voice: Scheme::ALL.map(|scheme| point(scheme, 5, 5)).to_vec(),
            seeds: 1,
            seconds: 1,
        };
        let page = comparison.to_html().unwrap();
        assert_eq!(page.matches("<h2>").count(), 1);
        assert_eq!(page.matches("<svg").count(), 5);
        for scheme in Scheme::ALL {
            assert!(page.contains(scheme.name()), "{scheme:?}");
        }
    }
}
