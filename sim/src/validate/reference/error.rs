//! What can be wrong with reference files.

use std::{io, path::PathBuf};

/// Why the reference could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A row is not what its file's name says it is.
    #[error("{file}:{line}: {said}; expected the columns of the *_public.csv file of that name")]
    Row {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: u64,
        /// What the reader said.
        said: String,
    },
    /// A value that cannot be simulated or compared with.
    #[error("{file}:{line}: {column} is {why}")]
    Value {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A CSV file whose name says nothing that is known.
    #[error(
        "{file}: not a known kind of file; names begin with saturation, sensitivity_saturation, \
         voip_capacity, voip_background, sensitivity_voip, analytic or speed"
    )]
    Kind {
        /// The file.
        file: String,
    },
    /// A folder without a reference file.
    #[error("{}: no CSV file in it", .0.display())]
    Empty(PathBuf),
}
