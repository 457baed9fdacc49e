//! Logs: for people by default, JSON lines for collectors.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use tracing::Level;
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Options of every daemon command that logs.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogOptions {
    /// Say more; twice: everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// How logs are written, to standard error
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log: LogFormat,
}

/// Starts logging. `RUST_LOG` overrides `-v`; see the documentation of `tracing-subscriber` for
/// what it may say. A second call does nothing.
pub fn start(options: LogOptions) {
    let level = match options.verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .from_env_lossy();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Fails only when something else already takes the logs, which then also takes ours.
    let _ = match options.log {
        LogFormat::Human => logs.with_target(false).try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
}
