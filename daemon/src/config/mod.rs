//! Configuration files: TOML, in which every mistake is found at once and told with its place
//! and its remedy.
//!
//! A daemon reads its file through [`Section`]s: each key is asked for by name and type, what
//! nobody asked for is an unknown key. Types are newtypes whose [`Value::read`] takes only valid
//! values, so a configuration that was read needs no further checks.
//!
//! The sections walk the spanned tree of the `toml` crate instead of deserializing with serde,
//! because serde stops at the first mistake.

mod common;
mod finding;
mod key_file;
mod network;
mod section;
mod units;
mod value;

pub use common::{find, group_may_observe, patience, queue};
pub use finding::{ConfigError, Finding};
pub use key_file::KeyFile;
pub use network::{Dscp, EtherType, IpProtocol};
pub use section::{Document, Section};
pub use units::{BitRate, Count, Percent, PhyRate, Span, Text};
pub use value::{Raw, Value, Wrong, one_of};

use std::path::Path;

/// Reads the file at `path` with `read`.
///
/// # Errors
/// The file cannot be read, or has mistakes: all of them.
pub fn load<T>(
    path: &Path,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Result<T, ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        file: name.clone(),
        source,
    })?;
    parse(&name, &text, read)
}

/// Reads `text`, which comes from the file called `name`, with `read`.
///
/// # Errors
/// All mistakes.
pub fn parse<T>(
    name: &str,
    text: &str,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Result<T, ConfigError> {
    let document = Document::new(name, text);
    let (value, findings) = document.read(read);
    match value {
        Some(value) if findings.is_empty() => Ok(value),
        _ => Err(ConfigError::Mistakes(findings)),
    }
}
