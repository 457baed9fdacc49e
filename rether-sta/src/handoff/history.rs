//! The last handoffs of this station.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rether_handoff::station::{Move, Why};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// So many are kept.
const KEPT: usize = 64;

/// A handoff that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When it was over, in milliseconds since 1970.
    pub(crate) unix_ms: u64,
    pub(crate) from: Option<MacAddr>,
    /// Where it went, or wanted to go.
    pub(crate) to: MacAddr,
    /// `signal`, `advised`, `ordered` or `lost`.
    pub(crate) why: String,
    pub(crate) phases_ms: Phases,
    /// When they began and ended.
    #[serde(default)]
    pub(crate) at: Marks,
    /// Whether it arrived.
    pub(crate) done: bool,
    /// What went wrong or took too long.
    pub(crate) culprit: Option<String>,
}

/// How long its parts took, in milliseconds; one that is missing did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phases {
    /// Until the candidate's answer.
    pub(crate) prepare: Option<f64>,
    /// From the shut gate until GO.
    pub(crate) leave: Option<f64>,
    /// Until data could flow again.
    pub(crate) switch: Option<f64>,
    /// From the decision on.
    pub(crate) total: Option<f64>,
}

/// When something happened, in nanoseconds of this host's `CLOCK_BOOTTIME`; nothing if it did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// The decision.
    pub(crate) chosen: Option<Instant>,
    /// The candidate's answer.
    pub(crate) prepared: Option<Instant>,
    /// The gate was shut.
    pub(crate) left: Option<Instant>,
    /// The access point let the station go.
    pub(crate) go: Option<Instant>,
    /// Data could flow again.
    pub(crate) arrived: Option<Instant>,
}

impl Entry {
    /// Of a handoff that has just ended.
    fn new(moved: &Move, unix: std::time::Duration) -> Self {
        let span = |from: Option<Instant>, to: Option<Instant>| Some(millis(to?.since(from?)));
        let Move {
            chosen,
            prepared,
            left,
            go,
            arrived,
            ..
        } = *moved;
        let away = go.or(left).or(Some(chosen));
        Self {
            unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
            from: moved.from,
            to: moved.to,
            why: word(moved.why).into(),
            phases_ms: Phases {
                prepare: span(Some(chosen), prepared),
                leave: span(left, go),
                switch: span(away, arrived),
                total: span(Some(chosen), arrived),
            },
            at: Marks {
                chosen: Some(chosen),
                prepared,
                left,
                go,
                arrived,
            },
            done: moved.done,
            culprit: moved.culprit.clone(),
        }
    }
}

const fn word(why: Why) -> &'static str {
    match why {
        Why::Signal => "signal",
        Why::Advised => "advised",
        Why::Ordered => "ordered",
        Why::Lost => "lost",
    }
}

fn millis(span: Duration) -> f64 {
    span.as_nanos() as f64 / 1e6
}

/// The last handoffs; clones are the same history.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<VecDeque<Entry>>>);

impl History {
    /// Adds one that has just ended; of too many, the oldest goes.
    pub(super) fn add(&self, moved: &Move) -> Entry {
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let entry = Entry::new(moved, unix);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(entry.clone());
        entry
    }

    /// All of them, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HERE: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
    const THERE: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

    /// Chosen at 10 ms; prepared, left, GO and arrived at these.
    pub(in crate::handoff) fn moved(at: [Option<u64>; 4]) -> Move {
        let at = at.map(|ms| ms.map(|ms| Instant::ZERO + Duration::from_millis(ms)));
        let [prepared, left, go, arrived] = at;
        Move {
            from: Some(HERE),
            to: THERE,
            why: Why::Ordered,
            chosen: Instant::ZERO + Duration::from_millis(10),
            prepared,
            left,
            go,
            arrived,
            done: arrived.is_some(),
            culprit: None,
        }
    }

    pub(in crate::handoff) fn entry(at: [Option<u64>; 4]) -> Entry {
        Entry::new(&moved(at), std::time::Duration::from_millis(1_000))
    }

    #[test]
    fn phases_are_the_times_between_what_happened() {
        let whole = entry([Some(13), Some(14), Some(16), Some(26)]);
        let at = serde_json::to_value(whole.at).unwrap();
        assert_eq!(
            (&at["left"], &at["arrived"]),
            (&14_000_000.into(), &26_000_000.into())
        );
        let phases = whole.phases_ms;
        let expected = Phases {
            prepare: Some(3.0),
            leave: Some(2.0),
            switch: Some(10.0),
            total: Some(16.0),
        };
        assert_eq!(phases, expected);
        let without_go = entry([Some(10), Some(11), None, Some(26)]).phases_ms;
        assert_eq!((without_go.leave, without_go.switch), (None, Some(15.0)));
        let failed = entry([Some(13), None, None, None]);
        assert!(!failed.done && failed.phases_ms.total.is_none());
    }

    #[test]
    fn entries_survive_the_socket_and_the_oldest_goes() {
        let history = History::default();
        for _ in 0..KEPT {
            history.add(&moved([None; 4]));
        }
        let last = history.add(&moved([Some(13), Some(14), Some(16), Some(26)]));
        let kept = history.entries();
        assert_eq!((kept.len(), kept.last()), (KEPT, Some(&last)));
        let line = serde_json::to_string(&last).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), last);
    }
}
