//! What will work on this machine and what will not, and why; for a `doctor` command.

use crate::link::InterfaceName;

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked, in a few words.
    pub what: &'static str,
    /// Whether Rether needs it or does better with it.
    pub need: Need,
    /// What was found, or why not and what to do.
    pub result: Result<String, String>,
}

/// How much depends on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing works without it.
    Must,
    /// It works less well without it.
    Should,
}

/// Checks everything that can be checked without changing anything that lasts. Needs a tokio
/// runtime. With an interface, checks that too.
pub async fn all(interface: Option<&InterfaceName>) -> Vec<Finding> {
    let _ = interface;
    unimplemented!()
}
