use alloc::borrow::ToOwned;
use alloc::vec;
use alloc::vec::Vec;

use super::*;

use golden::{
    ACK, ADVERTISEMENT, AGENT, ARP, DUPLICATE, IGMP2_LEAVE, IGMP2_REPORT, IGMP3_REPORT, MLD_DONE,
    MLD_REPORT, MLD2_REPORT, NAK, ROUTER, ROUTER_LATER, SOLICITATION,
};

const STA: MacAddr = MacAddr([2, 0, 0, 0, 9, 0]);
const NOW: Instant = Instant::from_nanos(5_000_000_000);
const ALL: [&str; 15] = [
    ACK,
    NAK,
    ROUTER,
    ROUTER_LATER,
    AGENT,
    ARP,
    SOLICITATION,
    DUPLICATE,
    ADVERTISEMENT,
    IGMP2_REPORT,
    IGMP2_LEAVE,
    IGMP3_REPORT,
    MLD_REPORT,
    MLD_DONE,
    MLD2_REPORT,
];

pub(crate) fn octets(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let octet = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(octet).collect()
}

pub(crate) fn seen(frame: &[u8]) -> Seen<'_> {
    Seen {
        to: MacAddr(frame[..6].try_into().unwrap()),
        from: MacAddr(frame[6..12].try_into().unwrap()),
        ether_type: u16::from_be_bytes([frame[12], frame[13]]),
        payload: &frame[14..],
        summed: true,
    }
}

pub(crate) fn from_wire(hex: &str) -> Option<Wired> {
    wired(&seen(&octets(hex)), NOW)
}

fn advert(hex: &str) -> Advert {
    match from_wire(hex) {
        Some(Wired::Advert(advert)) => advert,
        other => panic!("{other:?}"),
    }
}

fn said(frame: &[u8]) -> Vec<Told> {
    let mut told = Vec::new();
    station(&seen(frame), &mut |one| told.push(one));
    told
}

fn by_station(hex: &str) -> Vec<Told> {
    said(&octets(hex))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_lease_is_what_the_servers_ack_says() {
    let lease = Lease {
        address: [10, 1, 0, 57].into(),
        server: [10, 1, 0, 3].into(),
        relay: [10, 1, 0, 2].into(),
        router: [10, 1, 0, 1].into(),
        mask: [255, 255, 0, 0].into(),
        until: NOW + Duration::from_secs(3600),
    };
    let station = STA;
    assert_eq!(from_wire(ACK), Some(Wired::Leased { station, lease }));
    assert_eq!(from_wire(NAK), Some(Wired::Refused(STA)));
    // OFFER is none, nor is an ACK without a server, without a time, or for no address.
    let options = ACK.find("350105").unwrap();
    for (at, with) in [
        (options, "350102"),
        (options + 6, "37"),
        (options + 6 + 12, "3b"),
        (2 * (14 + 28 + 16), "00000000"),
        (2 * (14 + 28 + 16), "e0000001"),
    ] {
        let mut other = ACK.to_owned();
        other.replace_range(at..at + with.len(), with);
        assert_eq!(from_wire(&other), None, "{at} {with}");
    }
    // A client's own message, or one between relay and server, says nothing.
    let ports = "00430044";
    for other in ["00440043", "00430043"] {
        assert_eq!(from_wire(&ACK.replace(ports, other)), None);
    }
}

#[test]
fn a_router_is_checked_as_a_host_would() {
    let said = advert(ROUTER);
    assert_eq!(said.router, ip("fe80::ff:fe00:fe"));
    assert_eq!(said.lifetime, Duration::from_secs(1800));
    assert_eq!(said.frame.source, MacAddr([2, 0, 0, 0, 0, 0xfe]));
    assert_eq!(said.frame.payload, octets(ROUTER)[14..]);
    // Ethernet padding is not kept.
    let mut padded = octets(ROUTER);
    padded.extend([0; 9]);
    assert_eq!(wired(&seen(&padded), NOW), Some(Wired::Advert(said)));
    // Hop limit, code, source beyond the link, another destination, checksum, length of an option.
    for (at, octet) in [
        (21, 254),
        (55, 1),
        (22, 0x20),
        (14 + 39, 2),
        (56, 0),
        (14 + 40 + 17, 0),
        (14 + 40 + 17, 9),
        (14 + 40 + 17, 255),
    ] {
        let mut other = octets(ROUTER);
        assert_ne!(other[at], octet);
        other[at] = octet;
        assert_eq!(wired(&seen(&other), NOW), None, "{at}");
        // Without the checksum's help, too.
        if at != 56 {
            let frame = Seen {
                summed: false,
                ..seen(&other)
            };
            assert_eq!(wired(&frame, NOW), None, "{at}");
        }
    }
}

#[test]
fn an_advertisement_grows_old_as_its_router_would_word_it() {
    let now = advert(ROUTER).frame;
    let later = advert(ROUTER_LATER).frame;
    let age = |millis| router::aged(&now, Duration::from_millis(millis));
    assert_eq!(age(0), Some(now.clone()));
    assert_eq!(age(10_000), Some(later.clone()));
    // A lifetime is never longer than it was.
    assert_eq!(age(9_001), Some(later));
    assert!(age(1_799_000).is_some());
    assert_eq!(age(1_799_001), None);
    assert_eq!(age(u64::MAX / 2_000_000), None);
    // What has aged is an advertisement, with lapsed parts at zero.
    let old = age(1_500_000).unwrap();
    let frame = Seen {
        to: MacAddr::BROADCAST,
        from: old.source,
        ether_type: old.ether_type,
        payload: &old.payload,
        summed: true,
    };
    let Some(Wired::Advert(old)) = wired(&frame, NOW) else {
        panic!("not an advertisement")
    };
    assert_eq!(old.lifetime, Duration::from_secs(300));
    assert!(frame.payload.windows(4).all(|word| word != [0, 0, 4, 0xb0]));
}

#[test]
fn an_agent_advertisement_is_kept_as_it_is() {
    let said = advert(AGENT);
    assert_eq!(said.router, ip("10.2.0.1"));
    assert_eq!(said.lifetime, Duration::from_secs(3));
    assert_eq!(said.frame.payload, octets(AGENT)[14..]);
    for (at, octet) in [
        (14 + 19, 2),
        (34, 10),
        (35, 1),
        (36, 0),
        (38, 4),
        (39, 3),
        (26, 224),
    ] {
        let mut other = octets(AGENT);
        assert_ne!(other[at], octet);
        other[at] = octet;
        assert_eq!(wired(&seen(&other), NOW), None, "{at}");
    }
}

#[test]
fn a_station_uses_what_it_says_in_its_own_name() {
    let v4 = [Told::Uses(ip("10.1.0.57"))];
    let v6 = [Told::Uses(ip("2001:db8:1::9:900"))];
    assert_eq!(by_station(ARP), v4);
    assert_eq!(by_station(SOLICITATION), v6);
    assert_eq!(by_station(ADVERTISEMENT), v6);
    assert_eq!(by_station(DUPLICATE), []);
    let forged = [Told::Forged(Forgery::Sender)];
    // ARP with another's MAC address; neighbour discovery likewise.
    for (hex, at) in [(ARP, 14 + 8 + 5), (SOLICITATION, 85), (ADVERTISEMENT, 85)] {
        let mut other = octets(hex);
        other[at] ^= 1;
        let frame = Seen {
            summed: false,
            ..seen(&other)
        };
        let mut told = Vec::new();
        station(&frame, &mut |one| told.push(one));
        assert_eq!(told, forged);
    }
    // A probe, other hardware, link-local addresses, hop limit 254, a broken checksum.
    for (hex, at, with) in [
        (ARP, 28, &[0, 0, 0, 0][..]),
        (ARP, 28, &[169, 254, 1, 1]),
        (ARP, 28, &[127, 0, 0, 1]),
        (ARP, 28, &[239, 1, 1, 1]),
        (ARP, 15, &[6]),
        (SOLICITATION, 21, &[254]),
        (SOLICITATION, 56, &[0]),
        (ADVERTISEMENT, 55, &[1]),
    ] {
        let mut other = octets(hex);
        other[at..at + with.len()].copy_from_slice(with);
        assert_eq!(said(&other), [], "{at} {with:?}");
    }
}

#[test]
fn a_station_joins_and_leaves() {
    let joins = |text| Told::Joins(ip(text));
    let leaves = |text| Told::Leaves(ip(text));
    assert_eq!(by_station(IGMP2_REPORT), [joins("239.1.2.3")]);
    assert_eq!(by_station(IGMP2_LEAVE), [leaves("239.1.2.3")]);
    let three = [joins("239.1.2.3"), joins("232.1.1.1"), leaves("239.9.9.9")];
    assert_eq!(by_station(IGMP3_REPORT), three);
    assert_eq!(by_station(MLD_REPORT), [joins("ff05::1234")]);
    assert_eq!(by_station(MLD_DONE), [leaves("ff05::1234")]);
    let three = [
        joins("ff05::1234"),
        joins("ff3e::8000:1"),
        leaves("ff05::9"),
    ];
    assert_eq!(by_station(MLD2_REPORT), three);
    // What was damaged says nothing.
    for hex in [IGMP2_REPORT, IGMP3_REPORT, MLD_REPORT, MLD2_REPORT] {
        let mut other = octets(hex);
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(said(&other), []);
    }
}

#[test]
fn what_only_the_wired_side_may_say_is_forged_when_a_station_says_it() {
    for (hex, forgery) in [
        (ROUTER, Forgery::RouterAdvertisement),
        (ACK, Forgery::DhcpServer),
        (NAK, Forgery::DhcpServer),
        (AGENT, Forgery::AgentAdvertisement),
    ] {
        assert_eq!(by_station(hex), [Told::Forged(forgery)]);
    }
    // What a station says is nothing when the wired side says it, but for what is a server's.
    for hex in &ALL[5..] {
        assert_eq!(from_wire(hex), None);
    }
}

#[test]
fn what_is_cut_short_says_nothing() {
    for hex in ALL {
        let whole = octets(hex);
        let length = whole.len();
        for cut in 14..length {
            let part = &whole[..cut];
            assert_eq!(wired(&seen(part), NOW), None, "{cut} of {length}");
            assert_eq!(said(part), [], "{cut} of {length}");
        }
        // The same with headers that agree on the shorter length.
        for cut in 14 + 28..length {
            let mut part = whole[..cut].to_vec();
            let v6 = part[12..14] == [0x86, 0xdd];
            let (at, length) = if v6 { (18, 54) } else { (16, 14) };
            if part[12..14] == [8, 6] || cut < length {
                continue;
            }
            part[at..at + 2].copy_from_slice(&((cut - length) as u16).to_be_bytes());
            let frame = Seen {
                summed: false,
                ..seen(&part)
            };
            if let Some(Wired::Advert(advert)) = wired(&frame, NOW) {
                assert!(advert.frame.payload.len() <= cut - 14);
                let _ = router::aged(&advert.frame, Duration::from_secs(1));
            }
            station(&frame, &mut |_| {});
        }
    }
}

proptest::proptest! {
    #[test]
    fn damage_never_panics_and_never_makes_more_than_there_is(
        which in 0..ALL.len(),
        changes in proptest::collection::vec((12..400_usize, proptest::num::u8::ANY), 1..6),
        summed in proptest::bool::ANY,
        age in 0..4_000_u64,
    ) {
        let mut frame = octets(ALL[which]);
        for (at, octet) in changes {
            let length = frame.len();
            if at < length {
                frame[at] = octet;
            }
        }
        let frame = Seen { summed, ..seen(&frame) };
        match wired(&frame, NOW) {
            Some(Wired::Advert(advert)) => {
                assert!(advert.frame.payload.len() <= frame.payload.len());
                let aged = advert.router.is_ipv6()
                    .then(|| router::aged(&advert.frame, Duration::from_secs(age)))
                    .flatten();
                let lasts = advert.lifetime > Duration::from_secs(age);
                assert_eq!(aged.is_some(), lasts && advert.router.is_ipv6());
            }
            Some(Wired::Leased { lease, .. }) => {
                assert!(is_routable(lease.address.into()));
                assert!(lease.until > NOW);
            }
            Some(Wired::Refused(_)) | None => {}
        }
        let mut told = vec![];
        station(&frame, &mut |one| told.push(one));
        assert!(told.len() <= 64);
    }

    #[test]
    fn noise_never_panics(
        ether_type in proptest::sample::select(vec![0x0800_u16, 0x0806, 0x86dd, 0x8100, 0x88b5]),
        payload in proptest::collection::vec(proptest::num::u8::ANY, 0..600),
    ) {
        let frame = Seen {
            to: MacAddr::BROADCAST,
            from: STA,
            ether_type,
            payload: &payload,
            summed: false,
        };
        let _ = wired(&frame, NOW);
        station(&frame, &mut |_| {});
    }
}
