//! One access point that listens.

use alloc::vec;

use super::*;
use crate::anchor::{AnyAnchor, Bridge, HostRoute, PathOp};
use crate::ap::{ApConfig, ApInput, Audience};
use crate::cache::Gateway;
use crate::frame::Frame;
use crate::id::{ApId, Epoch};
use crate::message::{Arrived, ArrivedAck, Body, Claim, Message};
use crate::snoop::golden::{ACK, NAK, ROUTER};
use crate::snoop::tests::from_wire;

const STA: MacAddr = MacAddr([2, 0, 0, 0, 9, 0]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 9, 1]);
const OWN: ApId = ApId(1);

struct Host {
    ap: Ap<AnyAnchor>,
    now: Instant,
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// From whom stations are asked.
const BRIDGE: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

impl Host {
    fn new(audience: Audience, anchor: AnyAnchor) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let mut config = ApConfig::new(OWN);
        config.audience = audience;
        config.asks_as = Some(BRIDGE);
        let mut ap = Ap::new(config, anchor, 1, now);
        for id in 2..=7 {
            let id = ApId(id);
            ap.handle(now, ApInput::Peer { id, up: true });
        }
        Self { ap, now }
    }

    fn bridge() -> Self {
        Self::new(Audience::All, AnyAnchor::Bridge(Bridge))
    }

    fn input(&mut self, input: ApInput) -> Vec<ApOutput> {
        self.ap.handle(self.now, input);
        core::iter::from_fn(|| self.ap.poll()).collect()
    }

    fn told(&mut self, station: MacAddr, told: Told) -> Vec<ApOutput> {
        self.input(ApInput::Told { station, told })
    }

    fn wired(&mut self, hex: &str) -> Vec<ApOutput> {
        self.input(ApInput::Wired(from_wire(hex).unwrap()))
    }

    /// Lets time pass.
    fn wait(&mut self, span: Duration) -> Vec<ApOutput> {
        let end = self.now + span;
        let mut out = Vec::new();
        while let Some(at) = self.ap.next_timer().filter(|at| *at <= end) {
            self.now = at;
            out.extend(self.input(ApInput::Timeout));
        }
        self.now = end;
        out
    }

    /// A station is here, and settled: nobody answered the claim.
    fn settle(&mut self, station: MacAddr) -> Vec<ApOutput> {
        let mut out = self.input(ApInput::Authorised(station));
        out.extend(self.wait(millis(200)));
        assert!(self.ap.serves(station).is_some());
        out
    }

    fn addresses(&self, station: MacAddr) -> Vec<(IpAddr, Learnt)> {
        let context = self.ap.context(station).into_iter();
        let addresses = context.flat_map(|context| &context.addresses);
        addresses.map(|a| (a.ip, a.learnt)).collect()
    }

    fn message(&mut self, from: ApId, epoch: Epoch, body: Body) -> Vec<ApOutput> {
        self.input(ApInput::Message(Message {
            station: STA,
            from,
            epoch,
            id: 9,
            body,
        }))
    }
}

fn v4(n: u8) -> IpAddr {
    IpAddr::from([10, 1, 0, n])
}

fn v6(n: u8) -> IpAddr {
    IpAddr::from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n])
}

/// Whom the context went to, with what is in it.
fn pushes(out: &[ApOutput]) -> Vec<(ApId, Context)> {
    let pushes = out.iter().filter_map(|output| match output {
        ApOutput::Tell {
            to,
            body: Body::Push(context),
            ..
        } => Some((*to, context.clone())),
        _ => None,
    });
    pushes.collect()
}

fn injected(out: &[ApOutput]) -> Vec<Frame> {
    let frames = out.iter().filter_map(|output| match output {
        ApOutput::Inject { station, frame } if *station == STA => Some(frame.clone()),
        _ => None,
    });
    frames.collect()
}

#[test]
fn an_address_that_is_used_is_told_once_and_again_when_it_was_about_to_lapse() {
    let mut host = Host::bridge();
    assert_eq!(host.told(STA, Told::Uses(v4(57))), [], "not here yet");
    host.settle(STA);
    assert_eq!(pushes(&host.told(STA, Told::Uses(v4(57)))).len(), 6);
    assert_eq!(host.addresses(STA), [(v4(57), Learnt::Heard)]);
    host.wait(Duration::from_secs(1_700));
    assert_eq!(host.told(STA, Told::Uses(v4(57))), []);
    host.wait(Duration::from_secs(200));
    assert_eq!(pushes(&host.told(STA, Told::Uses(v4(57)))).len(), 6);
    // Not heard for an hour, it is none any more when something else is heard.
    host.wait(Duration::from_secs(3_600));
    host.told(STA, Told::Uses(v6(1)));
    assert_eq!(host.addresses(STA), [(v6(1), Learnt::Heard)]);
}

#[test]
fn a_station_has_eight_addresses_of_a_family_and_new_ones_come_slowly() {
    let mut host = Host::bridge();
    host.settle(STA);
    for n in 1..=30 {
        host.told(STA, Told::Uses(v6(n)));
        host.told(STA, Told::Uses(v4(n)));
    }
    let heard = host.addresses(STA);
    assert_eq!(heard.iter().filter(|(ip, _)| ip.is_ipv4()).count(), 8);
    assert!(heard.contains(&(v6(8), Learnt::Heard)) && heard.len() == 16);
    host.wait(Duration::from_secs(61));
    host.told(STA, Told::Uses(v6(99)));
    let heard = host.addresses(STA);
    assert!(heard.contains(&(v6(99), Learnt::Heard)) && heard.len() == 16);
    // A lease takes the place of one of them at once.
    host.wired(ACK);
    assert!(host.addresses(STA).contains(&(v4(57), Learnt::Dhcp)));
    assert_eq!(host.addresses(STA).len(), 16);
}

#[test]
fn nobody_takes_the_address_of_another_or_of_a_router() {
    let mut host = Host::bridge();
    host.settle(STA);
    host.settle(OTHER);
    host.told(STA, Told::Uses(v4(8)));
    host.wired(ACK);
    host.wired(ROUTER);
    // Its router, its lease, what it uses, and what nobody has.
    for (ip, may) in [
        (v4(1), false),
        (v4(57), false),
        (v4(8), false),
        (v4(9), true),
    ] {
        host.told(OTHER, Told::Uses(ip));
        assert_eq!(host.addresses(OTHER).iter().any(|(a, _)| *a == ip), may);
    }
    assert_eq!(host.ap.overheard().taken, 3);
    // Who has left keeps what a server gave it, until that lapses.
    host.message(
        ApId(2),
        Epoch(7),
        Body::Arrived(Arrived {
            pen: None,
            seen: None,
        }),
    );
    assert!(!host.ap.may_use(OTHER, v4(57)));
    assert!(host.ap.may_use(OTHER, v4(8)));
    host.wait(Duration::from_secs(3_610));
    host.told(OTHER, Told::Uses(v4(57)));
    assert_eq!(host.addresses(OTHER).last(), Some(&(v4(57), Learnt::Heard)));
}

#[test]
fn a_lease_is_believed_and_ends_when_the_server_says_so() {
    let anchor = AnyAnchor::HostRoute(HostRoute::new(OWN));
    let mut host = Host::new(Audience::All, anchor);
    assert_eq!(host.wired(ACK), [], "nobody here");
    host.settle(OTHER);
    host.told(OTHER, Told::Uses(v4(57)));
    host.settle(STA);
    let out = host.wired(ACK);
    // The server knows better than who used the address before.
    let route = |station| {
        ApOutput::Path(PathOp::RouteHere {
            ip: v4(57),
            station,
        })
    };
    let paths = out.iter().filter(|o| matches!(o, ApOutput::Path(_)));
    let paths: Vec<_> = paths.cloned().collect();
    let unroute = ApOutput::Path(PathOp::Unroute { ip: v4(57) });
    assert_eq!(paths, [unroute.clone(), route(STA)]);
    assert_eq!(host.addresses(STA), [(v4(57), Learnt::Dhcp)]);
    assert_eq!(host.addresses(OTHER), []);
    let lease = host.ap.context(STA).unwrap().lease.unwrap();
    assert_eq!(IpAddr::V4(lease.server), v4(3));
    assert!(pushes(&out).iter().any(|(_, c)| c.lease == Some(lease)));
    // Using it does not make it last longer, and the same answer again is no news.
    host.told(STA, Told::Uses(v4(57)));
    assert_eq!(host.wired(ACK), []);
    assert!(host.wired(NAK).contains(&unroute));
    assert_eq!(host.addresses(STA), []);
    assert_eq!(host.ap.context(STA).unwrap().lease, None);
}

#[test]
fn groups_lapse_and_are_sixteen_at_most() {
    let mut host = Host::bridge();
    host.settle(STA);
    let group = |n| IpAddr::from([239, 1, 1, n]);
    for n in 0..20 {
        host.told(STA, Told::Joins(group(n)));
    }
    let groups = |host: &Host| host.ap.context(STA).unwrap().groups.clone();
    assert_eq!(groups(&host), (0..16).map(group).collect::<Vec<_>>());
    host.told(STA, Told::Leaves(group(3)));
    host.told(STA, Told::Joins(group(18)));
    assert_eq!(groups(&host).len(), 16);
    assert!(groups(&host).contains(&group(18)));
    host.wait(Duration::from_secs(200));
    assert_eq!(host.told(STA, Told::Joins(group(18))), []);
    host.wait(Duration::from_secs(100));
    host.told(STA, Told::Joins(group(30)));
    assert_eq!(groups(&host), [group(18), group(30)]);
}

#[test]
fn what_is_forged_is_counted_and_changes_nothing() {
    let mut host = Host::bridge();
    host.settle(STA);
    let before = host.ap.context(STA).cloned();
    let forged = Told::Forged(Forgery::RouterAdvertisement);
    let notes = (0..100).map(|_| host.told(STA, forged).len());
    // At 1, 2, 4, 8, 16, 32 and 64 of them.
    assert_eq!(notes.sum::<usize>(), 7);
    host.told(OTHER, Told::Forged(Forgery::DhcpServer));
    let counted = [
        (Forgery::RouterAdvertisement, 100),
        (Forgery::DhcpServer, 1),
    ];
    assert_eq!(host.ap.overheard().forged, BTreeMap::from(counted));
    assert_eq!(host.ap.context(STA).cloned(), before);
    assert_eq!(host.ap.cache().entries(host.now).count(), 0);
}

#[test]
fn who_comes_is_told_of_routers_when_it_listens_and_once_more() {
    let mut host = Host::bridge();
    host.wired(ROUTER);
    let own = Frame {
        source: MacAddr([2, 0, 0, 0, 0, 1]),
        ether_type: 0x0806,
        payload: vec![1; 28],
    };
    let net = rether_proto::policy::Prefix {
        addr: v4(1),
        bits: 16,
    };
    let frame = own.clone();
    host.input(ApInput::Own(vec![Gateway { net, frame }]));
    // The advertisement as heard: it ages in whole seconds, and begun ones count.
    let advert = |host: &Host, at| {
        let frames = host.ap.cache().replay(at);
        frames.collect::<Vec<_>>()
    };
    assert_eq!(injected(&host.input(ApInput::Associated(STA))), []);
    assert_eq!(injected(&host.wait(millis(50))), []);
    assert_eq!(injected(&host.input(ApInput::Authorised(STA))), []);
    let out = host.wait(millis(4));
    assert_eq!(injected(&out), []);
    let first = injected(&host.wait(millis(1)));
    assert_eq!(first, advert(&host, host.now));
    assert_eq!((first.len(), &first[0]), (2, &own));
    assert_eq!(injected(&host.wait(millis(19))), []);
    assert_eq!(injected(&host.wait(millis(1))), first);
    assert_eq!(injected(&host.wait(Duration::from_secs(10))), []);
    assert_eq!(host.ap.overheard().said_again, 4);
    // Who leaves in between is not told again.
    host.settle(OTHER);
    let mut host = Host::bridge();
    host.wired(ROUTER);
    host.input(ApInput::Authorised(STA));
    assert_eq!(injected(&host.wait(millis(5))).len(), 1);
    host.input(ApInput::Left(STA));
    assert_eq!(injected(&host.wait(millis(500))), []);
}

/// Whoever listened to groups elsewhere is asked for them when it has come, twice, and joins them here.
#[test]
fn who_comes_is_asked_for_its_groups() {
    let listens = |groups: &[IpAddr]| {
        let mut host = Host::bridge();
        let context = Context {
            groups: groups.to_vec(),
            ..Context::default()
        };
        host.message(ApId(3), Epoch(1), Body::Push(context));
        assert_eq!(injected(&host.input(ApInput::Authorised(STA))), []);
        host
    };
    let (four, six) = ("239.1.1.1".parse().unwrap(), "ff0e::1".parse().unwrap());
    let mut host = listens(&[four, six]);
    let asked = injected(&host.wait(millis(5)));
    let kinds: Vec<_> = asked
        .iter()
        .map(|frame| (frame.source, frame.ether_type))
        .collect();
    assert_eq!(kinds, [(BRIDGE, 0x0800), (BRIDGE, 0x86dd)]);
    assert_eq!(injected(&host.wait(millis(20))), asked);
    assert_eq!(injected(&host.wait(Duration::from_secs(10))), []);
    // Nobody who has left, and nobody without groups.
    let mut host = listens(&[four]);
    assert_eq!(injected(&host.wait(millis(5))).len(), 1);
    host.input(ApInput::Left(STA));
    assert_eq!(injected(&host.wait(millis(500))), []);
    assert_eq!(injected(&listens(&[]).wait(millis(500))), []);
}

#[test]
fn who_is_not_expected_to_get_a_station_is_told_only_where_it_is() {
    let mut host = Host::new(Audience::Likely, AnyAnchor::Bridge(Bridge));
    let mut epoch = Epoch(1);
    let mut whole = Vec::new();
    for round in 0..5 {
        host.settle(STA);
        let out = host.told(STA, Told::Uses(v4(100 + round)));
        let told = pushes(&out);
        assert_eq!(told.len(), 6, "everybody is told where it is");
        let told = told.into_iter().filter(|(_, c)| !c.addresses.is_empty());
        whole.push(told.map(|(to, _)| to).collect::<Vec<_>>());
        epoch = Epoch(host.ap.serves(STA).unwrap().0 + 1);
        let arrived = Arrived {
            pen: None,
            seen: None,
        };
        host.message(ApId(3), epoch, Body::Arrived(arrived));
        host.wait(Duration::from_secs(40));
    }
    // Three moves tell enough.
    assert_eq!(
        whole.iter().map(Vec::len).collect::<Vec<_>>(),
        [6, 6, 6, 1, 1]
    );
    assert_eq!(whole[3], [ApId(3)]);
    // Where that one is down, everybody is told all.
    host.settle(STA);
    host.input(ApInput::Peer {
        id: ApId(3),
        up: false,
    });
    let told = pushes(&host.told(STA, Told::Uses(v4(200))));
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|(_, c)| !c.addresses.is_empty()));
    assert!(epoch > Epoch(5));
}

#[test]
fn what_was_heard_before_the_rest_came_is_not_lost_and_does_not_hide_it() {
    let mut host = Host::bridge();
    // It is told that the station is at 2, and no more.
    host.message(ApId(2), Epoch(4), Body::Push(Context::default()));
    host.input(ApInput::Authorised(STA));
    host.told(STA, Told::Uses(v6(1)));
    let Some(Wired::Leased { lease, .. }) = from_wire(ACK) else {
        panic!("no lease")
    };
    let context = Context {
        addresses: vec![Address {
            ip: v4(57),
            learnt: Learnt::Dhcp,
            until: host.now + Duration::from_secs(50),
        }],
        lease: Some(lease),
        agent: true,
        ..Context::default()
    };
    let ack = ArrivedAck {
        outcome: Claim::Flushing(crate::id::PenId(1)),
        context: Some(context),
    };
    let out = host.message(ApId(2), Epoch(5), Body::ArrivedAck(ack));
    let adopted = out.iter().find_map(|output| match output {
        ApOutput::Adopt { context, .. } => Some(context.clone()),
        _ => None,
    });
    let adopted = adopted.unwrap();
    assert_eq!((adopted.lease, adopted.agent), (Some(lease), true));
    let heard = [(v4(57), Learnt::Dhcp), (v6(1), Learnt::Heard)];
    assert_eq!(host.addresses(STA), heard);
    // A bare word takes nothing away.
    let mut host = Host::bridge();
    let full = Context {
        lease: Some(lease),
        ..Context::default()
    };
    host.message(ApId(2), Epoch(4), Body::Push(full.clone()));
    host.message(ApId(2), Epoch(4), Body::Push(Context::default()));
    assert_eq!(host.ap.context(STA), Some(&full));
    // Nor does one of a later stay: whoever has it there may know nothing of it yet.
    host.message(ApId(3), Epoch(5), Body::Push(Context::default()));
    assert_eq!(host.ap.context(STA), Some(&full));
}

#[test]
fn whatever_is_heard_stays_within_bounds() {
    use proptest::prelude::*;
    let told = prop_oneof![
        any::<[u8; 16]>().prop_map(|ip| Told::Uses(ip.into())),
        // So few that both want the same.
        (1..14_u8).prop_map(|n| Told::Uses(v4(n))),
        (1..14_u8).prop_map(|n| Told::Uses(v6(n))),
        any::<[u8; 4]>().prop_map(|ip| Told::Joins(ip.into())),
        any::<[u8; 4]>().prop_map(|ip| Told::Leaves(ip.into())),
        Just(Told::Forged(Forgery::Sender)),
    ];
    let step = (0..3_u8, told, 0..90_u64);
    proptest!(|(steps in proptest::collection::vec(step, 1..200))| {
        let mut host = Host::bridge();
        host.settle(STA);
        host.settle(OTHER);
        for (who, told, seconds) in steps {
            let station = MacAddr([2, 0, 0, 0, 9, who]);
            host.told(station, told);
            host.wait(Duration::from_secs(seconds));
            let mut held: Vec<IpAddr> = Vec::new();
            for station in [STA, OTHER] {
                let Some(context) = host.ap.context(station) else { continue };
                for v4 in [true, false] {
                    let family = context.addresses.iter().filter(|a| a.ip.is_ipv4() == v4);
                    prop_assert!(family.count() <= Context::MAX_ADDRESSES);
                }
                prop_assert!(context.groups.len() <= Context::MAX_GROUPS);
                let good = context.addresses.iter().filter(|a| a.until > host.now);
                held.extend(good.map(|a| a.ip));
            }
            prop_assert!(held.iter().all(|ip| is_routable(*ip)));
            let count = held.len();
            held.sort_unstable();
            held.dedup();
            prop_assert_eq!(held.len(), count, "one address, one station");
        }
    });
}
