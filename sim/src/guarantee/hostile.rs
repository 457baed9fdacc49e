//! Hostile agents beside calls.

use super::cell::{Cell, Text};
use super::load::P99;
use super::trial::{Trials, goodput, voice_lost, voice_p99};
use super::{At, Bar, Effort, Finding, Task};
use crate::preset::Phy;
use crate::scenario::Vice;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let vices = Vice::ALL.into_iter().enumerate();
    vices
        .map(|(place, vice)| task(place, vice, effort))
        .collect()
}

fn task(place: usize, vice: Vice, effort: &Effort) -> Task {
    let cell = Cell::strict(Phy::A54);
    let keys = format!("vice = \"{}\"\n", vice.name());
    let text = Text::new(cell, "calls beside a hostile agent", effort.seconds)
        .promise_calls(20)
        .calls(5, "")
        .uploads("honest", 3, 9_000, "")
        .stations("rogue", 1, &keys)
        .flow(
            "rogue-up",
            "udp",
            ("rogue", "wire"),
            "port = 9100\npacket-bytes = 1472\nrate = \"40Mbit/s\"\n",
        )
        .finish();
    let run = text.clone();
    Task {
        at: At {
            bar: Bar::Hostile,
            series: cell.name(),
            point: vice.name().to_owned(),
            x: u32::try_from(place).map_or(f64::INFINITY, f64::from),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let lost = |arm| trials.most(arm, voice_lost);
            let p99 = |arm| trials.most(arm, voice_p99);
            let data = |arm, name: &'static str| trials.mean(arm, |outcome| goodput(outcome, name));
            Ok(vec![
                Finding::new(at, "voice packets lost", "")
                    .seen(lost("plain"), lost("rether"))
                    .at_most(0.0),
                Finding::new(at, "voice p99", "ms")
                    .seen(p99("plain"), p99("rether").unwrap_or(f64::INFINITY))
                    .at_most(P99),
                Finding::new(at, "honest uploads", "Mb/s")
                    .seen(data("plain", "honest"), data("rether", "honest")),
                Finding::new(at, "hostile upload", "Mb/s")
                    .seen(data("plain", "rogue"), data("rether", "rogue")),
            ])
        }),
    }
}
