//! Air for stations without an agent, in the 802.11e profile.

use super::*;
use crate::coordinator::open_air::next_wish;

const HALF_SECOND: Duration = Duration::from_millis(500);
const STRANGER: MacAddr = sta(9);

/// Station 1 has a call, the others registered so many, which always have more to send, and one
/// station has no agent.
fn cell(turn: Turn, hungry: u8) -> Bench {
    let mut bench = Bench::of(CoordinatorConfig {
        turn,
        ..CoordinatorConfig::new(PHY, Rate(540))
    });
    for n in 1..=hungry + 1 {
        bench.join(n);
        bench.register(n, n.into());
    }
    bench.join(9);
    bench.reserve(1, VOICE);
    for n in 2..=hungry + 1 {
        bench.request(n, 100);
    }
    bench
}

fn hungry(station: MacAddr) -> u16 {
    if station == sta(1) { 0 } else { 100 }
}

impl Bench {
    /// Lets five seconds pass, in which the stranger uses so many hundredths of the air that is left
    /// to it, and so much in a second without being asked; then a second more. What share of that
    /// second was open, in thousandths.
    fn open_air(&mut self, use_of_it: u64, unasked: Duration) -> u64 {
        let each = PHY.exchange(Rate(540), 1_500);
        let mut counters = StationCounters::default();
        let mut open = Duration::ZERO;
        let mut last = Duration::ZERO;
        for step in 0..12 {
            let used = self.core.stats.open_air.saturating_sub(last) * use_of_it / 100;
            let used = used + unasked / 2;
            last = self.core.stats.open_air;
            let packets = used.as_nanos() / each.as_nanos();
            counters.rx_packets += packets;
            counters.rx_bytes += packets * 1_500;
            self.command(CoordinatorCommand::Counters {
                station: STRANGER,
                counters,
            });
            if step == 10 {
                open = last;
            }
            self.run_at(HALF_SECOND, 100, Some(&hungry));
        }
        (self.core.stats.open_air.saturating_sub(open)).as_millis()
    }
}

#[test]
fn the_wish_grows_while_it_is_used_and_shrinks_slowly() {
    let used = [0, 10, 10, 10, 15, 0, 0, 700_000];
    let wishes = used.iter().scan(0, |wish, used| {
        *wish = next_wish(*wish, *used);
        Some(*wish)
    });
    let expected = [0, 40, 160, 80, 60, 30, 15, 1_000_000];
    assert_eq!(wishes.collect::<Vec<_>>(), expected);
}

/// With three others its share of best effort is a fourth, and a third more because each of its
/// frames takes that much longer.
#[test]
fn who_wants_it_gets_as_much_as_one_of_the_others() {
    let mut bench = cell(Turn::Burst, 3);
    let share = bench.open_air(70, Duration::ZERO);
    assert!((270..=340).contains(&share), "{share}");
    // What it uses of that takes nothing from promises.
    assert_eq!(bench.core.ledger.unregistered(), 0);
}

/// Acknowledgements alone, say: four times of what is used is left.
#[test]
fn who_needs_less_gets_less() {
    let mut bench = cell(Turn::Burst, 1);
    let most = bench.open_air(80, Duration::ZERO);
    assert!((540..=680).contains(&most), "{most}");
    let mut bench = cell(Turn::Burst, 1);
    let wanted = bench.open_air(10, Duration::ZERO);
    assert!((1..most / 5).contains(&wanted), "{wanted}");
}

/// Two of the longest frames in each fourth cycle show whether it has something to send.
#[test]
fn who_sends_nothing_costs_next_to_nothing() {
    let mut bench = cell(Turn::Burst, 3);
    let share = bench.open_air(0, Duration::ZERO);
    assert!((4..=7).contains(&share), "{share}");
}

#[test]
fn the_promised_visits_go_on_meanwhile() {
    let mut bench = cell(Turn::Burst, 1);
    bench.open_air(90, Duration::ZERO);
    bench.forget();
    bench.run_at(CYCLE * 20, 100, Some(&hungry));
    let mut visits = bench.sent.iter().filter_map(|sent| {
        let token = token_in(&sent.3)?;
        (sent.1 == sta(1) && !token.rt.is_zero()).then_some(sent.0)
    });
    let mut last = visits.next().expect("a visit");
    for at in visits {
        assert!(at.since(last) <= DELAY * 2, "{}", at.since(last));
        last = at;
    }
    assert!(last + DELAY * 2 > bench.now);
}

/// Where best effort has little to send it gets through by itself, and that takes from promises.
#[test]
fn who_gets_as_much_by_itself_is_left_nothing() {
    let mut bench = cell(Turn::Burst, 1);
    // It is left some until its counters have shown that.
    let first = bench.open_air(0, MS * 800);
    let then = bench.open_air(0, MS * 800);
    assert!(first < 200 && then < first, "{first} {then}");
    let unregistered = bench.core.ledger.unregistered();
    assert!((700..=810).contains(&unregistered), "{unregistered}");
}

/// However many they are, and however long promised visits take.
#[test]
fn the_others_have_their_turn_after_each_of_theirs() {
    let mut bench = cell(Turn::Burst, 1);
    bench.open_air(90, Duration::ZERO);
    while bench.core.open_air.end(bench.now).is_none() {
        bench.run_at(MS, 100, Some(&hungry));
    }
    bench.forget();
    // As if it had been due for as long as one likes.
    bench.core.open_air.due = CYCLE;
    let end = bench.core.open_air.end(bench.now).expect("open air");
    bench.run_at(end.since(bench.now) + MS * 2, 100, Some(&hungry));
    assert_eq!(bench.core.open_air.end(bench.now), None);
    assert!(bench.sent.iter().any(|sent| is_grant(&sent.3)));
}

/// So that its TCP need not wait for its turn to be answered.
#[test]
fn what_goes_down_to_it_passes_and_nothing_else() {
    let mut bench = cell(Turn::Burst, 1);
    bench.open_air(90, Duration::ZERO);
    bench.forget();
    while bench.core.open_air.end(bench.now).is_none() {
        bench.run_at(MS / 4, 100, Some(&hungry));
    }
    // What was granted just before may go on.
    bench.run_at(MS * 3, 100, Some(&hungry));
    let end = bench.core.open_air.end(bench.now).expect("half of a cycle");
    let (to_guest, to_agent) = (bench.packet(9, 80, 60), bench.packet(2, 80, 60));
    bench.run_at(MS, 100, Some(&hungry));
    assert!(bench.verdicts.contains(&Verdict::Grant(to_guest)));
    assert!(!bench.verdicts.contains(&Verdict::Grant(to_agent)));
    // It does not cost it any of its air.
    assert!(bench.core.open_air.end(bench.now) > Some(end));
    bench.run_at(CYCLE, 100, Some(&hungry));
    assert!(bench.verdicts.contains(&Verdict::Grant(to_agent)));
}

/// By DCF nobody goes before it; and where nobody has best effort to send, nobody has to be silent.
#[test]
fn it_is_left_alone_where_it_needs_nothing() {
    for mut bench in [cell(Turn::Paired, 3), cell(Turn::Burst, 0)] {
        bench.open_air(50, Duration::ZERO);
        assert_eq!(bench.core.stats.open_air, Duration::ZERO);
    }
}
