//! G9: many stations and lost tokens.

use super::cell::{Cell, Text};
use super::mixed::{missed_of, most, promised_calls};
use super::trial::{Trials, voice_missed};
use super::{At, Bar, Effort, Finding, Task};
use crate::preset::Phy;

const CALLS: u16 = 50;
const OTHERS: u16 = 200;
/// A call is usable up to this share of packets lost or late, in percent.
const MISSED: f64 = 1.0;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let cell = Cell::strict(Phy::A54);
    let mut text = Text::new(cell, "many stations and lost tokens", effort.seconds)
        .promise_calls(60)
        .calls(CALLS, "")
        .stations("other", OTHERS, "")
        .flow(
            "other",
            "udp",
            ("other", "wire"),
            "port = 9000\nrate = \"4kbit/s\"\npacket-bytes = 200\n",
        );
    for node in ["ap", "caller", "other"] {
        text = text.event("0s", "lose-tokens", node, "share = \"20%\"\n");
    }
    let text = text.finish();
    let run = text.clone();
    let task = Task {
        at: At {
            bar: Bar::G9,
            series: cell.name(),
            point: "250 stations".to_owned(),
            x: 250.0,
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, true)?;
            let promised = trials.mean("rether", |outcome| {
                u32::try_from(promised_calls(outcome).count())
                    .ok()
                    .map(f64::from)
            });
            let cost = trials.mean("rether", |outcome| {
                Some(outcome.coordinator_cost_seconds? * 100.0 / outcome.clock_seconds)
            });
            Ok(vec![
                Finding::new(at, "promised call lost or late", "%")
                    .seen(
                        trials.most("plain", voice_missed),
                        trials.most("rether", |outcome| most(outcome, missed_of)),
                    )
                    .at_most(MISSED),
                Finding::new(at, "calls promised to the end", "").seen(None, promised),
                Finding::new(at, "planning", "% of a processor")
                    .seen(None, cost)
                    .note("must be below 5; by the machine's clock, in this build".to_owned()),
            ])
        }),
    };
    vec![task]
}
