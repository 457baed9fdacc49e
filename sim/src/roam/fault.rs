//! The faults that a handoff must stand, each alone, and what it may cost.

use rether_handoff::wire::Kind;
use rether_proto::time::Duration;

use super::{Client, Death, Faults, Hostile, Plan, Room, Stale, Subnets, Which};

/// One fault, at one strength.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What goes wrong: one row of the table.
    pub name: String,
    /// How much of it; empty where there is only one strength.
    pub strength: String,
    /// A run.
    pub plan: Plan,
    /// What it may cost.
    pub bar: Bar,
}

/// What a fault may cost in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Whether packets may be lost that an access point took and could not hand over, if its ledger
    /// says so.
    pub counted: bool,
    /// Packets that may be lost in the air, because nobody could know better.
    pub air: u32,
    /// Packets that may come twice.
    pub doubled: u32,
    /// Packets that may come out of order.
    pub reordered: u32,
    /// How much longer than the radio is away packets may stay out.
    pub recovery: Duration,
}

/// Recovery without any fault: the bar of a planned move.
const PLAIN: Duration = ms(10);
/// And with one: a claim is given up after 62 ms.
const RECOVERY: Duration = ms(65);
/// A packet each way in so many milliseconds.
const INTERVAL: u64 = 5;

/// All of them. In the order of their list: messages, candidates, staying, ping-pong, room, death,
/// strangers, stale peers, overflow, addresses, groups, many at a time, lost events, leases.
#[must_use]
pub fn faults() -> Vec<Fault> {
    let mut all = vec![
        clean("none", Plan::default()),
        clean("none, routed", routed()),
    ];
    all.extend(messages());
    all.extend(moves());
    all.extend(rooms());
    all.extend(deaths());
    all.extend(peers());
    all.extend(contexts());
    all.extend(crowds());
    all.extend(unplanned());
    all
}

fn fault(name: impl Into<String>, plan: Plan, bar: Bar) -> Fault {
    Fault {
        name: name.into(),
        strength: String::new(),
        plan,
        bar,
    }
}

/// One that may cost nothing.
fn clean(name: &str, plan: Plan) -> Fault {
    let bar = Bar {
        recovery: PLAIN,
        ..Bar::default()
    };
    fault(name, plan, bar)
}

fn routed() -> Plan {
    Plan {
        subnets: Subnets::Many,
        ..Plan::default()
    }
}

fn with(faults: Faults) -> Plan {
    Plan {
        faults,
        ..Plan::default()
    }
}

/// Every type of message lost, doubled, overtaken and late, from one in a thousand to every second; but
/// for GONE, which is said of stations that are nowhere.
fn messages() -> Vec<Fault> {
    let kinds = Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Gone);
    let whiches = kinds.map(|kind| (kind.to_string(), Which::Messages(kind)));
    let handshakes = [("handshakes".to_owned(), Which::Handshakes)];
    let all = [("all messages".to_owned(), Which::All)];
    let mut faults = Vec::new();
    for (what, only) in whiches.chain(handshakes).chain(all) {
        for how in ["lost", "twice", "overtaken", "late"] {
            for chance in [1, 10, 100, 500] {
                faults.push(message(&what, only, how, chance));
            }
        }
    }
    faults
}

fn message(what: &str, only: Which, how: &str, chance: u16) -> Fault {
    let (mut drop, mut duplicate, mut late) = (0, 0, 0);
    let (least, delay) = match how {
        "overtaken" => (Duration::ZERO, ms(1)),
        _ => (ms(5), ms(15)),
    };
    *match how {
        "lost" => &mut drop,
        "twice" => &mut duplicate,
        _ => &mut late,
    } = chance;
    let (least, delay) = if late > 0 {
        (least, delay)
    } else {
        (Duration::ZERO, Duration::ZERO)
    };
    let plan = with(Faults {
        only,
        drop,
        duplicate,
        late,
        least,
        delay,
        ..Faults::default()
    });
    let half = chance >= 500;
    // Where there is no session yet, a move is one without a handoff.
    let meet = u32::from(half && matches!(only, Which::Handshakes | Which::All));
    let bar = Bar {
        recovery: RECOVERY,
        counted: half,
        air: 16 * meet,
        doubled: 30 * meet,
        // A timer that switches the path does not wait for the last packet.
        reordered: if chance >= 100 { 40 } else { 10 },
    };
    Fault {
        name: format!("{what} {how}"),
        strength: format!("{} %", f64::from(chance) / 10.0),
        plan,
        bar,
    }
}

fn moves() -> Vec<Fault> {
    let mut all = Vec::new();
    for (suffix, base) in [("", Plan::default()), (", routed", routed())] {
        let plan = |faults| Plan { faults, ..base };
        let wrong_candidate = plan(Faults {
            wrong_candidate: true,
            ..Faults::default()
        });
        let stays = plan(Faults {
            stays: true,
            ..Faults::default()
        });
        let ping_pong = Plan {
            aps: 2,
            moves: 50,
            every: ms(100),
            ..base
        };
        all.push(clean(&format!("wrong candidate{suffix}"), wrong_candidate));
        all.push(fault(
            format!("stays{suffix}"),
            stays,
            Bar {
                recovery: PLAIN,
                ..Bar::default()
            },
        ));
        all.push(clean(&format!("ping-pong{suffix}"), ping_pong));
    }
    for air in [10, 100, 300] {
        let plan = with(Faults {
            air,
            ..Faults::default()
        });
        let bar = Bar {
            recovery: RECOVERY,
            ..Bar::default()
        };
        all.push(Fault {
            strength: format!("{} %", air / 10),
            ..fault("LEAVE and GO lost", plan, bar)
        });
    }
    all
}

fn rooms() -> Vec<Fault> {
    let mut all = Vec::new();
    let clients = [
        (Client::Lead, "chooses by itself"),
        (Client::Agent, "ordered"),
    ];
    for (client, who) in clients {
        for (room, what) in [(Room::None, "full"), (Room::Partial, "in part")] {
            for only_first in [true, false] {
                let whom = if only_first { "candidate" } else { "all" };
                let plan = Plan {
                    client,
                    faults: Faults {
                        room,
                        only_first,
                        ..Faults::default()
                    },
                    ..Plan::default()
                };
                all.push(clean(&format!("{whom} {what}, {who}"), plan));
            }
        }
    }
    all
}

/// What is in an access point that dies is lost with it. What comes to it until others notice is
/// lost in the air, if only its daemon is dead: so many packets as come while the radio is away,
/// and until a claim is given up.
fn deaths() -> Vec<Fault> {
    let deaths = [
        (Death::Box, "dies"),
        (Death::Daemon, "'s daemon dies"),
        (Death::Restart(ms(100)), "'s daemon is restarted"),
    ];
    let mut all = Vec::new();
    for (suffix, base) in [("", Plan::default()), (", routed", routed())] {
        for (death, how) in deaths {
            for old in [true, false] {
                let dies = Some(Duration::ZERO);
                let plan = Plan {
                    moves: 1,
                    faults: Faults {
                        old_dies: dies.filter(|_| old),
                        new_dies: dies.filter(|_| !old),
                        within: ms(45),
                        death,
                        ..Faults::default()
                    },
                    ..base
                };
                let which = if old { "old" } else { "new" };
                // A station whose access point is dead looks for another, and comes there.
                let looks = match death {
                    Death::Box => ms(100 + 30) + plan.radio + plan.keys,
                    Death::Restart(after) => after,
                    Death::Daemon => Duration::ZERO,
                };
                let away = looks + plan.radio + plan.keys + RECOVERY;
                let packets = away.as_nanos() / ms(INTERVAL).as_nanos();
                let packets = u32::try_from(packets).unwrap_or(u32::MAX);
                let bar = Bar {
                    counted: true,
                    air: packets,
                    doubled: packets,
                    reordered: packets,
                    recovery: looks + RECOVERY,
                };
                let name = format!("{which} one {how}{suffix}").replace("one '", "one'");
                all.push(fault(name, plan, bar));
            }
        }
        let partition = Faults {
            partition: Some(Duration::ZERO),
            within: ms(45),
            ..Faults::default()
        };
        let bar = Bar {
            counted: true,
            doubled: 0,
            reordered: 30,
            // Its agent may have something to say first.
            recovery: RECOVERY + ms(30),
            ..Bar::default()
        };
        let for_good = Plan {
            moves: 1,
            faults: partition,
            ..base
        };
        all.push(fault(format!("partition{suffix}"), for_good, bar));
        let heals = Plan {
            moves: 1,
            faults: Faults {
                heals: Some(ms(150)),
                ..partition
            },
            ..base
        };
        // The router is one of those that cannot be told until then.
        let untold = match base.subnets {
            Subnets::One => Duration::ZERO,
            Subnets::Many => ms(150),
        };
        let bar = Bar {
            recovery: bar.recovery + untold,
            ..bar
        };
        all.push(fault(format!("partition of 150 ms{suffix}"), heals, bar));
    }
    all
}

fn peers() -> Vec<Fault> {
    let mut all = Vec::new();
    let hostiles = [
        (Hostile::Forges, "forged datagrams"),
        (Hostile::Replays, "replayed datagrams"),
        (Hostile::WrongKey, "datagrams with another key"),
    ];
    for (hostile, name) in hostiles {
        let plan = with(Faults {
            hostile: Some(hostile),
            ..Faults::default()
        });
        all.push(clean(name, plan));
    }
    for (stale, name) in [
        (Stale::Rollback, "claim of a past epoch"),
        (Stale::Equal, "equal epochs"),
    ] {
        for (suffix, base) in [("", Plan::default()), (", routed", routed())] {
            let plan = Plan {
                faults: Faults {
                    stale: Some(stale),
                    ..Faults::default()
                },
                ..base
            };
            let bar = Bar {
                // LEAVE may come while it is being asked where the station is; it is repeated.
                recovery: PLAIN + ms(15),
                ..Bar::default()
            };
            all.push(fault(format!("{name}{suffix}"), plan, bar));
        }
    }
    all
}

fn contexts() -> Vec<Fault> {
    let faults = |ipv6, addresses, readdress, groups| Faults {
        ipv6,
        addresses,
        readdress,
        groups,
        ..Faults::default()
    };
    let plan = |faults| Plan { faults, ..routed() };
    // An address that has lapsed has no route until it is renewed.
    let lapsed = Bar {
        air: 4 * 4,
        recovery: PLAIN,
        ..Bar::default()
    };
    let lease = plan(Faults {
        lease: Some(ms(20)),
        ..Faults::default()
    });
    vec![
        clean("IPv6 only, routed", plan(faults(true, 0, false, 0))),
        clean(
            "dual stack, eight addresses each, routed",
            plan(faults(false, 7, false, 0)),
        ),
        clean(
            "new address in mid-handoff, routed",
            plan(faults(false, 0, true, 0)),
        ),
        clean(
            "new IPv6 address in mid-handoff, routed",
            plan(faults(true, 0, true, 0)),
        ),
        clean("sixteen groups", with(faults(false, 0, false, 16))),
        fault("lease ends in mid-handoff, routed", lease, lapsed),
    ]
}

fn crowds() -> Vec<Fault> {
    let mut all = Vec::new();
    for (suffix, base) in [("", Plan::default()), (", routed", routed())] {
        let plan = Plan {
            stations: 20,
            stagger: ms(5),
            moves: 2,
            every: ms(500),
            interval: ms(20),
            ..base
        };
        let bar = Bar {
            recovery: PLAIN + plan.interval,
            ..Bar::default()
        };
        all.push(fault(format!("twenty in 100 ms{suffix}"), plan, bar));
    }
    // 2.8 MB come while the radio is away; a pen holds 1.5.
    let overflow = Plan {
        moves: 1,
        radio: ms(400),
        every: ms(900),
        faults: Faults {
            bulk: Some(Duration::from_micros(200)),
            ..Faults::default()
        },
        ..Plan::default()
    };
    all.push(clean("bulk overflows the pen", overflow));
    all
}

/// Nobody says that the station leaves, or nobody hears that it came.
fn unplanned() -> Vec<Fault> {
    let mut all = Vec::new();
    let events = [(ms(10), "an overrun"), (ms(500), "the next look")];
    for (look, when) in events {
        let plan = Plan {
            every: ms(1500),
            faults: Faults {
                unheard: 500,
                look,
                ..Faults::default()
            },
            ..Plan::default()
        };
        let bar = Bar {
            // Voice that is older than half a second has no use.
            counted: look > ms(100),
            recovery: look + PLAIN,
            ..Bar::default()
        };
        all.push(fault(format!("arrivals unheard until {when}"), plan, bar));
    }
    for (client, who) in [
        (Client::Plain, "no agent"),
        (Client::Surprised, "agent, link lost"),
    ] {
        for radio in [20, 60, 200] {
            let plan = Plan {
                client,
                radio: ms(radio),
                every: ms(600),
                ..Plan::default()
            };
            // The span of the shadow, at each move.
            let span = u32::try_from(150 / INTERVAL).unwrap_or(u32::MAX) * u32::from(plan.moves);
            let bar = Bar {
                // What the station itself sends while its radio is away.
                air: u32::try_from(radio + 10).unwrap_or(u32::MAX) / 5 * u32::from(plan.moves),
                doubled: if client == Client::Plain { span } else { 0 },
                reordered: if client == Client::Plain { 2 * span } else { 0 },
                recovery: ms(40),
                ..Bar::default()
            };
            all.push(Fault {
                strength: format!("{radio} ms"),
                ..fault(who, plan, bar)
            });
        }
    }
    all
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
