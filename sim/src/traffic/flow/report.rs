//! What is reported of a flow, and what its packets look like.

use rether_voip::packet::Voice;
use rether_voip::stats::DelaySummary;

use super::{Flow, SECOND, Seen, What};
use crate::capture::{Content, ip_packet};
use crate::traffic::figures::{Call, FlowFigures, Stream, Tcp, Transfer};
use crate::world::packet::{Packet, Way};

impl Flow {
    /// The IP packet that `packet` stands for, headers and all.
    pub(crate) fn image(&self, packet: &Packet) -> Vec<u8> {
        let since = packet.sent.since(self.window.start).as_nanos();
        // Of packets that come every so often; of no meaning outside of a run.
        let place = |interval: u64| since / interval.max(1);
        let number = u16::try_from(packet.flow).unwrap_or(u16::MAX);
        let content = match (&self.what, &packet.bytes) {
            (What::Tcp(..), Some(bytes)) => Content::Tcp(bytes),
            (What::Voice { profile, .. }, _) => Content::Voice {
                profile,
                voice: Voice {
                    sequence: place(profile.packet_ns()),
                    sent_ns: packet.sent.as_nanos(),
                },
                ssrc: u32::from(number) * 2 + u32::from(packet.way == Way::Back),
            },
            (What::Ping { interval, .. }, _) => Content::Echo {
                reply: packet.way == Way::Back,
                id: number,
                sequence: u16::try_from(place(interval.as_nanos()) & 0xffff).unwrap_or_default(),
            },
            _ => Content::Datagram,
        };
        ip_packet(&self.keys[packet.way.index()], packet.octets, content)
    }

    /// If it is a call: the packets of a way that count, and the delays of those that arrived.
    pub(crate) fn call_delays(&self, way: Way) -> Option<(u64, &[i32])> {
        match &self.what {
            What::Voice { delays_us, .. } => {
                Some((self.sent[way.index()], &delays_us[way.index()]))
            }
            _ => None,
        }
    }

    /// What is reported of it.
    pub(crate) fn figures(&self) -> FlowFigures {
        let sent = self.sent;
        let whole = |sent: u64| u32::try_from(sent).unwrap_or(u32::MAX);
        match &self.what {
            What::Voice { streams, .. } => {
                let stream = |way: usize| Stream {
                    sent: whole(sent[way]),
                    stream: streams[way].report(whole(sent[way])),
                };
                FlowFigures::Voice {
                    calls: vec![Call {
                        up: stream(0),
                        down: stream(1),
                    }],
                }
            }
            What::Datagrams { seen, .. } => FlowFigures::Transfer(Transfer {
                each_second_bps: self.each_second(seen),
                ..self.transfer(seen, sent[0])
            }),
            What::Ping { seen, .. } => FlowFigures::Transfer(self.transfer(seen, sent[0])),
            What::Tcp(ends, seen) => {
                let mut transfer = self.transfer(seen, 0);
                transfer.each_second_bps = self.each_second(seen);
                transfer.tcp = Some(Tcp::from(ends[0].statistics()));
                FlowFigures::Transfer(transfer)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn transfer(&self, seen: &Seen, sent: u64) -> Transfer {
        let mut delays = seen.delays_us.clone();
        delays.sort_unstable();
        let seconds = self.window.length().as_secs_f64();
        Transfer {
            sent,
            lost: sent.saturating_sub(delays.len() as u64),
            goodput_bps: seen.payload as f64 * 8.0 / seconds.max(1e-9),
            delay_ms: DelaySummary::of_sorted(&delays),
            ..Transfer::default()
        }
    }

    /// Of each whole second, those in which nothing arrived included, in bit/s.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn each_second(&self, seen: &Seen) -> Vec<f64> {
        let whole = self.window.length().as_nanos() / SECOND.as_nanos();
        let seconds = (0..whole).map(|second| usize::try_from(second).unwrap_or(usize::MAX));
        let octets = seconds.map(|second| seen.each_second.get(second).copied().unwrap_or(0));
        octets.map(|octets| octets as f64 * 8.0).collect()
    }
}
