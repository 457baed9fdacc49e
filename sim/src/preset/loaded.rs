//! Calls and uploads in one cell, with Rether or without.

use std::fmt::Write as _;

use super::{Access, Phy};

/// A cell with calls and stations that upload without end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loaded {
    /// The cell.
    pub phy: Phy,
    /// DCF or EDCA; with EDCA calls are in the voice category.
    pub access: Access,
    /// Whether the daemons run.
    pub rether: bool,
    /// Calls between stations and a wired host, each promised what it needs.
    pub calls: u16,
    /// Time between packets of a call: 10 or 20 ms of G.711.
    pub interval_ms: u16,
    /// Stations with a saturated UDP uplink of 1472 octets.
    pub uploads: u16,
    /// Whether the first upload is promised a little, so that tokens are passed without calls.
    pub promise_upload: bool,
    /// What counts, behind the warm-up.
    pub seconds: u32,
}

/// Time until queues are as full as they get: the daemons need some to go into token mode, and
/// the AP's queue some to overflow.
const WARM_UP_SECONDS: u32 = 3;

impl Loaded {
    /// The scenario.
    #[must_use]
    pub fn text(&self) -> String {
        let duration = self.seconds + WARM_UP_SECONDS + 1;
        let mut text = format!(
            "name = \"loaded\"\nsettle = \"1s\"\nwarm-up = \"{WARM_UP_SECONDS}s\"\ncool-down = \"1s\"\npolicy = \"\"\"\n"
        );
        let rate = if self.interval_ms == 10 { 96 } else { 80 };
        let octets = if self.interval_ms == 10 { 120 } else { 200 };
        if self.calls > 0 {
            let _ = writeln!(
                text,
                "[[policy]]\nname = \"voice\"\nprotocol = \"udp\"\nport = \"16384-32767\"\nrate = \"{rate}kbit\"\npacket = {octets}\ndelay = \"20ms\"\nidle = \"1s\""
            );
        }
        if self.promise_upload {
            text.push_str(
                "[[policy]]\nname = \"a-little\"\nprotocol = \"udp\"\nport = \"9000\"\nrate = \"64kbit\"\npacket = 1500\ndelay = \"100ms\"\nidle = \"1s\"\ndirection = \"up\"\n",
            );
        }
        let _ = write!(
            text,
            "\"\"\"\n\n[medium]\nkind = \"air\"\n\n{}",
            self.phy.ap(self.access, 100, 7)
        );
        if self.calls > 0 {
            super::calls(
                &mut text,
                self.calls,
                (self.interval_ms, self.access),
                "port = 16384\n",
                duration,
            );
        }
        if self.uploads > 0 {
            let _ = write!(
                text,
                "\n[[station]]\nname = \"loader\"\nap = \"ap\"\ncount = {}\n\n[[traffic]]\nname = \"load\"\nkind = \"udp\"\nfrom = \"loader\"\nto = \"wire\"\nport = 9000\npacket-bytes = 1472\nduration = \"{duration}s\"\n",
                self.uploads,
            );
        }
        let _ = write!(
            text,
            "\n[[arm]]\nname = \"{}\"\ndaemons = {}\n",
            if self.rether { "rether" } else { "plain" },
            self.rether
        );
        text
    }
}
