//! G7: a station's rate falls.

use super::cell::{Cell, Text, WARM_UP};
use super::trial::{Trials, goodput, voice_lost, voice_p99};
use super::{At, Bar, Effort, Finding, Task};
use crate::preset::Phy;
use crate::world::{Outcome, Step};

const CALLS: u16 = 10;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let cell = Cell::strict(Phy::A54);
    let seconds = effort.seconds.max(5);
    let text = Text::new(cell, "a rate falls beneath ten calls and a stream", seconds)
        .promise_calls(20)
        .promise("stream", "udp", (7_000, "up"), "5200kbit", "40ms")
        .calls(CALLS, "")
        .flow(
            "stream",
            "udp",
            ("caller1", "wire"),
            "port = 7000\nrate = \"5Mbit/s\"\npacket-bytes = 1472\n",
        )
        .uploads("sta", 2, 9_000, "")
        .event(
            &format!("{}s", WARM_UP + 2),
            "set-rate",
            "caller1",
            "rate-mbps = 6\n",
        )
        .finish();
    let run = text.clone();
    let task = Task {
        at: At {
            bar: Bar::G7,
            series: cell.name(),
            point: "54 to 6 Mb/s".to_owned(),
            x: 6.0,
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let lost = |arm| trials.most(arm, voice_lost);
            let p99 = |arm| trials.most(arm, voice_p99);
            let stream = |arm| trials.mean(arm, |outcome| goodput(outcome, "stream"));
            Ok(vec![
                Finding::new(at, "voice packets lost", "")
                    .seen(lost("plain"), lost("rether"))
                    .at_most(0.0),
                Finding::new(at, "calls withdrawn", "")
                    .seen(None, trials.most("rether", calls_withdrawn))
                    .at_most(0.0),
                Finding::new(at, "streams withdrawn", "")
                    .seen(None, trials.least("rether", streams_withdrawn))
                    .at_least(1.0),
                Finding::new(at, "voice p99", "ms").seen(p99("plain"), p99("rether")),
                Finding::new(at, "stream", "Mb/s").seen(stream("plain"), stream("rether")),
            ])
        }),
    };
    vec![task]
}

/// Calls without a reservation when they end.
fn calls_withdrawn(outcome: &Outcome) -> Option<f64> {
    let names = (1..=CALLS).map(|number| format!("call{number}"));
    let gone = names.filter(|name| !stands(outcome, name));
    u32::try_from(gone.count()).ok().map(f64::from)
}

fn streams_withdrawn(outcome: &Outcome) -> Option<f64> {
    Some(if stands(outcome, "stream") { 0.0 } else { 1.0 })
}

/// Whether the reservation of a flow was granted and did not end before the run did.
pub(super) fn stands(outcome: &Outcome, flow: &str) -> bool {
    let steps = outcome.reservations.get(flow);
    let last = steps.and_then(|steps| steps.last());
    last.is_some_and(|last| last.step == Step::Granted)
}
