//! Listening at the ports of a bridge: what came from where.

use std::os::fd::AsFd;

use rether_linux::frame_socket::{Frame, FrameSocket};
use rether_linux::poll;
use rether_linux::snoop::{Side, Snoop};
use rether_proto::mac::MacAddr;

use crate::setup::{link, run};

/// An ICMPv6 message of this type, as far as anybody looks at it.
fn icmpv6(kind: u8) -> Vec<u8> {
    let mut packet = vec![0; 44];
    (packet[0], packet[5], packet[6], packet[7]) = (0x60, 4, 58, 255);
    packet[40] = kind;
    packet
}

/// All that was heard, in words: the side, and type of frame or message.
fn heard(snoop: &mut Snoop) -> Vec<(Side, MacAddr, u8)> {
    let mut all = Vec::new();
    while let Some((side, copied)) = snoop.receive().unwrap() {
        let kind = copied.payload.get(40).copied().unwrap_or_default();
        all.push((side, copied.from, kind));
    }
    all
}

#[test]
#[ignore = "needs root: run in the lab VM"]
fn each_side_is_told_from_the_other() {
    run("ip link add dev air0 type veth peer name air1");
    run("ip link add dev wire0 type veth peer name wire1");
    run("ip link add dev br47 type bridge");
    for port in ["air0", "wire0"] {
        run(&format!("ip link set {port} master br47"));
    }
    for device in ["air0", "air1", "wire0", "wire1", "br47"] {
        run(&format!(
            "echo 1 > /proc/sys/net/ipv6/conf/{device}/disable_ipv6 || true"
        ));
        run(&format!("ip link set {device} up"));
    }
    // What the kernel says by itself while they come up is not what is looked for.
    let mut snoop = Snoop::open(&link("air0"), &link("br47")).unwrap();
    let (air, wire) = (link("air1"), link("wire1"));
    let send = |by: &str, from: MacAddr, ether_type, payload: &[u8]| {
        let mut socket = FrameSocket::open(&link(by)).unwrap();
        let to = MacAddr::BROADCAST;
        let frame = Frame {
            to,
            from,
            ether_type,
            payload,
        };
        socket.send(&frame, 0).unwrap();
    };
    const IPV6: u16 = 0x86dd;
    const ARP: u16 = 0x0806;
    send("wire1", wire.mac, IPV6, &icmpv6(134));
    let ready = poll::wait([snoop.as_fd()]).unwrap();
    assert!(ready[0].readable);
    assert_eq!(heard(&mut snoop), [(Side::Wired, wire.mac, 134)]);
    // What hosts on the wire say of themselves is not listened to, and what passes from one port to
    // the other is heard where it came in.
    send("wire1", wire.mac, ARP, &[0; 46]);
    send("wire1", wire.mac, IPV6, &icmpv6(136));
    send("air1", air.mac, IPV6, &icmpv6(134));
    send("air1", air.mac, ARP, &[0; 46]);
    send("air1", air.mac, IPV6, &icmpv6(136));
    let station = [134, 0, 136].map(|kind| (Side::Station, air.mac, kind));
    assert_eq!(heard(&mut snoop), station);
    // This host is on the wired side.
    let own = link("br47").mac;
    send("br47", own, IPV6, &icmpv6(134));
    send("br47", own, IPV6, &icmpv6(136));
    assert_eq!(heard(&mut snoop), [(Side::Wired, own, 134)]);
    // One port less does not keep the others from being heard.
    run("ip link del dev wire0");
    let _ = snoop.receive();
    send("air1", air.mac, ARP, &[0; 46]);
    assert_eq!(heard(&mut snoop), [(Side::Station, air.mac, 0)]);
    run("ip link del dev air0; ip link del dev br47");
}
