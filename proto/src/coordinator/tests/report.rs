//! What the promise report says when tokens get lost.

use super::*;
use crate::coordinator::report::{Cause, WayReport};

/// Station 1 has a call, and its agent takes packets out of frames.
fn call() -> Bench {
    let mut bench = Bench::new(0);
    bench.join(1);
    bench.register_as(1, 1, Register::POLL | Register::BUNDLE);
    bench.forget();
    bench.reserve(1, VOICE);
    bench
}

impl Bench {
    /// A second and a little more of a call, until its window is closed. Down comes a packet each
    /// 20 ms. Every token is acknowledged; `arrives` says of the n-th copy of any whether the
    /// agent gets it, which then has sent so many packets.
    fn second_of_call(&mut self, arrives: impl Fn(u32) -> bool, sent_rt: u16) {
        let end = self.now + Duration::from_millis(1_100);
        let (mut next_packet, mut copies) = (self.now, 0);
        while self.now < end {
            let out = self.core.leases.of(sta(1));
            let out = out.filter(|lease| lease.acked.is_none());
            if let Some(token) = out.map(|lease| lease.token.token) {
                self.radio(1, true);
                copies += 1;
                if arrives(copies) {
                    self.frame(1, &Message::Return(answer(token, sent_rt)));
                }
            } else if self.now >= next_packet {
                self.call_packet();
                next_packet += DELAY;
            } else if !self.step(end.min(next_packet), 0, None) {
                self.now = end.min(next_packet);
            }
        }
    }

    /// A packet of the call comes down, and the gate copied it.
    fn call_packet(&mut self) {
        self.next += 1;
        let packet = Packet {
            id: PacketId(self.next),
            station: sta(1),
            len: 200,
            flow: flow(1, VOICE).reversed(),
        };
        let bytes = &[0x45; 200];
        self.input(Input::Copied { packet, bytes }).unwrap();
    }

    fn ways(&mut self) -> (WayReport, WayReport) {
        let status = self.core.status();
        let call = &status.flows[0];
        (call.up.clone().unwrap(), call.down.clone().unwrap())
    }
}

fn answer(token: u32, sent_rt: u16) -> Return {
    Return {
        token,
        used_rt: Duration::ZERO,
        used_nrt: Duration::ZERO,
        sent_rt,
        sent_nrt: 0,
        backlog: Backlog::default(),
        rate: Rate(0),
        refused: false,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    }
}

#[test]
fn answered_tokens_say_that_the_application_sent_less() {
    let mut bench = call();
    bench.second_of_call(|_| true, 0);
    let (up, down) = bench.ways();
    assert_eq!((up.windows, up.missed), (1, 0));
    assert_eq!(up.last.cause, Some(Cause::ApplicationSentLess));
    assert_eq!((down.windows, down.missed), (1, 0));
    assert_eq!(down.last.cause, None);
}

/// What came down waited for tokens that were lost behind their Acks, and were repeated until one
/// was answered. At the end of the second all is well again.
#[test]
fn late_for_lost_tokens_is_not_the_schedules_fault() {
    let mut bench = call();
    bench.second_of_call(|copy| copy % 8 == 0 || copy > 200, 1);
    let (_, down) = bench.ways();
    assert!(down.last.late > 0);
    assert_eq!(bench.core.stations[&sta(1)].unanswered, 0);
    assert_eq!(down.last.cause, Some(Cause::LostFrames));
}

/// One visit came to nothing, all of its copies lost; all others found nothing to send. What the
/// station held in between nobody knows.
#[test]
fn a_visit_in_vain_is_not_kept_for_want_of_packets() {
    let mut bench = call();
    bench.second_of_call(|copy| copy > 11, 0);
    assert_eq!(bench.core.stations[&sta(1)].unanswered, 1);
    let (up, _) = bench.ways();
    assert_eq!((up.last.offered, up.missed), (0, 1));
    assert_eq!(up.last.cause, Some(Cause::LostFrames));
    // The next second is judged by itself.
    bench.second_of_call(|_| true, 0);
    let (up, _) = bench.ways();
    assert_eq!(up.last.cause, Some(Cause::ApplicationSentLess));
    assert_eq!((up.windows, up.missed), (2, 1));
}

/// An agent that answers nothing is silent after a few visits, and then it is not visited.
#[test]
fn a_second_without_any_return_is_not_kept() {
    let mut bench = call();
    bench.second_of_call(|_| false, 0);
    let (up, _) = bench.ways();
    assert_eq!((up.last.offered, up.missed), (0, 1));
    assert_eq!(up.last.cause, Some(Cause::AgentSilent));
}

/// The radio got rid of no token: nothing was lost on the air, but the call was not served either.
#[test]
fn tokens_that_the_radio_did_not_send_are_not_lost_frames() {
    let mut bench = call();
    // By then the agent was not visited so often that it counts as silent.
    bench.run(Duration::from_millis(40), None);
    assert!(bench.core.stations[&sta(1)].unanswered > 0);
    bench.second_of_call(|_| true, 0);
    let (up, _) = bench.ways();
    assert_eq!((up.last.offered, up.missed), (0, 1));
    assert_eq!(up.last.cause, Some(Cause::Schedule));
}

/// A token is handed out again, and then it and its copy are answered.
#[test]
fn a_return_that_comes_late_was_not_lost() {
    let mut bench = call();
    let (_, token) = bench.token().unwrap();
    bench.radio(1, true);
    bench.run(token.valid, None);
    assert_eq!(bench.core.stats.probes, 1);
    let answers = |bench: &Bench| {
        let answers = bench.core.stations[&sta(1)].answers;
        (answers.returns, answers.lost, answers.vain)
    };
    assert_eq!(answers(&bench), (0, 1, 0));
    let answer = Message::Return(answer(token.token, 1));
    bench.frame(1, &answer);
    assert_eq!(answers(&bench), (1, 1, 0));
    bench.frame(1, &answer);
    assert_eq!(answers(&bench), (1, 0, 0));
}
