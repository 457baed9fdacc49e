//! Plots of a sweep: figures over a key that has numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Axis, Chart, Line, Plot, PlotError, linear_ticks, logarithmic_ticks};
use crate::rows::Subject;
use crate::sweep::{Measure, Record, Summary, latest, summaries};

/// What is drawn of a flow, if it has it.
const MEASURES: [Measure; 3] = [Measure::Goodput, Measure::Missed, Measure::WorstP99];

/// Means over seeds with their standard deviations over the first key whose values are numbers: a
/// plot for each flow, way and measure, in it a line for each arm and combination of the other
/// keys. Empty if no key has two numbers.
///
/// # Errors
/// If the back end fails.
pub fn over_parameter(records: &[Record]) -> Result<Vec<Plot>, PlotError> {
    let records = latest(records);
    let Some(parameter) = parameter(&records) else {
        return Ok(Vec::new());
    };
    let seeds: BTreeSet<u64> = records.iter().map(|record| record.seed).collect();
    let scenario = records.first().map_or("", |record| &record.scenario);
    let mut charts: BTreeMap<(Measure, String, Subject), Vec<Line>> = BTreeMap::new();
    for summary in summaries(&records) {
        for measure in MEASURES {
            let Some(series) = summary.measures.get(&measure) else {
                continue;
            };
            let Some(x) = value(&summary, &parameter) else {
                continue;
            };
            let key = (measure, summary.group.clone(), summary.subject);
            let lines = charts.entry(key).or_default();
            let label = label(&summary, &parameter);
            let place = lines.iter().position(|line| line.label == label);
            let place = place.unwrap_or_else(|| {
                lines.push(Line {
                    label,
                    width: 2,
                    ..Line::default()
                });
                lines.len() - 1
            });
            let line = &mut lines[place];
            line.dots.push((x, series.mean));
            line.whiskers
                .push((x, series.mean - series.sd, series.mean + series.sd));
        }
    }
    let plots = charts
        .into_iter()
        .map(|((measure, group, subject), lines)| {
            let flow = match subject {
                Subject::Up | Subject::Down => format!("{group} {}", subject.name()),
                Subject::Transfer | Subject::Radio => group,
            };
            draw((scenario, seeds.len()), &parameter, measure, &flow, lines)
        });
    plots.collect()
}

fn draw(
    (scenario, seeds): (&str, usize),
    parameter: &str,
    measure: Measure,
    flow: &str,
    mut lines: Vec<Line>,
) -> Result<Plot, PlotError> {
    for line in &mut lines {
        line.dots.sort_by(|one, other| one.0.total_cmp(&other.0));
        line.line.clone_from(&line.dots);
    }
    let points = || lines.iter().flat_map(|line| &line.dots);
    let xs = points().map(|point| point.0);
    let (left, right) = (
        xs.clone().fold(f64::INFINITY, f64::min),
        xs.fold(f64::NEG_INFINITY, f64::max),
    );
    let ys = points().map(|point| point.1).filter(|y| *y > 0.0);
    let (low, high) = (
        ys.clone().fold(f64::INFINITY, f64::min),
        ys.fold(0.0, f64::max),
    );
    let logarithmic = measure == Measure::WorstP99;
    let ticks = if logarithmic {
        logarithmic_ticks(low, high)
    } else {
        linear_ticks(0.0, high)
    };
    let (slug, title) = match measure {
        Measure::Goodput => ("goodput", "goodput of all together"),
        Measure::Missed => ("missed", "packets lost or late"),
        Measure::DelayMean => ("delay", "mean delay"),
        Measure::WorstP99 => ("p99", "99th percentile of the delay, worst of the flows"),
        Measure::WorstMos => ("mos", "mean opinion score, worst of the flows"),
    };
    let title = format!("{scenario}, {flow}: {title}");
    let name = if seeds > 1 {
        format!(
            "{}; mean and standard deviation over {seeds} seeds",
            measure.title()
        )
    } else {
        measure.title().to_owned()
    };
    let x_ticks = linear_ticks(left, right);
    let chart = Chart {
        title: Some(&title),
        x: Axis::linear(parameter, &x_ticks),
        y: Axis {
            name: &name,
            logarithmic,
            ticks: &ticks,
        },
        limit: None,
        mark: None,
    };
    Ok(Plot {
        name: format!("{slug}-{}", flow.replace(' ', "-")),
        svg: chart.lines(&lines)?,
    })
}

fn value(summary: &Summary, parameter: &str) -> Option<f64> {
    let found = summary.set.iter().find(|(path, _)| path == parameter);
    found.and_then(|(_, value)| value.as_f64())
}

/// The first key with two different numbers, and nothing else.
fn parameter(records: &[Record]) -> Option<String> {
    let paths = records.first()?.set.iter().map(|(path, _)| path);
    let values = |path: &String| -> Vec<Option<f64>> {
        let found = records.iter().filter_map(|record| {
            let (_, value) = record.set.iter().find(|(other, _)| other == path)?;
            Some(value.as_f64())
        });
        found.collect()
    };
    let numbers = |path: &&String| {
        let values = values(path);
        values.iter().all(Option::is_some) && values.iter().any(|value| *value != values[0])
    };
    paths.into_iter().find(numbers).cloned()
}

/// Arm and the values of the other keys, each under the last part of its path.
fn label(summary: &Summary, parameter: &str) -> String {
    let others = summary.set.iter().filter(|(path, _)| path != parameter);
    let others = others.map(|(path, value)| {
        let key = path.rsplit('.').next().unwrap_or(path);
        match value.as_str() {
            Some(text) => format!("{key} {text}"),
            None => format!("{key} {value}"),
        }
    });
    let parts: Vec<_> = std::iter::once(summary.arm.clone()).chain(others).collect();
    parts.join(", ")
}
