//! The link: what kernel and `wpa_supplicant` tell of it, and what the agent is told.
//!
//! Data may flow when `wpa_supplicant` says so, at the end of the key exchange, and not when the
//! kernel has an association: what the agent lets go before is lost.

use rether_daemon::host;
use rether_handoff::station::StationInput;
use rether_linux::clock;
use rether_linux::control::{Event as Word, NeighbourReport, SupplicantEvent};
use rether_linux::gate::Hop;
use rether_linux::nl80211::Event;
use rether_proto::agent::AgentCommand;
use rether_proto::airtime::Rate;
use rether_proto::mac::MacAddr;

use super::{Daemon, Haste};
use crate::link;

impl Daemon<'_> {
    pub(super) async fn supplicant_says(&mut self, said: Option<Word>) {
        let Some(said) = said else {
            tracing::info!("wpa_supplicant has gone; the link is followed without it");
            (self.wpa, self.wpa_events) = (None, None);
            return self.follow_link().await;
        };
        if let Some(report) = NeighbourReport::parse(&said) {
            return self.reported(report).await;
        }
        match SupplicantEvent::parse(&said) {
            Some(
                SupplicantEvent::Authenticating { bssid }
                | SupplicantEvent::Associating { bssid: Some(bssid) },
            ) => {
                let deed = self.handoff.drifts(clock::now(), bssid);
                self.carry_out(deed).await;
            }
            Some(SupplicantEvent::Connected { bssid }) => self.connected(bssid).await,
            Some(SupplicantEvent::Disconnected { bssid, .. }) if self.bssid == Some(bssid) => {
                self.link_is_down().await;
            }
            Some(
                SupplicantEvent::AssociationRefused { .. }
                | SupplicantEvent::AuthenticationRefused { .. },
            ) if self.handoff.is_switching() => self.step(StationInput::SwitchFailed).await,
            _ => {}
        }
    }

    /// `wpa_supplicant` has told that data may flow at `bssid`; it may since have changed its mind.
    async fn connected(&mut self, bssid: MacAddr) {
        let at = match link::authorised_at(&mut self.wpa).await {
            link::Word::At(at) => at,
            link::Word::Unknown => bssid,
            link::Word::Nowhere => return,
        };
        if self.bssid != Some(at) || self.handoff.away().is_some() {
            self.link_is_up(at).await;
        }
    }

    pub(super) async fn radio_says(&mut self, event: Option<Event>) {
        let ours = self.interface.index;
        match event {
            // With `wpa_supplicant` the keys are still to come.
            Some(Event::Connected { index, .. }) if index == ours && self.wpa_events.is_none() => {
                self.follow_link().await;
            }
            Some(Event::Disconnected { index }) if index == ours => {
                if self.handoff.is_switching() || !self.is_up_again().await {
                    self.link_is_down().await;
                }
            }
            Some(Event::ScanStarted { index }) if index == ours => {
                self.gap.scan_started();
                self.session.orders.command(AgentCommand::OffChannel(true));
            }
            Some(Event::ScanEnded { index }) if index == ours => {
                self.gap.scan_ended();
                self.may_be_back();
                self.gap.rest(clock::now());
            }
            Some(Event::FrameWaitEnded { index, cookie }) if index == ours => {
                if self.gap.frame_ended(cookie) {
                    self.may_be_back();
                    self.gap.rest(clock::now());
                }
            }
            Some(Event::Signal {
                index,
                dbm: Some(dbm),
                ..
            }) if index == ours => self.hear_own(i8::try_from(dbm).ok()).await,
            Some(Event::Overrun) => {
                // The end of a scan may be among the lost ones.
                self.is_back();
                self.follow_link().await;
            }
            Some(_) => {}
            None => {
                self.events = None;
                self.is_back();
            }
        }
    }

    /// Whether an event of a lost link is about one that has been replaced since.
    async fn is_up_again(&mut self) -> bool {
        self.wpa_events.is_some()
            && self.bssid.is_some_and(|_| self.handoff.away().is_none())
            && matches!(link::authorised_at(&mut self.wpa).await, link::Word::At(at)
                if self.bssid == Some(at))
    }

    /// The radio is on its channel, unless something else keeps it away.
    pub(super) fn may_be_back(&mut self) {
        if !self.gap.is_off_channel() {
            self.gap.over();
            self.session.orders.command(AgentCommand::OffChannel(false));
        }
    }

    /// Nothing is known to keep the radio away.
    pub(super) fn is_back(&mut self) {
        self.gap.forget();
        self.may_be_back();
    }

    pub(super) async fn link_is_down(&mut self) {
        if self.bssid.take().is_some() {
            tracing::info!("not associated");
            self.rate = Rate(0);
            self.session.orders.command(AgentCommand::LinkDown);
            let deeds = self.handoff.lost(clock::now());
            self.carry_out(deeds).await;
        }
    }

    pub(super) async fn follow_link(&mut self) {
        let found = link::access_point(self.nl80211, self.interface.index, &mut self.wpa).await;
        let ap = match found {
            Ok(Some(ap)) => ap,
            Ok(None) => return self.link_is_down().await,
            // The next look tries once more.
            Err(error) => return tracing::debug!("the link stays as it was: {error}"),
        };
        if self.bssid != Some(ap.mac) || self.handoff.away().is_some() {
            self.link_is_up(ap.mac).await;
        }
        let rate = host::rate(ap.tx_rate);
        if self.rate != rate {
            self.rate = rate;
            self.session.orders.command(AgentCommand::Rate(rate));
        }
        self.hear_own(ap.signal).await;
    }

    /// The agent comes first: it holds packets until it knows.
    async fn link_is_up(&mut self, bssid: MacAddr) {
        let queue = self.queue;
        let orders = &self.session.orders;
        orders.look(move |view| view.gate.set_hop(queue, Hop::Station(bssid)));
        orders.command(AgentCommand::LinkUp { bssid });
        tracing::info!("associated with {bssid}");
        self.bssid = Some(bssid);
        let arrival = self.handoff.arrived(clock::now(), bssid);
        if let Some(from) = arrival.unannounced_from {
            self.tell_received(from);
        }
        self.carry_out(arrival.deeds).await;
        self.survey.begin(clock::now());
        self.haste = Haste::default();
        let index = self.interface.index;
        if self.config.stay_awake
            && let Err(error) = self.nl80211.set_power_save(index, false).await
        {
            tracing::info!("power save may delay tokens: {error}");
        }
        self.watch_signal().await;
    }
}
