//! Looks for access points on chosen channels, and what was seen of them.

use std::io;

use neli::genl::Nlattr;
use neli::types::Buffer;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::attr::{Attr, BssInfo, Command, Entry};
use super::parse::{self, Message};
use super::request::{Attributes, attribute, dump};
use super::{Nl80211, Nl80211Error};
use crate::error::Doing;

/// A scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Centre frequencies of the channels in MHz; none means all that the radio has, which takes
    /// seconds.
    pub frequencies: Vec<u32>,
    /// The network to ask for, which makes the scan active where that is allowed; `None`: passive,
    /// which takes longer than a beacon interval on each channel.
    pub ssid: Option<Vec<u8>>,
    /// Only this access point is to answer.
    pub bssid: Option<MacAddr>,
}

/// An access point that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bss {
    /// Its address.
    pub bssid: MacAddr,
    /// Centre frequency of its channel in MHz.
    pub frequency: u32,
    /// Signal in 1/100 dBm; `None` if the driver has another unit.
    pub signal: Option<i32>,
    /// How long ago it was heard.
    pub age: Duration,
    /// Its network; `None` if it does not say.
    pub ssid: Option<Vec<u8>>,
    /// This host is associated with it.
    pub associated: bool,
}

impl Nl80211 {
    /// Begins a scan (`TRIGGER_SCAN`). [`super::Event::ScanStarted`] and
    /// [`super::Event::ScanEnded`] follow, and then [`Nl80211::heard`] has what was found.
    ///
    /// # Errors
    /// Another scan is under way (`EBUSY`), the interface is down, the radio does not have one of
    /// the frequencies, or rights are missing.
    pub async fn scan(&self, index: u32, scan: &Scan) -> Result<(), Nl80211Error> {
        let attributes = request(index, scan);
        self.order("scan for access points", Command::TriggerScan, attributes)
            .await
    }

    /// Ends a scan before its time (`ABORT_SCAN`); what it has found stays in the table.
    /// [`super::Event::ScanEnded`] follows.
    ///
    /// # Errors
    /// No scan is under way (`ENOENT`), the driver cannot (`EOPNOTSUPP`), or rights are missing.
    pub async fn end_scan(&self, index: u32) -> Result<(), Nl80211Error> {
        let attributes = Attributes::default().with(Attr::Ifindex, index);
        self.order("end a scan", Command::AbortScan, attributes)
            .await
    }

    /// The access points that interface `index` has heard lately, with or without a scan.
    ///
    /// # Errors
    /// The interface has gone.
    pub async fn heard(&self, index: u32) -> Result<Vec<Bss>, Nl80211Error> {
        let doing = "list the access points that were heard";
        let of = Attributes::default()
            .with(Attr::Ifindex, index)
            .doing(doing)?;
        let messages = dump(&self.router, self.family, Command::GetScan, of).await;
        Ok(messages.doing(doing)?.iter().filter_map(bss).collect())
    }
}

fn request(index: u32, scan: &Scan) -> io::Result<Attributes> {
    let mut attributes = Attributes::default().with(Attr::Ifindex, index)?;
    if !scan.frequencies.is_empty() {
        let mut list = attribute(Attr::ScanFrequencies, ())?;
        for frequency in &scan.frequencies {
            list = nested(list, *frequency)?;
        }
        attributes.push(list);
    }
    if let Some(ssid) = &scan.ssid {
        let list = attribute(Attr::ScanSsids, ())?;
        attributes.push(nested(list, ssid.as_slice())?);
    }
    match scan.bssid {
        Some(bssid) => attributes.with(Attr::Bssid, &bssid.0[..]),
        None => Ok(attributes),
    }
}

/// Adds an entry to a list, whose numbers the kernel does not look at.
fn nested(
    list: Nlattr<Attr, Buffer>,
    value: impl neli::Size + neli::ToBytes,
) -> io::Result<Nlattr<Attr, Buffer>> {
    list.nest(&attribute(Entry::First, value)?)
        .map_err(io::Error::other)
}

fn bss(message: &Message) -> Option<Bss> {
    /// `NL80211_BSS_STATUS_ASSOCIATED`.
    const ASSOCIATED: u32 = 1;
    let attrs = message.attrs().get_attr_handle();
    let info = attrs.get_nested_attributes::<BssInfo>(Attr::Bss).ok()?;
    let ssid = |kind| parse::octets(&info, kind).and_then(|elements| ssid(&elements));
    Some(Bss {
        bssid: MacAddr(parse::octets(&info, BssInfo::Bssid)?.try_into().ok()?),
        frequency: parse::number(&info, BssInfo::Frequency)?,
        signal: parse::number(&info, BssInfo::SignalMbm),
        age: Duration::from_millis(
            parse::number::<_, u32>(&info, BssInfo::SeenMsAgo)
                .unwrap_or(0)
                .into(),
        ),
        ssid: ssid(BssInfo::InformationElements).or_else(|| ssid(BssInfo::BeaconElements)),
        associated: parse::number(&info, BssInfo::Status) == Some(ASSOCIATED),
    })
}

/// The SSID among the elements of a beacon or probe response (802.11-2020, 9.4.2.2); a hidden one
/// is none.
fn ssid(mut elements: &[u8]) -> Option<Vec<u8>> {
    const SSID: u8 = 0;
    while let [kind, length, rest @ ..] = elements {
        let (value, behind) = rest.split_at_checked(usize::from(*length))?;
        if *kind == SSID {
            let hidden = value.iter().all(|octet| *octet == 0);
            return (!hidden).then(|| value.to_vec());
        }
        elements = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use neli::{FromBytesWithInput, ToBytes};

    use super::*;

    fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
        crate::netlink::attribute(kind, payload)
    }

    fn read(bytes: &[u8]) -> Option<Message> {
        Message::from_bytes_with_input(&mut Cursor::new(bytes), bytes.len()).ok()
    }

    fn heard() -> Vec<u8> {
        let info = [
            attr(1, &[2, 0, 0, 0, 1, 0]),
            attr(2, &5180_u32.to_ne_bytes()),
            attr(6, &[1, 1, 0x8c, 0, 4, b'c', b'e', b'l', b'l']),
            attr(7, &(-5550_i32).to_ne_bytes()),
            attr(9, &1_u32.to_ne_bytes()),
            attr(10, &120_u32.to_ne_bytes()),
        ]
        .concat();
        [&[34, 1, 0, 0][..], &attr(47 | 0x8000, &info)].concat()
    }

    #[test]
    fn an_access_point_that_was_heard() {
        let expected = Bss {
            bssid: MacAddr([2, 0, 0, 0, 1, 0]),
            frequency: 5180,
            signal: Some(-5550),
            age: Duration::from_millis(120),
            ssid: Some(b"cell".to_vec()),
            associated: true,
        };
        assert_eq!(bss(&read(&heard()).unwrap()), Some(expected));
        let whole = heard();
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut]).map(|message| bss(&message));
        }
        for at in 0..whole.len() {
            for value in [0, 1, 3, 0x7f, 0xff] {
                let mut odd = whole.clone();
                odd[at] = value;
                let _ = read(&odd).map(|message| bss(&message));
            }
        }
    }

    #[test]
    fn names_of_networks() {
        assert_eq!(ssid(&[0, 1, b'a', 3, 1, 6]), Some(b"a".to_vec()));
        for hidden in [
            &[0, 0][..],
            &[0, 2, 0, 0],
            &[],
            &[3, 1, 6],
            &[0, 9, b'a'],
            &[0],
        ] {
            assert_eq!(ssid(hidden), None, "{hidden:?}");
        }
    }

    #[test]
    fn a_list_as_the_kernel_reads_it() {
        let list = attribute(Attr::ScanFrequencies, ()).unwrap();
        let list = nested(nested(list, 5180_u32).unwrap(), 5200_u32).unwrap();
        let mut bytes = Cursor::new(Vec::new());
        list.to_bytes(&mut bytes).unwrap();
        let entries = [
            attr(1, &5180_u32.to_ne_bytes()),
            attr(1, &5200_u32.to_ne_bytes()),
        ];
        assert_eq!(bytes.into_inner(), attr(44 | 0x8000, &entries.concat()));
    }
}
