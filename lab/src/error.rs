//! What can go wrong between a scenario and its report.

use crate::scenario::ScenarioError;
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why the lab gave no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scenario was refused.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The scenario asks for something that only the simulator has.
    #[error("only the simulator has {0}: run this scenario with `rether-sim run`")]
    SimulatorOnly(&'static str),
    /// A file or folder could not be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program of the host is not there.
    #[error("`{program}` is not installed: run scripts/setup ({source})")]
    Program {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program of the host failed.
    #[error("`{command}` failed: {said}{remedy}")]
    Command {
        /// The command line.
        command: String,
        /// The end of its standard error.
        said: String,
        /// What to do about it; empty if nothing is known.
        remedy: &'static str,
    },
    /// A package does not hold what the image needs from it.
    #[error("{what} is not in the Debian packages of this release; {remedy}")]
    Missing {
        /// The file, library or module.
        what: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// One of our programs has not been built.
    #[error(
        "{} is not there: build it with `cargo build --release --workspace`, \
         or name its folder with --bin-dir", .0.display()
    )]
    NotBuilt(PathBuf),
    /// The machine was still running when its time was up.
    #[error("the machine was still running after {} s and was stopped; last it said:\n{said}", limit.as_secs())]
    TimedOut {
        /// The limit, wall time.
        limit: Duration,
        /// The end of its console.
        said: String,
    },
    /// The machine stopped without finishing the scenario.
    #[error("the machine did not finish the scenario ({status}); last it said:\n{said}")]
    Died {
        /// How qemu ended.
        status: String,
        /// The end of its console.
        said: String,
    },
    /// A result written by the guest cannot be read.
    #[error("{}: not a result: {source}", path.display())]
    Result {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Says of which file an I/O error is.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, Error>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }
}
