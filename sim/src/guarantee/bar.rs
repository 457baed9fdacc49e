//! The bars by name.

use serde::Serialize;

/// A bar: what Rether must reach, tried at many points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Bar {
    /// Saturated uplinks in a cell with 802.11e.
    G1,
    /// Saturated uplinks by DCF.
    G1d,
    /// How many calls a cell carries.
    G2,
    /// Calls beside uploads and a download.
    G3,
    /// A slow station among fast ones.
    G4,
    /// TCP both ways.
    G5,
    /// Reserved TCP beside saturated stations.
    G6,
    /// A station's rate falls.
    G7,
    /// Calls beside stations that take no part.
    G8,
    /// Many stations and lost tokens.
    G9,
    /// No reservation, no cost.
    G10,
    /// Hostile agents.
    Hostile,
}

impl Bar {
    /// All of them, in their order.
    pub const ALL: [Self; 12] = [
        Self::G1,
        Self::G1d,
        Self::G2,
        Self::G3,
        Self::G4,
        Self::G5,
        Self::G6,
        Self::G7,
        Self::G8,
        Self::G9,
        Self::G10,
        Self::Hostile,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::G1 => "G1",
            Self::G1d => "G1d",
            Self::G2 => "G2",
            Self::G3 => "G3",
            Self::G4 => "G4",
            Self::G5 => "G5",
            Self::G6 => "G6",
            Self::G7 => "G7",
            Self::G8 => "G8",
            Self::G9 => "G9",
            Self::G10 => "G10",
            Self::Hostile => "hostile",
        }
    }

    /// The bar of that name, in capitals or not.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|bar| bar.name().eq_ignore_ascii_case(name))
    }

    /// What must be reached.
    #[must_use]
    pub const fn must(self) -> &'static str {
        match self {
            Self::G1 => {
                "saturated UDP uplinks, 802.11e: at least 7.0 Mb/s in 802.11b with long preambles, 35 Mb/s in 802.11a at 54 Mb/s, with any number of stations"
            }
            Self::G1d => {
                "the same by DCF: at least 98 % of what one station alone carries without Rether"
            }
            Self::G2 => {
                "G.711 calls of 20 ms of which at most 1 % of the packets are lost or later than 150 ms and the mean delay is below 50 ms: at least 20 in 802.11b, 100 in 802.11a"
            }
            Self::G3 => {
                "5 calls, 0 to 10 saturated UDP uplinks and a TCP download: no voice packet lost, 99 of 100 within 20 ms each way, and data gets 85 % of what voice leaves"
            }
            Self::G4 => {
                "a station at 1 Mb/s and four at 11 Mb/s, saturated: each fast one at least 1.15 Mb/s"
            }
            Self::G5 => {
                "a TCP upload and a TCP download by DCF: at most 1.1 to 1, and together no less than without Rether"
            }
            Self::G6 => {
                "a TCP upload and a TCP download with 1 Mb/s reserved each beside 10 saturated uplinks: at least 95 % of it in every second"
            }
            Self::G7 => {
                "10 calls and a stream reserved, one station's rate falls from 54 to 6 Mb/s: the stream goes and nothing else, the calls lose nothing"
            }
            Self::G8 => {
                "5 calls beside 1 to 5 saturated stations without an agent, 802.11e: at most 0.1 % of a promised call late, 99 of 100 within 30 ms; or refused"
            }
            Self::G9 => {
                "250 stations, 50 of them with a reserved call, 20 % of the tokens lost: every promise kept or withdrawn, planning below 5 % of a processor"
            }
            Self::G10 => {
                "without a reservation: goodput within 0.5 % of what it is without daemons"
            }
            Self::Hostile => {
                "5 calls beside 3 honest uploads and a hostile agent: no voice packet lost, 99 of 100 within 20 ms each way"
            }
        }
    }

    /// What was run for it.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::G1 => {
                "Each station has a UDP flow of 1472 octets to a wired host and always a packet waiting; `wmm = true`, `wmm-profile = \"strict\"`. Limit: one sender, TXOPs filled, no tokens."
            }
            Self::G1d => {
                "As G1 with `wmm = false`. Limit: one sender that draws a backoff before each frame, no tokens."
            }
            Self::G2 => {
                "Calls between stations and a wired host, each promised 80 kbit/s within 80 ms; the larger number of a cell with `wmm = false` and one with the strict profile. Limit: three voice packets of a call and way in a frame, which is what 80 ms allow, without backoff or tokens."
            }
            Self::G3 => {
                "What voice leaves is C (1 - v): C is the larger goodput of the same data flows alone and of one of them alone, without Rether, mean over the same seeds; v = 5 calls x 2 ways x 50 packets/s x the mean exchange of 200 octets (`proto::airtime`). Of the strict profile where there is 802.11e. All flows begin at once; what counts begins 8 s later, for every radio has taken some hundred frames before the first token, which takes seconds to send in 802.11b."
            }
            Self::G4 => {
                "802.11b, UDP of 1472 octets. Limit: a fifth of the air, by the mean exchange (`proto::airtime`)."
            }
            Self::G5 => "Reno, one station each; `tokens = \"always\"`, as in G1 and G4.",
            Self::G6 => {
                "Greedy flows, promised 1.028 Mb/s of IP, which is 1 Mb/s of payload; seconds from 8 s after all began on; the least second of all seeds."
            }
            Self::G7 => {
                "802.11a, strict profile. The station whose rate falls has a call and a stream of 5 Mb/s up, which takes more than the whole air at 6 Mb/s; two others upload without end. The rate falls 2 s after the warm-up."
            }
            Self::G8 => {
                "Strict profile. Only calls whose reservation stands when they end count as promised; one that was granted and ended before counts as withdrawn."
            }
            Self::G9 => {
                "802.11a, strict profile; 200 stations send 4 kbit/s each. Frames of all radios are lost on reception after their Ack. Kept is: at most 1 % of a call's packets lost or later than 150 ms. Planning is the time in the coordinator by the machine's clock, beside which other work ran; it is shown and not judged."
            }
            Self::G10 => {
                "Five saturated UDP uplinks, and a TCP download alone, with a policy that nothing matches."
            }
            Self::Hostile => {
                "802.11a, strict profile. The hostile station offers 40 Mb/s, and: sends ten packets for each that was granted; keeps its tokens; sends a REQUEST each millisecond; answers others' tokens in their names; sends again what others sent."
            }
        }
    }
}
