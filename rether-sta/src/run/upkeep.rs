//! What the daemon sees to once a second: whatever events may have missed.

use std::path::Path;

use rether_daemon::session::open_port;
use rether_daemon::{bundle, host, service};
use rether_linux::clock;
use rether_linux::control::ControlEvents;
use rether_linux::gate::NfqGate;
use rether_linux::link::Link;
use rether_linux::nl80211::{Events, Interface, InterfaceKind};
use rether_linux::rules::Placement;
use rether_proto::agent::AgentCommand;
use rether_proto::time::Duration;

use super::{Daemon, Haste, way_in};
use crate::link;

/// A roam that is not over after so long is looked at.
const SETTLING: Duration = Duration::from_secs(2);

impl Daemon<'_> {
    /// Once a second: whatever events may have missed.
    pub(super) async fn look(&mut self) {
        if self.events.is_none() {
            self.events = Events::subscribe(self.nl80211).await.ok();
        }
        self.reattach_interface().await;
        if self.wpa.is_none() || self.wpa_events.is_none() {
            self.reattach_wpa().await;
        }
        // During a roam `wpa_supplicant` has the word, and nothing else may take time.
        let away = self.handoff.away();
        let settles = self.wpa_events.is_some()
            && away.is_some_and(|since| clock::now().since(since) < SETTLING);
        if !settles && !self.handoff.is_moving() {
            self.haste = Haste::default();
            self.follow_link().await;
            self.listen().await;
            self.survey().await;
            self.follow_addresses().await;
            self.rest_received().await;
        }
        // Proves that the token thread answers, before systemd is told so.
        if service::is_watched() && self.session.orders.inspect(|_| ()).await.is_ok() {
            service::alive();
        }
    }

    /// Addresses come and go, and with them the networks that are reached without a router.
    async fn follow_addresses(&mut self) {
        let Some(known) = &mut self.uncopied else {
            return;
        };
        let networks = bundle::on_link_networks(self.interface.index);
        if *known != networks {
            known.clone_from(&networks);
            let copy = move |gate: &mut NfqGate| gate.copy(Some(networks));
            // An ended driver ends the daemon by its reports.
            let _ = self.session.orders.inspect(|view| copy(view.gate)).await;
        }
    }

    /// Somebody may have deleted the device by which packets come in that were inside frames. False
    /// if a new one does not help: then the coordinator must hear that none are wanted.
    pub(super) fn mend_way_in(&mut self) -> bool {
        if std::mem::replace(&mut self.way_in_mended, true) {
            return false;
        }
        let Ok(own) = Link::read(&self.name) else {
            return false;
        };
        let Some(injector) = way_in(self.config, &own) else {
            return false;
        };
        match open_port(
            &own,
            Placement::Station,
            self.config.ether_type,
            Some(injector),
        ) {
            Ok(port) => self.session.orders.change_port(port),
            Err(_) => return false,
        }
        true
    }

    /// An interface that was deleted and made anew has another index, and one that was given
    /// another address is another station to the coordinator.
    async fn reattach_interface(&mut self) {
        let Ok(own) = Link::read(&self.name) else {
            return;
        };
        if (own.index, own.mac) == (self.interface.index, self.interface.mac) {
            return;
        }
        let wanted = Some(&self.name);
        let found = host::find_interface(
            self.nl80211,
            wanted,
            InterfaceKind::Station,
            "Wi-Fi station",
        );
        let Ok(interface) = found.await else {
            return;
        };
        // It may have gone again: the next look tries once more.
        let injector = self
            .uncopied
            .as_ref()
            .and_then(|_| way_in(self.config, &own));
        let port = open_port(&own, Placement::Station, self.config.ether_type, injector);
        let Ok(port) = port else {
            return;
        };
        tracing::info!("{} is new: address {}", self.name, own.mac);
        self.link_is_down().await;
        self.received = None;
        // A scan that the old one began does not end by an event of the new one.
        self.is_back();
        self.session.orders.change_port(port);
        self.session.orders.command(AgentCommand::Address(own.mac));
        self.interface = Interface {
            mac: own.mac,
            ..interface
        };
    }

    async fn reattach_wpa(&mut self) {
        let path = self.options.wpa.as_deref();
        let control = link::connect(&self.name, path, &self.interface).await;
        let Some(control) = control else { return };
        let path = path.map_or_else(|| link::wpa_path(&self.name), Path::to_owned);
        match ControlEvents::attach(&path).await {
            Ok(events) => {
                tracing::debug!("attached to wpa_supplicant at {}", path.display());
                (self.wpa, self.wpa_events) = (Some(control), Some(events));
            }
            Err(error) => tracing::debug!("{error}"),
        }
    }
}
