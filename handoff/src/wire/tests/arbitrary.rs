//! Any message there can be, and any octets.

use core::net::IpAddr;

use std::string::String;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::id::PenId;

fn mac() -> impl Strategy<Value = MacAddr> {
    any::<[u8; 6]>().prop_map(MacAddr)
}

fn micros() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|n| Duration::from_micros(n.into()))
}

/// Not lapsed yet.
fn until() -> impl Strategy<Value = Instant> {
    (1..=u32::MAX).prop_map(|n| in_millis(n.into()))
}

fn v4() -> impl Strategy<Value = core::net::Ipv4Addr> {
    any::<[u8; 4]>().prop_map(Into::into)
}

fn flow() -> impl Strategy<Value = FlowKey> {
    let v4 = any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let v6 = any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let rest = (any::<(u8, u16, u16)>(), 0..=63u8);
    (prop_oneof![v4, v6], rest).prop_map(|((src, dst), ((protocol, src_port, dst_port), dscp))| {
        FlowKey {
            src,
            dst,
            protocol,
            src_port,
            dst_port,
            dscp,
        }
    })
}

fn promised() -> impl Strategy<Value = Promised> {
    let direction = prop::sample::select(&[Direction::Up, Direction::Down, Direction::Both][..]);
    let promise = (any::<u32>(), any::<u16>(), micros());
    let rank = any::<(u8, Option<u32>)>();
    (flow(), direction, promise, rank, any::<u32>()).prop_map(
        |(key, direction, (rate, packet, delay), (priority, min_rate), idle)| Promised {
            key,
            direction,
            promise: Promise {
                rate,
                packet,
                delay,
            },
            rank: Rank { priority, min_rate },
            idle: Duration::from_millis(idle.into()),
        },
    )
}

fn lease() -> impl Strategy<Value = Lease> {
    ([v4(), v4(), v4(), v4(), v4()], until()).prop_map(
        |([address, server, relay, router, mask], until)| Lease {
            address,
            server,
            relay,
            router,
            mask,
            until,
        },
    )
}

/// In the order in which they are sent.
fn addresses() -> impl Strategy<Value = Vec<Address>> {
    let learnt = || prop::sample::select(&[Learnt::Dhcp, Learnt::HomeAgent, Learnt::Heard][..]);
    let v4 = (v4().prop_map(IpAddr::V4), learnt(), until());
    let v6 = any::<[u8; 16]>().prop_map(IpAddr::from);
    let v6 = (v6, learnt(), until());
    let most = Context::MAX_ADDRESSES;
    (vec(v4, 0..=most), vec(v6, 0..=most)).prop_map(|(v4, v6)| {
        let all = v4.into_iter().chain(v6);
        let all = all.map(|(ip, learnt, until)| Address { ip, learnt, until });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|address| address.learnt);
        all
    })
}

fn context() -> impl Strategy<Value = Context> {
    let promises = vec(promised(), 0..=Context::MAX_PROMISES);
    let groups = vec(any::<IpAddr>(), 0..=Context::MAX_GROUPS);
    (
        addresses(),
        option::of(lease()),
        promises,
        groups,
        any::<bool>(),
    )
        .prop_map(|(addresses, lease, promises, groups, agent)| Context {
            addresses,
            lease,
            promises,
            groups,
            agent,
        })
}

fn hello() -> impl Strategy<Value = Hello> {
    (mac(), any::<[u16; 3]>(), any::<u32>()).prop_map(
        |(bssid, [frequency, free, stations], life)| Hello {
            bssid,
            frequency,
            free,
            stations,
            life,
        },
    )
}

fn admission() -> impl Strategy<Value = Admission> {
    // At most four octets each.
    let reason = vec(any::<char>(), 0..=Admission::MAX_REASON / 4);
    let reason = reason.prop_map(|chars| chars.into_iter().collect::<String>());
    let largest = vec(any::<u32>(), 0..=Context::MAX_PROMISES);
    (any::<u8>(), largest, reason).prop_map(|(kept, largest, reason)| Admission {
        kept,
        largest,
        reason,
    })
}

fn pen() -> impl Strategy<Value = PenId> {
    any::<u32>().prop_map(PenId)
}

fn data() -> impl Strategy<Value = Body> {
    let payload = vec(any::<u8>(), 0..=Data::MAX_PAYLOAD);
    (pen(), any::<u32>(), mac(), any::<u16>(), payload).prop_map(
        |(pen, sequence, source, ether_type, payload)| {
            Body::Data(Data {
                pen,
                sequence,
                source,
                ether_type,
                payload,
            })
        },
    )
}

fn arrived() -> impl Strategy<Value = Body> {
    let seen = option::of(vec(any::<u32>(), 0..=Arrived::MAX_SEEN));
    (option::of(pen()), seen).prop_map(|(pen, seen)| Body::Arrived(Arrived { pen, seen }))
}

fn arrived_ack() -> impl Strategy<Value = Body> {
    let outcome = prop_oneof![
        pen().prop_map(Claim::Flushing),
        Just(Claim::Unknown),
        any::<u64>().prop_map(|epoch| Claim::Outdated(Epoch(epoch))),
    ];
    (outcome, option::of(context()))
        .prop_map(|(outcome, context)| Body::ArrivedAck(ArrivedAck { outcome, context }))
}

fn flushed() -> impl Strategy<Value = Body> {
    (pen(), any::<[u32; 5]>(), micros()).prop_map(
        |(pen, [next, held, expired, dropped, known], oldest)| {
            Body::Flushed(Flushed {
                pen,
                next,
                held,
                expired,
                dropped,
                known,
                oldest,
            })
        },
    )
}

fn flushed_ack() -> impl Strategy<Value = Body> {
    let missing = vec(any::<u32>(), 0..=FlushedAck::MAX_MISSING);
    (pen(), missing).prop_map(|(pen, missing)| Body::FlushedAck(FlushedAck { pen, missing }))
}

pub(super) fn any_message() -> impl Strategy<Value = Message> {
    let prepare = (pen(), context(), any::<bool>());
    let empty = prop::sample::select(&[Body::Cancel, Body::CancelAck, Body::Gone][..]);
    let body = prop_oneof![
        hello().prop_map(Body::Hello),
        hello().prop_map(Body::HelloAck),
        context().prop_map(Body::Push),
        admission().prop_map(Body::PushAck),
        prepare.prop_map(|(pen, context, own_accord)| {
            Body::Prepare(Prepare {
                pen,
                context,
                own_accord,
            })
        }),
        admission().prop_map(Body::Ready),
        data(),
        prop_oneof![arrived(), arrived_ack()],
        prop_oneof![flushed(), flushed_ack()],
        empty,
    ];
    (mac(), any::<(u16, u64, u32)>(), body).prop_map(|(station, (from, epoch, id), body)| Message {
        station,
        from: ApId(from),
        epoch: Epoch(epoch),
        id,
        body,
    })
}

proptest! {
    #[test]
    fn what_is_sent_is_received(message in any_message()) {
        prop_assert_eq!(Message::decode(NOW, &encode(&message)), Ok(message));
    }

    #[test]
    fn any_octets_are_survived(octets in vec(any::<u8>(), 0..200)) {
        hostile::check(&octets);
    }

    #[test]
    fn any_body_is_survived(kind in 1..=14u8, body in vec(any::<u8>(), 0..200)) {
        let mut octets = octets(kind, "");
        octets.extend(body);
        hostile::check(&octets);
    }

    #[test]
    fn any_containers_are_survived(
        containers in vec((0..7u8, 0..3u8, vec(0..9u8, 0..80)), 0..8),
    ) {
        let mut body = Vec::new();
        for (kind, version, value) in containers {
            body.extend([kind, version, 0, u8::try_from(value.len()).unwrap()]);
            body.extend(value);
        }
        let mut octets = octets(3, "");
        octets.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        octets.extend(body);
        hostile::check(&octets);
    }
}
