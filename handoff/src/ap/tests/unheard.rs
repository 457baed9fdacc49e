//! Claims, their answers and the word of where a station is, when they do not arrive.

use super::*;

const TOLD: [Kind; 2] = [Kind::Arrived, Kind::Push];

impl Site {
    /// How often `from` told `to` where the station is since `since`, an index of the log.
    fn told(&self, from: u16, to: u16, since: usize) -> usize {
        let log = self.log[since..].iter();
        let told = log.filter(|(at, output)| {
            let whom = match output {
                ApOutput::Tell { to, body, .. } if body.kind() == Kind::Push => *to,
                _ => return false,
            };
            (*at, whom) == (ApId(from), ApId(to))
        });
        told.count()
    }

    fn peer(&mut self, at: u16, id: u16, up: bool) {
        let id = ApId(id);
        self.input(ApId(at), ApInput::Peer { id, up });
    }
}

/// It came to 2, and 1 has heard nothing of that.
fn unheard() -> Site {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.lost = TOLD.to_vec();
    site.come(2);
    site.input(ApId(2), gave_up(1, Request::Arrived));
    site
}

#[test]
fn where_a_station_is_is_said_until_it_is_heard() {
    let mut site = unheard();
    for round in 0..5 {
        let since = site.log.len();
        site.input(ApId(2), gave_up(1, Request::Push));
        site.wait(ms(5));
        assert_eq!(site.told(2, 1, since), 0, "not at once");
        site.wait(ms(10));
        assert_eq!(site.told(2, 1, since), 1, "round {round}");
    }
    assert!(site.received.is_empty());
    site.lost.clear();
    site.input(ApId(2), gave_up(1, Request::Push));
    site.wait(ms(20));
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn nothing_more_is_said_of_one_that_is_elsewhere_nor_to_one_that_is_down() {
    let mut site = unheard();
    let since = site.log.len();
    site.input(ApId(2), gave_up(1, Request::Push));
    site.peer(2, 1, false);
    site.wait(ms(1_000));
    assert_eq!(site.told(2, 1, since), 0);
    site.lost.clear();
    site.peer(2, 1, true);
    assert_eq!(site.received, [1], "who comes up is told");
    site.leaving(2, 1, Stage::Leave);
    site.come(1);
    let since = site.log.len();
    site.input(ApId(2), gave_up(1, Request::Push));
    site.wait(ms(1_000));
    assert_eq!(site.told(2, 1, since), 0);
    assert_eq!(site.hosts[&ApId(2)].ap.untold.timer(), None);
}

#[test]
fn a_silent_peer_is_told_of_few_stations_at_a_time_and_of_all_in_turn() {
    const STATIONS: u8 = 40;
    let mut site = Site::new(2);
    site.lost = TOLD.to_vec();
    let stations = (0..STATIONS).map(|n| MacAddr([2, 0, 0, 0, 8, n]));
    let stations: Vec<_> = stations.collect();
    let give_up = |site: &mut Site, station| {
        let (to, what) = (ApId(2), Request::Push);
        site.input(ApId(1), ApInput::GaveUp { to, station, what });
    };
    for station in &stations {
        site.input(ApId(1), ApInput::Authorised(*station));
        site.input(ApId(1), ApInput::Receives(*station));
        let (to, what) = (ApId(2), Request::Arrived);
        let station = *station;
        site.input(ApId(1), ApInput::GaveUp { to, station, what });
        give_up(&mut site, station);
    }
    let mut named = BTreeSet::new();
    for _ in 0..3 {
        let since = site.log.len();
        site.wait(ms(10));
        let told = site.log[since..].iter().filter_map(|(_, output)| {
            let is_push = |body: &Body| body.kind() == Kind::Push;
            match output {
                ApOutput::Tell { station, body, .. } if is_push(body) => Some(*station),
                _ => None,
            }
        });
        let told: Vec<_> = told.collect();
        assert!(told.len() <= 16, "{}", told.len());
        named.extend(told.iter().copied());
        for station in told {
            give_up(&mut site, station);
        }
    }
    assert_eq!(named.len(), usize::from(STATIONS));
    assert_eq!(site.hosts[&ApId(1)].ap.untold.len(), stations.len());
}

/// Two that could not reach each other have the station in the same stay: `old` has had it, and it
/// has left from there to `new`, where something is known of it or nothing.
fn same_stay(old: u16, new: u16, is_known: bool) -> Site {
    let mut site = Site::new(2);
    site.peer(old, new, false);
    site.peer(new, old, false);
    site.come(old);
    site.leaving(old, new, Stage::Leave);
    site.at = None;
    site.packet(old, 1);
    site.come(new);
    if is_known {
        site.context(new, known_as([10, 1, 0, 9]));
    }
    let epochs: Vec<_> = site
        .hosts
        .values()
        .map(|host| host.ap.serves(STA))
        .collect();
    assert_eq!(epochs[0], epochs[1]);
    site
}

#[test]
fn of_two_in_the_same_stay_the_one_where_the_station_is_keeps_it() {
    for (old, new, is_known) in [(1, 2, true), (2, 1, true), (1, 2, false), (2, 1, false)] {
        for first in [old, new] {
            let mut site = same_stay(old, new, is_known);
            let second = old + new - first;
            site.peer(first, second, true);
            site.peer(second, first, true);
            let case = (old, new, is_known, first);
            assert_eq!(site.serving(), [ApId(new)], "{case:?}");
            site.wait(ms(30));
            assert_eq!(site.received, [1], "{case:?}");
            assert_eq!(site.hosts[&ApId(old)].ap.penned(), 0);
        }
    }
}

/// The one that it left to knows of fewer stays than the one that it left.
#[test]
fn an_earlier_stay_where_the_station_is_beats_a_later_one_where_it_is_not() {
    let mut site = Site::new(3);
    for peer in [1, 2] {
        site.peer(3, peer, false);
        site.peer(peer, 3, false);
    }
    for (from, to) in [(1, 2), (2, 1)] {
        site.come(from);
        site.leaving(from, to, Stage::Leave);
        site.at = None;
        site.come(to);
    }
    site.leaving(1, 3, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.come(3);
    site.context(3, known_as([10, 1, 0, 9]));
    let epoch = |site: &Site, at| site.hosts[&ApId(at)].ap.stations[&STA].epoch;
    assert!(epoch(&site, 3) < epoch(&site, 1));
    // What 1 says of it when they meet is lost.
    site.lost = vec![Kind::Push];
    site.peer(1, 3, true);
    site.lost.clear();
    site.peer(3, 1, true);
    assert_eq!(site.serving(), [ApId(3)]);
    site.wait(ms(30));
    assert_eq!(site.received, [1]);
}

#[test]
fn the_path_is_switched_in_time_however_long_an_agent_is_silent() {
    let mut site = Site::new(2);
    site.come(1);
    site.context(1, known_as([10, 1, 0, 9]));
    site.lost = vec![Kind::Arrived, Kind::Prepare];
    site.at = None;
    site.come(2);
    site.packet(2, 1);
    site.wait(ms(61));
    assert!(site.received.is_empty(), "the claim began after 30 ms");
    site.wait(ms(1));
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn a_pen_of_which_nothing_comes_does_not_keep_the_station_waiting() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.lost = vec![Kind::Arrived, Kind::Data, Kind::Flushed];
    site.come(2);
    site.packet(2, 2);
    site.wait(ms(61));
    // The last try of the claim is heard, but nothing that follows.
    let epoch = site.hosts[&ApId(2)].ap.stations[&STA].epoch;
    let arrived = Message {
        station: STA,
        from: ApId(2),
        epoch,
        id: 7,
        body: Body::Arrived(crate::message::Arrived {
            pen: None,
            seen: None,
        }),
    };
    site.input(ApId(1), ApInput::Message(arrived));
    site.wait(ms(1));
    assert_eq!(site.received, [2]);
}

#[test]
fn what_was_promised_is_known_however_late_the_answer_is() {
    let mut site = Site::new(2);
    site.come(1);
    let lease = crate::context::Lease {
        address: [10, 1, 0, 9].into(),
        server: [10, 1, 0, 1].into(),
        relay: [0, 0, 0, 0].into(),
        router: [10, 1, 0, 1].into(),
        mask: [255, 255, 0, 0].into(),
        until: Instant::from_nanos(u64::MAX / 2),
    };
    let context = Context {
        lease: Some(lease),
        ..known_as([10, 1, 0, 9])
    };
    site.lost = vec![Kind::Push];
    site.context(1, context.clone());
    site.leaving(1, 1, Stage::Leave);
    site.at = None;
    site.lost = TOLD.to_vec();
    site.come(2);
    site.wait(ms(62));
    let known = site.hosts[&ApId(2)].ap.context(STA);
    assert!(known.is_none_or(Context::is_slight));
    let answer = Message {
        station: STA,
        from: ApId(1),
        epoch: Epoch(1),
        id: 7,
        body: Body::ArrivedAck(crate::message::ArrivedAck {
            outcome: crate::message::Claim::Flushing(PenId(1)),
            context: Some(context.clone()),
        }),
    };
    site.input(ApId(2), ApInput::Message(answer));
    assert_eq!(site.hosts[&ApId(2)].ap.context(STA), Some(&context));
}
