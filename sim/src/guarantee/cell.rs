//! The cells of the bars, as the text of scenario files.

use std::fmt::Write as _;

use rether_proto::airtime::{self, PhyKind, Rate};

use crate::preset::Phy;
use crate::scenario::WmmProfile;

/// Time until queues are as full as they get and TCP is out of slow start.
pub(super) const WARM_UP: u32 = 3;
/// All flows begin at once, and every radio takes some hundred frames before the first token: in
/// 802.11b with ten uploads it takes seconds until they are sent.
pub(super) const START: u32 = 8;

/// A cell, and how it contends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) phy: Phy,
    /// With 802.11e, and this profile in token mode.
    pub(super) profile: Option<WmmProfile>,
}

/// 802.11b and 802.11a, each by DCF and with 802.11e and the strict profile.
pub(super) const CELLS: [Cell; 4] = [
    Cell::dcf(Phy::B11),
    Cell::strict(Phy::B11),
    Cell::dcf(Phy::A54),
    Cell::strict(Phy::A54),
];

impl Cell {
    pub(super) const fn dcf(phy: Phy) -> Self {
        Self { phy, profile: None }
    }

    pub(super) const fn strict(phy: Phy) -> Self {
        Self {
            phy,
            profile: Some(WmmProfile::Strict),
        }
    }

    pub(super) const fn wmm(self) -> bool {
        self.profile.is_some()
    }

    pub(super) fn name(self) -> String {
        let access = if self.wmm() { "WMM" } else { "DCF" };
        format!("802.{} {access}", self.phy.standard)
    }

    pub(super) fn is_b(self) -> bool {
        self.phy.standard == "11b"
    }

    /// What airtime is computed with.
    pub(super) fn airtime(self) -> (airtime::Phy, Rate) {
        let kind = if self.is_b() {
            PhyKind::DsssLong
        } else {
            PhyKind::Ofdm
        };
        let phy = airtime::Phy {
            kind,
            wmm: self.wmm(),
        };
        (phy, crate::world::rate_of(self.phy.rate_mbps))
    }

    fn ap(self) -> String {
        let profile = match self.profile {
            None => "wmm = false",
            Some(WmmProfile::Strict) => "wmm = true\nwmm-profile = \"strict\"",
            Some(WmmProfile::Off) => "wmm = true\nwmm-profile = \"off\"",
            Some(WmmProfile::Polite) => "wmm = true\nwmm-profile = \"polite\"",
        };
        format!(
            "[[ap]]\nname = \"ap\"\nphy = \"{}\"\nrate-mbps = {}\n{profile}\n",
            self.phy.standard, self.phy.rate_mbps
        )
    }
}

/// A scenario that is being written.
#[derive(Clone, Debug)]
pub(super) struct Text {
    cell: Cell,
    title: String,
    policy: String,
    body: String,
    /// How long flows last.
    warm_up: u32,
    duration: u32,
    arms: Vec<(&'static str, bool)>,
}

impl Text {
    /// `seconds` count.
    pub(super) fn new(cell: Cell, title: &str, seconds: u32) -> Self {
        Self {
            cell,
            title: title.to_owned(),
            policy: String::new(),
            body: String::new(),
            warm_up: WARM_UP,
            duration: WARM_UP + seconds + 1,
            arms: vec![("rether", true), ("plain", false)],
        }
    }

    /// What counts begins so late; before any flow is written.
    pub(super) const fn warm_up(mut self, seconds: u32) -> Self {
        self.duration = self.duration - self.warm_up + seconds;
        self.warm_up = seconds;
        self
    }

    /// One more arm without daemons.
    pub(super) fn arm(mut self, name: &'static str) -> Self {
        self.arms.push((name, false));
        self
    }

    /// Promises every call what it needs within so many ms.
    pub(super) fn promise_calls(mut self, delay_ms: u32) -> Self {
        let _ = writeln!(
            self.policy,
            "[[policy]]\nname = \"voice\"\nprotocol = \"udp\"\nport = \"16384-32767\"\nrate = \"80kbit\"\npacket = 200\ndelay = \"{delay_ms}ms\"\nidle = \"3s\""
        );
        self
    }

    /// Tokens are passed without a promise, too.
    pub(super) fn tokens_always(mut self) -> Self {
        self.policy.push_str("[cell]\ntokens = \"always\"\n");
        self
    }

    pub(super) fn promise(
        mut self,
        name: &str,
        protocol: &str,
        (port, direction): (u16, &str),
        rate: &str,
        delay: &str,
    ) -> Self {
        let _ = writeln!(
            self.policy,
            "[[policy]]\nname = \"{name}\"\nprotocol = \"{protocol}\"\nport = \"{port}\"\ndirection = \"{direction}\"\nrate = \"{rate}\"\npacket = 1500\ndelay = \"{delay}\"\nidle = \"3s\""
        );
        self
    }

    /// So many stations of that name, with `more` keys.
    pub(super) fn stations(mut self, name: &str, count: u16, more: &str) -> Self {
        if count > 0 {
            let _ = writeln!(
                self.body,
                "\n[[station]]\nname = \"{name}\"\nap = \"ap\"\ncount = {count}\n{more}"
            );
        }
        self
    }

    /// A flow as long as everything lasts, with `more` keys.
    pub(super) fn flow(
        mut self,
        name: &str,
        kind: &str,
        (from, to): (&str, &str),
        more: &str,
    ) -> Self {
        let _ = writeln!(
            self.body,
            "\n[[traffic]]\nname = \"{name}\"\nkind = \"{kind}\"\nfrom = \"{from}\"\nto = \"{to}\"\nduration = \"{}s\"\n{more}",
            self.duration
        );
        self
    }

    /// Callers and their calls to the wired host.
    pub(super) fn calls(self, count: u16, more: &str) -> Self {
        let dscp = if self.cell.wmm() { 48 } else { 0 };
        let more = format!("port = 16384\ncodec = \"g711\"\ndscp = {dscp}\n{more}");
        self.stations("caller", count, "")
            .flow("call", "voice", ("caller", "wire"), &more)
    }

    /// Stations that upload UDP without end, with `more` keys of the station.
    pub(super) fn uploads(self, name: &str, count: u16, port: u16, more: &str) -> Self {
        if count == 0 {
            return self;
        }
        let flow = format!("{name}-up");
        let keys = format!("port = {port}\npacket-bytes = 1472\n");
        self.stations(name, count, more)
            .flow(&flow, "udp", (name, "wire"), &keys)
    }

    pub(super) fn event(mut self, at: &str, what: &str, node: &str, more: &str) -> Self {
        let _ = writeln!(
            self.body,
            "\n[[event]]\nat = \"{at}\"\ndo = \"{what}\"\nnode = \"{node}\"\n{more}"
        );
        self
    }

    pub(super) fn finish(self) -> String {
        let mut text = format!(
            "name = \"bar\"\ntitle = \"{}\"\nsettle = \"1s\"\nwarm-up = \"{}s\"\ncool-down = \"1s\"\npolicy = \"\"\"\n{}\"\"\"\n\n[medium]\nkind = \"air\"\n\n{}{}",
            self.title,
            self.warm_up,
            self.policy,
            self.cell.ap(),
            self.body
        );
        for (name, daemons) in self.arms {
            let _ = writeln!(text, "\n[[arm]]\nname = \"{name}\"\ndaemons = {daemons}");
        }
        text
    }
}
