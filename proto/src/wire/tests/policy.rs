//! Tables cut into messages and joined again.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::policy::PolicyTable;

fn table(version: u32, rules: usize) -> PolicyTable {
    let rules = (0..rules)
        .map(|number| Rule {
            name: std::format!("{number:032}"),
            ..full_rule()
        })
        .collect();
    PolicyTable { version, rules }
}

fn part(version: u32, index: u8, count: u8, rules: usize) -> Policy {
    Policy {
        version,
        index,
        count,
        rules: table(version, rules).rules,
    }
}

/// What the assembly gives for the last of `parts`; none before it may complete a table.
fn join(assembly: &mut PolicyAssembly, parts: &[Policy]) -> Option<PolicyTable> {
    let (last, before) = parts.split_last().unwrap();
    for part in before {
        assert_eq!(assembly.add(part.clone()), Ok(None));
    }
    assembly.add(last.clone()).unwrap()
}

#[test]
fn the_largest_table_fits_and_every_frame_is_full() {
    let table = table(7, PolicyTable::MAX_RULES);
    let parts = Policy::split(&table).unwrap();
    let lens: Vec<usize> = parts
        .iter()
        .map(|part| encode(&HEADER, &Message::Policy(part.clone())).len())
        .collect();
    // Each rule takes 118 octets, and 26 octets come before them.
    let (last, full) = lens.split_last().unwrap();
    assert!(full.iter().all(|&len| len == 26 + 12 * 118), "{lens:?}");
    assert!(*last <= MAX_FRAME);
    assert_eq!(join(&mut PolicyAssembly::new(), &parts), Some(table));
}

#[test]
fn an_empty_table_is_one_message() {
    let table = table(3, 0);
    let parts = Policy::split(&table).unwrap();
    assert_eq!(parts, [part(3, 0, 1, 0)]);
    assert_eq!(join(&mut PolicyAssembly::new(), &parts), Some(table));
}

#[test]
fn tables_that_cannot_travel() {
    let field = |table| match Policy::split(&table) {
        Err(EncodeError::Unfit { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        field(table(1, PolicyTable::MAX_RULES + 1)),
        "number of rules"
    );
    let mut long = table(1, 2);
    long.rules[1].name.push('x');
    assert_eq!(field(long), "rule name");
}

#[test]
fn a_part_that_comes_twice_counts_once() {
    let table = table(1, 30);
    let parts = Policy::split(&table).unwrap();
    let [a, b, c] = &parts[..] else {
        panic!("{}", parts.len());
    };
    let mut assembly = PolicyAssembly::new();
    let order = [a, a, c, a, c, b].map(Clone::clone);
    assert_eq!(join(&mut assembly, &order), Some(table.clone()));
    // Late copies do not disturb the next round.
    assert_eq!(assembly.add(b.clone()), Ok(None));
    assert_eq!(
        join(&mut assembly, &[a, b, c].map(Clone::clone)),
        Some(table)
    );
}

#[test]
fn a_new_version_replaces_the_old_one_half_way() {
    let (old, new) = (table(1, 30), table(2, 30));
    let (old, parts) = (Policy::split(&old).unwrap(), Policy::split(&new).unwrap());
    let mut assembly = PolicyAssembly::new();
    assert_eq!(assembly.add(old[0].clone()), Ok(None));
    assert_eq!(assembly.add(old[1].clone()), Ok(None));
    assert_eq!(join(&mut assembly, &parts), Some(new));
}

#[test]
fn contradicting_parts_start_anew() {
    let mut assembly = PolicyAssembly::new();
    assert_eq!(assembly.add(part(1, 0, 3, 1)), Ok(None));
    assert_eq!(assembly.add(part(1, 1, 3, 1)), Ok(None));
    // Another content of part 0: part 1 is of the old table and must not be used.
    assert_eq!(assembly.add(part(1, 0, 3, 2)), Ok(None));
    assert_eq!(assembly.add(part(1, 2, 3, 1)), Ok(None));
    let joined = assembly.add(part(1, 1, 3, 1)).unwrap();
    assert_eq!(joined.map(|table| table.rules.len()), Some(4));
    // Another count.
    assert_eq!(assembly.add(part(1, 0, 2, 1)), Ok(None));
    assert_eq!(assembly.add(part(1, 1, 3, 1)), Ok(None));
    assert_eq!(assembly.add(part(1, 0, 3, 1)), Ok(None));
}

#[test]
fn impossible_places_change_nothing() {
    let mut assembly = PolicyAssembly::new();
    assert_eq!(assembly.add(part(1, 0, 2, 1)), Ok(None));
    for (index, count) in [(2, 2), (255, 2), (0, 0), (255, 255)] {
        let error = AssemblyError::BadIndex { index, count };
        assert_eq!(assembly.add(part(1, index, count, 1)), Err(error));
    }
    assert!(assembly.add(part(1, 1, 2, 1)).unwrap().is_some());
}

#[test]
fn memory_is_bounded_by_the_largest_table() {
    let mut assembly = PolicyAssembly::new();
    for index in 0..21 {
        assert_eq!(assembly.add(part(1, index, 255, 12)), Ok(None));
    }
    assert_eq!(
        assembly.add(part(1, 21, 255, 5)),
        Err(AssemblyError::TooManyRules)
    );
    // All is forgotten: the same parts start a table again.
    for index in (0..21).rev() {
        assert_eq!(assembly.add(part(1, index, 255, 12)), Ok(None));
    }
    assert!(assembly.add(part(2, 0, 1, 3)).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_order_gives_the_table(
        version: u32,
        rules in vec(arbitrary::rule(), 0..60),
        order in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let table = PolicyTable { version, rules };
        let parts = Policy::split(&table).unwrap();
        let mut assembly = PolicyAssembly::new();
        // Copies at random, then the rest: the table comes whenever the last one missing does.
        let mut given = std::vec![false; parts.len()];
        let random = order.iter().map(|index| index.index(parts.len()));
        for place in random.chain((0..parts.len()).rev()) {
            let received = assembly.add(parts[place].clone()).unwrap();
            given[place] = true;
            if given.iter().all(|&given| given) {
                prop_assert_eq!(received.as_ref(), Some(&table));
                given.fill(false);
            } else {
                prop_assert_eq!(received, None);
            }
        }
    }
}
