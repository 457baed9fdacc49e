//! What flows noticed of roams.

use super::Goodput;
use crate::guest::{probe::Way, traffic::Flow};

/// What the flows of one station say, by their names.
#[derive(Debug, Default)]
pub(crate) struct Noticed {
    pub(super) probes: Vec<(String, [Way; 2])>,
    pub(super) goodputs: Vec<(String, Goodput)>,
}

impl Noticed {
    /// Of those of `flows` that begin or end at `node`; they must be finished.
    pub(crate) fn take(flows: &[Flow<'_>], node: &str) -> Self {
        let mut noticed = Self::default();
        for flow in flows.iter().filter(|flow| flow.ends().contains(&node)) {
            let name = flow.name().to_owned();
            if let Some(ways) = flow.probe() {
                noticed.probes.push((name, ways));
            } else if let Some(goodput) = flow.goodput() {
                noticed.goodputs.push((name, goodput));
            }
        }
        noticed
    }
}
