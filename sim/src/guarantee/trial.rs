//! All arms of a scenario from the same seeds.

use crate::scenario::Scenario;
use crate::traffic::CallsWay;
use crate::world::{self, BuildError, Options, Outcome};
use crate::{FlowFigures, Transfer};

use super::Effort;

/// The outcomes of all arms, by seed.
pub(super) struct Trials(Vec<Vec<Outcome>>);

impl Trials {
    /// Runs every arm of `text` with every seed; `cost` measures the coordinators.
    pub(super) fn run(text: &str, effort: &Effort, cost: bool) -> Result<Self, BuildError> {
        let scenario =
            Scenario::parse(text, "bar").map_err(|error| BuildError::Preset(error.to_string()))?;
        let options = Options {
            cost,
            ..Options::default()
        };
        let seeds = 1..=effort.seeds;
        let runs = seeds.map(|seed| {
            let arms = scenario.arm.iter();
            let outcomes = arms.map(|arm| world::run(&scenario, arm, seed, &options));
            outcomes.collect::<Result<Vec<_>, _>>()
        });
        Ok(Self(runs.collect::<Result<_, _>>()?))
    }

    /// A figure of an arm, by seed.
    pub(super) fn each<'a>(
        &'a self,
        arm: &'a str,
        figure: impl Fn(&Outcome) -> Option<f64> + 'a,
    ) -> impl Iterator<Item = f64> + 'a {
        let of_arm = move |run: &'a Vec<Outcome>| run.iter().find(|outcome| outcome.arm == arm);
        let outcomes = self.0.iter().filter_map(of_arm);
        outcomes.filter_map(figure)
    }

    /// Its mean.
    pub(super) fn mean(&self, arm: &str, figure: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
        let (sum, count) = self
            .each(arm, figure)
            .fold((0.0, 0_u32), |(sum, count), figure| {
                (sum + figure, count + 1)
            });
        (count > 0).then(|| sum / f64::from(count))
    }

    /// The largest of it.
    pub(super) fn most(&self, arm: &str, figure: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
        self.each(arm, figure).reduce(f64::max)
    }

    /// The smallest of it.
    pub(super) fn least(&self, arm: &str, figure: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
        self.each(arm, figure).reduce(f64::min)
    }
}

/// Flows that are no calls and whose names begin so.
pub(super) fn transfers<'a>(
    outcome: &'a Outcome,
    prefix: &'a str,
) -> impl Iterator<Item = &'a Transfer> {
    let named = outcome.traffic.iter();
    let named = named.filter(move |(name, _)| name.starts_with(prefix));
    named.filter_map(|(_, flow)| match flow {
        FlowFigures::Transfer(transfer) => Some(transfer),
        FlowFigures::Voice { .. } => None,
    })
}

/// Payload of flows whose names begin so, in Mb/s; none if there are none.
pub(super) fn goodput(outcome: &Outcome, prefix: &str) -> Option<f64> {
    let flows = transfers(outcome, prefix).map(|flow| flow.goodput_bps / 1e6);
    flows.reduce(|one, other| one + other)
}

/// The least goodput of one of them, in Mb/s.
pub(super) fn least_goodput(outcome: &Outcome, prefix: &str) -> Option<f64> {
    let flows = transfers(outcome, prefix).map(|flow| flow.goodput_bps / 1e6);
    flows.reduce(f64::min)
}

/// Of all calls, the worse way.
pub(super) fn worse(outcome: &Outcome, figure: impl Fn(&CallsWay) -> f64) -> Option<f64> {
    let calls = outcome.calls.as_ref()?;
    Some(figure(&calls.up).max(figure(&calls.down)))
}

/// Voice packets lost, both ways.
#[expect(clippy::cast_precision_loss, reason = "a count for people")]
pub(super) fn voice_lost(outcome: &Outcome) -> Option<f64> {
    let calls = outcome.calls.as_ref()?;
    Some((calls.up.lost + calls.down.lost) as f64)
}

/// Share of voice packets lost or later than 150 ms, the worse way, in percent.
pub(super) fn voice_missed(outcome: &Outcome) -> Option<f64> {
    worse(outcome, |way| way.missed() * 100.0)
}

/// 99th percentile of the delay of calls, the worse way, in ms; nothing if no packet arrived.
pub(super) fn voice_p99(outcome: &Outcome) -> Option<f64> {
    worse(outcome, |way| {
        way.delay_ms.map_or(f64::INFINITY, |delay| delay.p99)
    })
    .filter(|p99| p99.is_finite())
}
