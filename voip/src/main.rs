//! `rether-voip`: places test calls and answers them.

mod cli;
mod table;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use anyhow::{Context, Result};
use clap::Parser;
use rether_voip::answer::{AnswerOptions, Limits, Notice, answer};
use rether_voip::call::{CallOptions, Live, Patience, call};
use rether_voip::report::{RunReport, SCHEMA_VERSION};
use rether_voip::thresholds::{Thresholds, verdict};
use signal_hook::consts::{SIGINT, SIGTERM};

use cli::{AnswerArgs, CallArgs, Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Call(args) => run_call(&args),
        Command::Answer(args) => run_answer(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("rether-voip: {error:#}");
        ExitCode::from(2)
    })
}

fn run_call(args: &CallArgs) -> Result<ExitCode> {
    let stop = stop_by_signal()?;
    let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4);
    let options = CallOptions {
        host: args.host.clone(),
        port: args.network.port,
        bind: args.network.bind,
        local_port: args.local_port.unwrap_or(args.network.port),
        profile: args.profile,
        duration: args.duration,
        calls: args.calls,
        late: args.late,
        clock: args.clock,
        dscp: args.network.dscp,
        each_packet: args.network.packets,
        patience: Patience {
            setup_ns: nanos(args.setup_timeout),
            dead_after_ns: nanos(args.dead_after),
            report_ns: nanos(args.report_timeout),
        },
    };
    // A slow terminal must not delay the thread that reads the packets.
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::Builder::new()
        .name("calls".into())
        .spawn(move || {
            call(&options, &stop, |live| {
                // Fails only when nobody shows the lines any more.
                let _ = sender.send(live);
            })
        })?;
    show_live(args, &lines);
    let calls = reader
        .join()
        .map_err(|_| anyhow::anyhow!("the calling thread panicked"))??;

    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let thresholds = Thresholds {
        max_loss_pct: args.max_loss,
        max_p99_ms: args.max_p99.map(millis),
        min_mos: args.min_mos,
        max_gap_ms: args.max_gap.map(millis),
    };
    let checks = thresholds.check(&calls);
    let report = RunReport {
        schema_version: SCHEMA_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: args.profile,
        duration_s: args.duration.as_secs_f64(),
        late_ms: u32::try_from(args.late.as_millis()).unwrap_or(u32::MAX),
        dscp: args.network.dscp,
        verdict: verdict(&calls, &checks),
        calls,
        checks,
    };
    let json = serde_json::to_string_pretty(&report)? + "\n";
    match &args.json {
        Some(None) => print(&json)?,
        Some(Some(file)) => {
            print(&table::render(&report))?;
            write_file(file, &json)?;
        }
        None => print(&table::render(&report))?,
    }
    Ok(ExitCode::from(report.verdict.exit_code()))
}

/// Shows each line until the calls are over: one line renewed on a terminal, a line
/// a second elsewhere if asked for.
fn show_live(args: &CallArgs, lines: &mpsc::Receiver<Live>) {
    let mut out = std::io::stderr();
    let terminal = out.is_terminal();
    let show = !args.quiet && (terminal || args.live);
    for line in lines.iter().filter(|_| show) {
        // Nobody may be looking any more; the calls go on.
        let _ = if terminal {
            write!(out, "\r\x1b[K{line}")
        } else {
            writeln!(out, "{line}")
        };
    }
    if show && terminal {
        let _ = writeln!(out);
    }
}

fn run_answer(args: &AnswerArgs) -> Result<ExitCode> {
    let stop = stop_by_signal()?;
    let options = AnswerOptions {
        bind: args.network.bind,
        port: args.network.port,
        dscp: args.network.dscp,
        once: args.once,
        each_packet: args.network.packets,
        limits: Limits {
            max_calls: args.max_calls.into(),
            max_duration_ms: u32::try_from(args.max_duration.as_millis()).unwrap_or(u32::MAX),
            dead_after_ns: u64::try_from(args.dead_after.as_nanos()).unwrap_or(u64::MAX / 4),
        },
    };
    let delivered = answer(&options, &stop, |notice| {
        if let (true, Notice::Ended(_, _, call)) = (args.json, &notice)
            && let Ok(line) = serde_json::to_string(call)
        {
            // Nobody may be reading any more; calls are answered all the same.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
        if !args.quiet {
            let _ = writeln!(std::io::stderr(), "{notice}");
        }
    })?;
    Ok(ExitCode::from(u8::from(args.once && !delivered)))
}

/// A flag that Ctrl-C and SIGTERM set. A second Ctrl-C ends the process at once.
fn stop_by_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot catch signals")?;
    }
    Ok(stop)
}

fn print(text: &str) -> Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write the report")
}

fn write_file(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
