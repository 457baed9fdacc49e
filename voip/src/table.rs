//! The report for people.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use rether_voip::clock::ClockBasis;
use rether_voip::report::{CallReport, Check, Direction, Ending, RunReport, Verdict};

/// The whole report, ending in a newline.
pub(crate) fn render(run: &RunReport) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} x {}, {} s, late beyond {} ms, DSCP {}",
        run.calls.len(),
        run.profile.name(),
        run.duration_s,
        run.late_ms,
        run.dscp
    );
    for call in &run.calls {
        let _ = writeln!(out, "{}", headline(call));
    }
    if run.calls.iter().any(|call| call.ended != Ending::NotPlaced) {
        let _ = writeln!(out, "\n{}", figures(run));
        out.push_str(&windows(run));
        out.push_str(&remarks(run));
    }
    for check in &run.checks {
        let _ = writeln!(out, "{}", judged(check));
    }
    let verdict = match run.verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "FAILED",
        Verdict::NotPlaced => "NOT PLACED",
    };
    let _ = writeln!(out, "{verdict}");
    out
}

fn headline(call: &CallReport) -> String {
    let ended = match call.ended {
        Ending::Completed => "completed",
        Ending::Interrupted => "interrupted",
        Ending::PeerSilent => "BROKE OFF",
        Ending::NotPlaced => "NOT PLACED",
    };
    let mut line = format!(
        "call {}: {} -> {} {ended}",
        call.call, call.local, call.remote
    );
    if let Some(reason) = &call.reason {
        let _ = write!(line, ": {reason}");
    }
    if let Some(clock) = call.clock {
        let _ = match clock.basis {
            ClockBasis::Shared => write!(line, "; one clock at both ends"),
            ClockBasis::Estimated => write!(
                line,
                "; clocks aligned by ping, delays right to +/-{:.2} ms",
                clock.error_ms
            ),
        };
    }
    if let Some(rtt) = call.rtt_ms {
        let _ = write!(
            line,
            "; RTT min {:.2} mean {:.2} max {:.2} ms",
            rtt.min, rtt.mean, rtt.max
        );
    }
    line
}

fn figures(run: &RunReport) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "call", "way", "sent", "lost", "late", "dup", "reord", "min", "p50", "p99", "max ms",
        "jitter", "gap ms", "MOS", "worst",
    ]);
    for (call, way, direction) in directions(run) {
        table.add_row(row(call, way, direction));
    }
    for column in table.column_iter_mut() {
        column
            .set_padding((0, 1))
            .set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn directions(run: &RunReport) -> impl Iterator<Item = (u32, &'static str, &Direction)> {
    run.calls
        .iter()
        .filter(|call| call.ended != Ending::NotPlaced)
        .flat_map(|call| [(call.call, "up", &call.up), (call.call, "down", &call.down)])
}

fn row(call: u32, way: &str, direction: &Direction) -> Vec<String> {
    let unknown = || "?".to_owned();
    let ms = |value: f64| format!("{value:.2}");
    let sent = direction
        .sender
        .map_or_else(unknown, |sender| sender.sent.to_string());
    let mut row = vec![call.to_string(), way.to_owned(), sent];
    let Some(stream) = &direction.stream else {
        row.resize_with(15, unknown);
        return row;
    };
    row.extend([stream.lost.to_string(), stream.late.to_string()]);
    row.extend([stream.duplicated.to_string(), stream.reordered.to_string()]);
    match stream.delay_ms {
        Some(delay) => row.extend([delay.min, delay.p50, delay.p99, delay.max].map(ms)),
        None => row.extend(["-"; 4].map(str::to_owned)),
    }
    row.push(ms(stream.jitter_max_ms));
    row.push(format!("{:.0}", stream.longest_gap_ms));
    row.extend([ms(stream.quality.mos), ms(stream.mos_worst_window)]);
    row
}

/// One line a direction: the MOS of each window, as many as there is room for.
fn windows(run: &RunReport) -> String {
    const MOST: usize = 24;
    let mut out = String::new();
    for (call, way, direction) in directions(run) {
        let Some(stream) = &direction.stream else {
            continue;
        };
        let scores: Vec<String> = stream
            .windows
            .iter()
            .take(MOST)
            .map(|w| format!("{:.2}", w.quality.mos))
            .collect();
        let more = stream.windows.len().saturating_sub(MOST);
        let _ = write!(out, "MOS per 5 s, call {call} {way}: {}", scores.join(" "));
        let _ = if more > 0 {
            writeln!(out, " ... and {more} more")
        } else {
            writeln!(out)
        };
    }
    out
}

/// What would otherwise be blamed on the network.
fn remarks(run: &RunReport) -> String {
    let mut out = String::new();
    for (call, way, direction) in directions(run) {
        let Some(sender) = direction.sender else {
            continue;
        };
        if sender.send_errors > 0 {
            let refused = sender.send_errors;
            let _ = writeln!(
                out,
                "call {call} {way}: {refused} lost in the sender's own kernel"
            );
        }
        if sender.pacing_late_max_ms > f64::from(run.profile.packet_ms()) {
            let late = sender.pacing_late_max_ms;
            let _ = writeln!(
                out,
                "call {call} {way}: the sender was up to {late:.0} ms behind"
            );
        }
    }
    out
}

fn judged(check: &Check) -> String {
    let word = if check.passed { "ok    " } else { "MISSED" };
    let at = check.at.as_deref().unwrap_or("no call");
    match check.seen {
        Some(seen) => {
            format!(
                "{word} {} {}: worst {seen:.2} ({at})",
                check.name, check.limit
            )
        }
        None => format!("{word} {} {}: no figures ({at})", check.name, check.limit),
    }
}
