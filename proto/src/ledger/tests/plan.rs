//! The degradation plan, and holds.

use proptest::prelude::*;

use super::super::hold::HoldId;
use super::super::plan::{Change, degrade, restore};
use super::*;

const A6: LinkRates = LinkRates {
    up: Rate(60),
    down: Rate(60),
};

/// A downlink promise of so many kb/s with its rank; `n` is also its age, 1 the oldest.
fn admit(ledger: &mut Ledger, n: u8, kbps: u32, priority: u8, least_kbps: Option<u32>) {
    let rank = Rank {
        priority,
        min_rate: least_kbps.map(|kbps| kbps * 1_000),
    };
    let entry = Entry {
        rank,
        since: Instant::ZERO + Duration::from_secs(n.into()),
        ..entry(Direction::Down, kbps * 1_000, 1_500, 20)
    };
    ledger.admit(id(n, 1), entry, |_| A54).unwrap();
}

/// Station 1 falls to 6 Mb/s.
fn one_falls(station: MacAddr) -> LinkRates {
    if station == id(1, 0).station { A6 } else { A54 }
}

fn carried_out(ledger: &Ledger, changes: &[(FlowId, Change)]) -> Ledger {
    let mut after = ledger.clone();
    for (id, change) in changes {
        after.apply(id, *change).expect("a flow of the ledger");
    }
    after
}

#[test]
fn nothing_happens_while_all_fits() {
    let mut ledger = ledger(PhyKind::Ofdm);
    admit(&mut ledger, 1, 2_000, 100, None);
    assert_eq!(degrade(&ledger, &|_| A54).changes, []);
    assert_eq!(restore(&ledger, &|_| A54, 50).changes, []);
}

/// By hand: 3.5 Mb/s of 1500 octets are 292 packets/s of 371 us at 54 Mb/s (10.8 %) and of 2211 us
/// at 6 Mb/s (64.5 %), so one fall makes 97.0 % of four such flows: more than 90 %.
#[test]
fn the_lowest_priority_and_the_youngest_go_first() {
    let mut ledger = ledger(PhyKind::Ofdm);
    for (n, priority) in [(1, 200), (2, 10), (3, 10), (4, 100)] {
        admit(&mut ledger, n, 3_500, priority, None);
    }
    let plan = degrade(&ledger, &one_falls);
    assert_eq!(plan.changes, [(id(3, 1), Change::Withdraw)]);
    let after = carried_out(&ledger, &plan.changes);
    assert!(after.fits(one_falls));
    assert!(after.is_withdrawn(&id(3, 1)));
    // Back at 54 Mb/s it comes back, and nothing else changes.
    let back = restore(&after, &|_| A54, 50);
    assert_eq!(back.changes, [(id(3, 1), Change::Restore(3_500_000))]);
    assert_eq!(carried_out(&after, &back.changes).iter().count(), 4);
    // While the air is as short as it was, nothing does.
    assert_eq!(restore(&after, &one_falls, 50).changes, []);
}

/// By hand as above: 73.7 % and three times 12.4 %, of which 3.1 % are left when shrunk.
#[test]
fn within_a_priority_all_shrink_before_one_goes() {
    let mut ledger = ledger(PhyKind::Ofdm);
    admit(&mut ledger, 1, 4_000, 200, None);
    for n in 2..=4 {
        admit(&mut ledger, n, 4_000, 100, Some(1_000));
    }
    let plan = degrade(&ledger, &one_falls);
    assert_eq!(plan.changes.len(), 3);
    let shrunk = |(_, change): &(FlowId, Change)| *change == Change::Shrink(1_000_000);
    assert!(plan.changes.iter().all(shrunk), "{plan:?}");
    // The youngest first.
    assert_eq!(plan.changes[0].0, id(4, 1));
    let after = carried_out(&ledger, &plan.changes);
    let promised = after.get(&id(4, 1)).unwrap();
    assert!(promised.is_shrunk());
    assert_eq!(
        (promised.promise.rate, promised.granted),
        (1_000_000, 4_000_000)
    );
    let back = restore(&after, &|_| A54, 50);
    assert_eq!(
        back.changes.last().unwrap().0,
        id(4, 1),
        "the youngest last"
    );
    assert_eq!(
        carried_out(&after, &back.changes).booked(|_| A54),
        ledger.booked(|_| A54)
    );
}

/// The walk takes the small young one first, and finds that only the large old one helps.
#[test]
fn what_proves_needless_is_given_back() {
    let mut ledger = ledger(PhyKind::Ofdm);
    admit(&mut ledger, 1, 10_000, 100, None);
    admit(&mut ledger, 2, 100, 100, None);
    let plan = degrade(&ledger, &one_falls);
    assert_eq!(plan.changes, [(id(1, 1), Change::Withdraw)]);
}

#[test]
fn the_unregistered_share_takes_from_the_capacity_and_is_named() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let cycle = Duration::from_millis(20);
    ledger.set_unregistered(300);
    assert_eq!(ledger.capacity(cycle), Duration::from_millis(12));
    ledger.set_unregistered(950);
    assert_eq!(ledger.capacity(cycle), Duration::ZERO);
    let refused = |ledger: &Ledger, rate| {
        let wanted = entry(Direction::Down, rate, 1_500, 20);
        ledger
            .would_admit(id(1, 1), wanted, |_| A54)
            .unwrap_err()
            .reason
    };
    assert_eq!(refused(&ledger, 1_000_000), RefusalReason::UnregisteredLoad);
    assert_eq!(refused(&ledger, 100_000_000), RefusalReason::Airtime);
}

#[test]
fn retries_cost_airtime() {
    let mut ledger = ledger(PhyKind::Ofdm);
    // One packet of 1500 octets in a cycle of 20 ms.
    admit(&mut ledger, 1, 600, 100, None);
    let once = ledger.booked(|_| A54);
    let tries = Tries {
        up: 1_000,
        down: 1_500,
    };
    ledger.set_tries(id(1, 1).station, tries);
    let booked = ledger.booked(|_| A54);
    let phy = ledger.config.phy;
    let times = |tries| {
        u128::from(
            phy.exchange_with_retries(Rate(540), 1_500, tries)
                .as_nanos(),
        )
    };
    let expected = u128::from(once.as_nanos()) * times(1_500) / times(1_000);
    assert_eq!(u128::from(booked.as_nanos()), expected);
    assert!(booked > once * 3 / 2);
    // The largest rate that a refusal names counts them too.
    let greedy = entry(Direction::Down, 100_000_000, 1_500, 20);
    let largest = |ledger: &Ledger| {
        ledger
            .would_admit(id(1, 2), greedy, |_| A54)
            .unwrap_err()
            .largest
    };
    let lossy = largest(&ledger);
    ledger.set_tries(id(1, 1).station, Tries::ONE);
    assert!(lossy < largest(&ledger) * 2 / 3);
}

#[test]
fn a_hold_counts_until_it_is_claimed_or_lapses() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let call = entry(Direction::Both, 80_000, 200, 20);
    let (name, until) = (HoldId(7), Instant::ZERO + Duration::from_secs(5));
    ledger.hold(name, id(1, 1), call, until, |_| A54).unwrap();
    let booked = ledger.booked(|_| A54);
    assert!(!booked.is_zero() && ledger.is_empty() && !ledger.is_unused());
    assert!(!ledger.expire_holds(until - Duration::from_nanos(1)));

    let (flow, _, verdict) = ledger.claim(name, |_| A54).expect("it is there");
    assert_eq!((flow, verdict), (id(1, 1), Ok(())));
    assert_eq!(ledger.booked(|_| A54), booked);
    assert!(ledger.claim(name, |_| A54).is_none());

    ledger.hold(name, id(2, 1), call, until, |_| A54).unwrap();
    assert!(ledger.booked(|_| A54) > booked);
    assert!(ledger.expire_holds(until));
    assert_eq!(ledger.booked(|_| A54), booked);
}

#[test]
fn a_hold_that_does_not_fit_is_refused_and_leaves_the_old_one() {
    let mut ledger = ledger(PhyKind::DsssLong);
    let until = Instant::ZERO + Duration::from_secs(5);
    let small = entry(Direction::Up, 80_000, 200, 20);
    let large = entry(Direction::Up, 8_000_000, 1_500, 20);
    ledger
        .hold(HoldId(1), id(1, 1), small, until, |_| B11)
        .unwrap();
    let refusal = ledger
        .hold(HoldId(1), id(1, 1), large, until, |_| B11)
        .unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Airtime);
    assert_eq!(ledger.get_hold(HoldId(1)).unwrap().entry, small);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is promised and however rates fall: what is left fits, nobody of a higher priority
    /// is withdrawn while one of a lower is untouched that would have freed as much, and a ledger
    /// that is short no longer is restored to what it was.
    #[test]
    fn a_plan_fits_touches_nobody_needlessly_and_can_be_undone(
        flows in proptest::collection::vec((1_u32..4_000, 0_u8..4, proptest::option::of(1_u32..4_000), any::<bool>()), 1..12),
    ) {
        let mut ledger = ledger(PhyKind::Ofdm);
        let mut slow = std::collections::BTreeSet::new();
        for (n, (kbps, priority, least, falls)) in (1_u8..).zip(&flows) {
            let entry = Entry {
                rank: Rank { priority: *priority, min_rate: least.map(|kbps| kbps * 1_000) },
                since: Instant::ZERO + Duration::from_secs(n.into()),
                ..entry(Direction::Both, kbps * 1_000, 1_000, 20)
            };
            let _ = ledger.admit(id(n, 1), entry, |_| A54);
            if *falls {
                slow.insert(id(n, 1).station);
            }
        }
        let links = |station: MacAddr| if slow.contains(&station) { A6 } else { A54 };
        let plan = degrade(&ledger, &links);
        let after = carried_out(&ledger, &plan.changes);
        prop_assert!(after.fits(links));
        for place in 0..plan.changes.len() {
            let mut fewer = plan.changes.clone();
            fewer.remove(place);
            prop_assert!(!carried_out(&ledger, &fewer).fits(links), "{:?} is needless", plan.changes[place]);
        }
        let back = restore(&after, &|_| A54, 0);
        let restored = carried_out(&after, &back.changes);
        prop_assert_eq!(restored.booked(|_| A54), ledger.booked(|_| A54));
        prop_assert_eq!(restored.withdrawn().count(), 0);
    }
}
