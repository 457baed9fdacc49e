//! What the machine of an access point is told, and what it wants done.

use alloc::string::String;
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use crate::anchor::PathOp;
use crate::cache::Gateway;
use crate::context::{Context, Promised};
use crate::frame::Frame;
use crate::id::{ApId, Epoch};
use crate::message::{Admission, Body, Message};
use crate::roam::RoamRecord;
use crate::snoop::{Told, Wired};

/// A frame that the host's catch holds until a verdict names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaughtId(pub u64);

/// What a station's agent asks its access point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// I may go to this one soon.
    Prepare,
    /// I am about to go.
    Leave,
}

/// The answer to a station's agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go ahead: all its promises will be kept there.
    Ready,
    /// Not all of them; what the other end said.
    Partial(Admission),
    /// None of them.
    Refused(Admission),
    /// Nobody of this site is there: a move would be one without a handoff.
    Unavailable,
}

/// One stimulus.
#[derive(Clone, Debug)]
pub enum ApInput {
    /// A peer said something; it is authenticated.
    Message(Message),
    /// A request to a peer was not answered in time.
    GaveUp {
        /// Who.
        to: ApId,
        /// Whom it was about.
        station: MacAddr,
        /// What it was.
        what: Request,
    },
    /// A peer can be reached, or no longer.
    Peer {
        /// Which.
        id: ApId,
        /// Whether it can.
        up: bool,
    },
    /// A station has associated; its keys may not be settled yet.
    Associated(MacAddr),
    /// It is authorised: its packets pass.
    Authorised(MacAddr),
    /// It has sent a frame since, so it lets packets in, too.
    Receives(MacAddr),
    /// It said that it has left, or the radio gave it up.
    Left(MacAddr),
    /// It may move to `to`, or moves there now.
    Leaving {
        /// Who.
        station: MacAddr,
        /// Where, if it said so.
        to: Option<ApId>,
        /// How far it is.
        stage: Stage,
    },
    /// It has agreed to move when it was asked to (802.11v), and may or may not do so.
    Agreed {
        /// Who.
        station: MacAddr,
        /// Where, if that is an access point of this site.
        to: Option<ApId>,
    },
    /// It does not move after all.
    Stayed(MacAddr),
    /// All that the token gate held for it is with the radio.
    Drained(MacAddr),
    /// A frame for it was caught.
    Caught {
        /// Who.
        station: MacAddr,
        /// For the verdict.
        id: CaughtId,
        /// The frame.
        frame: Frame,
    },
    /// A frame was handed to the radio for it.
    Sent {
        /// Who.
        station: MacAddr,
        /// [`rether_proto::digest::digest`] of the packet.
        digest: u32,
        /// The frame.
        frame: Frame,
    },
    /// Its agent says what it received last.
    Seen {
        /// Who.
        station: MacAddr,
        /// Digests.
        digests: Vec<u32>,
    },
    /// How long the radio has heard nothing of it; the answer to [`ApOutput::AskIdle`].
    Idle {
        /// Who.
        station: MacAddr,
        /// How long.
        span: Duration,
    },
    /// Whether it answers the radio; the answer to [`ApOutput::Probe`].
    Probed {
        /// Who.
        station: MacAddr,
        /// Whether it does.
        here: bool,
    },
    /// The ledger's answer to [`ApOutput::Admit`].
    Admitted {
        /// Who.
        station: MacAddr,
        /// For whom.
        peer: ApId,
        /// What can be kept.
        admission: Admission,
    },
    /// What is known of a station has changed.
    Context {
        /// Who.
        station: MacAddr,
        /// All that is known.
        context: Context,
    },
    /// The wired side said something for stations.
    Wired(Wired),
    /// A station said something of itself.
    Told {
        /// Who.
        station: MacAddr,
        /// What.
        told: Told,
    },
    /// The addresses of this host that are gateways.
    Own(Vec<Gateway>),
    /// The time of `next_timer` has come.
    Timeout,
}

/// The kinds of requests, for [`ApInput::GaveUp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// [`Body::Push`].
    Push,
    /// [`Body::Prepare`].
    Prepare,
    /// [`Body::Arrived`].
    Arrived,
    /// [`Body::Flushed`].
    Flushed,
    /// [`Body::Cancel`].
    Cancel,
}

/// What the host shall do, in the order in which it comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApOutput {
    /// Say something to a peer. A request is repeated by the channel until it is answered; DATA
    /// goes once.
    Tell {
        /// Whom.
        to: ApId,
        /// What.
        body: Body,
        /// About whom.
        station: MacAddr,
        /// Which stay.
        epoch: Epoch,
    },
    /// Answer a peer's request.
    Reply {
        /// Whom.
        to: ApId,
        /// The number of its request.
        id: u32,
        /// What.
        body: Body,
        /// About whom.
        station: MacAddr,
        /// Which stay.
        epoch: Epoch,
    },
    /// Catch what is for this station, or no longer.
    Catch {
        /// Who.
        station: MacAddr,
        /// Whether.
        on: bool,
    },
    /// Let a caught frame go on its way.
    Pass(CaughtId),
    /// Take a caught frame: its copy goes another way.
    Take(CaughtId),
    /// Put a frame on the air, past all gates.
    Inject {
        /// For whom.
        station: MacAddr,
        /// The frame.
        frame: Frame,
    },
    /// Hand all that is held for the station to the radio; [`ApInput::Drained`] is the answer.
    Drain(MacAddr),
    /// Answer the station's agent.
    Answer {
        /// Whom.
        station: MacAddr,
        /// What was asked.
        stage: Stage,
        /// The answer.
        answer: Answer,
    },
    /// The station stays: plan for it as before.
    Resume(MacAddr),
    /// How long has the radio heard nothing of it?
    AskIdle(MacAddr),
    /// Does it answer the radio?
    Probe(MacAddr),
    /// What of these promises could be kept? Hold their airtime for two seconds.
    Admit {
        /// Whose.
        station: MacAddr,
        /// Who asks.
        peer: ApId,
        /// The promises.
        promises: Vec<Promised>,
    },
    /// The station is here: its promises are in force.
    Adopt {
        /// Who.
        station: MacAddr,
        /// All that is known of it.
        context: Context,
    },
    /// It is elsewhere: its promises here end, and what was held for it is free.
    Release(MacAddr),
    /// Forget the station at the radio, without a word to it.
    Forget(MacAddr),
    /// Change the path.
    Path(PathOp),
    /// Write this down.
    Record(RoamRecord),
    /// Worth a line in the log.
    Note {
        /// About whom.
        station: MacAddr,
        /// What.
        text: String,
    },
}
