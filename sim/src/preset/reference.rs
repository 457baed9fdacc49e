//! The cells of the reference figures: saturated uplinks, calls, calls beside saturated uplinks.

use std::fmt::Write as _;

/// PHY, preamble and rates of a reference cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phy {
    /// `"11a"`, `"11b"` or `"11g"`.
    pub standard: &'static str,
    /// Data rate in Mb/s.
    pub rate_mbps: f64,
    /// Short preambles above 1 Mb/s.
    pub short_preamble: bool,
    /// Acks at up to 11 Mb/s with the short preamble.
    pub fast_acks: bool,
}

/// How stations contend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// DCF.
    Dcf,
    /// EDCA; data has this DSCP. TXOP limits of zero, or ns-3's.
    Edca {
        /// DSCP of the data, which says the access category.
        data_dscp: u8,
        /// 2080 us for voice and 4096 us for video instead of one frame an access.
        txop: bool,
    },
}

/// `n` stations that always have something to send to a wired host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// The cell.
    pub phy: Phy,
    /// How it contends.
    pub access: Access,
    /// EIFS after collisions.
    pub eifs: bool,
    /// Stations.
    pub n: u16,
    /// Of these, stations at 1 Mb/s.
    pub slow: u16,
    /// UDP payload in octets.
    pub payload: u16,
    /// Transmissions of a frame at most.
    pub tries: u8,
    /// What counts, behind a second of warm-up.
    pub seconds: u32,
}

/// What calls share the cell with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Nothing.
    None,
    /// Saturated UDP uplinks of 1472 octets.
    Udp(u16),
    /// Greedy TCP uplinks.
    Tcp(u16),
}

/// `k` calls between stations and a wired host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voice {
    /// The cell.
    pub phy: Phy,
    /// How it contends; with EDCA calls are in the voice category.
    pub access: Access,
    /// Calls.
    pub k: u16,
    /// Time between packets: 10 or 20 ms of G.711.
    pub interval_ms: u16,
    /// What else there is.
    pub background: Background,
    /// A TCP download to one more station.
    pub download: bool,
    /// Frames that a queue holds.
    pub queue: u16,
    /// What counts, between two seconds of warm-up (three in 802.11b) and one at the end.
    pub seconds: u32,
}

impl Phy {
    pub(super) fn ap(&self, access: Access, queue: u16, tries: u8) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "[[ap]]\nname = \"ap\"\nphy = \"{}\"", self.standard);
        let _ = writeln!(text, "rate-mbps = {}", self.rate_mbps);
        let _ = writeln!(text, "short-preamble = {}", self.short_preamble);
        let _ = writeln!(text, "wmm = {}", access != Access::Dcf);
        let _ = writeln!(
            text,
            "\n[ap.mac]\nqueue-packets = {queue}\nretry-limit = {tries}"
        );
        if self.fast_acks {
            text.push_str("basic-rates-mbps = [1, 2, 5.5, 11]\nshort-ack-preamble = true\n");
        }
        if let Access::Edca { txop, .. } = access {
            let (vi, vo) = if txop { (4096, 2080) } else { (0, 0) };
            let _ = writeln!(
                text,
                "vi = {{ txop = \"{vi}us\" }}\nvo = {{ txop = \"{vo}us\" }}"
            );
        }
        text
    }
}

impl Access {
    const fn data_dscp(self) -> u8 {
        match self {
            Self::Dcf => 0,
            Self::Edca { data_dscp, .. } => data_dscp,
        }
    }
}

impl Saturation {
    /// The scenario.
    #[must_use]
    pub fn text(&self) -> String {
        let eifs = if self.eifs { "eifs" } else { "difs" };
        let mut text = format!(
            "name = \"saturation\"\nsettle = \"0ms\"\nwarm-up = \"1s\"\n\n[medium]\nkind = \"air\"\ncollision-rx = \"{eifs}\"\n\n{}",
            self.phy.ap(self.access, 100, self.tries)
        );
        let fast = self.n - self.slow;
        for (name, count, rate) in [("slow", self.slow, 1.0), ("sta", fast, self.phy.rate_mbps)] {
            if count > 0 {
                let _ = write!(
                    text,
                    "\n[[station]]\nname = \"{name}\"\nap = \"ap\"\ncount = {count}\nrate-mbps = {rate}\n\n[[traffic]]\nname = \"{name}-up\"\nkind = \"udp\"\nfrom = \"{name}\"\nto = \"wire\"\npacket-bytes = {}\ndscp = {}\nduration = \"{}s\"\n",
                    self.payload,
                    self.access.data_dscp(),
                    self.seconds + 1,
                );
            }
        }
        text.push_str("\n[[arm]]\nname = \"plain\"\ndaemons = false\n");
        text
    }
}

impl Voice {
    /// The scenario.
    #[must_use]
    pub fn text(&self) -> String {
        let warm_up = if self.phy.standard == "11b" { 3 } else { 2 };
        let mut text = format!(
            "name = \"voice\"\nsettle = \"0ms\"\nwarm-up = \"{warm_up}s\"\ncool-down = \"1s\"\n\n[medium]\nkind = \"air\"\n\n{}",
            self.phy.ap(self.access, self.queue, 7)
        );
        let seconds = self.seconds + warm_up + 1;
        super::calls(
            &mut text,
            self.k,
            (self.interval_ms, self.access),
            "",
            seconds,
        );
        let (count, kind) = match self.background {
            Background::None => (0, ""),
            Background::Udp(count) => (count, "udp\"\npacket-bytes = 1472\n"),
            Background::Tcp(count) => (count, "tcp\"\n"),
        };
        if count > 0 {
            let _ = write!(
                text,
                "\n[[station]]\nname = \"loader\"\nap = \"ap\"\ncount = {count}\n\n[[traffic]]\nname = \"load\"\nfrom = \"loader\"\nto = \"wire\"\nduration = \"{seconds}s\"\nkind = \"{kind}",
            );
        }
        if self.download {
            let _ = write!(
                text,
                "\n[[station]]\nname = \"reader\"\nap = \"ap\"\n\n[[traffic]]\nname = \"download\"\nkind = \"tcp\"\nfrom = \"wire\"\nto = \"reader\"\nduration = \"{seconds}s\"\n",
            );
        }
        text.push_str("\n[[arm]]\nname = \"plain\"\ndaemons = false\n");
        text
    }
}
