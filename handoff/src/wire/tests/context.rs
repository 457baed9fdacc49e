//! What becomes of a context that is too large, too old, or from another version.

use super::super::context::containers;
use super::*;

fn decode(containers: &[u8]) -> Context {
    let mut octets = octets(3, "");
    octets.extend(u16::try_from(containers.len()).unwrap().to_be_bytes());
    octets.extend(containers);
    match Message::decode(NOW, &octets).unwrap().body {
        Body::Push(context) => context,
        other => panic!("{other:?}"),
    }
}

/// More than may be of everything.
fn crowded() -> Context {
    let v6 = |n: usize| heard(&std::format!("2001:db8::{n}"));
    let v4 = |n: usize| heard(&std::format!("10.0.0.{n}"));
    let mut addresses: Vec<_> = (1..20).map(v6).chain((1..20).map(v4)).collect();
    addresses[17].learnt = Learnt::Dhcp;
    let mut promised = promised();
    promised.key.src = "2001:db8::1".parse().unwrap();
    promised.key.dst = "2001:db8::2".parse().unwrap();
    Context {
        addresses,
        lease: Some(lease()),
        promises: std::vec![promised; 12],
        groups: (0..40).map(|n| [224, 0, 1, n].into()).collect(),
        agent: true,
    }
}

#[test]
fn no_list_is_longer_than_it_may_be_and_the_best_are_kept() {
    let sent = decode(&containers(&crowded(), NOW, Context::MAX_OCTETS).unwrap());
    assert_eq!(sent.promises.len(), 8);
    assert_eq!(sent.groups.len(), 16);
    let v4 = sent.addresses.iter().filter(|a| a.ip.is_ipv4()).count();
    assert_eq!((sent.addresses.len(), v4), (16, 8));
    assert_eq!(sent.addresses[0].ip, crowded().addresses[17].ip);
    assert_eq!(sent.lease, crowded().lease);
}

/// Each octet less leaves out what matters least: groups, then addresses, then the rest; and what
/// is left can be read.
#[test]
fn what_does_not_fit_is_what_matters_least() {
    let octets = |context: &Context, budget| containers(context, NOW, budget).unwrap();
    let all = decode(&octets(&crowded(), Context::MAX_OCTETS));
    let mut less = all.clone();
    less.groups.clear();
    let without_groups = octets(&less, Context::MAX_OCTETS).len();
    less.addresses.clear();
    let without_addresses = octets(&less, Context::MAX_OCTETS).len();
    for budget in 0..=Context::MAX_OCTETS {
        let octets = octets(&crowded(), budget);
        assert!(octets.len() <= budget);
        let some = decode(&octets);
        assert!(all.promises.starts_with(&some.promises));
        assert!(all.addresses.starts_with(&some.addresses));
        assert!(all.groups.starts_with(&some.groups));
        if budget >= without_addresses {
            assert_eq!((&some.promises, some.lease), (&all.promises, all.lease));
        }
        if budget >= without_groups {
            assert_eq!(some.addresses, all.addresses);
        }
    }
    assert_eq!(decode(&octets(&crowded(), 0)), Context::default());
}

#[test]
fn what_has_lapsed_is_not_sent_and_nothing_lives_longer() {
    let mut context = full_context();
    context.addresses[0].until = NOW;
    context.addresses[1].until = NOW + Duration::from_micros(2_900);
    context.lease.as_mut().unwrap().until = NOW - Duration::from_millis(1);
    let sent = decode(&containers(&context, NOW, Context::MAX_OCTETS).unwrap());
    assert_eq!(sent.lease, None);
    assert_eq!(sent.addresses.len(), 2);
    assert_eq!(sent.addresses[0].until, in_millis(2));
}

#[test]
fn a_span_too_long_for_its_field_gets_shorter() {
    let mut context = full_context();
    context.lease.as_mut().unwrap().until = Instant::from_nanos(u64::MAX);
    let sent = decode(&containers(&context, NOW, Context::MAX_OCTETS).unwrap());
    assert_eq!(sent.lease.unwrap().until, in_millis(u32::MAX.into()));
}

#[test]
fn containers_of_other_types_and_versions_are_skipped() {
    let known = containers(&full_context(), NOW, Context::MAX_OCTETS).unwrap();
    for other in [
        "06 01 0000",
        "ff 01 0003 aabbcc",
        "02 02 0001 ff",
        "01 00 0001 00",
    ] {
        let mut octets = hex(other);
        octets.extend(&known);
        octets.extend(hex(other));
        assert_eq!(decode(&octets), full_context(), "{other}");
    }
}

#[test]
fn the_last_of_two_containers_counts() {
    assert!(decode(&hex("01010001 00 01010001 01")).agent);
    let groups = decode(&hex("05010005 04 e0000001 05010005 04 e0000002")).groups;
    assert_eq!(groups, ["224.0.0.2".parse::<core::net::IpAddr>().unwrap()]);
}
