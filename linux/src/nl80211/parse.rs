//! nl80211 messages, taken apart. Every attribute is optional: drivers differ in what they tell,
//! and some interfaces have neither index nor name.

use neli::FromBytes;
use neli::attr::Attribute;
use neli::consts::genl::NlAttrType;
use neli::genl::{GenlAttrHandle, Genlmsghdr};
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::attr::{Attr, Command, Cqm, RateInfo, StaInfo};
use super::event::{Event, SignalLevel};
use super::{Interface, InterfaceKind, Radio, Station};

pub(super) type Message = Genlmsghdr<Command, Attr>;

/// `NL80211_STA_FLAG_WME`, as a bit.
const WME: u32 = 1 << 3;

pub(super) fn number<T: NlAttrType, N: FromBytes>(
    attrs: &GenlAttrHandle<'_, T>,
    kind: T,
) -> Option<N> {
    attrs.get_attr_payload_as(kind).ok()
}

pub(super) fn octets<T: NlAttrType>(attrs: &GenlAttrHandle<'_, T>, kind: T) -> Option<Vec<u8>> {
    attrs
        .get_attribute(kind)
        .map(|attr| attr.payload().as_ref().to_vec())
}

fn mac(attrs: &GenlAttrHandle<'_, Attr>) -> Option<MacAddr> {
    octets(attrs, Attr::Mac)?.try_into().ok().map(MacAddr)
}

pub(super) fn interface(message: &Message) -> Option<Interface> {
    let attrs = message.attrs().get_attr_handle();
    let mut name = octets(&attrs, Attr::Ifname)?;
    name.retain(|octet| *octet != 0);
    Some(Interface {
        index: number(&attrs, Attr::Ifindex)?,
        name: String::from_utf8(name).ok()?,
        wiphy: number(&attrs, Attr::Wiphy)?,
        mac: mac(&attrs)?,
        kind: match number(&attrs, Attr::Iftype)? {
            2 => InterfaceKind::Station,
            3 => InterfaceKind::Ap,
            other => InterfaceKind::Other(other),
        },
        ssid: octets(&attrs, Attr::Ssid),
        frequency: number(&attrs, Attr::WiphyFreq),
    })
}

pub(super) fn station(message: &Message) -> Option<Station> {
    let attrs = message.attrs().get_attr_handle();
    let mac = mac(&attrs)?;
    let Ok(info) = attrs.get_nested_attributes::<StaInfo>(Attr::StaInfo) else {
        return Some(Station {
            mac,
            ..Station::default()
        });
    };
    let rate = |kind| {
        let rate = info.get_nested_attributes::<RateInfo>(kind).ok()?;
        number(&rate, RateInfo::Bitrate32)
            .or_else(|| number::<_, u16>(&rate, RateInfo::Bitrate).map(u32::from))
    };
    let count = |kind| number::<_, u32>(&info, kind).unwrap_or(0);
    let long_count = |kind| number::<_, u64>(&info, kind).unwrap_or(0);
    // Two words: which flags are known, and which are set.
    let flags = octets(&info, StaInfo::StaFlags).unwrap_or_default();
    let set = flags
        .get(4..8)
        .and_then(|word| word.try_into().ok())
        .map_or(0, u32::from_ne_bytes);
    Some(Station {
        mac,
        signal: number(&info, StaInfo::Signal).map(u8::cast_signed),
        tx_rate: rate(StaInfo::TxBitrate),
        rx_rate: rate(StaInfo::RxBitrate),
        tx_retries: count(StaInfo::TxRetries),
        tx_failed: count(StaInfo::TxFailed),
        tx_packets: count(StaInfo::TxPackets),
        rx_packets: count(StaInfo::RxPackets),
        tx_bytes: long_count(StaInfo::TxBytes64),
        rx_bytes: long_count(StaInfo::RxBytes64),
        inactive: Duration::from_millis(count(StaInfo::InactiveTime).into()),
        wmm: set & WME != 0,
    })
}

/// `NL80211_PS_ENABLED`.
const POWER_SAVE_ON: u32 = 1;

pub(super) fn power_save(message: &Message) -> Option<bool> {
    let attrs = message.attrs().get_attr_handle();
    number::<_, u32>(&attrs, Attr::PsState).map(|state| state == POWER_SAVE_ON)
}

/// `NL80211_FEATURE_SK_TX_STATUS`.
const SOCKET_STATUS: u32 = 1;

/// Adds what a part of a split dump tells of a radio.
pub(super) fn radio(radio: &mut Radio, message: &Message) {
    let attrs = message.attrs().get_attr_handle();
    radio.txq_quantum = number(&attrs, Attr::TxqQuantum).or(radio.txq_quantum);
    let features = number::<_, u32>(&attrs, Attr::FeatureFlags).unwrap_or(0);
    radio.transmit_status |= features & SOCKET_STATUS != 0;
}

/// The event a message stands for, if it is of interest.
pub(super) fn event(message: &Message) -> Option<Event> {
    let attrs = message.attrs().get_attr_handle();
    let index = number(&attrs, Attr::Ifindex)?;
    Some(match message.cmd() {
        Command::NewStation => Event::StationNew {
            index,
            mac: mac(&attrs)?,
        },
        Command::DelStation => Event::StationGone {
            index,
            mac: mac(&attrs)?,
        },
        Command::Connect | Command::Roam => {
            match number::<_, u16>(&attrs, Attr::StatusCode).unwrap_or(0) {
                0 => Event::Connected {
                    index,
                    bssid: mac(&attrs),
                },
                _ => Event::Disconnected { index },
            }
        }
        Command::Disconnect => Event::Disconnected { index },
        Command::TriggerScan => Event::ScanStarted { index },
        Command::NewScanResults | Command::ScanAborted => Event::ScanEnded { index },
        Command::FrameWaitCancel => Event::FrameWaitEnded {
            index,
            cookie: number(&attrs, Attr::Cookie)?,
        },
        Command::NotifyCqm => {
            let cqm = attrs.get_nested_attributes::<Cqm>(Attr::Cqm).ok()?;
            let level = match number::<_, u32>(&cqm, Cqm::RssiThresholdEvent)? {
                0 => SignalLevel::Low,
                1 => SignalLevel::High,
                _ => return None,
            };
            Event::Signal {
                index,
                level,
                dbm: number(&cqm, Cqm::RssiLevel),
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
