//! Says how far a long command is, where somebody looks.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Progress on standard error: a bar with the time left on a terminal, a line for each tenth
/// elsewhere.
pub(crate) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    tenth: AtomicUsize,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}, {eta} left");
            let bar = ProgressBar::new(0).with_message(what);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self {
            what,
            bar,
            tenth: AtomicUsize::new(0),
        }
    }

    pub(crate) fn show(&self, done: usize, total: usize) {
        let tenth = done * 10 / total.max(1);
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            // Threads may come in another order than they counted.
            bar.set_position(bar.position().max(done as u64));
        } else if self.tenth.fetch_max(tenth, Ordering::Relaxed) < tenth {
            eprintln!("{done} of {total} {}", self.what);
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
