//! What passes at the bridge, in the words of the machine.

use std::net::IpAddr;

use rether_handoff::ap::ApInput;
use rether_handoff::cache::Gateway;
use rether_handoff::frame::Frame;
use rether_handoff::snoop::{self, Seen};
use rether_linux::announce;
use rether_linux::copy_socket::Copied;
use rether_linux::link::Link;
use rether_linux::on_link::on_link;
use rether_linux::snoop::Side;
use rether_linux::{OsError, clock};

/// What a frame says, to `sink`.
pub(super) fn read(side: Side, copied: &Copied<'_>, sink: &mut dyn FnMut(ApInput)) {
    let seen = Seen {
        to: copied.to,
        from: copied.from,
        ether_type: copied.ether_type,
        payload: copied.payload,
        summed: !copied.offload.unsummed,
    };
    match side {
        Side::Wired => {
            if let Some(wired) = snoop::wired(&seen, clock::now()) {
                sink(ApInput::Wired(wired));
            }
        }
        Side::Station => {
            let station = seen.from;
            snoop::station(&seen, &mut |told| sink(ApInput::Told { station, told }));
        }
    }
}

/// The addresses of `bridge`, with what tells a station that they are here: a gratuitous ARP or an
/// unsolicited neighbour advertisement.
pub(super) fn gateways(bridge: &Link) -> Result<Vec<Gateway>, OsError> {
    let nets = on_link(bridge.index)?.into_iter();
    let gateways = nets.filter_map(|net| {
        let frame = hello(net.addr, bridge)?;
        Some(Gateway { net, frame })
    });
    Ok(gateways.collect())
}

fn hello(ip: IpAddr, bridge: &Link) -> Option<Frame> {
    let frame = announce::neighbour(ip, bridge.mac, true);
    let (head, payload) = frame.split_first_chunk::<14>()?;
    Some(Frame {
        source: bridge.mac,
        ether_type: u16::from_be_bytes([head[12], head[13]]),
        payload: payload.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use rether_handoff::snoop::{Forgery, Told, Wired};
    use rether_linux::segment::Offload;
    use rether_proto::mac::MacAddr;

    use super::*;

    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

    fn bridge() -> Link {
        Link {
            index: 7,
            name: "br0".parse().unwrap(),
            mac: MAC,
            up: true,
            running: true,
            bridge: None,
        }
    }

    fn told(side: Side, frame: &Frame) -> Vec<String> {
        let copied = Copied {
            to: MacAddr::BROADCAST,
            from: frame.source,
            ether_type: frame.ether_type,
            payload: &frame.payload,
            offload: Offload::default(),
        };
        let mut all = Vec::new();
        read(side, &copied, &mut |input| all.push(format!("{input:?}")));
        all
    }

    #[test]
    fn what_the_gateway_says_is_what_a_station_would_be_believed_to_say_of_itself() {
        for ip in ["10.1.0.1", "2001:db8::1"] {
            let ip: IpAddr = ip.parse().unwrap();
            let frame = hello(ip, &bridge()).unwrap();
            assert_eq!(frame.source, MAC);
            let uses = ApInput::Told {
                station: MAC,
                told: Told::Uses(ip),
            };
            assert_eq!(told(Side::Station, &frame), [format!("{uses:?}")]);
            assert!(told(Side::Wired, &frame).is_empty());
        }
    }

    #[test]
    fn the_same_frame_is_news_from_the_wire_and_a_forgery_from_a_station() {
        // An agent advertisement, without a checksum: this host would leave that to hardware.
        let mut payload = vec![0; 28];
        payload[..4].copy_from_slice(&[0x45, 0, 0, 28]);
        payload[8..10].copy_from_slice(&[1, 1]);
        payload[12..20].copy_from_slice(&[10, 2, 0, 1, 224, 0, 0, 1]);
        payload[20..28].copy_from_slice(&[9, 16, 0, 0, 0, 2, 0, 3]);
        let copied = Copied {
            to: MacAddr::BROADCAST,
            from: MAC,
            ether_type: 0x0800,
            payload: &payload,
            offload: Offload {
                unsummed: true,
                size: None,
            },
        };
        let mut all = Vec::new();
        for side in [Side::Wired, Side::Station] {
            read(side, &copied, &mut |input| all.push(input));
        }
        let [
            ApInput::Wired(Wired::Advert(advert)),
            ApInput::Told { station, told },
        ] = &all[..]
        else {
            panic!("{all:?}")
        };
        assert_eq!(advert.router, IpAddr::from([10, 2, 0, 1]));
        assert_eq!(*station, MAC);
        assert_eq!(*told, Told::Forged(Forgery::AgentAdvertisement));
    }
}
