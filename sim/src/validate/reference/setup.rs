//! A row's set-up in the terms of the medium and of the theory.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::time::Duration;

use super::{Access, Preamble, SaturationRow, Standard, VoiceAccess, VoiceRow};
use crate::{
    medium::{Ac, AccessParams, CollisionRx, EdcaTable, dcf, default_edca},
    theory::Contention,
};

/// UDP and IPv4 headers (RFC 768, RFC 791).
const UDP_IP_OCTETS: u32 = 28;
/// LLC/SNAP, MAC header and FCS of a data frame.
const FRAME_OCTETS: u32 = 8 + 24 + 4;
/// QoS Control field (clause 9.2.4.5).
const QOS_CONTROL_OCTETS: u32 = 2;
/// An Ack (clause 9.3.1.3).
const ACK_OCTETS: u32 = 14;

const fn kind(std: Standard, preamble: Preamble) -> PhyKind {
    match (std, preamble) {
        (Standard::A, _) => PhyKind::Ofdm,
        (Standard::B, Preamble::Short) => PhyKind::DsssShort,
        (Standard::B, _) => PhyKind::DsssLong,
    }
}

/// MAC header to FCS of a UDP packet.
const fn psdu(udp_payload_octets: u32, wmm: bool) -> u32 {
    let qos = if wmm { QOS_CONTROL_OCTETS } else { 0 };
    udp_payload_octets + UDP_IP_OCTETS + FRAME_OCTETS + qos
}

fn edca(phy: Phy, txop: impl Fn(Ac) -> Duration) -> EdcaTable {
    if !phy.wmm {
        return [dcf(phy.cw_min()); 4];
    }
    let dsss = matches!(phy.kind, PhyKind::DsssLong | PhyKind::DsssShort);
    let mut table = default_edca(phy.cw_min(), dsss);
    for (row, ac) in table.iter_mut().zip(Ac::ALL) {
        row.txop = txop(ac);
    }
    table
}

impl SaturationRow {
    /// PHY of all radios.
    #[must_use]
    pub const fn phy(&self) -> Phy {
        Phy {
            kind: kind(self.std, self.preamble),
            wmm: !matches!(self.access, Access::Dcf),
        }
    }

    /// PHY rate of the data frames of all but the slow stations.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        Rate::from_mbps(self.rate_mbps)
    }

    /// Access category of all frames.
    #[must_use]
    pub const fn ac(&self) -> Ac {
        match self.access {
            Access::Dcf | Access::Be => Ac::Be,
            Access::Vi => Ac::Vi,
            Access::Vo => Ac::Vo,
        }
    }

    /// How all radios contend: DCF, or the default EDCA windows with the row's TXOP limit.
    #[must_use]
    pub fn edca(&self) -> EdcaTable {
        let txop = Duration::from_micros(self.txop_limit_us.into());
        edca(self.phy(), |ac| {
            if ac == self.ac() {
                txop
            } else {
                Duration::ZERO
            }
        })
    }

    /// The row of [`Self::edca`] that is used.
    #[must_use]
    pub fn access_params(&self) -> AccessParams {
        self.edca()[self.ac() as usize]
    }

    /// MAC header to FCS of the data frames, octets.
    #[must_use]
    pub const fn psdu_octets(&self) -> u32 {
        psdu(self.udp_payload_octets, self.phy().wmm)
    }

    /// The `retry_limit` of a radio: `max_tx_attempts`, or 255, which nothing reaches either.
    #[must_use]
    pub fn retry_limit(&self) -> u8 {
        u8::try_from(self.max_tx_attempts).unwrap_or(u8::MAX)
    }

    /// Whether Acks of 802.11b are at 11 Mb/s with a short preamble (107 us), so that 5.5 and
    /// 11 Mb/s have to be among the basic rates.
    #[must_use]
    pub const fn fast_acks(&self) -> bool {
        matches!(self.std, Standard::B) && self.ack_rate_mbps == 11
    }

    /// The same for the theory, or nothing if stations differ or several frames make one access.
    #[must_use]
    pub fn contention(&self) -> Option<Contention> {
        if self.n_slow_1mbps > 0 || self.txop_limit_us > 0 {
            return None;
        }
        let phy = self.phy();
        let access = self.access_params();
        let ifs = phy.sifs() + phy.slot() * u64::from(access.aifsn);
        let ack = if self.fast_acks() {
            // A PPDU of its size: `Phy::ack` stays below 11 Mb/s.
            let short = Phy {
                kind: PhyKind::DsssShort,
                wmm: false,
            };
            short.ppdu(Rate::from_mbps(11), ACK_OCTETS)
        } else {
            phy.ack(self.rate())
        };
        // Clause 10.3.2.3.7: EIFS - DIFS is SIFS and an Ack at the lowest rate.
        let extra = match self.collision_rx {
            CollisionRx::Difs => Duration::ZERO,
            CollisionRx::Eifs => phy.sifs() + phy.ack(phy.lowest_basic_rate()),
        };
        Some(Contention {
            payload_octets: self.udp_payload_octets,
            data: phy.ppdu(self.rate(), self.psdu_octets()),
            ack,
            sifs: phy.sifs(),
            slot: phy.slot(),
            ifs,
            ifs_after_collision: ifs + extra,
            cw_min: access.cw_min,
            cw_max: access.cw_max,
            transmissions: self.max_tx_attempts,
        })
    }
}

impl VoiceRow {
    /// PHY of all radios.
    #[must_use]
    pub const fn phy(&self) -> Phy {
        Phy {
            kind: kind(self.std, self.preamble),
            wmm: matches!(self.access, VoiceAccess::Edca),
        }
    }

    /// PHY rate of all data frames.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        Rate::from_mbps(self.rate_mbps)
    }

    /// Access category of the calls; data is best effort.
    #[must_use]
    pub const fn voice_ac(&self) -> Ac {
        match self.access {
            VoiceAccess::Dcf => Ac::Be,
            VoiceAccess::Edca => Ac::Vo,
        }
    }

    /// How all radios contend; TXOP limits are 0, as in the rows that are claimed.
    #[must_use]
    pub fn edca(&self) -> EdcaTable {
        edca(self.phy(), |_| Duration::ZERO)
    }

    /// MAC header to FCS of a voice packet, octets.
    #[must_use]
    pub const fn psdu_octets(&self) -> u32 {
        psdu(self.udp_payload_octets, self.phy().wmm)
    }
}
