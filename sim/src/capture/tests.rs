//! Captures of whole runs, read back.

use std::collections::BTreeMap;

use etherparse::{SlicedPacket, TransportSlice};
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;

use super::PcapFile;
use crate::scenario::Scenario;
use crate::world::{Options, run, run_captured};

const CELL: &str = r#"
name = "cell"
settle = "200ms"

[medium]
kind = "air"

[[ap]]
name = "ap"
phy = "11g"
wmm = true

[[station]]
name = "s"
ap = "ap"
count = 3

[[traffic]]
name = "call"
kind = "voice"
from = "s1"
to = "wire"
dscp = 48
duration = "1s"

[[traffic]]
name = "load"
kind = "tcp"
from = "s"
to = "wire"
duration = "1s"

[[traffic]]
name = "across"
kind = "ping"
from = "s2"
to = "s3"
duration = "1s"
"#;

struct Mpdu {
    radiotap: Vec<u8>,
    mac: Vec<u8>,
}

impl Mpdu {
    fn is_ack(&self) -> bool {
        self.mac[0] == 0xd4
    }

    fn flags(&self) -> u8 {
        self.mac[1]
    }

    fn address(&self, number: usize) -> &[u8] {
        &self.mac[4 + 6 * (number - 1)..][..6]
    }

    fn sequence(&self) -> u16 {
        u16::from_le_bytes([self.mac[22], self.mac[23]]) >> 4
    }

    /// EtherType and what follows.
    fn body(&self) -> (u16, &[u8]) {
        let header = if self.mac[0] == 0x88 { 26 } else { 24 };
        let llc = &self.mac[header..];
        assert_eq!(llc[..6], [0xaa, 0xaa, 3, 0, 0, 0]);
        (u16::from_be_bytes([llc[6], llc[7]]), &llc[8..])
    }
}

fn capture(text: &str) -> (Vec<u8>, Vec<Mpdu>) {
    let scenario = Scenario::parse(text, "cell.toml").unwrap();
    let mut file = PcapFile::new(Vec::new()).unwrap();
    run_captured(
        &scenario,
        &scenario.arm[0],
        1,
        &Options::default(),
        &mut |frame| {
            file.write(&frame).unwrap();
        },
    )
    .unwrap();
    let bytes = file.finish().unwrap();
    let mut reader = PcapReader::new(&bytes[..]).unwrap();
    assert_eq!(reader.header().datalink, DataLink::IEEE802_11_RADIOTAP);
    let mut frames = Vec::new();
    let mut last = std::time::Duration::ZERO;
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        assert!(packet.timestamp >= last, "in the order of time");
        last = packet.timestamp;
        assert_eq!(packet.orig_len as usize, packet.data.len());
        let length = usize::from(u16::from_le_bytes([packet.data[2], packet.data[3]]));
        let (radiotap, mac) = packet.data.split_at(length);
        let tsft = u64::from_le_bytes(radiotap[8..16].try_into().unwrap());
        assert_eq!(u128::from(tsft), packet.timestamp.as_micros());
        frames.push(Mpdu {
            radiotap: radiotap.to_vec(),
            mac: mac.to_vec(),
        });
    }
    (bytes, frames)
}

#[test]
fn every_frame_is_what_it_says() {
    let (_, frames) = capture(CELL);
    let (mut acks, mut protocol, mut kinds) = (0, 0, BTreeMap::<&str, u32>::new());
    for pair in frames.windows(2) {
        if pair[1].is_ack() && !pair[0].is_ack() {
            assert_eq!(pair[1].address(1), pair[0].address(2), "to the transmitter");
            assert_eq!(pair[1].mac.len(), 10);
        }
    }
    for frame in &frames {
        let channel = u16::from_le_bytes([frame.radiotap[18], frame.radiotap[19]]);
        assert_eq!(channel, 2412);
        if frame.is_ack() {
            acks += 1;
            continue;
        }
        assert_eq!(frame.mac[0], 0x88, "QoS data");
        let to_ds = frame.flags() & 3 == 1;
        let access_point = frame.address(if to_ds { 1 } else { 2 });
        assert_eq!(access_point, [2, 0, 0, 0, 0, 0]);
        match frame.body() {
            (0x88b5, content) => {
                protocol += 1;
                assert!(!content.is_empty());
            }
            (0x0800, packet) => {
                let sliced = SlicedPacket::from_ip(packet).unwrap();
                assert_eq!(
                    packet.len(),
                    usize::from(u16::from_be_bytes([packet[2], packet[3]]))
                );
                *kinds
                    .entry(match sliced.transport {
                        Some(TransportSlice::Udp(udp)) => {
                            assert_eq!(frame.mac[24], 6, "voice is in its category");
                            assert_eq!(udp.payload()[0] >> 6, 2, "RTP");
                            "voice"
                        }
                        Some(TransportSlice::Tcp(_)) => "tcp",
                        Some(TransportSlice::Icmpv4(_)) => "ping",
                        _ => "other",
                    })
                    .or_default() += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(acks > 100 && protocol > 0, "{acks} {protocol}");
    let names: Vec<_> = kinds.keys().copied().collect();
    assert_eq!(names, ["ping", "tcp", "voice"]);
}

#[test]
fn repetitions_keep_their_number_and_say_so() {
    let (_, frames) = capture(CELL);
    let mut newest = BTreeMap::new();
    let mut retries = 0;
    for frame in frames.iter().filter(|frame| !frame.is_ack()) {
        let stream = (
            frame.address(2).to_vec(),
            frame.address(1).to_vec(),
            frame.mac[24],
        );
        let retry = frame.flags() & 8 != 0;
        let last = newest.insert(stream, frame.sequence());
        let expected = match last {
            Some(last) if retry => last,
            Some(last) => (last + 1) & 0xfff,
            None => 0,
        };
        assert_eq!(frame.sequence(), expected);
        retries += u32::from(retry);
    }
    assert!(retries > 0);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_a_capture_changes_nothing() {
    let (bytes, _) = capture(CELL);
    assert_eq!(bytes, capture(CELL).0);
    let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
    let outcome = |captured: bool| {
        let (arm, options) = (&scenario.arm[0], Options::default());
        let outcome = if captured {
            run_captured(&scenario, arm, 1, &options, &mut |_| ())
        } else {
            run(&scenario, arm, 1, &options)
        };
        serde_json::to_string(&outcome.unwrap()).unwrap()
    };
    assert_eq!(outcome(false), outcome(true));
}

#[test]
fn strengths_are_those_at_the_receiver() {
    let text = CELL.replace("kind = \"air\"", "kind = \"air\"\npath-loss = {}");
    let text = text.replace("count = 3", "count = 3\nposition = [10, 0]");
    let (_, frames) = capture(&text);
    // 20 dBm less 40.1 dB at one metre and 30 dB more at ten.
    let at_the_access_point = frames.iter().find(|frame| frame.flags() & 3 == 1);
    let signal = *at_the_access_point.unwrap().radiotap.last().unwrap();
    assert_eq!(signal.cast_signed(), -50);
}
