//! Packets inside frames of the protocol: what the configuration says of them, and what this host
//! can do.

use rether_linux::inject::Injector;
use rether_linux::link::Link;
use rether_linux::on_link::on_link;
use rether_proto::mac::MacAddr;
use rether_proto::policy::Prefix;

use crate::config::{Raw, Section, Value, Wrong};

/// `bundle` of `[gate]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bundle {
    /// Where it is known to be right.
    #[default]
    Auto,
    /// Wherever the kernel can do it.
    On,
    /// Not at all.
    Off,
}

impl Bundle {
    /// What `[gate]` says.
    pub fn read(gate: &mut Section<'_>) -> Self {
        gate.value("bundle").unwrap_or_default()
    }
}

impl Value for Bundle {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        match raw {
            Raw::Boolean(true) => Ok(Self::On),
            Raw::Boolean(false) => Ok(Self::Off),
            Raw::Text(text) if text.eq_ignore_ascii_case("auto") => Ok(Self::Auto),
            other => Err(Wrong::not(
                other,
                "a switch",
                "true or false without quotes, or \"auto\"",
            )),
        }
    }
}

/// The way in to the interface `radio`, see [`Injector::open`]. Without it, which is said, every
/// packet has a frame of its own.
#[must_use]
pub fn way_in(wanted: Bundle, radio: &Link, bridge: Option<MacAddr>) -> Option<Injector> {
    match Injector::open(radio, bridge) {
        Ok(injector) => {
            tracing::debug!("packets inside frames come in by {}", injector.name());
            Some(injector)
        }
        Err(error) if wanted == Bundle::On => {
            tracing::warn!("no packet travels inside a frame: {error}");
            None
        }
        Err(error) => {
            tracing::info!("no packet travels inside a frame: {error}");
            None
        }
    }
}

/// Where packets of a station go in frames of their own: the networks of its own addresses on
/// interface `index`. Whoever takes a packet out of a frame routes it, and there the access point
/// is no router. Before there are addresses, everywhere.
#[must_use]
pub fn on_link_networks(index: u32) -> Vec<Prefix> {
    let networks = on_link(index).unwrap_or_default();
    if !networks.is_empty() {
        return networks;
    }
    let everywhere = |addr| Prefix { addr, bits: 0 };
    vec![everywhere([0; 4].into()), everywhere([0; 16].into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_has_three_positions() {
        for (raw, expected) in [
            (Raw::Boolean(true), Bundle::On),
            (Raw::Boolean(false), Bundle::Off),
            (Raw::Text("auto"), Bundle::Auto),
        ] {
            assert_eq!(<Bundle as Value>::read(raw), Ok(expected));
        }
        let wrong = <Bundle as Value>::read(Raw::Text("on")).unwrap_err();
        assert!(wrong.remedy.contains("true or false"), "{wrong:?}");
    }

    #[test]
    fn without_addresses_nothing_is_copied() {
        let networks = on_link_networks(u32::MAX);
        for address in ["10.0.0.1", "fd00::1"] {
            let address = address.parse().unwrap();
            assert!(networks.iter().any(|net| net.contains(address)));
        }
    }
}
