//! Stations that agree to move (802.11v).

use super::*;

impl Site {
    fn agrees(&mut self, at: u16, to: Option<u16>) {
        let to = to.map(ApId);
        self.input(ApId(at), ApInput::Agreed { station: STA, to });
    }

    /// How many messages of this kind `from` sent to `to`.
    fn said(&self, from: u16, to: u16, kind: Kind) -> usize {
        let of = |(at, output): &&(ApId, ApOutput)| {
            *at == ApId(from)
                && matches!(output, ApOutput::Tell { to: whom, body, .. }
                    if *whom == ApId(to) && body.kind() == kind)
        };
        self.log.iter().filter(of).count()
    }

    fn probes(&self) -> usize {
        let probe = |(_, output): &&(ApId, ApOutput)| matches!(output, ApOutput::Probe(_));
        self.log.iter().filter(probe).count()
    }

    fn agent(&mut self, at: u16) {
        let context = Context {
            agent: true,
            ..Context::default()
        };
        self.context(at, context);
    }
}

#[test]
fn what_comes_behind_its_word_waits_for_it_where_it_goes() {
    let mut site = Site::new(3);
    site.come(1);
    site.packet(1, 0);
    site.wait(ms(1_000));
    site.agrees(1, Some(2));
    assert_eq!((site.said(1, 2, Kind::Prepare), site.probes()), (1, 0));
    // The radio is not given it, though it still could be.
    site.packet(1, 1);
    assert_eq!(site.received, [0]);
    site.at = None;
    site.packet(1, 2);
    site.wait(ms(60));
    site.come(2);
    site.packet(2, 3);
    assert_eq!(site.received, [0, 1, 2, 3]);
    assert_eq!(site.serving(), [ApId(2)]);
    let record = &site.records[0].1;
    assert_eq!((record.announced, record.held), (true, 2));
    assert_eq!(record.ending, Some(Ending::Flushed));
    site.wait(ms(31_000));
    assert!(site.hosts.values().all(|host| host.catching.is_empty()));
}

#[test]
fn what_the_radio_was_given_last_is_sent_again_if_no_agent_says_what_came() {
    let mut site = Site::new(2);
    site.come(1);
    site.packet(1, 0);
    site.wait(ms(200));
    site.packet(1, 1);
    site.at = None;
    site.packet(1, 2);
    site.agrees(1, Some(2));
    site.packet(1, 3);
    // Where it was last heard does not matter: it was here when it agreed.
    site.idle = ms(500);
    site.come(2);
    assert_eq!(site.received, [0, 1, 1, 2, 3]);
}

#[test]
fn an_agent_that_says_what_it_has_is_waited_for_there() {
    let mut site = Site::new(2);
    site.come(1);
    site.agent(1);
    site.packet(1, 1);
    site.at = None;
    site.packet(1, 2);
    site.agrees(1, Some(2));
    site.packet(1, 3);
    site.come(2);
    assert_eq!(site.received, [1], "the agent has not spoken yet");
    let digests = vec![1];
    let station = STA;
    site.input(ApId(2), ApInput::Seen { station, digests });
    assert_eq!(site.received, [1, 2, 3]);
}

#[test]
fn one_that_stays_is_asked_and_has_its_packets_in_their_order() {
    let mut site = Site::new(2);
    site.come(1);
    site.agrees(1, Some(2));
    site.packet(1, 1);
    site.packet(1, 2);
    site.wait(ms(49));
    assert!(site.received.is_empty());
    site.wait(ms(2));
    site.packet(1, 3);
    assert_eq!(
        (site.received.as_slice(), site.probes()),
        (&[1, 2, 3][..], 1)
    );
    assert_eq!(site.serving(), [ApId(1)]);
    assert_eq!(site.said(1, 2, Kind::Cancel), 1);
    assert!(site.hosts.values().all(|host| host.catching.is_empty()));
    assert!(site.log.contains(&(ApId(1), ApOutput::Resume(STA))));
    assert_eq!(site.records[0].1.ending, Some(Ending::Stayed));
    site.wait(ms(10_000));
    assert_eq!(site.probes(), 1, "it is left alone");
}

#[test]
fn one_that_looks_around_first_is_waited_for() {
    let mut site = Site::new(2);
    site.come(1);
    site.agrees(1, Some(2));
    site.at = None;
    site.packet(1, 1);
    site.wait(ms(130));
    assert_eq!(site.probes(), 2);
    site.at = Some(ApId(1));
    assert!(site.received.is_empty());
    site.wait(ms(50));
    assert_eq!((site.received.as_slice(), site.probes()), (&[1][..], 3));
}

#[test]
fn one_that_is_not_heard_again_is_given_to_the_radio_unless_that_has_lost_it() {
    let mut site = Site::new(2);
    site.come(1);
    site.agrees(1, Some(2));
    site.at = None;
    site.wait(ms(1_800));
    site.packet(1, 1);
    site.wait(ms(500));
    let record = &site.records[0].1;
    assert_eq!((record.ending, record.expired), (Some(Ending::Stayed), 0));
    assert_eq!(site.hosts[&ApId(1)].ap.penned(), 0);

    let mut site = Site::new(2);
    site.come(1);
    site.agrees(1, Some(2));
    site.at = None;
    site.packet(1, 1);
    site.input(ApId(1), ApInput::Left(STA));
    site.wait(ms(3_000));
    assert_eq!(site.probes(), 0);
    let record = &site.records[0].1;
    assert_eq!(
        (record.ending, record.expired),
        (Some(Ending::Unclaimed), 1)
    );
}

#[test]
fn its_word_is_not_believed_again_within_a_second() {
    let mut site = Site::new(2);
    site.come(1);
    for _ in 0..20 {
        site.agrees(1, Some(2));
        site.wait(ms(60));
    }
    // At 0 and 1020 ms.
    assert_eq!(site.said(1, 2, Kind::Prepare), 2);
}

#[test]
fn of_an_unknown_place_the_likeliest_is_prepared() {
    let mut site = Site::new(3);
    for _ in 0..3 {
        site.come(1);
        site.leaving(1, 3, Stage::Leave);
        site.come(3);
        site.leaving(3, 1, Stage::Leave);
    }
    site.come(1);
    let before = site.said(1, 3, Kind::Prepare);
    site.agrees(1, None);
    assert_eq!(site.said(1, 3, Kind::Prepare), before + 1);
    // It goes elsewhere.
    site.at = None;
    site.packet(1, 1);
    site.come(2);
    assert_eq!(site.received, [1]);
    assert_eq!(site.serving(), [ApId(2)]);
}

#[test]
fn an_agent_that_asks_is_here_and_one_that_leaves_is_let_go() {
    let mut site = Site::new(2);
    site.come(1);
    site.agent(1);
    site.agrees(1, Some(2));
    site.packet(1, 1);
    site.leaving(1, 2, Stage::Prepare);
    assert_eq!(site.received, [1]);
    assert_eq!(site.answers, [Answer::Ready]);

    let mut site = Site::new(2);
    site.come(1);
    site.agent(1);
    site.agrees(1, Some(2));
    site.packet(1, 1);
    site.leaving(1, 2, Stage::Leave);
    assert_eq!(site.answers, [Answer::Ready], "GO");
    // It waits for the radio, whose answer would be that it is here.
    site.wait(ms(200));
    assert_eq!(site.probes(), 0);
    assert!(site.received.is_empty());
    site.at = None;
    site.come(2);
    site.wait(ms(40));
    assert_eq!(site.received, [1]);
}
