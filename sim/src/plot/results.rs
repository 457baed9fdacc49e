//! Plots of runs.

use std::collections::BTreeMap;

use rether_proto::time::{Duration, Instant};

use super::{Area, Axis, Chart, Plot, PlotError, ResultFile, cdf, linear_ticks, logarithmic_ticks};
use crate::traffic::LATE_MS;
use crate::verdict::figure;
use crate::world::Sample;

/// Radios that have a colour of their own.
const RADIOS: usize = 5;

/// The distribution of one-way delays of all calls, for each scenario one plot with each arm and
/// way. Seeds are taken together; packets that were lost never come.
///
/// # Errors
/// If the back end fails.
pub fn delays(results: &[ResultFile]) -> Result<Vec<Plot>, PlotError> {
    /// Delays in ms, and how many packets were sent.
    type Seen = (Vec<f64>, u64);
    let mut scenarios: BTreeMap<&str, Vec<(String, Seen)>> = BTreeMap::new();
    for result in results {
        for (name, delays) in &result.delays_us {
            for (way, delays) in [("up", &delays.up), ("down", &delays.down)] {
                let flow = result.traffic.get(name);
                let sent = flow.and_then(|flow| figure(flow, &format!("calls.0.{way}.sent")).ok());
                let label = format!("{}, {way}", result.arm);
                let lines = scenarios.entry(&result.scenario).or_default();
                let place = lines.iter().position(|(other, _)| *other == label);
                let place = place.unwrap_or(lines.len());
                if place == lines.len() {
                    lines.push((label, Seen::default()));
                }
                let (values, all) = &mut lines[place].1;
                values.extend(delays.iter().map(|us| f64::from(*us) / 1e3));
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of packets"
                )]
                let sent = sent.unwrap_or_default() as u64;
                *all += sent;
            }
        }
    }
    let plots = scenarios.into_iter().map(|(scenario, lines)| {
        let values = || lines.iter().flat_map(|(_, (values, _))| values).copied();
        let low = values().fold(f64::INFINITY, f64::min);
        let ticks = logarithmic_ticks(low, values().fold(f64::from(LATE_MS), f64::max));
        let title = format!("{scenario}: one-way delay of calls");
        let chart = Chart {
            title: Some(&title),
            x: Axis::logarithmic(
                "one-way delay, ms; red: 150 ms, above which a packet is late",
                &ticks,
            ),
            y: Axis::linear(
                "share of the packets sent that arrived within it",
                &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
            ),
            limit: None,
            mark: Some(f64::from(LATE_MS)),
        };
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(label, (values, all))| cdf(label, values, all))
            .collect();
        Ok(Plot {
            name: format!("delay-{scenario}"),
            svg: chart.lines(&lines)?,
        })
    });
    plots.collect()
}

/// Who had the air over time: each radio's frames, those of the protocol, Acks. `None` if the
/// result has no samples.
///
/// # Errors
/// If the back end fails.
pub fn airtime(result: &ResultFile) -> Result<Option<Plot>, PlotError> {
    let Some(samples) = result
        .samples
        .as_ref()
        .filter(|found| !found.steps.is_empty())
    else {
        return Ok(None);
    };
    let nothing = Sample {
        at: Instant::ZERO,
        airtime: vec![Duration::ZERO; samples.radios.len()],
        tokens: vec![Duration::ZERO; samples.radios.len()],
        acks: Duration::ZERO,
    };
    let steps: Vec<&Sample> = std::iter::once(&nothing).chain(&samples.steps).collect();
    let edges: Vec<f64> = steps.iter().map(|step| seconds(step.at)).collect();
    let share = |of: &dyn Fn(&Sample) -> Duration| -> Vec<f64> {
        let pairs = steps.windows(2).map(|pair| {
            let spent = of(pair[1]).saturating_sub(of(pair[0]));
            let length = pair[1].at.since(pair[0].at);
            spent.as_secs_f64() / length.as_secs_f64().max(1e-9) * 100.0
        });
        pairs.collect()
    };
    let at = |list: &[Duration], radio: usize| list.get(radio).copied().unwrap_or_default();
    let mut layers: Vec<Area> = Vec::new();
    for (radio, name) in samples.radios.iter().enumerate() {
        let data = |step: &Sample| at(&step.airtime, radio).saturating_sub(at(&step.tokens, radio));
        layers.push(Area {
            label: name.clone(),
            heights: share(&data),
            rest: false,
        });
    }
    let mut layers = busiest(layers);
    let all = |step: &Sample| {
        step.tokens
            .iter()
            .fold(Duration::ZERO, |sum, one| sum + *one)
    };
    let tokens = share(&all);
    if tokens.iter().any(|share| *share > 0.0) {
        layers.push(Area {
            label: "frames of Rether".to_owned(),
            heights: tokens,
            rest: false,
        });
    }
    layers.push(Area {
        label: "Acks".to_owned(),
        heights: share(&|step| step.acks),
        rest: true,
    });
    let end = edges.last().copied().unwrap_or_default();
    let title = format!(
        "{}, arm {}, seed {}: who has the air",
        result.scenario, result.arm, result.seed
    );
    let times = linear_ticks(0.0, end);
    let chart = Chart {
        title: Some(&title),
        x: Axis::linear("time, s", &times),
        y: Axis::linear(
            "share of the time, %; collided frames count for each sender",
            &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0],
        ),
        limit: None,
        mark: None,
    };
    Ok(Some(Plot {
        name: format!(
            "airtime-{}-{}-seed{}",
            result.scenario, result.arm, result.seed
        ),
        svg: chart.areas(&edges, &layers)?,
    }))
}

fn seconds(at: Instant) -> f64 {
    at.since(Instant::ZERO).as_secs_f64()
}

/// Layers of the radios with the most, in their order, and all others as one.
fn busiest(layers: Vec<Area>) -> Vec<Area> {
    if layers.len() <= RADIOS {
        return layers;
    }
    let sum = |layer: &Area| layer.heights.iter().sum::<f64>();
    let mut sums: Vec<f64> = layers.iter().map(sum).collect();
    sums.sort_by(|one, other| other.total_cmp(one));
    let least = sums.get(RADIOS - 2).copied().unwrap_or_default();
    let (mut kept, mut others): (Vec<Area>, Vec<Area>) =
        layers.into_iter().partition(|layer| sum(layer) >= least);
    // Equals do not make more of them.
    others.extend(kept.split_off(kept.len().min(RADIOS - 1)));
    let steps = others.first().map_or(0, |layer| layer.heights.len());
    let together = (0..steps).map(|step| others.iter().map(|layer| layer.heights[step]).sum());
    kept.push(Area {
        label: format!("{} others", others.len()),
        heights: together.collect(),
        rest: false,
    });
    kept
}
