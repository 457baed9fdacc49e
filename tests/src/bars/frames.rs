//! Reading our own frames out of a capture of the air.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use pcap_file::pcap::PcapReader;
use rether_proto::wire::{Message, MessageType};

/// Our frames in a capture: seconds since its first packet, and what they are.
pub(super) fn read(path: &Path) -> Result<Vec<(f64, MessageType)>> {
    /// LLC/SNAP header (802.2, RFC 1042) with our EtherType.
    const SNAP: [u8; 8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x88, 0xb5];
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut reader = PcapReader::new(file)?;
    let (mut frames, mut origin) = (Vec::new(), None);
    while let Some(packet) = reader.next_packet() {
        let packet = packet?;
        let origin = *origin.get_or_insert(packet.timestamp);
        let place = packet
            .data
            .windows(SNAP.len())
            .position(|window| window == SNAP);
        let Some(payload) = place.and_then(|place| packet.data.get(place + SNAP.len()..)) else {
            continue;
        };
        let (_, message) = Message::decode(payload).context("a frame of ours that is not valid")?;
        let at = packet.timestamp.saturating_sub(origin);
        frames.push((at.as_secs_f64(), message.message_type()));
    }
    Ok(frames)
}
