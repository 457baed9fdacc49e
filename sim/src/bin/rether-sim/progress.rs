//! Says how far a long command is, where somebody looks.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Progress on standard error: a line that changes on a terminal, a line for each tenth elsewhere.
pub(crate) struct Progress {
    what: &'static str,
    terminal: bool,
    tenth: AtomicUsize,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            terminal: std::io::stderr().is_terminal(),
            tenth: AtomicUsize::new(0),
        }
    }

    pub(crate) fn show(&self, done: usize, total: usize) {
        let tenth = done * 10 / total.max(1);
        if self.terminal {
            eprint!("\r{done} of {total} {}", self.what);
        } else if self.tenth.fetch_max(tenth, Ordering::Relaxed) < tenth {
            eprintln!("{done} of {total} {}", self.what);
        }
    }

    pub(crate) fn clear(&self) {
        if self.terminal {
            eprint!("\r{:40}\r", "");
        }
    }
}
