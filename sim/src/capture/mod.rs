//! Captures: what is on the air as frames that Wireshark reads (pcap, link type 127: radiotap).
//!
//! [`crate::world::run_captured`] hands out a [`Captured`] as each transmission begins, and
//! [`PcapFile`] writes it, so that no more than one frame is in memory. A capture is that of a
//! monitor that hears everything, collided frames too; a frame's signal strength is that at the
//! radio it is for. Times, of the file and TSFT, are those of the first bit of the preamble; Wireshark
//! takes them for the end of a frame unless its preference `wlan_radio.tsf_at_end` is off. Frames have no FCS; IP packets have the lengths and checksums they would have
//! in the field, TCP with the very bytes that its endpoints exchanged.
//!
//! Own code and no crate for radiotap and the MAC header: there is a crate that reads radiotap and
//! none that writes it, and the one for 802.11 brings ten more for what are 24 octets here.

mod ip;
mod mac;
mod pcap;
mod radiotap;

pub use pcap::{CaptureError, PcapFile};

pub(crate) use ip::{Content, ip_packet};
pub(crate) use mac::{Data, Hop, ack, snap};
pub(crate) use radiotap::Radiotap;

use rether_proto::time::Instant;

/// A transmission for a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Its first bit.
    pub at: Instant,
    /// Radiotap header, MAC header and body; no FCS.
    pub frame: Vec<u8>,
}

#[cfg(test)]
mod tests;
