//! A look at another channel: how, when it begins, and when it must be over.
//!
//! A frame asks as soon as the radio is there, and is back after some 12 ms
//! (`rether_linux::nl80211::Nl80211::ask_around`). Where that may not be, and after a frame whose
//! end the driver did not tell, a scan does it: mac80211 waits 30 ms before it asks on a channel and 30 ms for answers (`IEEE80211_PROBE_DELAY`,
//! `IEEE80211_CHANNEL_TIME`); answers come in a few. What was heard until then stays in the radio's
//! table when the scan is ended.

use std::collections::BTreeSet;

use rether_linux::nl80211::{Bss, Scan};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

/// So long the agent may take to name a moment.
const ANSWER: Duration = Duration::from_millis(60);
/// So long the radio may be away.
const AWAY: Duration = Duration::from_millis(34);

/// What waited meanwhile goes before the station may leave for what it has found.
const REST: Duration = Duration::from_millis(40);

/// A look at one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// In MHz.
    pub(super) frequency: u32,
    /// The network that is looked for.
    pub(super) ssid: Option<Vec<u8>>,
    /// A frame may be sent there.
    pub(super) may_ask: bool,
    /// Whom it asks; `None`: everybody.
    pub(super) whom: Option<MacAddr>,
}

impl Look {
    pub(super) fn scan(&self) -> Scan {
        Scan {
            frequencies: vec![self.frequency],
            ssid: self.ssid.clone(),
            bssid: None,
        }
    }
}

/// How far a look is.
#[derive(Debug, Default)]
enum Step {
    #[default]
    None,
    /// Waits for its moment.
    Wanted { look: Look, until: Instant },
    /// The radio is away.
    Away { until: Instant },
    /// It is back; what was heard is not looked at yet.
    Rest { until: Instant },
}

/// Looks, and what else keeps the radio away.
#[derive(Debug, Default)]
pub(super) struct Gap {
    step: Step,
    /// There is a scan, this daemon's or another.
    scanning: bool,
    /// The number of the frame that keeps the radio away.
    frame: Option<u64>,
    /// The driver has not told of the end of the last frame: it may have done nothing.
    is_doubted: bool,
    /// Where and when a frame has asked whose answers were not looked at yet.
    asked: Option<(u32, Instant)>,
    /// Where only one was asked the last time.
    named: BTreeSet<u32>,
}

/// How a look is taken that begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Ask(Look),
    Scan(Look),
}

impl Gap {
    /// Whom to ask on `frequency` (MHz), where these are `known`: one that is alone there
    /// acknowledges a frame of its own. Every second time all are asked: there may be others.
    pub(super) fn whom(&mut self, frequency: u32, known: &BTreeSet<MacAddr>) -> Option<MacAddr> {
        let is_alone = known.len() == 1;
        if self.named.remove(&frequency) || !is_alone {
            return None;
        }
        self.named.insert(frequency);
        known.first().copied()
    }

    pub(super) fn want(&mut self, now: Instant, look: Look) {
        let until = now + ANSWER;
        self.step = Step::Wanted { look, until };
    }

    /// The look that begins now, if one is wanted.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Begin> {
        let until = now + AWAY;
        match std::mem::replace(&mut self.step, Step::Away { until }) {
            Step::Wanted { look, .. } => {
                self.asked = None;
                let is_doubted = std::mem::take(&mut self.is_doubted);
                let asks = look.may_ask && look.ssid.is_some() && !is_doubted;
                let begin = if asks { Begin::Ask } else { Begin::Scan };
                Some(begin(look))
            }
            other => {
                self.step = other;
                None
            }
        }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self.step, Step::Wanted { .. })
    }

    pub(super) const fn is_away(&self) -> bool {
        matches!(self.step, Step::Away { .. })
    }

    /// A scan or a frame keeps the radio from its channel.
    pub(super) const fn is_off_channel(&self) -> bool {
        self.scanning || self.frame.is_some()
    }

    /// A scan has begun.
    pub(super) fn scan_started(&mut self) {
        self.scanning = true;
    }

    /// A scan has ended.
    pub(super) fn scan_ended(&mut self) {
        self.scanning = false;
    }

    /// A frame asks on `frequency` (MHz). With a number it takes the radio there.
    pub(super) fn asks(&mut self, now: Instant, frequency: u32, cookie: Option<u64>) {
        self.frame = cookie;
        self.asked = Some((frequency, now));
    }

    /// Who has answered the last frame, by the table of what was heard; told once.
    pub(super) fn answers<'a>(&mut self, table: &'a [Bss], now: Instant) -> Vec<&'a Bss> {
        let Some((frequency, since)) = self.asked.take() else {
            return Vec::new();
        };
        let ago = now.since(since);
        let is_answer = |bss: &&Bss| bss.frequency == frequency && !bss.associated && bss.age < ago;
        table.iter().filter(is_answer).collect()
    }

    /// The radio is back from where frame `cookie` took it. False if nobody here sent that.
    pub(super) fn frame_ended(&mut self, cookie: u64) -> bool {
        self.frame.take_if(|frame| *frame == cookie).is_some()
    }

    /// The frame that keeps the radio away for too long, which is no longer waited for.
    pub(super) fn take_frame(&mut self) -> Option<u64> {
        self.is_doubted = self.frame.is_some();
        self.frame.take()
    }

    /// What keeps the radio away is no longer known.
    pub(super) fn forget(&mut self) {
        (self.scanning, self.frame) = (false, None);
    }

    /// The radio is back with something, unless this was another scan than the one that is wanted,
    /// or more keeps it away.
    pub(super) fn rest(&mut self, now: Instant) {
        if !self.is_wanted() && !self.is_off_channel() {
            self.step = Step::Rest { until: now + REST };
        }
    }

    /// The radio is no longer away, or was not.
    pub(super) fn over(&mut self) {
        if !self.is_wanted() {
            self.step = Step::None;
        }
    }

    pub(super) const fn next_timer(&self) -> Option<Instant> {
        match self.step {
            Step::None => None,
            Step::Wanted { until, .. } | Step::Away { until } | Step::Rest { until } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn look() -> Look {
        Look {
            frequency: 5_180,
            ssid: Some(b"cell".to_vec()),
            may_ask: true,
            whom: None,
        }
    }

    #[test]
    fn who_is_alone_on_a_channel_is_asked_by_name_every_second_time() {
        let mac = |last| MacAddr([2, 0, 0, 0, 0, last]);
        let (one, two) = (BTreeSet::from([mac(1)]), BTreeSet::from([mac(1), mac(2)]));
        let mut gap = Gap::default();
        assert_eq!(gap.whom(5_180, &BTreeSet::new()), None);
        assert_eq!(gap.whom(5_180, &two), None);
        assert_eq!(gap.whom(5_180, &one), Some(mac(1)));
        assert_eq!(gap.whom(5_200, &one), Some(mac(1)));
        assert_eq!(gap.whom(5_180, &one), None);
        assert_eq!(gap.whom(5_180, &one), Some(mac(1)));
    }

    #[test]
    fn a_look_waits_for_its_moment_and_ends_in_time() {
        let mut gap = Gap::default();
        assert_eq!((gap.begin(at(0)), gap.next_timer()), (None, None));
        gap.want(at(10), look());
        assert_eq!(gap.next_timer(), Some(at(70)));
        // Some other scan ends.
        gap.over();
        assert!(gap.is_wanted());
        assert_eq!(gap.begin(at(20)), Some(Begin::Ask(look())));
        assert_eq!((gap.is_wanted(), gap.next_timer()), (false, Some(at(54))));
        assert_eq!((gap.begin(at(21)), gap.is_away()), (None, true));
        gap.rest(at(54));
        assert_eq!((gap.is_away(), gap.next_timer()), (false, Some(at(94))));
        gap.over();
        assert_eq!(gap.next_timer(), None);
    }

    #[test]
    fn the_radio_is_back_when_nothing_keeps_it_away() {
        let mut gap = Gap::default();
        gap.asks(at(0), 5_180, Some(7));
        gap.scan_started();
        assert!(!gap.frame_ended(8), "somebody else's");
        assert!(gap.frame_ended(7) && gap.is_off_channel());
        gap.scan_ended();
        assert!(!gap.is_off_channel() && !gap.frame_ended(7));
        gap.asks(at(0), 5_180, Some(9));
        gap.scan_started();
        gap.forget();
        assert!(!gap.is_off_channel());
    }

    #[test]
    fn what_answered_a_frame_is_told_once() {
        let bss = |frequency, age| Bss {
            bssid: MacAddr([2, 0, 0, 0, 1, 0]),
            frequency,
            signal: Some(-6_000),
            age: Duration::from_millis(age),
            ssid: Some(b"cell".to_vec()),
            associated: false,
        };
        let own = Bss {
            associated: true,
            ..bss(5_180, 40)
        };
        // Too old, elsewhere, its own, and at last an answer.
        let table = [bss(5_180, 60), bss(5_200, 40), own, bss(5_180, 40)];
        let mut gap = Gap::default();
        gap.asks(at(0), 5_180, Some(7));
        assert_eq!(gap.answers(&table, at(50)), [&table[3]]);
        assert!(gap.answers(&table, at(50)).is_empty());
        gap.asks(at(60), 5_180, None);
        gap.want(at(70), look());
        assert!(gap.begin(at(80)).is_some());
        assert!(gap.answers(&table, at(110)).is_empty(), "another look");
    }

    #[test]
    fn a_scan_looks_where_no_frame_may_or_can() {
        let begin = |gap: &mut Gap, look: Look| {
            gap.want(at(0), look);
            gap.begin(at(0))
        };
        let mut gap = Gap::default();
        assert_eq!(begin(&mut gap, look()), Some(Begin::Ask(look())));
        gap.asks(at(0), 5_180, Some(7));
        assert!(gap.frame_ended(7));
        assert_eq!(gap.take_frame(), None);
        assert_eq!(begin(&mut gap, look()), Some(Begin::Ask(look())));
        // The driver does not tell of the end.
        gap.asks(at(0), 5_180, Some(8));
        assert_eq!(gap.take_frame(), Some(8));
        assert_eq!(begin(&mut gap, look()), Some(Begin::Scan(look())));
        assert_eq!(begin(&mut gap, look()), Some(Begin::Ask(look())));
        // Nothing may be sent there, or nobody knows what to ask for.
        for refused in [
            Look {
                may_ask: false,
                ..look()
            },
            Look {
                ssid: None,
                ..look()
            },
        ] {
            let scan = Some(Begin::Scan(refused.clone()));
            assert_eq!(begin(&mut gap, refused), scan);
        }
    }
}
