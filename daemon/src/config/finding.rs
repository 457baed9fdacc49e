//! What is wrong in a configuration file, where, and what to write instead.

use std::fmt;

use serde::Serialize;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key, such as `policy[2].rate`; empty where the text is no TOML.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}\n    {}", self.problem, self.remedy)
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}; name a file that exists with `--config FILE`")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There are mistakes in it.
    #[error("{}", join(.0))]
    Mistakes(Vec<Finding>),
}

impl ConfigError {
    /// There is no file called `file`.
    #[must_use]
    pub fn missing(file: &str) -> Self {
        let source = std::io::ErrorKind::NotFound.into();
        Self::Unreadable {
            file: file.into(),
            source,
        }
    }
}

fn join(findings: &[Finding]) -> String {
    let mut text = match findings.len() {
        1 => String::from("1 mistake in the configuration"),
        count => format!("{count} mistakes in the configuration"),
    };
    for finding in findings {
        text.push('\n');
        text.push_str(&finding.to_string());
    }
    text
}
