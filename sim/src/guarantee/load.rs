//! G3: calls beside uploads and a download.

use super::cell::{CELLS, Cell, START, Text};
use super::trial::{Trials, goodput, voice_lost, voice_missed, voice_p99};
use super::{At, Bar, Effort, Finding, Task, limit};

/// Calls.
const CALLS: u16 = 5;
/// Share of what voice leaves that data must get.
const KEPT: f64 = 0.85;
/// 99 of 100 packets must arrive within so many ms.
pub(super) const P99: f64 = 20.0;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let uploads: Vec<u16> = if effort.quick {
        vec![0, 5, 10]
    } else {
        (0..=10).collect()
    };
    let points = CELLS
        .into_iter()
        .flat_map(|cell| uploads.iter().map(move |m| (cell, *m)));
    points.map(|(cell, m)| task(cell, m, effort)).collect()
}

/// Besides the two usual arms, `alone` has the data flows alone, and `one` one of them.
fn text(cell: Cell, uploads: u16, effort: &Effort) -> String {
    let with_data = "arms = [\"rether\", \"plain\", \"alone\"]\n";
    let upload = |text: Text, name: &str, count: u16, port: u16, arms: &str| {
        if count == 0 {
            return text;
        }
        let keys = format!("port = {port}\npacket-bytes = 1472\n{arms}");
        text.stations(name, count, "")
            .flow(&format!("data-{name}"), "udp", (name, "wire"), &keys)
    };
    let text = Text::new(cell, "calls beside uploads and a download", effort.seconds)
        .warm_up(START)
        .arm("alone")
        .arm("one")
        .promise_calls(20)
        .calls(CALLS, "arms = [\"rether\", \"plain\"]\n");
    let text = upload(text, "first", uploads.min(1), 9_000, "");
    let text = upload(text, "loader", uploads.saturating_sub(1), 9_100, with_data);
    let download = if uploads == 0 { "" } else { with_data };
    text.stations("reader", 1, "")
        .flow("data-download", "tcp", ("wire", "reader"), download)
        .finish()
}

fn task(cell: Cell, uploads: u16, effort: &Effort) -> Task {
    let text = text(cell, uploads, effort);
    let run = text.clone();
    Task {
        at: At {
            bar: Bar::G3,
            series: cell.name(),
            point: format!("{uploads} uploads"),
            x: f64::from(uploads),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let lost = |arm| trials.most(arm, voice_lost);
            let missed = |arm| trials.mean(arm, voice_missed);
            let p99 = |arm| trials.most(arm, voice_p99);
            let data = |arm| trials.mean(arm, |outcome| goodput(outcome, "data-"));
            let capacity = [data("alone"), data("one")]
                .into_iter()
                .flatten()
                .fold(0.0, f64::max);
            let left = capacity * (1.0 - limit::voice_share(cell, CALLS));
            Ok(vec![
                Finding::new(at, "voice packets lost", "")
                    .seen(lost("plain"), lost("rether"))
                    .at_most(0.0),
                Finding::new(at, "voice lost or late", "%").seen(missed("plain"), missed("rether")),
                Finding::new(at, "voice p99", "ms")
                    .seen(p99("plain"), p99("rether").unwrap_or(f64::INFINITY))
                    .at_most(P99),
                Finding::new(at, "data", "Mb/s")
                    .seen(data("plain"), data("rether"))
                    .at_least(KEPT * left)
                    .limit(left)
                    .note(format!("capacity alone {capacity:.2}")),
            ])
        }),
    }
}
