//! Rows about bad input.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Context, Seen};
use crate::mutations;

/// A million mutated frames into both parsers and both cores.
pub(super) fn frames(context: &Context) -> Result<Seen> {
    let count = if context.quick { 200_000 } else { 1_000_000 };
    let outcome = mutations::run(count, 1);
    Ok(Seen {
        text: outcome.to_string(),
        passed: outcome.frames >= count,
    })
}

/// The table of config mistakes lives with the parser, as a test of its own.
pub(super) fn configs(context: &Context) -> Result<Seen> {
    let cargo = std::env::var_os("CARGO").context("run this by `cargo bars`")?;
    let output = Command::new(cargo)
        .args([
            "test",
            "--quiet",
            "-p",
            "rether-ap",
            "--test",
            "config_mistakes",
            "--",
        ])
        .args(["--nocapture"])
        .current_dir(&context.root)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text
        .lines()
        .find(|line| line.contains("mistakes"))
        .unwrap_or("no count printed");
    Ok(Seen {
        text: told.trim().to_owned(),
        passed: output.status.success(),
    })
}
