//! Three access points whose messages arrive at once, and a station that walks.

mod agree;
mod unheard;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::*;
use crate::anchor::{AnyAnchor, Bridge};
use crate::frame::Frame;
use crate::roam::{Ending, Side};
use crate::wire::Kind;

const STA: MacAddr = MacAddr([2, 0, 0, 0, 9, 0]);

struct Host {
    ap: Ap<AnyAnchor>,
    catching: BTreeSet<MacAddr>,
    held: BTreeMap<CaughtId, Frame>,
    up: bool,
}

struct Site {
    now: Instant,
    hosts: BTreeMap<ApId, Host>,
    /// Where the radio of the station is.
    at: Option<ApId>,
    received: Vec<u8>,
    answers: Vec<Answer>,
    records: Vec<(ApId, RoamRecord)>,
    next: u64,
    idle: Duration,
    log: Vec<(ApId, ApOutput)>,
    /// Messages of these kinds do not arrive.
    lost: Vec<Kind>,
}

impl Site {
    fn new(n: u16) -> Self {
        let now = Instant::from_nanos(1);
        let hosts = (1..=n).map(|id| {
            let config = ApConfig::new(ApId(id));
            let anchor = AnyAnchor::Bridge(Bridge);
            let mut ap = Ap::new(config, anchor, u32::from(id) << 16, now);
            for peer in (1..=n).filter(|peer| *peer != id) {
                let id = ApId(peer);
                ap.handle(now, ApInput::Peer { id, up: true });
            }
            let host = Host {
                ap,
                catching: BTreeSet::new(),
                held: BTreeMap::new(),
                up: true,
            };
            (ApId(id), host)
        });
        Self {
            now,
            hosts: hosts.collect(),
            at: None,
            received: Vec::new(),
            answers: Vec::new(),
            records: Vec::new(),
            next: 0,
            idle: Duration::ZERO,
            log: Vec::new(),
            lost: Vec::new(),
        }
    }

    fn input(&mut self, at: ApId, input: ApInput) {
        let mut work = VecDeque::from([(at, input)]);
        while let Some((at, input)) = work.pop_front() {
            let now = self.now;
            let Some(host) = self.hosts.get_mut(&at).filter(|host| host.up) else {
                continue;
            };
            host.ap.handle(now, input);
            while let Some(output) = self.hosts.get_mut(&at).unwrap().ap.poll() {
                self.log.push((at, output.clone()));
                self.carry_out(at, output, &mut work);
            }
        }
    }

    fn carry_out(&mut self, at: ApId, output: ApOutput, work: &mut VecDeque<(ApId, ApInput)>) {
        let on_air = self.at == Some(at);
        let host = self.hosts.get_mut(&at).unwrap();
        match output {
            ApOutput::Tell { body, .. } if self.lost.contains(&body.kind()) => {}
            ApOutput::Tell {
                to,
                body,
                station,
                epoch,
            } => {
                let (from, id) = (at, 7);
                let message = Message {
                    station,
                    from,
                    epoch,
                    id,
                    body,
                };
                work.push_back((to, ApInput::Message(message)));
            }
            ApOutput::Reply {
                to,
                id,
                body,
                station,
                epoch,
            } => {
                let from = at;
                let message = Message {
                    station,
                    from,
                    epoch,
                    id,
                    body,
                };
                work.push_back((to, ApInput::Message(message)));
            }
            ApOutput::Catch { station, on } => {
                if on {
                    host.catching.insert(station);
                } else {
                    host.catching.remove(&station);
                }
            }
            ApOutput::Pass(id) => {
                let frame = host.held.remove(&id).expect("a frame is let go once");
                if on_air {
                    self.received.push(frame.payload[0]);
                }
            }
            ApOutput::Take(id) => {
                host.held.remove(&id).expect("a frame is taken once");
            }
            ApOutput::Inject { frame, .. } if on_air => self.received.push(frame.payload[0]),
            ApOutput::Drain(station) => work.push_back((at, ApInput::Drained(station))),
            ApOutput::Answer { answer, .. } => self.answers.push(answer),
            ApOutput::AskIdle(station) => {
                let span = self.idle;
                work.push_back((at, ApInput::Idle { station, span }));
            }
            ApOutput::Admit { station, peer, .. } => {
                let admission = Admission::default();
                work.push_back((
                    at,
                    ApInput::Admitted {
                        station,
                        peer,
                        admission,
                    },
                ));
            }
            ApOutput::Probe(station) => work.push_back((
                at,
                ApInput::Probed {
                    station,
                    here: on_air,
                },
            )),
            ApOutput::Record(record) => self.records.push((at, record)),
            _ => {}
        }
    }

    /// A packet from the wire comes to `at`.
    fn packet(&mut self, at: u16, n: u8) {
        let at = ApId(at);
        let frame = Frame {
            source: MacAddr([2; 6]),
            ether_type: 0x0800,
            payload: vec![n],
        };
        let on_air = self.at == Some(at);
        let host = self.hosts.get_mut(&at).unwrap();
        if host.catching.contains(&STA) {
            self.next += 1;
            let id = CaughtId(self.next);
            host.held.insert(id, frame.clone());
            let caught = ApInput::Caught {
                station: STA,
                id,
                frame,
            };
            self.input(at, caught);
        } else {
            if on_air {
                self.received.push(n);
            }
            let sent = ApInput::Sent {
                station: STA,
                digest: u32::from(n),
                frame,
            };
            self.input(at, sent);
        }
    }

    fn come(&mut self, at: u16) {
        self.at = Some(ApId(at));
        self.input(ApId(at), ApInput::Associated(STA));
        self.input(ApId(at), ApInput::Authorised(STA));
        self.input(ApId(at), ApInput::Receives(STA));
    }

    fn leaving(&mut self, from: u16, to: u16, stage: Stage) {
        let to = Some(ApId(to));
        let leaving = ApInput::Leaving {
            station: STA,
            to,
            stage,
        };
        self.input(ApId(from), leaving);
    }

    /// The host of `at` says what it knows of the station.
    fn context(&mut self, at: u16, context: Context) {
        let station = STA;
        self.input(ApId(at), ApInput::Context { station, context });
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let next = self.hosts.iter().filter(|(_, host)| host.up);
            let next = next.filter_map(|(id, host)| Some((host.ap.next_timer()?, *id)));
            match next.min() {
                Some((at, id)) if at <= end => {
                    self.now = self.now.max(at);
                    self.input(id, ApInput::Timeout);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn serving(&self) -> Vec<ApId> {
        let serving = self.hosts.iter();
        serving
            .filter(|(_, host)| host.up && host.ap.serves(STA).is_some())
            .map(|(id, _)| *id)
            .collect()
    }
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn a_planned_roam_loses_nothing_and_keeps_the_order() {
    let mut site = Site::new(3);
    site.come(1);
    assert_eq!(site.serving(), [ApId(1)]);
    site.packet(1, 0);
    site.leaving(1, 2, Stage::Prepare);
    assert_eq!(site.answers, [Answer::Ready]);
    site.packet(1, 1);
    site.leaving(1, 2, Stage::Leave);
    assert_eq!(site.answers.len(), 2);
    site.at = None;
    site.packet(1, 2);
    site.packet(1, 3);
    site.wait(ms(10));
    site.packet(1, 4);
    site.come(2);
    site.packet(1, 5);
    site.packet(2, 6);
    assert_eq!(site.received, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(site.serving(), [ApId(2)]);
    let endings: Vec<_> = site
        .records
        .iter()
        .map(|(_, r)| (r.side, r.ending))
        .collect();
    assert_eq!(
        endings,
        [
            (Side::Old, Some(Ending::Flushed)),
            (Side::New, Some(Ending::Flushed))
        ]
    );
    site.wait(ms(31_000));
    assert!(site.hosts.values().all(|host| host.catching.is_empty()));
}

#[test]
fn nothing_is_sent_to_a_station_that_does_not_listen_yet() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = Some(ApId(2));
    site.packet(1, 1);
    site.input(ApId(2), ApInput::Associated(STA));
    site.input(ApId(2), ApInput::Authorised(STA));
    site.packet(2, 2);
    assert!(site.received.is_empty());
    site.wait(ms(4));
    assert!(site.received.is_empty());
    site.wait(ms(2));
    assert_eq!(site.received, [1, 2], "it should listen by now");
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn a_station_that_comes_back_gets_nothing_before_it_listens() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    // The other one has refused it.
    site.wait(ms(300));
    site.input(ApId(1), ApInput::Left(STA));
    site.at = Some(ApId(1));
    site.input(ApId(1), ApInput::Associated(STA));
    site.input(ApId(1), ApInput::Authorised(STA));
    site.packet(1, 2);
    site.wait(ms(4));
    assert!(site.received.is_empty());
    site.wait(ms(2));
    assert_eq!(site.received, [1, 2], "it should listen by now");
    assert_eq!(site.serving(), [ApId(1)]);

    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 3);
    site.input(ApId(1), ApInput::Authorised(STA));
    site.input(ApId(1), ApInput::Left(STA));
    site.wait(ms(100));
    site.come(2);
    assert_eq!(site.received, [1, 2, 3], "it had gone again");
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn ping_pong_ends_where_the_station_is() {
    let mut site = Site::new(2);
    site.come(1);
    let mut n = 0;
    for round in 0..20 {
        let (from, to) = if round % 2 == 0 { (1, 2) } else { (2, 1) };
        site.packet(from, n);
        site.leaving(from, to, Stage::Leave);
        site.at = None;
        site.packet(from, n + 1);
        site.wait(ms(5));
        site.come(to);
        site.packet(from, n + 2);
        site.packet(to, n + 3);
        n += 4;
        assert_eq!(site.serving(), [ApId(to)], "round {round}");
    }
    assert_eq!(site.received, (0..n).collect::<Vec<_>>());
}

#[test]
fn one_that_leaves_without_a_word_gets_what_was_sent_last() {
    let mut site = Site::new(3);
    site.come(1);
    site.packet(1, 0);
    site.wait(ms(200));
    site.packet(1, 1);
    site.at = None;
    site.packet(1, 2);
    site.packet(1, 3);
    site.wait(ms(20));
    site.come(3);
    site.packet(1, 4);
    site.packet(3, 5);
    // Packet 1 comes twice: nobody can know that it arrived.
    assert_eq!(site.received, [0, 1, 1, 2, 3, 4, 5]);
    assert_eq!(site.serving(), [ApId(3)]);
}

#[test]
fn with_an_agent_that_says_what_it_has_nothing_comes_twice() {
    let mut site = Site::new(2);
    site.come(1);
    let context = Context {
        agent: true,
        ..Context::default()
    };
    let station = STA;
    site.input(ApId(1), ApInput::Context { station, context });
    site.packet(1, 1);
    site.packet(1, 2);
    site.at = None;
    site.packet(1, 3);
    site.come(2);
    assert_eq!(site.received, [1, 2], "the agent has not spoken yet");
    let digests = vec![1, 2];
    site.input(ApId(2), ApInput::Seen { station, digests });
    assert_eq!(site.received, [1, 2, 3]);
    assert!(site.records.iter().all(|(_, record)| record.known == 2));
}

#[test]
fn what_an_agent_says_too_late_is_not_taken_for_its_next_arrival() {
    let mut site = Site::new(2);
    site.come(1);
    let context = Context {
        agent: true,
        ..Context::default()
    };
    let station = STA;
    site.input(ApId(1), ApInput::Context { station, context });
    for at in [2, 1] {
        site.at = None;
        site.come(at);
        site.wait(ms(100));
        let digests = vec![9];
        site.input(ApId(at), ApInput::Seen { station, digests });
    }
    site.packet(1, 1);
    site.at = None;
    site.packet(1, 2);
    site.come(2);
    assert_eq!(site.received, [1], "the agent has not spoken yet");
    let digests = vec![1];
    site.input(ApId(2), ApInput::Seen { station, digests });
    assert_eq!(site.received, [1, 2]);
}

#[test]
fn one_that_stays_gets_its_pen_back() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.packet(1, 1);
    site.packet(1, 2);
    site.input(ApId(1), ApInput::Stayed(STA));
    site.packet(1, 3);
    assert_eq!(site.received, [1, 2, 3]);
    assert_eq!(site.serving(), [ApId(1)]);
    assert!(site.hosts[&ApId(2)].catching.is_empty());
    assert_eq!(site.records[0].1.ending, Some(Ending::Stayed));
}

#[test]
fn another_candidate_than_was_named_gets_all_of_it() {
    let mut site = Site::new(3);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.come(3);
    site.packet(3, 2);
    assert_eq!(site.received, [1, 2]);
    assert!(site.hosts[&ApId(2)].catching.is_empty());
}

#[test]
fn a_dead_old_access_point_does_not_keep_the_station_waiting() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Prepare);
    site.hosts.get_mut(&ApId(1)).unwrap().up = false;
    site.come(2);
    site.packet(2, 1);
    assert!(site.received.is_empty());
    site.input(ApId(2), gave_up(1, Request::Arrived));
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn nobody_comes_and_the_pen_is_counted() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.wait(ms(3_000));
    let record = &site.records[0].1;
    assert_eq!(
        (record.ending, record.expired),
        (Some(Ending::Unclaimed), 1)
    );
    assert!(site.hosts.values().all(|host| host.catching.is_empty()));
    assert_eq!(site.hosts[&ApId(1)].ap.penned(), 0);
    let knows = |id| site.hosts[&ApId(id)].ap.stations.contains_key(&STA);
    assert_eq!((knows(1), knows(2)), (true, false), "2 has been told");
}

/// GONE may be late, or come from somebody who has not heard where the station is.
#[test]
fn whoever_has_the_station_or_a_later_word_does_not_believe_that_it_is_gone() {
    let gone = |epoch| {
        ApInput::Message(Message {
            station: STA,
            from: ApId(1),
            epoch,
            id: 900,
            body: Body::Gone,
        })
    };
    let mut site = Site::new(3);
    site.come(1);
    let first = site.hosts[&ApId(1)].ap.stations[&STA].epoch;
    site.leaving(1, 2, Stage::Leave);
    site.come(2);
    for at in [2, 3] {
        let before = site.log.len();
        site.input(ApId(at), gone(first));
        assert_eq!(site.log.len(), before, "nothing follows");
        assert!(site.hosts[&ApId(at)].ap.stations.contains_key(&STA));
    }
    let second = site.hosts[&ApId(2)].ap.stations[&STA].epoch;
    site.input(ApId(2), gone(second));
    assert_eq!(site.serving(), [ApId(2)]);
    site.input(ApId(3), gone(second));
    assert!(!site.hosts[&ApId(3)].ap.stations.contains_key(&STA));
}

fn gave_up(to: u16, what: Request) -> ApInput {
    ApInput::GaveUp {
        to: ApId(to),
        station: STA,
        what,
    }
}

fn known_as(address: [u8; 4]) -> Context {
    let address = crate::context::Address {
        ip: address.into(),
        learnt: crate::context::Learnt::Heard,
        until: Instant::from_nanos(u64::MAX / 2),
    };
    Context {
        addresses: vec![address],
        agent: true,
        ..Context::default()
    }
}

#[test]
fn a_station_whose_claim_was_lost_gets_its_packets_when_it_is_heard_of() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.lost = vec![Kind::Arrived];
    site.come(2);
    site.packet(2, 2);
    assert!(site.received.is_empty());
    // Nobody answers; the path is switched, and PUSH says where the station is.
    site.input(ApId(2), gave_up(1, Request::Arrived));
    assert_eq!(site.received, [2, 1]);
    assert_eq!(site.serving(), [ApId(2)]);
    assert_eq!(site.hosts[&ApId(1)].ap.penned(), 0);
}

#[test]
fn what_a_silent_access_point_did_not_acknowledge_goes_to_the_next() {
    let mut site = Site::new(3);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    // It claims the station, and dies before anything reaches it.
    site.lost = vec![Kind::Data, Kind::Flushed];
    site.come(2);
    site.lost.clear();
    site.hosts.get_mut(&ApId(2)).unwrap().up = false;
    for _ in 0..4 {
        site.input(ApId(1), gave_up(2, Request::Flushed));
    }
    let missing: Vec<_> = site.records.iter().map(|(_, one)| one.missing).collect();
    assert_eq!(missing, [1]);
    site.packet(1, 2);
    site.come(3);
    assert_eq!(site.received, [1, 2]);
    assert_eq!(site.serving(), [ApId(3)]);
}

#[test]
fn whom_a_peer_could_not_reach_it_hears_of_when_it_can() {
    let mut site = Site::new(2);
    let peer = |id, up| ApInput::Peer { id: ApId(id), up };
    for (at, id) in [(1, 2), (2, 1)] {
        site.input(ApId(at), peer(id, false));
    }
    site.come(1);
    let context = known_as([10, 1, 0, 9]);
    let told = ApInput::Context {
        station: STA,
        context: context.clone(),
    };
    site.input(ApId(1), told);
    site.at = None;
    site.come(2);
    assert_eq!(
        site.serving(),
        [ApId(1), ApId(2)],
        "they cannot know better"
    );
    for (at, id) in [(1, 2), (2, 1)] {
        site.input(ApId(at), peer(id, true));
    }
    assert_eq!(site.serving(), [ApId(2)]);
    assert_eq!(site.hosts[&ApId(2)].ap.context(STA), Some(&context));
}

#[test]
fn one_whose_frames_pass_is_authorised_whatever_was_heard() {
    let mut site = Site::new(2);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    site.at = None;
    site.packet(1, 1);
    site.at = Some(ApId(2));
    site.input(ApId(2), ApInput::Associated(STA));
    site.input(ApId(2), ApInput::Receives(STA));
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn what_is_learnt_after_the_candidate_was_told_comes_after() {
    let mut site = Site::new(2);
    site.come(1);
    let tell = |site: &mut Site, context| {
        let station = STA;
        site.input(ApId(1), ApInput::Context { station, context });
    };
    tell(&mut site, known_as([10, 1, 0, 9]));
    site.leaving(1, 2, Stage::Leave);
    site.lost = vec![Kind::Push];
    let context = known_as([10, 1, 0, 10]);
    tell(&mut site, context.clone());
    site.come(2);
    assert_eq!(site.hosts[&ApId(2)].ap.context(STA), Some(&context));
}

#[test]
fn one_that_is_about_to_leave_is_not_fought_for() {
    let mut site = Site::new(3);
    site.come(1);
    site.leaving(1, 2, Stage::Leave);
    let epoch = site.hosts[&ApId(1)].ap.stations[&STA].epoch;
    let push = Message {
        station: STA,
        from: ApId(3),
        epoch,
        id: 1,
        body: Body::Push(Context::default()),
    };
    site.packet(1, 1);
    site.input(ApId(1), ApInput::Message(push));
    site.at = None;
    site.come(2);
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}
