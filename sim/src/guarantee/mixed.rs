//! G8: calls beside stations that take no part.

use super::cell::{Cell, Text};
use super::rate_fall::stands;
use super::trial::{Trials, voice_missed, voice_p99};
use super::{At, Bar, Effort, Finding, Task};
use crate::preset::Phy;
use crate::world::Outcome;
use crate::{Call, FlowFigures, Stream};

const CALLS: u16 = 5;
/// The largest share of a promised call that may be lost or late, in percent.
const MISSED: f64 = 0.1;
/// 99 of 100 packets within so many ms.
const P99: f64 = 30.0;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let numbers: &[u16] = if effort.quick {
        &[1, 5]
    } else {
        &[1, 2, 3, 4, 5]
    };
    let cells = [Cell::strict(Phy::B11), Cell::strict(Phy::A54)];
    let points = cells
        .into_iter()
        .flat_map(|cell| numbers.iter().map(move |n| (cell, *n)));
    points.map(|(cell, n)| task(cell, n, effort)).collect()
}

fn task(cell: Cell, strangers: u16, effort: &Effort) -> Task {
    let text = Text::new(
        cell,
        "calls beside stations without an agent",
        effort.seconds,
    )
    .promise_calls(20)
    .calls(CALLS, "")
    .uploads("stranger", strangers, 9_000, "agent = false\n")
    .finish();
    let run = text.clone();
    Task {
        at: At {
            bar: Bar::G8,
            series: cell.name(),
            point: format!("{strangers} strangers"),
            x: f64::from(strangers),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let promised = trials.mean("rether", |outcome| {
                u32::try_from(promised_calls(outcome).count())
                    .ok()
                    .map(f64::from)
            });
            let missed = trials.most("rether", |outcome| most(outcome, missed_of));
            let p99 = trials.most("rether", |outcome| {
                most(outcome, |stream| {
                    stream
                        .stream
                        .delay_ms
                        .map_or(f64::INFINITY, |delay| delay.p99)
                })
            });
            Ok(vec![
                Finding::new(at, "promised call lost or late", "%")
                    .seen(trials.most("plain", voice_missed), missed)
                    .at_most(MISSED)
                    .note(format!(
                        "{} of {CALLS} calls promised",
                        super::number_or_nothing(promised)
                    )),
                Finding::new(at, "promised call p99", "ms")
                    .seen(trials.most("plain", voice_p99), p99)
                    .at_most(P99),
            ])
        }),
    }
}

/// Calls whose reservation stands when they end.
pub(super) fn promised_calls(outcome: &Outcome) -> impl Iterator<Item = &Call> {
    let flows = outcome.traffic.iter();
    let flows = flows.filter(|(name, _)| stands(outcome, name));
    flows.filter_map(|(_, flow)| match flow {
        FlowFigures::Voice { calls } => calls.first(),
        FlowFigures::Transfer(_) => None,
    })
}

/// The worst of them, either way; none if none is promised.
pub(super) fn most(outcome: &Outcome, figure: impl Fn(&Stream) -> f64) -> Option<f64> {
    let ways = promised_calls(outcome).flat_map(|call| [&call.up, &call.down]);
    ways.map(figure).reduce(f64::max)
}

/// Share of a call's packets that are lost or late, in percent.
pub(super) fn missed_of(stream: &Stream) -> f64 {
    let missed = f64::from(stream.stream.lost) + f64::from(stream.stream.late);
    missed * 100.0 / f64::from(stream.sent.max(1))
}
