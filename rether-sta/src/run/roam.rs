//! Roams: carries out what the station's machine wants, and tells it what the radio hears.

use rether_handoff::station::StationInput;
use rether_linux::clock;
use rether_linux::haste;
use rether_linux::link::Link;
use rether_linux::nl80211::{Bss, Interface, Nl80211Error, ProbeRequest, Scan};
use rether_linux::rt::Precedence;
use rether_linux::setting::Meanwhile;
use rether_proto::agent::{AgentCommand, AgentEvent};
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;
use tokio::sync::oneshot;

use super::Daemon;
use super::gap::{Begin, Look};
use crate::handoff::{Deed, Received, Wanted, candidates, network};

/// What came in this time before an arrival is told to the new access point, whose neighbour sends
/// nothing older again.
const RECENT: Duration = Duration::from_secs(2);
/// The driver tells of a signal that has crossed the threshold by so many dB.
const HYSTERESIS: u32 = 2;
/// After so many looks without another access point nobody will ask what came.
const IDLE: u32 = 10;

/// What makes a switch quick, while it lasts.
#[derive(Debug, Default)]
pub(super) struct Haste {
    precedence: Option<Precedence>,
    neighbours: Vec<Meanwhile>,
    hurry: Option<Meanwhile>,
}

impl Daemon<'_> {
    /// The agent's word may be the answer that the machine waits for. That all packets are caught
    /// is part of being prepared, so that none slips out behind LEAVE.
    pub(super) async fn answer(&mut self, event: &AgentEvent) {
        if matches!(event, AgentEvent::Prepared { .. }) && self.handoff.is_moving() {
            self.session.rules.tried().await;
        }
        if matches!(event, AgentEvent::Gap) {
            return self.begin_look().await;
        }
        let deeds = self.handoff.agent_says(clock::now(), event);
        self.carry_out(deeds).await;
    }

    /// One input to the machine, and what follows.
    pub(super) async fn step(&mut self, input: StationInput) {
        let deeds = self.handoff.input(clock::now(), input);
        self.carry_out(deeds).await;
    }

    pub(super) async fn carry_out(&mut self, deeds: impl IntoIterator<Item = Deed>) {
        let mut failed = false;
        for deed in deeds {
            match deed {
                Deed::Agent(command) => {
                    match command {
                        AgentCommand::Leave { .. } => {
                            self.haste.precedence = Precedence::begin();
                            self.haste.neighbours = haste::keep_neighbours(&self.name);
                        }
                        AgentCommand::Stay => self.haste = Haste::default(),
                        _ => {}
                    }
                    self.session.orders.command(command);
                }
                Deed::Roam(bssid) => {
                    self.haste.hurry = self.config.handoff.hurry.then(haste::hurry).flatten();
                    failed = !self.roam(bssid).await;
                }
                Deed::Scan(frequency) => self.want_look(frequency.into()).await,
            }
        }
        if failed {
            self.haste = Haste::default();
            let given_up = self.handoff.input(clock::now(), StationInput::SwitchFailed);
            for deed in given_up {
                if let Deed::Agent(command) = deed {
                    self.session.orders.command(command);
                }
            }
        }
    }

    async fn roam(&mut self, bssid: MacAddr) -> bool {
        let Some(wpa) = &mut self.wpa else {
            tracing::warn!("cannot move to {bssid}: wpa_supplicant does not answer");
            return false;
        };
        match wpa.roam(bssid).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!("cannot move to {bssid}: {error}");
                false
            }
        }
    }

    async fn want_look(&mut self, frequency: u32) {
        let Interface { index, wiphy, .. } = self.interface;
        let table = self.nl80211.heard(index).await.unwrap_or_default();
        let ssid = network(&table).map(<[u8]>::to_vec);
        let is_here = |bss: &Bss| bss.associated && bss.frequency == frequency;
        if let (Some(ssid), true) = (&ssid, table.iter().any(is_here)) {
            return self.ask_here(frequency, ssid).await;
        }
        let may_ask = self.nl80211.may_ask(wiphy, frequency).await;
        let heard = table.iter().filter(|bss| bss.ssid == ssid);
        let known = heard.map(|bss| (bss.frequency, bss.bssid));
        let site = self.neighbours.0.iter();
        let known = known.chain(site.map(|one| (one.frequency.into(), one.bssid)));
        let there = known.filter_map(|(at, bssid)| (at == frequency).then_some(bssid));
        let look = Look {
            frequency,
            whom: self.gap.whom(frequency, &there.collect()),
            ssid,
            may_ask: may_ask.unwrap_or(false),
        };
        self.gap.want(clock::now(), look);
        self.session.orders.command(AgentCommand::Gap);
    }

    /// On its own channel the radio need not go away to hear others.
    async fn ask_here(&mut self, frequency: u32, ssid: &[u8]) {
        let (now, index) = (clock::now(), self.interface.index);
        let wanted = ProbeRequest {
            from: self.interface.mac,
            to: None,
            frequency,
            ssid,
        };
        match self.nl80211.ask_here(index, &wanted).await {
            Ok(()) => {
                self.gap.asks(now, frequency, None);
                self.gap.rest(now);
            }
            Err(error) => tracing::debug!("{error}"),
        }
    }

    /// The radio may leave its channel. While somebody else scans it is away already.
    pub(super) async fn begin_look(&mut self) {
        let busy = self.handoff.is_moving() || self.gap.is_off_channel();
        let begun = match self.gap.begin(clock::now()) {
            Some(Begin::Ask(look)) if !busy => self.ask_around(&look).await,
            Some(Begin::Scan(look)) if !busy => self.scan(&look).await,
            // The agent took its time, and the look has begun without it.
            None if self.gap.is_away() => return,
            _ => {
                self.gap.over();
                return self.may_be_back();
            }
        };
        if let Err(error) = begun {
            tracing::debug!("no look around: {error}");
            self.may_be_back();
        }
    }

    async fn ask_around(&mut self, look: &Look) -> Result<(), Nl80211Error> {
        let now = clock::now();
        let wanted = ProbeRequest {
            from: self.interface.mac,
            to: look.whom,
            frequency: look.frequency,
            ssid: look.ssid.as_deref().unwrap_or_default(),
        };
        match self.nl80211.ask_around(self.interface.index, &wanted).await {
            Ok(cookie) => {
                tracing::debug!("asks at {} MHz", look.frequency);
                self.gap.asks(now, look.frequency, Some(cookie));
                Ok(())
            }
            Err(error) => {
                tracing::debug!("scans instead: {error}");
                self.scan(look).await
            }
        }
    }

    async fn scan(&self, look: &Look) -> Result<(), Nl80211Error> {
        tracing::debug!("scans {} MHz", look.frequency);
        let index = self.interface.index;
        self.nl80211.scan(index, &look.scan()).await
    }

    /// The agent does not answer, the radio has been away for long enough, or what waited for it has
    /// gone.
    pub(super) async fn gap_timer(&mut self) {
        if self.gap.is_wanted() {
            self.session.orders.command(AgentCommand::OffChannel(true));
            return self.begin_look().await;
        }
        let is_away = self.gap.is_away();
        self.gap.over();
        if !is_away {
            return self.listen().await;
        }
        let index = self.interface.index;
        let ended = match self.gap.take_frame() {
            Some(cookie) => {
                // Not every driver tells of the end.
                let ended = self.nl80211.end_asking(index, cookie).await;
                self.may_be_back();
                ended
            }
            None => self.nl80211.end_scan(index).await,
        };
        if let Err(error) = ended {
            tracing::debug!("{error}");
        }
    }

    /// The operator wants the station elsewhere.
    pub(super) async fn order(&mut self, wanted: Option<Wanted>) {
        let Some(Wanted { to, reply }) = wanted else {
            return;
        };
        let (moved, entry) = oneshot::channel();
        let outcome = match self.is_reachable(to).await {
            Ok(()) => self.handoff.order(clock::now(), to, moved),
            Err(problem) => Err(problem),
        };
        let (told, deeds) = match outcome {
            Ok(deeds) => (Ok(entry), deeds),
            Err(problem) => (Err(problem), Vec::new()),
        };
        // Who asked may have given up; the order stands.
        let _ = reply.send(told);
        self.carry_out(deeds).await;
    }

    /// Whether `wpa_supplicant` can go there: before anything is shut for it.
    async fn is_reachable(&mut self, bssid: MacAddr) -> Result<(), String> {
        let Some(wpa) = &mut self.wpa else {
            return Err(
                "wpa_supplicant does not answer: name its control socket with --wpa".into(),
            );
        };
        match wpa.known_bss(bssid).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!(
                "wpa_supplicant has not heard {bssid} lately: have it look, `wpa_cli scan`"
            )),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The signal of the own access point.
    pub(super) async fn hear_own(&mut self, signal: Option<i8>) {
        if let Some(signal) = signal
            && self.wpa.is_some()
        {
            self.step(StationInput::Signal(signal)).await;
        }
    }

    /// `wpa_supplicant` reads the table when a scan has ended, and goes to nobody that it does not
    /// know. A scan of the own channel does not take the radio away. True if one begins: what was
    /// heard is looked at when that is over.
    async fn introduce(&mut self, table: &[Bss]) -> bool {
        let mut is_news = false;
        for bss in self.gap.answers(table, clock::now()) {
            if let Some(wpa) = &mut self.wpa {
                is_news |= matches!(wpa.known_bss(bss.bssid).await, Ok(None));
            }
        }
        let own = table.iter().find(|bss| bss.associated);
        let Some(own) = own.filter(|_| is_news) else {
            return false;
        };
        let scan = Scan {
            frequencies: vec![own.frequency],
            ..Scan::default()
        };
        let index = self.interface.index;
        if let Err(error) = self.nl80211.scan(index, &scan).await {
            tracing::debug!("{error}");
            return false;
        }
        if let Err(error) = self.nl80211.end_scan(index).await {
            tracing::debug!("{error}");
        }
        true
    }

    /// Where this station decides, it hears what there is.
    pub(super) async fn listen(&mut self) {
        let listens = self.handoff.leads() && !self.handoff.is_moving() && self.wpa.is_some();
        if !listens {
            return;
        }
        let table = match self.nl80211.heard(self.interface.index).await {
            Ok(table) => table,
            Err(error) => return tracing::debug!("{error}"),
        };
        if self.introduce(&table).await {
            return;
        }
        for input in candidates(&table) {
            self.step(input).await;
        }
    }

    pub(super) async fn watch_signal(&self) {
        if !self.handoff.leads() {
            return;
        }
        let threshold = self.config.handoff.threshold.into();
        let index = self.interface.index;
        let watch = self.nl80211.set_signal_watch(index, threshold, HYSTERESIS);
        if let Err(error) = watch.await {
            tracing::debug!("the signal is looked at once a second only: {error}");
        }
    }

    /// There are access points that may want to know what came.
    pub(super) fn note_received(&mut self) {
        self.idle_looks = 0;
        if self.received.is_some() {
            return;
        }
        let started = Link::read(&self.name).map_err(anyhow::Error::from);
        match started.and_then(|link| Received::start(&link)) {
            Ok(received) => self.received = Some(received),
            Err(error) => tracing::info!(
                "after a roam that was not planned packets may come twice: {error:#}"
            ),
        }
    }

    /// Without a coordinator that has neighbours nothing is noted.
    pub(super) async fn rest_received(&mut self) {
        if self.received.is_none() {
            return;
        }
        let status = self.session.orders.inspect(|view| view.machine.status());
        let registered = status.await.is_ok_and(|status| status.registered);
        let asked = registered && !self.neighbours.0.is_empty();
        self.idle_looks = if asked { 0 } else { self.idle_looks + 1 };
        if self.idle_looks > IDLE {
            self.received = None;
        }
    }

    pub(super) fn tell_received(&self, from: MacAddr) {
        let Some(received) = &self.received else {
            return;
        };
        let digests = received.within(RECENT);
        if !digests.is_empty() {
            let seen = AgentCommand::Seen { from, digests };
            self.session.orders.command(seen);
        }
    }
}
