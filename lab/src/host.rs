//! Running programs of the host.

use crate::error::Error;
use std::{
    io::ErrorKind,
    process::{Command, Stdio},
};

/// Runs `command` to its end and returns its standard output.
///
/// # Errors
/// If it is not installed, or fails; `remedy` is added to the text of a failure.
pub(crate) fn output(command: &mut Command, remedy: &'static str) -> Result<String, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .output()
        .map_err(|source| {
            if source.kind() == ErrorKind::NotFound {
                Error::Program {
                    program: name.clone(),
                    source,
                }
            } else {
                Error::Command {
                    command: name.clone(),
                    said: source.to_string(),
                    remedy,
                }
            }
        })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let tail: Vec<_> = said.lines().rev().take(6).collect();
    let said = tail.into_iter().rev().collect::<Vec<_>>().join("\n  ");
    Err(Error::Command {
        command: format!("{command:?}"),
        said,
        remedy,
    })
}
